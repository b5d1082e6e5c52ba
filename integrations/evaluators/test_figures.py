"""`rerankkit evaluate --per-query` against ir_measures, pytrec_eval (trec_eval's own code) and ranx: to 1e-6.

All read the same files. On equal scores trec_eval alone has the word: ir_measures' own Judged and RR with a cut-off,
and ranx, order them otherwise, so that these are asked where no scores are equal.
"""

import json
import statistics
from pathlib import Path

import ir_measures
import numpy as np
import pytest
import pytrec_eval
from click.testing import CliRunner

from rerankkit.cli import main

THEIRS = ["nDCG", "nDCG@10", "AP", "AP(rel=2)@100", "RR", "RR(rel=2)", "P@5", "P(rel=2)@10", "R@20", "R(rel=3)@100"]
THEIRS += ["Success@1", "NumRet", "NumRet(rel=1)", "nDCG(judged_only=True)@10", "nDCG(gains={1:0,2:1,3:1})@10", "Bpref"]
WITHOUT_TIES = ["RR@10", "Judged", "Judged@10"]
TREC_EVAL = {
    **{"map": "AP", "recip_rank": "RR", "ndcg": "nDCG", "Rprec": "Rprec", "bpref": "Bpref"},
    **{f"ndcg_cut_{k}": f"nDCG@{k}" for k in (5, 10, 100)},
    **{f"map_cut_{k}": f"AP@{k}" for k in (10, 100)},
    **{f"P_{k}": f"P@{k}" for k in (5, 10, 100)},
    **{f"recall_{k}": f"R@{k}" for k in (10, 100)},
    **{f"success_{k}": f"Success@{k}" for k in (1, 5)},
    **{"num_ret": "NumRet", "num_rel_ret": "NumRet(rel=1)"},
}
RANX = {"ndcg@10": "nDCG@10", "ndcg_burges@10": "nDCG(dcg='exp-log2')@10", "map": "AP", "mrr": "RR", "mrr@10": "RR@10"}
RANX |= {"precision@5": "P@5", "recall@100": "R@100", "hit_rate@5": "Success@5"}


def ours(run: Path, qrels: Path, names: list[str]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The figures of the command, and those of each query."""
    arguments = ["evaluate", str(run), "--qrels", str(qrels), "--per-query", "--output", "json"]
    result = CliRunner().invoke(main, [*arguments, "--measures", " ".join(names)], catch_exceptions=False)
    (record,) = json.loads(result.stdout)["runs"]
    return record["measures"], record["queries"]


def has_ties(run: Path) -> bool:
    """Whether two hits of a query have the same float32."""
    pairs = [(qid, np.float32(score)) for qid, _, _, _, score, _ in map(str.split, run.read_text().splitlines())]
    return len(set(pairs)) < len(pairs)


def test_ir_measures(run_and_qrels):
    run, qrels = run_and_qrels
    names = THEIRS + WITHOUT_TIES * (not has_ties(run))
    values, by_query = ours(run, qrels, names)
    wanted = [ir_measures.parse_measure(name) for name in names]
    judged = list(ir_measures.read_trec_qrels(str(qrels)))
    for measure in wanted:  # one by one: together, some take over others' settings
        found, queries = ir_measures.calc([measure], judged, ir_measures.read_trec_run(str(run)))
        name = str(measure)
        assert values[name] == pytest.approx(found[measure], abs=1e-6), name
        qids = {qrel.query_id for qrel in judged}
        expected = {metric.query_id: metric.value for metric in queries if metric.query_id in qids}
        assert by_query[name] == pytest.approx(expected, abs=1e-6), name


def test_trec_eval(run_and_qrels):
    run, qrels = run_and_qrels
    _, by_query = ours(run, qrels, list(TREC_EVAL.values()))
    with qrels.open() as judged, run.open() as hits:
        evaluator = pytrec_eval.RelevanceEvaluator(pytrec_eval.parse_qrel(judged), set(TREC_EVAL))
        found = evaluator.evaluate(pytrec_eval.parse_run(hits))
    assert len(found) > 40
    for theirs, name in TREC_EVAL.items():
        for qid, values in found.items():
            assert by_query[name][qid] == pytest.approx(values[theirs], abs=1e-6), (name, qid)


def test_ranx(run_and_qrels):
    ranx = pytest.importorskip("ranx", reason="ranx is not installed")
    run, qrels = run_and_qrels
    if has_ties(run):
        pytest.skip("ranx orders equal scores by their place in the file, trec_eval by docid")
    if "negative" in qrels.name:
        pytest.skip("ranx takes grades below zero for gains, trec_eval for unjudged")
    _, by_query = ours(run, qrels, list(RANX.values()))
    with qrels.open() as judged, run.open() as hits:
        grades, scores = pytrec_eval.parse_qrel(judged), pytrec_eval.parse_run(hits)
    qids = list(scores)
    found = ranx.evaluate(
        ranx.Qrels({qid: grades[qid] for qid in qids}), ranx.Run(dict(scores)), list(RANX), return_mean=False
    )
    for theirs, name in RANX.items():
        expected = statistics.fmean(by_query[name][qid] for qid in qids)
        assert float(np.mean(found[theirs])) == pytest.approx(expected, abs=1e-6), name
