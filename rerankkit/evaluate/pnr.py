"""PNR, the positive-negative ratio, as a measure of ir_measures: importing this module makes `PNR` known there.

A pair is two documents of one query that are in the run and judged with different grades; it is concordant where the
higher grade has the higher score, discordant where it has the lower, and neither where the scores are equal. `PNR`
divides the concordant pairs of all queries by the discordant ones; `PNR(mean=True)` is the mean of the queries' own
ratios, which leaves out queries without pairs and counts at least one discordant pair in each. `PNR(unjudged=0)` also
pairs documents that are not judged: those in the run count as grade 0.
DisRanker (arXiv 2411.04539) reports it; its pooling is not known.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import ir_measures
import numpy as np
from ir_measures import Metric, measures, providers
from ir_measures.measures.base import Agg

from rerankkit.evaluate.pair_ratio import PairRatio, count_pairs


def pair_ratio(ranking: Mapping[str, float], grades: Mapping[str, int], unjudged: int | None = None) -> PairRatio:
    """The PNR of one query, from docid -> score and docid -> grade; scores are compared as float32.

    With `unjudged` the ranking's unjudged documents have that grade; without, they are in no pair.
    """
    counted = [docid for docid in ranking if unjudged is not None or docid in grades]
    score = np.array([ranking[docid] for docid in counted], dtype=np.float32)
    return count_pairs(score, np.array([grades.get(docid, unjudged) for docid in counted]))


class _Pooled(Agg):
    def __init__(self) -> None:
        self.concordant = self.discordant = 0

    def add(self, value: float) -> None:
        assert isinstance(value, PairRatio)
        self.concordant += value.concordant
        self.discordant += value.discordant

    def result(self) -> float:
        return PairRatio(self.concordant, self.discordant)


class _Mean(Agg):
    def __init__(self) -> None:
        self.ratios: list[float] = []

    def add(self, value: float) -> None:
        assert isinstance(value, PairRatio)
        if not math.isnan(value):
            self.ratios.append(value.concordant / max(value.discordant, 1))

    def result(self) -> float:
        return sum(self.ratios) / len(self.ratios) if self.ratios else math.nan


class _PNR(measures.Measure):
    """Concordant over discordant pairs of differently graded documents, pooled over queries."""

    __name__ = "PNR"
    NAME = __name__
    PRETTY_NAME = "Positive-Negative Ratio"
    SHORT_DESC = "Concordant over discordant pairs of differently graded documents."
    SUPPORTED_PARAMS = {  # noqa: RUF012
        "mean": measures.ParamInfo(dtype=bool, default=False, desc="mean of the queries' ratios instead of pooling"),
        "unjudged": measures.ParamInfo(dtype=int, choices=[0], desc="the grade that unjudged documents count as"),
    }
    DEFAULT = PairRatio(0, 0)

    def aggregator(self) -> Agg:
        return _Mean() if self["mean"] else _Pooled()


class _PnrEvaluator(providers.Evaluator):
    def __init__(self, wanted: Iterable[measures.Measure], qrels: Mapping[str, Mapping[str, int]]) -> None:
        super().__init__(list(wanted), set(qrels))
        self.qrels = qrels

    def _iter_calc(self, run: Any) -> Iterator[Metric]:
        for qid, ranking in ir_measures.util.RunConverter(run).as_dict_of_dict().items():
            if qid in self.qrels:
                for measure in self.measures:
                    value = pair_ratio(ranking, self.qrels[qid], measure.params.get("unjudged"))
                    yield Metric(query_id=qid, measure=measure, value=value)


class _PnrProvider(providers.Provider):
    NAME = "rerankkit"
    SUPPORTED_MEASURES = [_PNR(mean=providers.base.Any(), unjudged=providers.base.Any())]  # noqa: RUF012

    def _evaluator(self, wanted: Iterable[measures.Measure], qrels: Any) -> providers.Evaluator:
        return _PnrEvaluator(wanted, ir_measures.util.QrelsConverter(qrels).as_dict_of_dict())


PNR = _PNR()
measures.register(PNR)
ir_measures.DefaultPipeline.providers.append(providers.register(_PnrProvider()))
