"""What a finished training leaves: weights that Hugging Face loads as they are, notes, a model card, the adapter."""

import re
from pathlib import Path
from typing import Any

from rerankkit.rerank.checkpoint import IDENTITY, Note, read_note
from rerankkit.rerank.pairs import Lengths
from rerankkit.train.lora import save_adapter_and_merge
from rerankkit.train.scale import Scale
from rerankkit.train.settings import RankTraining

CARD = """---
library_name: {library}
pipeline_tag: text-ranking
base_model: {base}
tags: [reranker, {architecture}]
---

# {name}

A reranker made by rerankkit: `{loss}` loss on {groups} groups, starting from `{base}`.
Scores are raw logits, one label, no activation.{scale}{pooled}
{warnings}
    rerankkit rerank --model {name} --run run.txt --topics topics.tsv --index index --output reranked.txt

Input: {template}, at most {max_length} tokens; only the document is cut{title}.
"""
TEMPLATES = {
    "cross-encoder": "`[CLS] query [SEP] title. summary [SEP]`",
    "title apart": "`[CLS] query [SEP] title [SEP] summary [SEP]`",
    "llm": "`Query: …`, `Title: …`, `Summary: …` on a line each, then the end-of-sequence token",
}
POOLED = """
The score is read from the mean of all tokens, which rerankkit does and others do not: transformers'
`AutoModelForSequenceClassification`, and what builds on it, reads the last token and would score otherwise."""


def planned(base: str, architecture: str, settings: RankTraining) -> Note:
    """What the checkpoint of a training is going to be; what its settings leave open is as in the base's own note."""
    before = read_note(base) or Note(architecture)
    separate = settings.separate_title
    return Note(
        architecture,
        Lengths(settings.max_length, settings.max_query_tokens, settings.max_title_tokens),
        pooling=settings.pooling or before.pooling,
        separate_title=before.separate_title if separate is None else separate,
    )


def write_checkpoint(folder: Path, model: Any, tokenizer: Any, note: Note, scale: Scale) -> None:
    """Fills a folder with the reranker; a LoRA adapter is merged into the weights, and kept in `adapter/`.

    Where layers were dropped the adapter is not kept: it would fit no base that lies anywhere.
    """
    scale.give_back(model)
    if hasattr(model, "peft_config"):
        if note.trained.get("keep_layers") is None:
            model = save_adapter_and_merge(model, folder / "adapter")
            tokenizer.save_pretrained(folder / "adapter")
            note.write(folder / "adapter")
        else:
            model = model.merge_and_unload()
    model.config.sentence_transformers = dict(IDENTITY)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    note.write(folder)
    name = re.sub(r"^\.(.+)\.\d+\.part$", r"\1", folder.name)  # the folder takes its own name once it is whole
    (folder / "README.md").write_text(card(name, note), "utf-8")


def card(name: str, note: Note) -> str:
    """The model card."""
    trained, lengths, mean = note.trained, note.lengths, note.pooling == "mean"
    return CARD.format(
        library="rerankkit" if mean else "sentence-transformers",
        base=Path(str(trained["model"])).name,
        architecture=note.architecture,
        name=name,
        loss=trained["loss"],
        groups=trained["groups"],
        scale=f" {trained['scale']['scores']}" if "scale" in trained else "",
        pooled=POOLED if mean else "",
        warnings="".join(f"\nWarning: {warning}.\n" for warning in trained.get("warnings", ())),
        template=TEMPLATES["title apart" if note.separate_title else note.architecture],
        max_length=lengths.max_length,
        title=f", and a title after {lengths.max_title_tokens} tokens" if lengths.max_title_tokens else "",
    )
