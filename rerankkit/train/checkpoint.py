"""What a finished training leaves: weights that Hugging Face loads as they are, notes, a model card, the adapter."""

import re
from pathlib import Path
from typing import Any

from rerankkit.rerank.checkpoint import Note
from rerankkit.train.lora import save_adapter_and_merge
from rerankkit.train.scale import Scale

IDENTITY = {"activation_fn": "torch.nn.modules.linear.Identity"}
"""A cross-encoder of one label gets a sigmoid elsewhere, which saturates: scores here are raw."""

CARD = """---
library_name: sentence-transformers
pipeline_tag: text-ranking
base_model: {base}
tags: [reranker, {architecture}]
---

# {name}

A reranker made by rerankkit: `{loss}` loss on {groups} groups, starting from `{base}`.
Scores are raw logits, one label, no activation.

    rerankkit rerank --model {name} --run run.txt --topics topics.tsv --index index --output reranked.txt

Input: {template}, at most {max_length} tokens; only the document is cut.
"""
TEMPLATES = {
    "cross-encoder": "`[CLS] query [SEP] title. summary [SEP]`",
    "llm": "`Query: …`, `Title: …`, `Summary: …` on a line each, then the end-of-sequence token",
}


def write_checkpoint(folder: Path, model: Any, tokenizer: Any, note: Note, scale: Scale) -> None:
    """Fills a folder with the reranker; a LoRA adapter is kept in `adapter/` and merged into the weights."""
    scale.give_back(model)
    if hasattr(model, "peft_config"):
        model = save_adapter_and_merge(model, folder / "adapter")
        tokenizer.save_pretrained(folder / "adapter")
        note.write(folder / "adapter")
    model.config.sentence_transformers = dict(IDENTITY)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    note.write(folder)
    trained = note.trained
    name = re.sub(r"^\.(.+)\.\d+\.part$", r"\1", folder.name)  # the folder takes its own name once it is whole
    (folder / "README.md").write_text(
        CARD.format(
            name=name,
            base=Path(str(trained["model"])).name,
            architecture=note.architecture,
            loss=trained["loss"],
            groups=trained["groups"],
            template=TEMPLATES[note.architecture],
            max_length=note.lengths.max_length,
        ),
        "utf-8",
    )
