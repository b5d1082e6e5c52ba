"""A causal LLM, typically one pre-trained on clicks, writes queries for documents.

The prompt is `Title: …`, `Summary: …`, `Query: …` for a few clicked documents, then the same for the document up to
`Query:`; what follows on that line is sampled. The examples are read once for many documents: their keys and values
are shared.
"""

import copy
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import torch

from rerankkit.errors import InputError
from rerankkit.groups.overlap import fold
from rerankkit.rerank import llm
from rerankkit.rerank.batches import by_length
from rerankkit.rerank.pairs import Pair
from rerankkit.rerank.prefix import cache_name
from rerankkit.rerank.scorer import DTYPES, Scoring
from rerankkit.rerank.texts import document_lines
from rerankkit.train.cpt import Clicked
from rerankkit.train.weights import with_language_head
from rerankkit.types import Document

log = logging.getLogger(__name__)

WINDOW = 64
"""Documents that share their examples, and are sorted by length together."""
ASK = "\nQuery:"
CONTROLS = re.compile("[\\x00-\\x1f\\x7f-\\x9f]")
"""Characters that a model may write, and no line of text has."""
LABELS = ("query:", "title:", "summary:")


@dataclass(frozen=True, slots=True)
class Writing:
    """How queries are sampled; temperature 0 always takes the likeliest token."""

    shots: int = 4
    temperature: float = 0.7
    top_p: float = 0.9
    seed: int = 0
    max_words: int = 12
    document_tokens: int = 96

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < 100 or not 0 < self.top_p <= 1:
            raise InputError(f"--temperature {self.temperature}, --top-p {self.top_p}", "Expected >= 0 and (0, 1]")
        if self.shots < 0 or self.max_words < 1 or self.document_tokens < 8:
            raise InputError("--shots may not be negative, --max-words not below 1, --max-length not below 8")


class QueryWriter:
    """A causal LLM that writes a query for each document.

    Raises InputError where the model is no causal language model.
    """

    def __init__(self, model: str, examples: Sequence[Clicked], writing: Writing, scoring: Scoring) -> None:
        remedy = "Give an LLM, e.g. --model smollm2-135m, or what rerankkit cpt made"
        self.model, self.tokenizer = with_language_head(model, remedy)
        llm.separate_pad(self.model, self.tokenizer)
        self.examples, self.writing, self.scoring = examples, writing, scoring
        self.device = scoring.torch_device()
        half = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        name = ("bfloat16" if half else "float32") if scoring.dtype == "auto" else scoring.dtype
        self.model.to(device=self.device, dtype=DTYPES[name]).eval()
        self.cache_name = cache_name(self.model)
        self.ends = _line_ends(self.tokenizer)
        self.new_tokens = 2 * writing.max_words + 4

    def write(self, documents: Sequence[Document], first: int = 0) -> Iterator[list[str]]:
        """One list of queries a window of documents, from the `first` window on, `""` where none came of it.

        Each window draws its examples, and what it samples, from the seed and its own number.
        """
        for number in range(first, -(-len(documents) // WINDOW)):
            window = documents[number * WINDOW : (number + 1) * WINDOW]
            torch.manual_seed(self.writing.seed + 7919 * number)
            shots = Random(f"{self.writing.seed}-{number}").sample(
                self.examples, min(self.writing.shots, len(self.examples))
            )
            told = {fold(shot.query.text) for shot in shots}
            lines = self._lines(window, self._prefix(shots))
            yield [self._query(line, document, told) for line, document in zip(lines, window, strict=True)]

    def _query(self, line: str, document: Document, told: set[str]) -> str:
        """A generated line as a query; `""` where it is none, copies the title or an example, or runs on."""
        text = " ".join(CONTROLS.sub(" ", line).split()).strip("\"'“”` ")
        words = text.split()
        bad = not 0 < len(words) <= self.writing.max_words or text.lower().startswith(LABELS)
        key = fold(text)
        return "" if bad or not key or key == fold(document.title) or key in told else text

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]

    def _asked(self, document: Document) -> list[int]:
        """The document's lines, cut to fit, and the line that asks for its query."""
        return [*self._ids(document_lines(document))[: self.writing.document_tokens], *self._ids(ASK)]

    def _prefix(self, shots: Sequence[Clicked]) -> list[int]:
        """What stands before every document of a window."""
        prefix = list(llm.frame(self.tokenizer).prefix)
        for shot in shots:
            prefix += [*self._asked(shot.document), *self._ids(f" {shot.query.text}\n\n")]
        return prefix

    @torch.inference_mode()
    def _lines(self, documents: Sequence[Document], prefix: list[int]) -> list[str]:
        """What the model goes on with after each document, to the line's end."""
        asked = [Pair(self._asked(document), 0) for document in documents]
        cache = self._read(prefix)
        lines = [""] * len(asked)
        waiting = by_length(asked, self.scoring.batch_tokens)[::-1]
        while waiting:
            batch = waiting.pop()
            try:
                out = self._generate([asked[i].ids for i in batch], prefix, cache)
            except torch.OutOfMemoryError:
                if len(batch) == 1:
                    raise InputError("one document is too long for the memory", "Lower --max-length") from None
                log.warning("out of memory with %d documents, halved", len(batch))
                waiting += [batch[len(batch) // 2 :], batch[: len(batch) // 2]]
                continue
            for i, text in zip(batch, self.tokenizer.batch_decode(out, skip_special_tokens=True), strict=True):
                lines[i] = text.partition("\n")[0]
        return lines

    def _read(self, prefix: list[int]) -> Any:
        """Keys and values of the prefix; None where there is hardly one, or the model takes none.

        Raises InputError where prefix and document have more tokens than the model has positions.
        """
        most = getattr(self.model.config, "max_position_embeddings", None)
        need = len(prefix) + self.writing.document_tokens + self.new_tokens + len(self._ids(ASK))
        if most is not None and need > most:
            raise InputError(
                f"examples and document need {need} tokens, the model has {most}", "Lower --shots or --max-length"
            )
        if len(prefix) < 2 or not self.cache_name:
            return None
        return self.model(torch.tensor([prefix], device=self.device), use_cache=True)[self.cache_name]

    def _generate(self, asked: Sequence[list[int]], prefix: list[int], cache: Any) -> torch.Tensor:
        """New token ids, [document, token]; documents are padded on the left, behind the prefix."""
        longest = max(map(len, asked))
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[*prefix, *[pad] * (longest - len(one)), *one] for one in asked])
        mask = torch.ones_like(ids)
        for row, one in enumerate(asked):
            mask[row, len(prefix) : len(prefix) + longest - len(one)] = 0
        shared: dict[str, Any] = {}
        if cache is not None:
            shared[self.cache_name] = copy.deepcopy(cache)
            shared[self.cache_name].batch_repeat_interleave(len(asked))
        hot = self.writing.temperature > 0
        how = {"temperature": self.writing.temperature, "top_p": self.writing.top_p, "top_k": 0} if hot else {}
        out = self.model.generate(
            input_ids=ids.to(self.device),
            attention_mask=mask.to(self.device),
            do_sample=hot,
            max_new_tokens=self.new_tokens,
            eos_token_id=self.ends,
            pad_token_id=pad,
            **how,
            **shared,
        )
        return out[:, ids.shape[1] :].cpu()


def _line_ends(tokenizer: Any) -> list[int]:
    """The ids of the end of sequence and of every token that has a line break in it."""
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    return sorted({tokenizer.eos_token_id, *(token for token, text in enumerate(texts) if "\n" in text)})
