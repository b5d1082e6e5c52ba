"""An encoder that reads query and document apart and compares their vectors: any sentence-transformers folder.

Sentence-BERT (Reimers and Gurevych 2019, arXiv 1908.10084). A bi-encoder is a reranker too, and may teach.
"""

import contextlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from rerankkit.errors import InputError
from rerankkit.rerank.batches import by_length, pad, windows
from rerankkit.rerank.checkpoint import check_length, load_tokenizer, loading, positions
from rerankkit.rerank.cuts import Tally
from rerankkit.rerank.pairs import PLAIN, Pair
from rerankkit.rerank.scorer import DTYPES
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.texts import document_text
from rerankkit.rerank.windowed import SCORES
from rerankkit.types import Group, Query

log = logging.getLogger(__name__)

KNOWN = ("Transformer", "Pooling", "Normalize")
CACHE = 100_000
"""How many documents' vectors are kept."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How token states become a vector, and what is put before queries and documents."""

    pooling: str
    normalize: bool
    max_length: int | None
    query_prompt: str = ""
    document_prompt: str = ""


@dataclass
class BiEncoder:
    """A Reranker: the similarity of the query's vector and the document's."""

    model: Any
    tokenizer: Any
    recipe: Recipe
    scoring: Scoring
    _vectors: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.device = self.scoring.torch_device()
        self.model.to(self.device).eval()
        self.documents, self.queries = Tally(), Tally()

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """One list of similarities a group, in order; a document is encoded once.

        Raises InputError for a query that is too long.
        """
        recipe = self.recipe
        for window in windows(groups):
            if len(self._vectors) > CACHE:
                self._vectors.clear()
            asked = self.vectors([self._asked(group.query) for group in window])
            texts = [
                [recipe.document_prompt + document_text(candidate.document) for candidate in group.candidates]
                for group in window
            ]
            missing = list(dict.fromkeys(text for of_query in texts for text in of_query if text not in self._vectors))
            self.documents.texts += len(missing)
            self._vectors.update(zip(missing, self.vectors(missing), strict=True))
            for query, of_query in zip(asked, texts, strict=True):
                yield (torch.stack([self._vectors[text] for text in of_query]) @ query).tolist() if of_query else []
        if self.documents.texts:
            log.info("%s", self.documents.told("documents", f"--max-length {recipe.max_length}"))
        if self.queries.cut:
            log.info("%s", self.queries.told("queries", f"--max-query-tokens {self.scoring.max_query_tokens}"))

    @property
    def max_length(self) -> int:
        """Tokens of a text at the most, special tokens included."""
        return self.recipe.max_length or self.tokenizer.model_max_length

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of each text lies in it, from character to character; special tokens have no place."""
        return self.tokenizer(list(texts), return_offsets_mapping=True, **PLAIN)["offset_mapping"]

    def forget(self) -> None:
        """Drops the vectors that were kept: the next documents are encoded as a new process would."""
        self._vectors.clear()

    def traits(self) -> dict[str, Any]:
        """What tells its scores from those of the same weights elsewhere."""
        told = {"architecture": type(self.model).__name__, **asdict(self.recipe)}
        where = {"dtype": self._dtype_name(), "device": self.device.type, "backend": "torch"}
        return {"version": SCORES, **told, "max_query_tokens": self.scoring.max_query_tokens, **where}

    def _dtype_name(self) -> str:
        return "float32" if self.scoring.dtype == "auto" else self.scoring.dtype

    def _asked(self, query: Query) -> str:
        """The query behind its prompt, its first tokens where it was to be cut."""
        most, text, plain = self.scoring.max_query_tokens, query.text, {"truncation": False, "padding": False}
        if most is not None:
            spans = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, **plain)
            self.queries.count(len(spans["offset_mapping"]) - most)
            if len(spans["offset_mapping"]) > most:
                text = text[: spans["offset_mapping"][most][0]].rstrip()
        whole = self.recipe.query_prompt + text
        count = len(self.tokenizer(whole, verbose=False, **plain)["input_ids"])
        if count > (self.recipe.max_length or count):
            raise InputError(
                f"query {query.qid} has {count} tokens of the {self.recipe.max_length} that a text may have",
                "Raise --max-length, or cut queries with --max-query-tokens",
            )
        return whole

    @torch.inference_mode()
    def vectors(self, texts: Sequence[str]) -> torch.Tensor:
        """The texts' vectors, float32 [text, dimension]; documents that are cut are counted, queries are not cut."""
        if not texts:
            return torch.empty(0, self.model.config.hidden_size)
        told = self.tokenizer(list(texts), truncation=True, max_length=self.recipe.max_length, padding=False)
        for encoding in told.encodings or ():
            self.documents.cut += bool(encoding.overflowing)
            self.documents.tokens += sum(part.special_tokens_mask.count(0) for part in encoding.overflowing)
        pairs = [Pair(list(ids), len(ids)) for ids in told["input_ids"]]
        out = torch.empty(len(pairs), self.model.config.hidden_size)
        dtype = DTYPES[self._dtype_name()]
        half = dtype is not torch.float32
        with torch.autocast(self.device.type, dtype=dtype) if half else contextlib.nullcontext():
            for batch in by_length(pairs, self.scoring.batch_tokens):
                out[torch.tensor(batch)] = self._forward([pairs[i] for i in batch])
        return out

    def _forward(self, pairs: Sequence[Pair]) -> torch.Tensor:
        inputs = pad(pairs, self.tokenizer.pad_token_id, segments=False)
        inputs = {name: tensor.to(self.device) for name, tensor in inputs.items()}
        states = self.model(**inputs).last_hidden_state.float()
        mask = inputs["attention_mask"]
        if self.recipe.pooling == "cls":
            pooled = states[:, 0]
        elif self.recipe.pooling == "lasttoken":
            pooled = states[torch.arange(len(states)), mask.sum(1) - 1]
        else:
            pooled = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True)
        return (torch.nn.functional.normalize(pooled, dim=1) if self.recipe.normalize else pooled).cpu()


