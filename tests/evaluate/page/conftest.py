"""A study small enough to work out by hand, with texts that try to break out of the page."""

import math
from collections.abc import Callable, Iterable

import pytest

from rerankkit.evaluate.measures import evaluate
from rerankkit.evaluate.page.material import Material, Timing
from rerankkit.evaluate.study import FirstStage, Outcome, Settings, Study
from rerankkit.run import Run
from rerankkit.types import Document, Query

MEASURES = ("nDCG@10", "RR@10", "PNR")
QRELS = {
    "1": {"a": 3, "b": 0, "c": 1},
    "2": {"d": 2, "e": 0},
    "q<3>": {"f": 1, "g": 0, "h": 1},
}
BASE = {"1": ["b", "a", "c", "x"], "2": ["e", "d"], "q<3>": ["f", "g"]}
BERT = {"1": ["a", "c", "b"], "2": ["d", "e", "y"], "q<3>": ["g", "f"]}
RM3 = {"1": ["b", "a", "c", "x"], "2": ["e", "d"]}
"""The first is put right by BERT, the second too, the third made worse; RM3 changes nothing and lacks the third."""

QUERIES = {
    "1": Query("1", "red </script><script>document.title='broken'</script> fish"),
    "2": Query("2", "quotes \" and ' and & and <b>bold</b>"),
    "q<3>": Query("q<3>", "שלום עולם"),
}
TEXTS = {
    "a": Document("a", "<img src=x onerror=\"document.title='broken'\">", "Red fish are red. <!-- <script>"),
    "b": Document("b", "A title", "word " * 200),
    "c": Document("c", "", "line\u2028separator \U0001f41f"),
    "d": Document("d", "ספר", "שלום לכולם"),
    "e": Document("e", "Half \ud83d", "a lone surrogate \ud83d"),
}


LEARNT = {
    "name": "bert <b>new</b>",
    "lines": [
        {"name": "loss", "points": [(10, 0.9), (20, 0.5), (30, 0.25)]},
        {"name": "margin_mse", "points": [(10, 0.7), (20, math.nan), (30, 0.125)]},
    ],
    "dev": {"measure": "nDCG@10", "points": [(0, 0.31), (30, 0.625)], "best": (30, 0.625), "first_stage": 0.5},
}


def run(lists: dict[str, list[str]], tag: str) -> Run:
    return Run({qid: [(docid, 5.0 - i) for i, docid in enumerate(docids)] for qid, docids in lists.items()}, tag)


def runs() -> list[Run]:
    return [run(BASE, "bm25"), run(BERT, "bert"), run(RM3, "rm3")]


def outcome(system: str, measure: str, means: tuple[float, float], p: float) -> Outcome:
    """One whose figures are all different, so that a column in another's place is seen."""
    sign = 1 if means[1] > means[0] else -1
    return Outcome(
        system,
        measure,
        *means,
        difference=sign * 0.1234,
        low=sign * 0.0111,
        high=sign * 0.2222,
        p_t=p / 4,
        p_randomisation=p / 3,
        p_t_holm=p / 2,
        p_randomisation_holm=p,
        effect_size=sign * 0.71,
        wins=2,
        ties=0,
        losses=1,
        detectable=0.0987,
        queries=3,
        tested="share of pairs rightly ordered" if measure == "PNR" else "",
    )


@pytest.fixture
def study() -> Study:
    names = ("bm25.txt", "bert <new>.txt", "rm3.txt")
    base, *systems = [evaluate(one, QRELS, MEASURES, name) for one, name in zip(runs(), names, strict=True)]
    p = {"bert <new>.txt": 0.012, "rm3.txt": 0.6}
    outcomes = [
        outcome(one.name, measure, (float(base.values[measure]), float(one.values[measure])), p[one.name])
        for one in systems
        for measure in MEASURES
    ]
    return Study(
        baseline=base,
        systems=tuple(systems),
        outcomes=tuple(outcomes),
        judged={"bm25.txt": {10: 7 / 8}, "bert <new>.txt": {10: 0.875}, "rm3.txt": {10: 0.8}},
        ceiling={"nDCG@10": 0.9876, "RR@10": 1.0},
        tie_intervals={(name, "nDCG@10"): (0.51, 0.62) for name in names[:1]},
        outside={"bert <new>.txt": 0.125, "rm3.txt": 0.0},
        first_stage=FirstStage(4, 4, 5, 0.8),
        settings=Settings(),
        warnings=("rm3.txt lacks 1 query of <bm25.txt>",),
    )


@pytest.fixture
def material(study: Study) -> Callable[..., Material]:
    """Makes the material with all that a report may hold, or with some of it otherwise."""

    def make(**others: object) -> Material:
        def several() -> Iterable[Run]:
            return iter(runs())

        everything = {
            "queries": QUERIES,
            "documents": lambda docids: {docid: TEXTS[docid] for docid in docids if docid in TEXTS},
            "timings": {"bert <new>.txt": Timing(12.5, 30.0), "rm3.txt": Timing(100.0)},
            "teacher": run({"1": ["a", "c", "b"], "2": ["d", "e"], "q<3>": ["f", "g"]}, "llm"),
            "learning": [LEARNT],
            "made": "rerankkit compare 'a & b'",
        }
        return Material(study, QRELS, several, **{**everything, **others})  # type: ignore[arg-type]

    return make
