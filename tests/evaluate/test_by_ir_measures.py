"""Measures that ir_measures computes, from the judged hits."""

import ir_measures
import pytest

from rerankkit.evaluate import by_ir_measures
from rerankkit.evaluate.measures import evaluate
from rerankkit.run import Run

NAMES = ["Bpref", "Rprec", "IPrec@0.5", "SetF", "Compat(p=0.9)", "NumQ", "NumRel", "ERR@5", "infAP"]
QRELS = {"plain 1": {"a b": 2, "-0": 1, "c": 0}, "2": {"c": 1, "d": 0}, "lacking": {"c": 1}}
HITS = {"plain 1": ["u", "-0", "c", "a b", "v"], "2": ["d", "-1", "c"], "not judged": ["c"]}
RUN = Run.ranked({qid: [(docid, 0.0) for docid in docids] for qid, docids in HITS.items()})


def directly(names: list[str]) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """ir_measures' own figures, by names that all the tools behind it read."""
    plain = {"plain 1": "1", "2": "2", "lacking": "3", "a b": "ab"}
    qrels = {plain[qid]: {plain.get(docid, docid): grade for docid, grade in of.items()} for qid, of in QRELS.items()}
    run = {
        plain[qid]: {plain.get(docid, docid): -float(i) for i, docid in enumerate(HITS[qid])}
        for qid in ("plain 1", "2")
    }
    aggregated, by_query = ir_measures.calc([ir_measures.parse_measure(name) for name in names], qrels, run)
    turned = {short: qid for qid, short in plain.items()}
    found: dict[str, dict[str, float]] = {name: {} for name in names}
    for metric in by_query:
        found[str(metric.measure)][turned[metric.query_id]] = metric.value
    return {str(measure): value for measure, value in aggregated.items()}, found


@pytest.mark.parametrize("hits_at_once", [by_ir_measures.HITS, 4, 1])
def test_figures_are_theirs_whatever_the_names_and_however_cut(hits_at_once, monkeypatch):
    monkeypatch.setattr(by_ir_measures, "HITS", hits_at_once)
    result, (values, by_query) = evaluate(RUN, QRELS, NAMES), directly(NAMES)
    assert result.values == pytest.approx(values)
    for name in NAMES:
        assert result.by_query[name] == pytest.approx(by_query[name]), name


def test_they_stand_among_ours_in_the_order_asked():
    result = evaluate(RUN, QRELS, ["RR", "Bpref", "PNR", "Rprec"])
    assert list(result.values) == list(result.by_query) == ["RR", "Bpref", "PNR", "Rprec"]
