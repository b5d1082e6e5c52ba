"""The options of `rerank` for what is more than one model over whole pairs: long documents, and a cascade."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rerankkit.cli.places import MODEL
from rerankkit.errors import InputError

if TYPE_CHECKING:
    from rerankkit.rerank.scoring import Scoring
    from rerankkit.roles import Reranker

HOW = ("firstp", "maxp", "sump")
OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "--then",
        {
            "type": MODEL,
            "multiple": True,
            "metavar": "MODEL",
            "help": "Another model, that reorders the top of the order so far.",
        },
    ),
    (
        "--then-depth",
        {"multiple": True, "type": click.IntRange(1), "help": "How many: one for each --then.  [default: 10]"},
    ),
    (
        "--then-dtype",
        {"multiple": True, "help": "Its precision: one for each --then; as --dtype by default."},
    ),
    (
        "--then-backend",
        {"multiple": True, "help": "What runs it: one for each --then; torch where --backend says so, else auto."},
    ),
    (
        "--long-docs",
        {
            "type": click.Choice(HOW),
            "default": "firstp",
            "show_default": True,
            "help": "What a document is scored by: its beginning, the best of its windows, or their sum.",
        },
    ),
    (
        "--window",
        {"type": click.IntRange(1), "help": "Tokens of text in a window; half of --max-length by default."},
    ),
    (
        "--stride",
        {"type": click.IntRange(1), "help": "Tokens from a window to the next one; half a window by default."},
    ),
)


DEPTH = 10
"""How many a later model reorders where nothing is said."""


def stage_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; `StageFlags.taken` gathers them again."""
    for name, told in reversed(OPTIONS):
        command = click.option(name, **told)(command)
    return command


class Then(NamedTuple):
    """A later model of a cascade, how many of each list it reorders, and how it is run where that was said."""

    model: str
    depth: int
    dtype: str | None = None
    backend: str | None = None

    def scoring(self, first: "Scoring") -> "Scoring":
        """How it is run: as the first model, but for what was said of it; not every backend runs every model."""
        backend = self.backend or ("torch" if first.backend == "torch" else "auto")
        return replace(first, dtype=self.dtype or first.dtype, backend=backend, compile=False, label=None)


@dataclass(frozen=True, slots=True)
class StageFlags:
    """What was said of a cascade and of long documents."""

    thens: tuple[Then, ...] = ()
    how: str = "firstp"
    window: int | None = None
    stride: int | None = None

    @classmethod
    def taken(cls, flags: dict[str, Any], depth: int | None) -> "StageFlags":
        """The options, taken out of a command's flags, of a reranking of the first `depth`.

        Raises InputError where one lacks another, and for a cascade that grows deeper.
        """
        models = flags.pop("then")
        depths, *rest = (_each(flags.pop(f"then_{name}"), name, models) for name in ("depth", "dtype", "backend"))
        told = cls((), flags.pop("long_docs"), flags.pop("window"), flags.pop("stride"))
        for name in ("window", "stride") if told.how == "firstp" else ():
            if getattr(told, name) is not None:
                raise InputError(f"--{name} cuts nothing with --long-docs firstp", "Give --long-docs maxp or sump")
        before, thens = depth, tuple(map(Then, models, (given or DEPTH for given in depths), *rest))
        for then in thens:
            if before is not None and then.depth > before:
                raise InputError(
                    f"--then-depth {then.depth} is more than the {before} that were reranked before",
                    "Let a cascade grow shallower",
                )
            before = then.depth
        return replace(told, thens=thens)

    def tag(self, model: str) -> str:
        """The run's tag: the models' names, the later ones behind a plus."""
        return "+".join(Path(name).absolute().name for name in (model, *(then.model for then in self.thens)))

    def whole(self, paid: "Reranker", reranker: "Reranker") -> "Reranker":
        """A Reranker of documents of any length; `paid` is the model behind its store."""
        if self.how == "firstp":
            return paid
        from rerankkit.rerank.long_documents import LongDocuments, Windows
        from rerankkit.roles import Splitting

        settings = Windows.of(self.how, self.window, self.stride, reranker)
        assert isinstance(reranker, Splitting)
        return LongDocuments(paid, reranker, settings)


def _each(given: Sequence[Any], name: str, models: Sequence[str]) -> Sequence[Any]:
    """What was said for each later model, None where nothing was; InputError where it was said for some of them."""
    if given and len(given) != len(models):
        raise InputError(
            f"{len(models)} --then and {len(given)} --then-{name}", f"Give one {name} for each --then, in their order"
        )
    return given or (None,) * len(models)
