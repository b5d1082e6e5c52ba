"""A written run shows every evaluator the system's own order."""

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import ir_measures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR

from rerankkit.run import Run
from rerankkit.trec import read_run, write_run

NEAR = [1 + i * 2.0**-30 for i in range(8)]
SCORES = st.one_of(
    st.just(1.0),
    st.sampled_from([0.0, -0.0, *NEAR, 0.9999999, 1e300, -1e300, 3.4e38, 1e-320, 5e-324, 1e-40, 1.2e-38, -1e-320]),
    st.floats(-30, 30),
    st.floats(allow_nan=False, allow_infinity=False),
)
DOCIDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=6).filter(
    lambda docid: len(docid.split()) == 1
)
LISTS = st.lists(st.tuples(DOCIDS, SCORES), min_size=1, max_size=12, unique_by=lambda pair: pair[0])
ORDERS = st.tuples(LISTS, st.booleans()).map(
    lambda drawn: sorted(drawn[0], key=lambda pair: -pair[1]) if drawn[1] else drawn[0]
)


def written(hits: dict[str, list[tuple[str, float]]], path: Path) -> Path:
    write_run(Run.ranked(hits), path)
    return path


@settings(deadline=None, max_examples=150)
@given(ORDERS)
def test_ir_measures_and_pytrec_eval_see_the_order(pairs):
    # One query for each rank, in which only the document of that rank is relevant.
    hits = {f"q{rank}": pairs for rank in range(1, len(pairs) + 1)}
    qrels = {f"q{rank}": {docid: 1} for rank, (docid, _) in enumerate(pairs, 1)}
    with tempfile.TemporaryDirectory() as folder:
        path = written(hits, Path(folder) / "run.txt")
        docs = list(ir_measures.read_trec_run(str(path)))
        assert read_run(path).docids("q1") == [docid for docid, _ in pairs]
    assert [doc.doc_id for doc in sorted(docs[: len(pairs)], key=lambda doc: -doc.score)] == [d for d, _ in pairs]
    for measure in (RR, RR @ 20):  # pytrec_eval, which breaks ties by falling docid, and MS MARCO's, by rising docid
        values = {metric.query_id: metric.value for metric in measure.iter_calc(qrels, docs)}
        assert values == {f"q{rank}": pytest.approx(1 / rank) for rank in range(1, len(pairs) + 1)}


def hard_lists() -> dict[str, list[float]]:
    draw = random.Random(5)
    return {
        "saturated": [1.0] * 60,
        "near": [5 + draw.random() * 1e-7 for _ in range(60)],
        "huge": [1e300 - i for i in range(30)] + [-1e300 + i for i in range(30)],
        "tiny": [1e-320 * (30 - i) for i in range(60)],
        "subnormal": [1e-38 / (i + 1) for i in range(60)],
        "zeros": [0.0, -0.0] * 30,
        "rising": [float(i) for i in range(60)],
        **{f"logits{n}": [draw.gauss(0, 8) for _ in range(60)] for n in range(20)},
    }


RANX = """
import json, sys
import ranx
run = ranx.Run.from_file(sys.argv[1], kind="trec")
order = {qid: list(docs) for qid, docs in run.to_dict().items()}
qrels = ranx.Qrels(json.load(open(sys.argv[2])))
scores = ranx.evaluate(qrels, run, "mrr", return_mean=False)
print(json.dumps([order, dict(zip(sorted(order), scores.tolist()))]))
"""


def test_ranx_sees_the_order(tmp_path):
    hits, qrels = {}, {}
    for n, (name, scores) in enumerate(hard_lists().items()):
        docids = [f"d{i:03}" for i in range(len(scores))]
        random.Random(n).shuffle(docids)
        hits[name] = list(zip(docids, scores, strict=True))
        qrels[name] = {docids[n]: 1}
    path = written(hits, tmp_path / "run.txt")
    (tmp_path / "qrels.json").write_text(json.dumps(qrels))
    # Compiling ranx takes half a minute and changes no result.
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "ignore", "-c", RANX, str(path), str(tmp_path / "qrels.json")]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    order, reciprocal = json.loads(result.stdout.splitlines()[-1])
    assert order == {name: [docid for docid, _ in pairs] for name, pairs in hits.items()}
    assert reciprocal == {name: pytest.approx(1 / (n + 1)) for n, name in enumerate(hits)}


def test_written_naively_the_same_scores_lose_the_order():
    """The trap itself: 40 scores that saturate in float32, the relevant document on top, and trec_eval sees it last."""
    docs = {f"d{i:02}": 1 - i * 2.0**-31 for i in range(40)}
    assert RR.calc_aggregate({"q": {"d00": 1}}, {"q": docs}) == pytest.approx(1 / 40)
    kept = Run.ranked({"q": list(docs.items())})
    assert RR.calc_aggregate({"q": {"d00": 1}}, {"q": dict(kept["q"])}) == 1
