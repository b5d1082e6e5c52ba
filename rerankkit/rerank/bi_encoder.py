"""An encoder that reads query and document apart and compares their vectors: any sentence-transformers folder.

Sentence-BERT (Reimers and Gurevych 2019, arXiv 1908.10084). A bi-encoder is a reranker too, and may teach.
"""

import contextlib
import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch

from rerankkit.errors import InputError
from rerankkit.rerank.batches import by_length, pad, windows
from rerankkit.rerank.checkpoint import check_length, positions
from rerankkit.rerank.cuts import Tally
from rerankkit.rerank.loading import load_config, load_model, load_tokenizer, loading
from rerankkit.rerank.pairs import ERROR, PLAIN, Pair
from rerankkit.rerank.scorer import DTYPES
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.sentence_folder import Recipe, read_recipe
from rerankkit.rerank.sentence_modules import Head, States
from rerankkit.rerank.texts import document_text
from rerankkit.rerank.windowed import SCORES, not_a_score
from rerankkit.types import Group, Query

log = logging.getLogger(__name__)

CACHE = 100_000
"""How many documents' vectors are kept."""
USUAL = 512
"""Tokens of a text where neither folder, tokenizer nor model sets a limit."""
REMEDY = "Give a sentence-transformers folder"
ENCODERS = {
    "t5": "T5EncoderModel",
    "mt5": "MT5EncoderModel",
    "umt5": "UMT5EncoderModel",
    "longt5": "LongT5EncoderModel",
}
"""The classes of encoder-decoders' encoders, by model type."""


class Ids(NamedTuple):
    """A text's token ids, and their types where the tokenizer tells types apart."""

    ids: list[int]
    types: list[int]


