"""What a finished training leaves: weights that Hugging Face loads as they are, notes, a model card, the adapter."""

from pathlib import Path
from typing import Any, NamedTuple

from rerankkit.rerank.checkpoint import IDENTITY, Note, read_note
from rerankkit.rerank.model_card import Origin, reranker_card
from rerankkit.rerank.pairs import Lengths
from rerankkit.train.lora import save_adapter_and_merge
from rerankkit.train.scale import Scale
from rerankkit.train.settings import RankTraining


class Trained(NamedTuple):
    """A trained model with its tokenizer, and the origin of the weights that it started from."""

    model: Any
    tokenizer: Any
    origin: Origin


def planned(base: str, architecture: str, settings: RankTraining) -> Note:
    """What the checkpoint of a training is going to be; what its settings leave open is as in the base's own note."""
    before = read_note(base) or Note(architecture)
    separate = settings.separate_title
    return Note(
        architecture,
        Lengths(settings.max_length, settings.max_query_tokens, settings.max_title_tokens, settings.long_queries),
        pooling=settings.pooling or before.pooling,
        separate_title=before.separate_title if separate is None else separate,
    )


def write_checkpoint(folder: Path, name: str, trained: Trained, note: Note, scale: Scale) -> None:
    """Fills a folder with the reranker, which its card calls `name`.

    A LoRA adapter is merged into the weights, and kept in `adapter/`.
    Where layers were dropped the adapter is not kept: it would fit no base that lies anywhere.
    """
    model, tokenizer, origin = trained
    scale.give_back(model)
    if hasattr(model, "peft_config"):
        if note.trained.get("keep_layers") is None:
            model = save_adapter_and_merge(model, folder / "adapter", origin)
            tokenizer.save_pretrained(folder / "adapter")
            note.write(folder / "adapter")
        else:
            model = model.merge_and_unload()
    model.config.sentence_transformers = dict(IDENTITY)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    note.write(folder)
    (folder / "README.md").write_text(card(name, note, origin), "utf-8")


def card(name: str, note: Note, origin: Origin) -> str:
    """The model card."""
    trained = note.trained
    scale = f" {trained['scale']['scores']}" if "scale" in trained else ""
    made = (
        f"A reranker trained by rerankkit: `{trained['loss']}` loss on {trained['groups']:,} groups, starting from "
        f"`{origin.shown}`.{scale}"
    )
    return reranker_card(name, note, origin, made)
