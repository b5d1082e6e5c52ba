"""What a measure's name says, as ir_measures spells it: `P(rel=2,judged_only=True)@5`."""

import ast
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from subprocess import SubprocessError

from rerankkit.errors import InputError
from rerankkit.evaluate.measure_spelling import EXAMPLES, as_ours, suggestion, words_of

logger = logging.getLogger(__name__)
ALIASES = {"NDCG": "nDCG", "MRR": "RR", "MAP": "AP", "Precision": "P", "Recall": "R"}
RANKED = {"cutoff": int, "rel": int, "judged_only": bool}
PARAMETERS: Mapping[str, Mapping[str, type]] = {
    "nDCG": {"cutoff": int, "dcg": str, "gains": dict, "judged_only": bool},
    **dict.fromkeys(("RR", "AP", "P", "R", "Success"), RANKED),
    "Judged": {"cutoff": int},
    "NumRet": {"rel": int},
    "PNR": {"mean": bool, "unjudged": int},
}
"""The measures that are computed here, and what each may be told."""
DEEPEST = 10**9
"""The largest cut-off."""
NEEDS_CUTOFF = ("P", "R", "Success")
DEFAULTS = {"rel": 1, "judged_only": False, "dcg": "log2", "mean": False}


@dataclass(frozen=True)
class Measure:
    """A measure by its name; `kind` is empty where ir_measures computes it. No cut-off is 0."""

    name: str
    kind: str = ""
    cutoff: int = 0
    rel: int = 1
    judged_only: bool = False
    exponential: bool = False
    gains: tuple[tuple[int, int], ...] = ()
    counts_all: bool = False
    mean: bool = False
    unjudged: int | None = None

    def __str__(self) -> str:
        return self.name


def parse_measures(names: Iterable[str]) -> list[Measure]:
    """The measures that the texts name, each text one or several with spaces between, each measure once.

    A measure in trec_eval's spelling, or another program's, is taken for the one that is meant, and logged. Raises
    InputError for one that is unknown, malformed, or that nothing installed can compute.
    """
    found: dict[str, Measure] = {}
    for word in (word for text in names for word in words_of(text)):
        measure = _ours(word) or _spelled(word)
        found.setdefault(measure.name, measure)
    if not found:
        raise InputError("no measure given", f"Examples: {EXAMPLES}")
    return list(found.values())


def with_unjudged(measures: Iterable[Measure]) -> list[Measure]:
    """The measures, PNR with the runs' unjudged documents as grade 0."""
    names = [
        f"PNR({'mean=True,' if one.mean else ''}unjudged=0)" if one.kind == "PNR" else one.name for one in measures
    ]
    return parse_measures(names)


def _spelled(word: str) -> Measure:
    """A measure that has another name here, or one of ir_measures."""
    name = as_ours(word, _known())
    measure = _ours(name) or _others(name, word)
    if name != word:
        logger.info("measure %s is taken as %s", word, measure.name)
    return measure


def _known() -> dict[str, str]:
    """The names that ir_measures knows, by their lower case; of names that it has twice, its own first."""
    import ir_measures

    from rerankkit.evaluate import pnr  # noqa: F401  (makes PNR known to it)

    registry = ir_measures.measures.registry
    return {name.lower(): name for name in sorted(registry, key=lambda name: name == registry[name].NAME)}


def _ours(name: str) -> Measure | None:
    """A measure that is computed here, or None for anything else: ir_measures has the word on what is wrong."""
    try:
        node = ast.parse(name, mode="eval").body
        given: dict = {}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            given["cutoff"] = ast.literal_eval(node.right)
            node = node.left
        if isinstance(node, ast.Call) and not node.args:
            given = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords} | given
            node = node.func
    except (SyntaxError, ValueError):
        return None
    if not isinstance(node, ast.Name):
        return None
    kind = ALIASES.get(node.id, node.id)
    if kind == "NumRelRet":
        kind, given = "NumRet", {"rel": 1} | given
    return _measure(kind, given) if _well_told(kind, given) else None


def _well_told(kind: str, given: Mapping) -> bool:
    known = PARAMETERS.get(kind)
    if known is None or not all(name in known and type(value) is known[name] for name, value in given.items()):
        return False
    gains = given.get("gains", {})
    return (
        0 < given.get("cutoff", 1) <= DEEPEST
        and given.get("rel", 1) > 0
        and given.get("dcg", "log2") in ("log2", "exp-log2")
        and all(type(number) is int and abs(number) < DEEPEST for pair in gains.items() for number in pair)
        and given.get("unjudged", 0) == 0
        and ("cutoff" in given or kind not in NEEDS_CUTOFF)
    )


def _measure(kind: str, given: Mapping) -> Measure:
    told = {name: value for name, value in given.items() if name != "cutoff" and value != _default(kind, name)}
    name = f"{kind}({','.join(f'{key}={_text(value)}' for key, value in told.items())})" if told else kind
    return Measure(
        f"{name}@{given['cutoff']}" if "cutoff" in given else name,
        kind,
        cutoff=given.get("cutoff", 0),
        rel=given.get("rel", 1),
        judged_only=given.get("judged_only", False),
        exponential=given.get("dcg") == "exp-log2",
        gains=tuple(given.get("gains", {}).items()),
        counts_all=kind == "NumRet" and "rel" not in given,
        mean=given.get("mean", False),
        unjudged=given.get("unjudged"),
    )


def _default(kind: str, name: str) -> object:
    return None if kind == "NumRet" else DEFAULTS.get(name)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{gain}" for key, gain in sorted(value.items()) if key != gain) + "}"
    return repr(value)


TRIAL = {"1": {"a": 1, "b": 0}}, {"1": {"a": 2.0, "b": 1.0}}
"""Qrels and a run: some measures are refused only when they are computed."""
REFUSALS = (
    *(NameError, TypeError, LookupError, ValueError, AssertionError, RuntimeError, OSError, SubprocessError),
    *(ArithmeticError, AttributeError, MemoryError, SystemError),
)
"""How ir_measures and the tools behind it say that they cannot."""


def _others(name: str, word: str) -> Measure:
    """A measure of ir_measures, which says what is wrong with one that it does not know; the user wrote `word`."""
    import ir_measures

    known = _known()
    try:
        measure = ir_measures.parse_measure(name)
        measure.validate_params()
        if not 0 < measure.params.get("cutoff", 1) <= DEEPEST:  # pytrec_eval ends the process at 0
            raise ValueError(f"a cut-off is from 1 to {DEEPEST}")
        ir_measures.calc_aggregate([measure], *TRIAL)
    except REFUSALS as error:
        reason = re.sub(r"<object object at \w+>", "missing", " ".join(str(error).split()))
        raise InputError(f"not a measure: {word!r} ({reason})", _remedy(word, name, reason, known)) from error
    return Measure(str(measure))


def _remedy(word: str, name: str, reason: str, known: Mapping[str, str]) -> str:
    import ir_measures

    if install := re.search(r"pip install [\w\[\]-]+", reason):
        return f"Install what computes it: {install[0]}"
    kind = ir_measures.measures.registry.get(re.split("[(@]", name, maxsplit=1)[0])
    if kind is None:
        return suggestion(word, dict(known))
    if kind.NAME in NEEDS_CUTOFF and "cutoff=missing" in reason:
        return f"Give a cut-off, e.g. {kind.NAME}@10"
    given = ", ".join(kind.SUPPORTED_PARAMS) or "no parameter"
    return f"{kind.NAME} takes {given}. Examples: {EXAMPLES}"