@dataclass
class BiEncoder:
    """A Reranker: the similarity of the query's vector and the document's."""

    model: Any
    tokenizer: Any
    recipe: Recipe
    scoring: Scoring
    head: Head
    _vectors: dict[str, torch.Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.device = self.scoring.torch_device()
        self.model.to(self.device).eval()
        self.head.to(self.device).eval()
        self.documents, self.queries, self.long_queries = Tally(), Tally(), Tally()

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        """One list of similarities a group, in order; a document is encoded once.

        Raises InputError for a query that is too long where that is an error, and for a score that is no finite number.
        """
        recipe = self.recipe
        for window in windows(groups):
            if len(self._vectors) > CACHE:
                self._vectors.clear()
            asked = self.vectors([self._asked(group.query) for group in window], recipe.query_prompt)
            texts = [
                [recipe.document_prompt + document_text(candidate.document) for candidate in group.candidates]
                for group in window
            ]
            missing = list(dict.fromkeys(text for of_query in texts for text in of_query if text not in self._vectors))
            encoded = self.vectors(missing, recipe.document_prompt, self.documents)
            self._vectors.update(zip(missing, encoded, strict=True))
            for group, query, of_query in zip(window, asked, texts, strict=True):
                scores = self._similarities(query, [self._vectors[text] for text in of_query])
                for place, score in enumerate(scores):
                    if not math.isfinite(score):
                        raise not_a_score(score, group, place)
                yield scores
        self._tell_cuts()

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
        if self.scoring.long_queries == ERROR:
            told["long_queries"] = ERROR
        where = {"dtype": self._dtype_name(), "device": self.device.type, "backend": "torch"}
        return {"version": SCORES, **told, "max_query_tokens": self.scoring.max_query_tokens, **where}

    def _dtype_name(self) -> str:
        return "float32" if self.scoring.dtype == "auto" else self.scoring.dtype

    def _similarities(self, query: torch.Tensor, documents: Sequence[torch.Tensor]) -> list[float]:
        if not documents:
            return []
        together = torch.stack(list(documents))
        if self.recipe.similarity in ("euclidean", "manhattan"):
            norm = 1.0 if self.recipe.similarity == "manhattan" else 2.0
            exact = "donot_use_mm_for_euclid_dist"
            found: list[float] = (-torch.cdist(query[None], together, p=norm, compute_mode=exact)[0]).tolist()
            return found
        return (together @ query).tolist()

    def _tell_cuts(self) -> None:
        most = f"--max-length {self.recipe.max_length}"
        if self.documents.texts:
            log.info("%s", self.documents.told("documents", most))
        if self.queries.cut:
            log.info("%s", self.queries.told("queries", f"--max-query-tokens {self.scoring.max_query_tokens}"))
        if self.long_queries.cut:
            log.info("%s", self.long_queries.told("queries", most))

    def _asked(self, query: Query) -> str:
        """The query behind its prompt, its first tokens where it was to be cut; one that is too long is counted."""
        most, text, plain = self.scoring.max_query_tokens, query.text, {"truncation": False, "padding": False}
        if most is not None:
            spans = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, **plain)
            self.queries.count(len(spans["offset_mapping"]) - most)
            if len(spans["offset_mapping"]) > most:
                text = text[: spans["offset_mapping"][most][0]].rstrip()
        whole = self.recipe.query_prompt + text
        count = len(self.tokenizer(whole, verbose=False, **plain)["input_ids"])
        beyond = count - (self.recipe.max_length or count)
        if beyond > 0 and self.scoring.long_queries == ERROR:
            raise InputError(
                f"query {query.qid} has {count} tokens of the {self.recipe.max_length} that a text may have",
                "Raise --max-length, or cut queries with --max-query-tokens or --long-queries cut",
            )
        self.long_queries.count(beyond)
        return whole

    @torch.inference_mode()
    def vectors(self, texts: Sequence[str], prompt: str = "", tally: Tally | None = None) -> torch.Tensor:
        """The texts' vectors, float32 [text, dimension]; texts beyond the length are cut, and counted in the tally.

        `prompt` is what the texts begin with, which pooling may leave out.
        """
        if not texts:
            return torch.empty(0)
        encoded = self._ids(texts, tally)
        skipped = self._prompt_length(prompt) if prompt else 0
        pairs = [Pair(one.ids, len(one.ids)) for one in encoded]
        found: list[torch.Tensor] = [torch.empty(0)] * len(pairs)
        for batch in by_length(pairs, self.scoring.batch_tokens):
            for place, vector in zip(batch, self._forward([encoded[i] for i in batch], skipped), strict=True):
                found[place] = vector
        return torch.stack(found)

    def _ids(self, texts: Sequence[str], tally: Tally | None) -> list[Ids]:
        told = self.tokenizer(list(texts), truncation=True, max_length=self.recipe.max_length, padding=False)
        if tally is not None:
            tally.texts += len(texts)
            for encoding in told.encodings or ():
                tally.cut += bool(encoding.overflowing)
                tally.tokens += sum(part.special_tokens_mask.count(0) for part in encoding.overflowing)
        kinds = told.get("token_type_ids") or [[]] * len(texts)
        # a text without tokens, as some tokenizers make of "", is read as the token that ends or pads
        return [
            Ids(list(ids), list(types)) if ids else Ids([self._filler()], [])
            for ids, types in zip(told["input_ids"], kinds, strict=True)
        ]

    def _filler(self) -> int:
        end, padding = self.tokenizer.eos_token_id, self.tokenizer.pad_token_id
        return next((one for one in (end, padding) if one is not None), 0)

    def _prompt_length(self, prompt: str) -> int:
        """Tokens of a prompt alone, a special one at its end left out."""
        ids = self.tokenizer(prompt, truncation=True, max_length=self.recipe.max_length, padding=False)["input_ids"]
        return len(ids) - bool(ids and ids[-1] in self.tokenizer.all_special_ids)

    def _forward(self, batch: Sequence[Ids], skipped: int) -> torch.Tensor:
        padding = self.tokenizer.pad_token_id
        inputs = pad([Pair(one.ids, len(one.ids)) for one in batch], padding or 0, segments=False)
        if any(any(one.types) for one in batch):
            kinds = torch.zeros_like(inputs["input_ids"])
            for row, one in enumerate(batch):
                kinds[row, : len(one.types)] = torch.tensor(one.types)
            inputs["token_type_ids"] = kinds
        inputs = {name: tensor.to(self.device) for name, tensor in inputs.items()}
        dtype = DTYPES[self._dtype_name()]
        half = dtype is not torch.float32
        with torch.autocast(self.device.type, dtype=dtype) if half else contextlib.nullcontext():
            out = self.model(**inputs)
        layers = tuple(getattr(out, "hidden_states", None) or ())
        found = self.head(States(out.last_hidden_state.float(), inputs["attention_mask"], layers, skipped))
        if self.recipe.truncate_dim is not None:
            found = found[:, : self.recipe.truncate_dim]
        if self.recipe.similarity == "cosine":
            found = torch.nn.functional.normalize(found, dim=1)
        return found.cpu()


