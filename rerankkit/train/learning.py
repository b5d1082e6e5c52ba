"""The learning curves that a checkpoint's note tells of, as a report draws them."""

from pathlib import Path
from typing import Any

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import NOTE, read_note
from rerankkit.train.course import best_of, dev_values
from rerankkit.train.curves import series

REMEDY = "Give a folder that sft or distill wrote"


def learning(folder: Path) -> dict[str, Any]:
    """A checkpoint's name, its loss with its terms, [step, value] each, and its dev measure where it was taken.

    Raises InputError where the folder is no checkpoint with a training's log.
    """
    note = read_note(folder)
    if note is None:
        raise InputError("no checkpoint of rerankkit", REMEDY, folder)
    history = note.trained.get("log", [])
    try:
        curves = series(history)
    except (KeyError, TypeError):
        raise InputError("the log in its note is damaged", REMEDY, folder / NOTE) from None
    lines = [{"name": name, "points": points} for name, points in curves.items() if name != "learning_rate"]
    if not lines[0]["points"]:
        remedy = "A training shorter than --logging-steps logs none: train with fewer" if note.trained else REMEDY
        raise InputError("its note holds no loss", remedy, folder)
    told = note.trained.get("dev", {})
    values = dev_values(history, told["measure"]) if told else []
    best = best_of(values)
    dev = {**told, "points": values, "best": best} if best else None
    return {"name": folder.resolve().name, "lines": lines, "dev": dev}
