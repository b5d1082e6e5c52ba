"""What a click is worth: once, as often as it was made, or freed of the bias towards what is shown on top.

A user sees the document at rank r with the propensity `(1 / r) ** eta`; a click divided by it, `clicks * rank ** eta`,
counts on average as if all had been seen (Joachims et al. 2017, arXiv 1608.04468).
"""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rerankkit.collection.clicks import Click
from rerankkit.errors import InputError
from rerankkit.run import Run
from rerankkit.types import Queries

log = logging.getLogger(__name__)

KINDS = ("binary", "count", "log-count", "ipw", "log-ipw")
"""How clicks may be weighed; `log-` is `log2(1 + x)`, whose gain `2 ** y - 1` in NDCG is x again."""

Shown = Mapping[str, Mapping[str, int]]
"""Query text -> docid -> the rank, from 1, at which users saw it."""


@dataclass(frozen=True, slots=True)
class ClickWeight:
    """How clicks are weighed; `eta` is the strength of the position bias, 0 for none."""

    kind: str = "binary"
    eta: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"unknown --click-weight {self.kind!r}", f"Known: {', '.join(KINDS)}")
        if not 0 <= self.eta <= 10:
            raise InputError(f"--position-bias {self.eta} is out of [0, 10]", "1 is usual")

    @property
    def by_rank(self) -> bool:
        """Whether the rank at which a document was shown counts."""
        return self.kind.endswith("ipw")

    def count(self, click: Click) -> float:
        """How many clicks a line stands for; counts of several lines may be added before `scaled`.

        Raises InputError where a rank is needed and there is none.
        """
        if not self.by_rank:
            return float(click.clicks)
        if click.rank is None:
            what = f"document {click.docid}" if click.document is None else repr(click.document.title)
            raise InputError(
                f"the click on {what} for {click.query!r} has no rank",
                "Give the clicks a column `rank`, or the order that users saw with --displayed RUN",
            )
        return click.clicks * float(click.rank) ** self.eta

    def scaled(self, count: float) -> float:
        """What so many clicks are worth."""
        if self.kind == "binary":
            return 1.0
        return math.log2(1 + count) if self.kind.startswith("log-") else count


def worth_by_query(clicks: Iterable[Click], weight: ClickWeight) -> dict[str, dict[str, float]]:
    """Query text -> docid -> what its clicks, added up over the lines, are worth.

    Raises InputError for a click without a docid, or without the rank that is needed.
    """
    counts: dict[str, dict[str, float]] = {}
    for click in clicks:
        if click.document is not None:
            raise InputError(f"the click for {click.query!r} names no docid", "Labels need query and docid")
        of_query = counts.setdefault(click.query, {})
        of_query[click.docid] = of_query.get(click.docid, 0.0) + weight.count(click)
    return {
        query: {docid: weight.scaled(count) for docid, count in of_query.items()} for query, of_query in counts.items()
    }


def displayed(run: Run, queries: Queries) -> dict[str, dict[str, int]]:
    """The ranks at which a run, as it was shown to users, had its documents; of two queries of one text, the first's.

    Raises InputError where none of the run's queries is in the topics.
    """
    shown: dict[str, dict[str, int]] = {}
    for qid in run:
        if qid in queries:
            shown.setdefault(queries[qid].text, {docid: rank for rank, docid in enumerate(run.docids(qid), 1)})
    if not shown:
        raise InputError("no query of the displayed run is in the topics", "Give the topics that it was made for")
    lacking = sum(qid not in queries for qid in run)
    if lacking:
        log.info("%d of the displayed run's %d queries left out: not in the topics", lacking, len(run))
    return shown


def with_ranks(clicks: Iterable[Click], shown: Shown) -> Iterator[Click]:
    """The clicks, one without a rank at that of the displayed order, where its query and document are in it."""
    for click in clicks:
        rank = click.rank or shown.get(click.query, {}).get(click.docid)
        yield click._replace(rank=rank)


def top_as_clicks(shown: Shown, top: int) -> Iterator[Click]:
    """The first `top` documents of each displayed order as clicks, `top` for the first down to 1 for the last.

    A proxy where nobody's clicks are at hand: what a good engine shows on top, users mostly choose.
    """
    for query, ranks in shown.items():
        for docid, rank in ranks.items():
            if rank <= top:
                yield Click(query, docid, top + 1 - rank, None, rank)