def load(checkpoint: str, scoring: Scoring) -> BiEncoder:
    """The Reranker of a sentence-transformers folder."""
    folder = Path(checkpoint)
    recipe = read_recipe(folder)
    place = str(folder / recipe.transformer)
    with loading(place, REMEDY):
        tokenizer = load_tokenizer(place)
        model = _transformer(place, recipe)
    tokenizer.padding_side = "right"
    if recipe.lower_case:
        _lower(tokenizer, place)
    if scoring.max_length is not None:
        check_length(model, scoring.max_length)
    most = scoring.max_length or _longest(model, tokenizer, recipe)
    return BiEncoder(model, tokenizer, replace(recipe, max_length=most), scoring, Head(folder, recipe.modules))


def _transformer(place: str, recipe: Recipe) -> Any:
    """The transformer without a head, in float32; of an encoder-decoder the encoder.

    Raises InputError for another encoder-decoder, weights that are missing, and layers' states that are not given.
    """
    config = load_config(place)
    if recipe.hidden_states:
        config.output_hidden_states = True
    weighted = any(module.kind == "WeightedLayerPooling" for module in recipe.modules)
    if weighted and not config.output_hidden_states:
        raise InputError(
            "WeightedLayerPooling needs output_hidden_states, which is not set",
            "Set it to true",
            f"{place}/config.json",
        )
    name = ENCODERS.get(config.model_type, "AutoModel")
    if config.is_encoder_decoder and name == "AutoModel":
        raise InputError(f"a bi-encoder of {config.model_type} is not supported", "Give an encoder", place)
    model, found = load_model(name, place, config=config, output_loading_info=True)
    missing = [key for key in found["missing_keys"] if "pooler" not in key and "position_ids" not in key]
    if missing:
        raise InputError(f"{place} lacks weights: {', '.join(sorted(missing)[:3])}", "Save it again")
    return model


def _lower(tokenizer: Any, place: str) -> None:
    """Lowers all letters before the tokenizer's own normalisation; InputError where it is not a fast one."""
    from tokenizers.normalizers import Lowercase, Sequence

    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise InputError("do_lower_case needs a tokenizer.json", "Save the tokenizer as a fast one", place)
    kept = fast.normalizer
    fast.normalizer = Sequence([Lowercase()] if kept is None else [Lowercase(), kept])


def _longest(model: Any, tokenizer: Any, recipe: Recipe) -> int:
    """Tokens of a text where none were asked for: the folder's, else the tokenizer's, and no more than the model's."""
    known = [recipe.max_length or tokenizer.model_max_length, positions(model)]
    if recipe.max_length is None:
        known.append(getattr(model.config, "max_position_embeddings", None))
    most = min(one for one in known if one is not None and one > 0)
    return most if most < 1 << 24 else USUAL