def read_recipe(folder: Path) -> Recipe:
    """The recipe of a sentence-transformers folder; InputError for a module or pooling that is not computed here."""
    modules = _modules(folder / "modules.json")
    names = [name for name, _ in modules]
    if set(names) - set(KNOWN) or names[:2] != ["Transformer", "Pooling"]:
        raise InputError(
            f"a bi-encoder of {', '.join(names)} is not supported", "Give one of Transformer, Pooling[, Normalize]"
        )
    pooling = _pooling(folder / modules[1][1] / "config.json")
    told = _json(folder / "config_sentence_transformers.json")
    length = _json(folder / "sentence_bert_config.json").get("max_seq_length")
    prompts = {name: text or "" for name, text in (told.get("prompts") or {}).items()}
    normalize = "Normalize" in names or told.get("similarity_fn_name") == "cosine"
    return Recipe(pooling, normalize, length, prompts.get("query", ""), prompts.get("document", ""))


def _modules(path: Path) -> list[tuple[str, str]]:
    """Kind and folder of each module."""
    if not path.is_file():
        raise InputError("no sentence-transformers folder", "Give one that holds modules.json", path.parent)
    try:
        return [(module["type"].rpartition(".")[2], module["path"]) for module in _json(path)]
    except (KeyError, TypeError, AttributeError):
        raise InputError("not a bi-encoder's modules", "Save the bi-encoder again", path) from None


def _pooling(path: Path) -> str:
    config = _json(path)
    name = config.get("pooling_mode") or [
        key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
        for key, on in config.items()
        if key.startswith("pooling_mode_") and on is True
    ]
    name = name[0] if isinstance(name, list) and len(name) == 1 else name
    if name not in ("mean", "cls", "lasttoken"):
        raise InputError(
            f"pooling {name} is not supported", "Give a bi-encoder that pools by mean, cls or lasttoken", path
        )
    return name


def _json(path: Path) -> Any:
    """What a settings file holds; {} without one, InputError for one that is broken."""
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InputError(f"not JSON ({error})", "Save the bi-encoder again", path) from error


def load(checkpoint: str, scoring: Scoring) -> BiEncoder:
    """The Reranker of a sentence-transformers folder."""
    from transformers import AutoModel

    recipe = read_recipe(Path(checkpoint))
    with loading(checkpoint, "Give a sentence-transformers folder"):
        tokenizer = load_tokenizer(checkpoint)
        model = AutoModel.from_pretrained(checkpoint, dtype=torch.float32)
    tokenizer.padding_side = "right"
    most = scoring.max_length or recipe.max_length or min(512, tokenizer.model_max_length, positions(model) or 512)
    check_length(model, most)
    return BiEncoder(model, tokenizer, replace(recipe, max_length=most), scoring)
