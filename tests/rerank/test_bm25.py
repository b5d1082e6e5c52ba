"""The identity."""

from pathlib import Path

from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scorer import Scoring
from rerankkit.types import Candidate, Document, Group, Query


def test_scores_are_the_first_stages(tmp_path: Path):
    groups = [
        Group(Query("1", "one"), tuple(Candidate(Document(d, "", d), s) for d, s in (("a", 2.5), ("b", -1.0)))),
        Group(Query("2", "two"), ()),
    ]
    assert list(load_reranker("bm25", Scoring(), tmp_path).score(groups)) == [[2.5, -1.0], []]
