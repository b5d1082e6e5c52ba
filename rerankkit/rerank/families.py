"""Published rerankers that were trained on prompts of their own: another prompt gives them scores without meaning.

They are recognised by their configuration, by what it and the model card call the model, and by the checkpoint's name.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.io.foreign import read_json
from rerankkit.rerank.kinds import CONFIG, MODULES, class_names, module_kinds

ANY_PROMPT = "--any-prompt"
REMEDY = f"Give a model that rerankkit knows how to ask, or {ANY_PROMPT} to score it with another prompt all the same"
HEADLINES = 4096
"""Characters of a model card in which its title is looked for."""
TEMPLATES = {
    "Judge whether the Document meets the requirements": "Qwen3-Reranker",
    "search relevance expert": "mxbai-rerank-v2",
}
"""Words of a chat template -> the family that they are of."""
OWN_VOCABULARY = {"qwen3": (151669, 151665)}
"""Model type -> vocabulary sizes of its rerankers alone: Qwen3 itself has 151,936."""

ENCODER = re.compile(
    r"(Bert|Roberta|XLMRoberta|Deberta|DebertaV2|Electra|DistilBert|ModernBert|MPNet|Albert|Camembert)For"
)


@dataclass(frozen=True, slots=True)
class Family:
    """A family: a pattern of the names of its models, and what it expects."""

    name: str
    named: str
    expects: str


FAMILIES = (
    Family(
        "Qwen3-Reranker",
        r"qwen3-(vl-)?reranker",
        "its chat template with <Instruct>, <Query> and <Document>, and answers yes or no",
    ),
    Family("mxbai-rerank-v2", r"mxbai-rerank-\w+-v2", "its chat template, and answers 0 or 1"),
    Family("bge-reranker-v2-gemma", r"bge-reranker-v2-gemma", "'A: query', 'B: passage' and a question, answers Yes"),
    Family(
        "bge-reranker-v2-minicpm-layerwise",
        r"bge-reranker-v2-minicpm|LayerWiseMiniCPM",
        "'A: query', 'B: passage' and a question, answers Yes, at a layer of choice",
    ),
    Family(
        "bge-reranker-v2.5-gemma2-lightweight",
        r"bge-reranker-v2\.5|CostWiseGemma",
        "'A: query', 'B: passage' and a question, answers Yes, at a layer of choice",
    ),
    Family("RankZephyr", r"rank_?-?zephyr", "a list of numbered passages, and answers with an order"),
    Family("RankVicuna", r"rank_?-?vicuna", "a list of numbered passages, and answers with an order"),
    Family("FIRST", r"\bfirst_(model|qwen\w*|mistral\w*)", "a list of lettered passages, and answers with a letter"),
    Family("LiT5", r"\blit5|FiDT5", "a list of numbered passages, and answers with an order"),
    Family("monoT5", r"mono-?m?t5|inranker|mt5-\w+-msmarco", "'Query: … Document: … Relevant:', answers true or false"),
    Family("duoT5", r"duo-?m?t5", "a query with two documents, and answers which is better"),
    Family("RankT5", r"rank_?-?m?t5", "a prompt for T5, and scores by one token of its vocabulary"),
    Family("RankLLaMA", r"rankllama", "'query: …' and 'document: title text' in one text"),
    Family("Rank1", r"\brank1-|rank-r1|reasonrank|rearank|rank-k\b", "a question that it reasons about in text"),
    Family("FollowIR", r"followir", "a chat template with an instruction, and answers true or false"),
    Family("jina-reranker-v1", r"jina-reranker-v1", "code of its own for ALiBi positions"),
    Family("jina-reranker-v2", r"jina-reranker-v2", "code of its own for its layers"),
    Family("jina-reranker-v3", r"jina-reranker-v3|JinaForRanking", "all documents of a query in one prompt"),
    Family("jina-reranker-m0", r"jina-reranker-m0|JinaVLForRanking", "a prompt for texts and images"),
    Family("zerank", r"\bzerank-\d", "its chat template, and answers Yes"),
    Family("ctxl-rerank-v2", r"ctxl-rerank", "a prompt with instructions, and answers by one token"),
    Family("NVIDIA's LLM rerankers", r"nv-rerankqa|llama-nemotron-rerank", "'question:… passage:…' in one text"),
    Family("lb-reranker", r"\blb-reranker", "its chat template, and answers 1 to 7"),
)


def check_prompt(checkpoint: str) -> None:
    """Raises InputError for a checkpoint of a family that speaks another prompt; it names the family and the reason."""
    folder = Path(checkpoint)
    if _asks_by_modules(folder):
        raise InputError(
            f"{checkpoint} answers to its own chat template (LogitScore in modules.json): other scores mean nothing",
            REMEDY,
        )
    family = family_of(checkpoint)
    if family is not None:
        raise InputError(
            f"{checkpoint} is of the family {family.name}, which expects {family.expects}: "
            "scores by another prompt mean nothing",
            REMEDY,
        )


def family_of(checkpoint: str) -> Family | None:
    """The family that a checkpoint is of, None where none is recognised."""
    folder = Path(checkpoint)
    config = read_json(folder / CONFIG, "a model's configuration") if (folder / CONFIG).is_file() else {}
    if not isinstance(config, dict) or _is_encoder(config):
        return None
    by_name = {family.name: family for family in FAMILIES}
    for words, name in TEMPLATES.items():
        if words in _chat_template(folder):
            return by_name[name]
    if config.get("vocab_size") in OWN_VOCABULARY.get(str(config.get("model_type")), ()):
        return by_name["Qwen3-Reranker"]
    if config.get("is_original_qwen3_reranker") is True:
        return by_name["Qwen3-Reranker"]
    said = " ".join(_names(checkpoint, config))
    return next((family for family in FAMILIES if re.search(family.named, said, re.IGNORECASE)), None)


def _is_encoder(config: dict[str, Any]) -> bool:
    """Whether a configuration is that of a plain cross-encoder: what it is called says nothing about a prompt."""
    classes = config.get("architectures")
    return "auto_map" not in config and isinstance(classes, list) and any(ENCODER.match(str(one)) for one in classes)


def _names(checkpoint: str, config: dict[str, Any]) -> list[str]:
    """What a checkpoint is called: by itself, its configuration, its classes and the title of its card."""
    folder = Path(checkpoint)
    local = folder.is_dir()
    names = [folder.resolve().name if local else checkpoint, str(config.get("_name_or_path", ""))]
    auto_map = config.get("auto_map")
    if isinstance(auto_map, dict):
        names += map(str, auto_map.values())
    if local:
        names += class_names(checkpoint) if (folder / CONFIG).is_file() else []
        names += _titles(folder / "README.md")
    return names


def _titles(card: Path) -> list[str]:
    """The main titles of a model card."""
    if not card.is_file():
        return []
    with card.open(encoding="utf-8", errors="replace") as file:
        return [line for line in file.read(HEADLINES).splitlines() if line.startswith("# ")]


def _chat_template(folder: Path) -> str:
    """The chat template of a folder's tokenizer; empty without one."""
    path = folder / "chat_template.jinja"
    if path.is_file() and path.stat().st_size < 1 << 20:
        return path.read_text("utf-8", errors="replace")
    settings = folder / "tokenizer_config.json"
    record = read_json(settings, "a tokenizer's settings") if settings.is_file() else {}
    return str(record.get("chat_template") or "") if isinstance(record, dict) else ""


def _asks_by_modules(folder: Path) -> bool:
    return (folder / MODULES).is_file() and "LogitScore" in module_kinds(folder / MODULES)
