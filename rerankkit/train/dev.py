"""What a training is measured on: a first stage's candidates of queries that are not trained on, and their grades."""

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import TrainingArguments

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import evaluate, parse_measures
from rerankkit.rerank.pairs import PairEncoder
from rerankkit.rerank.reorder import reranked
from rerankkit.rerank.scorer import PairScorer, Scoring
from rerankkit.run import Run
from rerankkit.train.data import digest
from rerankkit.types import Group, Qrels

log = logging.getLogger(__name__)

NOTHING = (("(nothing found)", 0.0),)
"""What a judged query that the run lacks has: no docid holds a space, so every measure counts it as found nothing."""


def one_measure(name: str) -> str:
    """A measure's name as it is written everywhere; InputError where it is unknown, or several."""
    wanted = parse_measures([name])
    if len(wanted) > 1:
        raise InputError(f"--metric-for-best-model {name!r} names {len(wanted)} measures", "Give one")
    return str(wanted[0])


@dataclass(frozen=True, slots=True)
class DevSet:
    """Candidate groups of judged queries, the grades, and the one measure that tells which model is better.

    A judged query without candidates counts as 0, as it does when a run is evaluated.
    """

    groups: tuple[Group, ...]
    qrels: Qrels
    measure: str

    @classmethod
    def of(cls, groups: Iterable[Group], qrels: Qrels, measure: str) -> "DevSet":
        """The groups whose query is judged; InputError where none is, or the measure is unknown or several."""
        name = one_measure(measure)
        kept = tuple(group for group in groups if qrels.get(group.query.qid) and group.candidates)
        if not kept:
            raise InputError("no query of the dev run is judged in the dev qrels", "Give the qrels of the run's topics")
        lacking = len(qrels) - len(kept)
        if lacking:
            log.warning("the dev run lacks %d of %d judged queries, counted as 0", lacking, len(qrels))
        return cls(kept, qrels, name)

    def first_stage(self) -> float:
        """What the candidates are worth in the order in which they came."""
        return self.measured([candidate.score for candidate in group.candidates] for group in self.groups)

    def measured(self, scores: Iterable[Sequence[float]]) -> float:
        """What the candidates are worth in the order of the scores, equal ones as they came."""
        hits: dict[str, Iterable[tuple[str, float]]] = dict.fromkeys(self.qrels, NOTHING)
        hits |= {
            group.query.qid: reranked(group, of_group) for group, of_group in zip(self.groups, scores, strict=True)
        }
        return evaluate(Run.ranked(hits, "dev"), self.qrels, [self.measure]).values[self.measure]

    def tell_shared(self, groups: Iterable[Group]) -> None:
        """Warns of queries that are trained on too, whose measure says little."""
        texts = {group.query.text.casefold().strip() for group in groups}
        shared = [group.query.qid for group in self.groups if group.query.text.casefold().strip() in texts]
        if shared:
            told = (len(shared), len(self.groups), shared[0])
            log.warning("%d of %d dev queries are trained on too, first: %s. Measure on others", *told)

    def check_lengths(self, encoder: PairEncoder) -> None:
        """Raises InputError for a query that leaves no room for a document."""
        for group in self.groups:
            encoder.encode(group.query, [])

    def digest(self) -> str:
        """A hash of the candidates, the grades and the measure: a training is not resumed beside another dev set."""
        grades = json.dumps([self.measure, self.qrels], sort_keys=True)
        return hashlib.sha256((digest(self.groups) + grades).encode()).hexdigest()


def scores_of(groups: Sequence[Group], model: Any, encoder: PairEncoder, args: TrainingArguments) -> list[list[float]]:
    """The scores of a model in training, on its device and in its precision; it goes on training afterwards."""
    scoring = Scoring(str(args.device), "bfloat16" if args.bf16 else "float32")
    alone = PairEncoder(encoder.tokenizer, encoder.frame, encoder.lengths)  # whose cuts are not the training's
    training = model.training
    try:
        scorer = PairScorer(model, alone, scoring)
        # the groups first: the scorer is left before its last word, which would tell of cuts at every measurement
        return [of_group for _, of_group in zip(groups, scorer.score(groups), strict=False)]
    finally:
        model.train(training)
