"""Qrels that some measures are not made for: a value or one message, never a traceback, never a wrong figure."""

import math

import ir_measures
import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.measure_names import parse_measures
from rerankkit.evaluate.measures import evaluate
from rerankkit.run import Run

RUN = Run({"1": [("a", 3.0), ("b", 2.0), ("x", 1.0)], "2": [("d", 2.0), ("e", 1.0)]})
QRELS = {
    "positives only": {"1": {"a": 1}, "2": {"e": 1}},
    "nothing relevant": {"1": {"a": 0, "b": 0}, "2": {"d": 0}},
    "everything relevant": {"1": {"a": 1, "b": 1, "x": 1}, "2": {"d": 1, "e": 1}},
    "a grade of 5": {"1": {"a": 5, "b": 0}, "2": {"d": 1}},
    "a grade of 5000": {"1": {"a": 5000, "b": 0}, "2": {"d": 1}},
    "negative grades": {"1": {"a": -1, "b": -2}, "2": {"d": -2, "e": 1}},
    "a grade of 2^31": {"1": {"a": 2**31, "b": 0}, "2": {"d": 1}},
    "a grade of 2^70": {"1": {"a": 2**70, "b": 0}, "2": {"d": 1}},
    "no document in common": {"1": {"q": 1}, "2": {"r": 0}},
    "a query without judgments": {"1": {}, "2": {"d": 1}},
}
NEEDED = {"cutoff": 10, "recall": 0.1, "max_rel": 4, "rel": 1}


def names() -> list[str]:
    """Every measure of the registry that something installed computes, with the parameters that it needs."""
    found = []
    for name, kind in sorted(ir_measures.measures.registry.items()):
        needed = [key for key, info in kind.SUPPORTED_PARAMS.items() if info.required or (name == "ERR")]
        word = f"{name}({','.join(f'{key}={NEEDED[key]}' for key in needed)})"
        try:
            found += [measure.name for measure in parse_measures([word])]
        except InputError:
            continue
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("qrels", QRELS)
def test_every_measure_gives_a_value_or_one_message(qrels):
    messages = []
    for name in names():
        try:
            value = evaluate(RUN, QRELS[qrels], [name]).values[name]
        except InputError as error:
            messages.append(str(error))
        else:
            assert name.startswith(("PNR", "Accuracy")) or math.isfinite(value), name
    assert all("grade" in message and "\n" not in message for message in messages)


def test_many_measures_are_walked():
    assert len(names()) > 20


@pytest.mark.parametrize("name", ["alpha_nDCG@10", "ERR_IA@10", "BPM(max_rel=4)@10", "INST(max_rel=4)", "StRecall@10"])
def test_a_measure_whose_tool_is_not_installed_names_the_install(name):
    if name in names():
        pytest.skip("its tool is installed")
    with pytest.raises(InputError, match=r"Install what computes it: pip install ir-measures\[(pyndeval|cwl_eval)\]"):
        parse_measures([name])


def test_a_grade_that_err_does_not_take_is_named_with_the_limit_and_what_to_do():
    with pytest.raises(InputError, match=r"ERR@10 is undefined for grade 5: .* up to 4\. Map the grades to 0 to 4"):
        evaluate(RUN, QRELS["a grade of 5"], ["ERR@10"])
    assert evaluate(RUN, QRELS["a grade of 5"], ["nDCG@10"]).values == {"nDCG@10": 1.0}


def test_a_grade_beyond_32_bits_is_named_with_its_document():
    with pytest.raises(InputError, match=r"the grade of query 1, document a is 2147483648\. A grade is a whole number"):
        evaluate(RUN, QRELS["a grade of 2^31"], ["RR"])
    with pytest.raises(InputError, match=r"the grade of query 1, document a is 0\.5"):
        evaluate(RUN, {"1": {"a": 0.5}}, ["RR"])


def test_a_gain_that_overflows_is_refused():
    with pytest.raises(InputError, match=r"grade 5000 is too large for nDCG\(dcg='exp-log2'\)"):
        evaluate(RUN, QRELS["a grade of 5000"], ["nDCG(dcg='exp-log2')"])
    # Linear gains: 5000 / log2(2) at rank 1, as the ideal.
    assert evaluate(RUN, {"1": {"a": 5000, "b": 0}}, ["nDCG"]).values["nDCG"] == 1.0


def test_accuracy_is_undefined_where_no_pair_is_one_of_relevant_and_not():
    # Query 1 has relevant documents alone: undefined. Query 2 has the relevant one below the other: 0 of 1 pair.
    found = evaluate(RUN, {"1": {"a": 1, "b": 1, "x": 1}, "2": {"d": 0, "e": 1}}, ["Accuracy"])
    assert found.by_query["Accuracy"] == {"2": 0.0}
    assert found.values["Accuracy"] == 0.0
    assert math.isnan(evaluate(RUN, QRELS["nothing relevant"], ["Accuracy"]).values["Accuracy"])


def test_negative_grades_gain_nothing_and_are_below_zero_in_pairs():
    found = evaluate(RUN, {"1": {"a": -1, "b": 1}, "2": {"d": 1}}, ["nDCG", "RR", "PNR"])
    assert found.by_query["RR"] == {"1": 0.5, "2": 1.0}
    assert found.by_query["nDCG"]["1"] == pytest.approx(1 / math.log2(3))
    assert found.values["PNR"] == 0.0  # a stands above b
