"""Model cards: the README.md of a checkpoint, with the metadata that Hugging Face's hub reads."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.weights import PIP_WEIGHTS

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
LICENCE = re.compile(r"[a-z0-9][a-z0-9.+-]*", re.ASCII)

TEMPLATES = {
    "cross-encoder": "`[CLS] query [SEP] title. summary [SEP]`",
    "title apart": "`[CLS] query [SEP] title [SEP] summary [SEP]`",
    "llm": "`Query: …`, `Title: …`, `Summary: …` on a line each, then the end-of-sequence token",
}
POOLED = """
The score is read from the mean of all tokens. rerankkit does so, others do not: transformers'
`AutoModelForSequenceClassification`, and what builds on it, reads the last token and gives other scores.
"""
COMMAND = """
    rerankkit rerank --model {name} --run run.txt --topics topics.tsv --index index --output reranked.txt
"""
SNIPPET = """
```python
from sentence_transformers import CrossEncoder

model = CrossEncoder("{name}")  # the path or hub id of this folder
print(model.predict([("a query", "title. text of a document")]))
```
"""
LANGUAGE_SNIPPET = """
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

model = AutoModelForCausalLM.from_pretrained("{name}")  # the path or hub id of this folder
tokenizer = AutoTokenizer.from_pretrained("{name}")
```

It is the start of a reranker: `rerankkit sft --model {name} ...`
"""


class Origin(NamedTuple):
    """Where weights began: a name to show, the hub's id and the licence where they are known, else empty."""

    name: str
    hub: str = ""
    licence: str = ""

    @property
    def shown(self) -> str:
        """The hub's id, or the name."""
        return self.hub or self.name


def origin_of(start: str) -> Origin:
    """The origin of a model's folder or hub id.

    Weights in a package of pip are known by their place, any other folder by its own model card.
    """
    folder = Path(start)
    if not folder.is_dir():
        return Origin(start, start if HUB_ID.fullmatch(start) else "")
    for name, weights in PIP_WEIGHTS.items():
        if weights.paths() == [folder]:
            return Origin(name, weights.hub, weights.licence)
    head = _front_matter(folder / "README.md")
    hub, licence = head.get("base_model", ""), head.get("license", "")
    return Origin(
        folder.resolve().name,
        hub if HUB_ID.fullmatch(hub) else "",
        licence if LICENCE.fullmatch(licence) and licence != "unknown" else "",
    )


def _front_matter(card: Path) -> dict[str, str]:
    """The plain `key: value` lines of a card's metadata; none where there is no such card."""
    if not card.is_file():
        return {}
    with card.open(encoding="utf-8", errors="replace") as file:
        lines = file.read(1 << 16).splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    found = {}
    for line in lines[1:]:
        if line.strip() == "---":
            break
        key, colon, value = line.partition(":")
        if colon and key == key.strip():
            found[key] = value.strip().strip("\"'")
    return found


def head_of(origin: Origin, library: str, pipeline: str, tags: Sequence[str]) -> str:
    """The card's metadata; a base model that no hub has, or an unknown licence, is not made up."""
    lines = ["---", f"library_name: {library}", f"pipeline_tag: {pipeline}"]
    if origin.hub:
        lines.append(f"base_model: {origin.hub}")
    lines += [f"license: {origin.licence or 'unknown'}", f"tags: [{', '.join(tags)}]", "---"]
    return "\n".join(lines) + "\n"


def licence_line(origin: Origin) -> str:
    """What is known of the licence."""
    base = f"`{origin.shown}` is published under `{origin.licence}`" if origin.licence else "The base names no licence"
    return f"{base}; the training data may set terms of its own.\n"


def reranker_card(name: str, note: Note, origin: Origin, made: str) -> str:
    """The card of a reranker; `made` says in Markdown how its weights came about."""
    mean = note.pooling == "mean"
    parts = [
        head_of(origin, _library(note), "text-ranking", ["reranker", note.architecture]),
        f"# {name}\n\n{made}\n",
        "Scores are raw logits: one label, no activation.\n",
        *([POOLED.strip() + "\n"] if mean else []),
        *[f"Warning: {warning}.\n" for warning in note.trained.get("warnings", ())],
        "## Use\n" + COMMAND.format(name=name) + (SNIPPET.format(name=name) if _is_plain(note) else ""),
        _input(note),
        *_figures(note.trained.get("dev")),
        *_data(note.trained.get("sources")),
        "## Licence\n\n" + licence_line(origin),
    ]
    return "\n".join(parts)


def language_card(name: str, origin: Origin, clicks: int, sources: Mapping[str, str]) -> str:
    """The card of an LLM that was trained further on clicks."""
    parts = [
        head_of(origin, "transformers", "text-generation", ["continued-pre-training"]),
        f"# {name}\n\n`{origin.shown}`, trained further by rerankkit over {clicks:,} clicks: given the query, it "
        "learns the title and the summary of the document that was clicked (DisRanker, arXiv 2411.04539).\n",
        "## Use\n" + LANGUAGE_SNIPPET.format(name=name),
        *_data(sources),
        "## Licence\n\n" + licence_line(origin),
    ]
    return "\n".join(parts)


def _library(note: Note) -> str:
    return "rerankkit" if note.pooling == "mean" else "sentence-transformers"


def _is_plain(note: Note) -> bool:
    """Whether CrossEncoder builds the same input from a query and a text."""
    return note.architecture == "cross-encoder" and not note.separate_title and note.pooling != "mean"


def _input(note: Note) -> str:
    lengths = note.lengths
    template = TEMPLATES.get("title apart" if note.separate_title else note.architecture, "query and document")
    title = f", and a title after {lengths.max_title_tokens} tokens" if lengths.max_title_tokens else ""
    return f"Input: {template}, at most {lengths.max_length} tokens; only the document is cut{title}.\n"


def _figures(dev: Mapping[str, Any] | None) -> list[str]:
    """The measure on dev beside the first stage's."""
    if not dev:
        return []
    table = (
        f"## Quality\n\n| {dev['queries']:,} dev queries | {dev['measure']} |\n|---|---|\n"
        f"| first stage | {dev['first_stage']:.4f} |\n| this model | {dev['value']:.4f} |\n"
    )
    return [table, "The dev queries chose the step whose weights were kept: the figure is an optimistic one.\n"]


def _data(sources: Mapping[str, str] | None) -> list[str]:
    """The files that the training read, by name."""
    if not sources:
        return []
    return ["## Data\n", *(f"- {role}: `{name}`" for role, name in sources.items()), ""]
