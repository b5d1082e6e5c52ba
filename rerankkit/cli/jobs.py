"""What a rerank job holds: how many pairs, and some of them to measure by."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rerankkit.cli.inputs import queries_of

if TYPE_CHECKING:
    from rerankkit.rerank.choice import Job
    from rerankkit.run import Run
    from rerankkit.types import Collection, Group

SPREAD = 16
"""How many queries are sampled, and how many candidates of each, evenly over the run and the depth."""


def job_of(run: "Run", topics: str, texts: "Collection", depth: int | None, store: Path | None) -> "Job":
    """The job of scoring each query's first `depth` candidates, all by default."""
    from rerankkit.rerank.choice import Job

    counts = {qid: min(len(run[qid]), depth or len(run[qid])) for qid in run}

    def sample() -> "list[Group]":
        from rerankkit.groups.build import groups_of
        from rerankkit.run import Run

        chosen = {qid: [run[qid][at] for at in evenly(counts[qid])] for qid in spread(list(run))}
        return list(groups_of(Run(chosen, run.tag), queries_of(topics), texts))

    return Job(sum(counts.values()), sample, store)


def spread(qids: Sequence[str]) -> list[str]:
    """SPREAD of the queries, from the first on; all of fewer."""
    return [qids[at] for at in evenly(len(qids))]


def evenly(count: int) -> list[int]:
    """SPREAD places of a list of so many, evenly spread; all of a shorter one."""
    return list(range(count)) if count <= SPREAD else [count * at // SPREAD for at in range(SPREAD)]
