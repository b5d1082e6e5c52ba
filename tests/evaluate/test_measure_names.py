"""Measures by name."""

import ir_measures
import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.measure_names import Measure, parse_measures

NAMES = [
    "nDCG", "NDCG@10", "nDCG(dcg='log2')@3", "nDCG(dcg='exp-log2')@3", "nDCG(gains={1:0,0:0,3:9})@5", "nDCG(cutoff=7)",
    "nDCG(judged_only=True, gains={2: 5})@20", "RR", "MRR@10", "RR(rel=2)@5", "AP", "MAP(rel=1)", "AP(rel=2)@100",
    "P@5", "Precision(rel=2, judged_only=True)@5", "P(judged_only=False)@1", "R@100", "Recall(rel=2)@50", "Success@1",
    "PNR(mean=True)", "PNR(unjudged=0)", "PNR(mean=True,unjudged=0)",
    "Judged", "Judged@10", "NumRet", "NumRet(rel=1)", "NumRelRet", "NumRet(rel=3)", "AP()",
]  # fmt: skip
THEIRS = ["Bpref", "Rprec", "IPrec@0.1", "SetF(beta=2.0)", "Compat(p=0.9)", "NumQ", "NumRel", "infAP", "ERR@20"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_computed_here_is_called_as_ir_measures_calls_it(name):
    (measure,) = parse_measures([name])
    assert measure.name == str(ir_measures.parse_measure(name))
    assert measure.kind


@pytest.mark.parametrize("name", THEIRS)
def test_the_rest_is_theirs(name):
    assert parse_measures([name]) == [Measure(str(ir_measures.parse_measure(name)))]


def test_what_a_name_tells():
    assert parse_measures(["R(rel=2)@50 nDCG(dcg='exp-log2') NumRet NumRet(rel=1) PNR(mean=True)"]) == [
        Measure("R(rel=2)@50", "R", cutoff=50, rel=2),
        Measure("nDCG(dcg='exp-log2')", "nDCG", exponential=True),
        Measure("NumRet", "NumRet", counts_all=True),
        Measure("NumRet(rel=1)", "NumRet", rel=1),
        Measure("PNR(mean=True)", "PNR", mean=True),
    ]


def test_one_measure_by_several_names_is_one():
    assert [str(measure) for measure in parse_measures(["MRR@10", "RR@10 RR(rel=1)@10"])] == ["RR@10"]


@pytest.mark.parametrize(
    "name",
    [
        "nDCG@0", "P@0", "RR@-1", "nDCG@99999999999999999999", "P(rel=0)@3", "P(rel='2')@3", "R@1.5", "R", "P(5)",
        "nDCG(gains={0:1.5})@3", "nDCG(dcg='log10')", "PNR(mean=1)", "PNR@10", "NumRet@5", "Judged(rel=2)", "foo",
        "__import__('os')", "nDCG@10@10", "(", "nDCG.calc",
        "nDCG(gains={1:99999999999999999999})", "nDCG@１０", "ｎDCG@10", "nDCG@+10", "ndcg_cut_0", "PNR(unjudged=1)",
        "lambda: 0", "nDCG\0@10", "(" * 5000, "a" * 5000, "RR@" + "9" * 5000, " ".join(["nDCG@10;"] * 1000),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_before_anything_is_computed(name):
    """Of `nDCG@0` the tool behind ir_measures ends the process."""
    with pytest.raises(InputError, match="not a measure"):
        parse_measures([name])


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("ndcg_cut_10", "nDCG@10"), ("ndcg_cut.10", "nDCG@10"), ("ndcg", "nDCG"), ("map", "AP"),
        ("map_cut_100", "AP@100"), ("recip_rank", "RR"), ("P_10", "P@10"), ("recall_100", "R@100"),
        ("success_1", "Success@1"), ("bpref", "Bpref"), ("num_rel_ret", "NumRet(rel=1)"),
        ("iprec_at_recall_0.10", "IPrec@0.1"), ("set_recall", "SetR"), ("Recall@100", "R@100"),
        ("NDCG@10", "nDCG@10"), ("mrr@10", "RR@10"), ("ndcg@5", "nDCG@5"), ("hit_rate@5", "Success@5"),
        ("Map", "AP"), ("precision(rel=2)@5", "P(rel=2)@5"), ("err@20", "ERR@20"), ("rprec", "Rprec"),
    ],
)  # fmt: skip
def test_other_programs_spellings_are_taken(theirs, ours):
    assert parse_measures([theirs]) == parse_measures([ours])
    assert parse_measures([theirs])[0].name == ours


def test_a_name_that_is_taken_for_another_is_logged(caplog):
    with caplog.at_level("INFO"):
        parse_measures(["nDCG@10 ndcg_cut_5"])
    assert caplog.messages == ["measure ndcg_cut_5 is taken as nDCG@5"]
