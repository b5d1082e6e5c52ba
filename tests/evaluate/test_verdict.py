"""What in a diagnosis is warned of."""

import pytest

from rerankkit.evaluate.diagnose import Given, diagnose
from rerankkit.evaluate.verdict import warnings
from rerankkit.run import Run

SCORES = [[2.0, 1.1, 0.3, -0.6, -1.9], [1.7, 0.9, 0.1, -1.2, -1.4]]


def run(lists=SCORES, tag: str = "mine") -> Run:
    return Run({str(q): [(f"d{i}", x) for i, x in enumerate(scores)] for q, scores in enumerate(lists)}, tag)


def told(teacher: Run, *args, **others) -> list[str]:
    return warnings(diagnose(Given(teacher, *args, **others), ["RR"]))


def test_nothing_wrong():
    qrels = {"0": {"d0": 1, "d4": 0}, "1": {"d0": 1, "d3": 0}}
    first_stage = run([[1.0, 2.0, 3.5, 4.0, 5.0], [1.0, 2.0, 3.0, 4.0, 5.5]])
    assert told(run(), run([[x + 0.1 for x in scores] for scores in SCORES]), first_stage, qrels) == []


@pytest.mark.parametrize(
    ("scores", "warning"),
    [
        ([[1.0, 1.0, 0.9995]], "the teacher's scores have collapsed: all lie within 0.001, so its order is chance"),
        (
            [[1.0, 1.0, 0.9995], *SCORES],
            "the teacher's scores have collapsed in 33% of the queries: within 0.001",
        ),
        (
            [[0.99, 0.97, 0.02, 0.01], [0.98, 0.5, 0.4, 0.03]],
            "the teacher's scores all lie in 0 to 1, 75% of them within .05 of an end: "
            "probabilities (or cosines) are poor targets, give logits",
        ),
        (
            [[0.7, 0.6, 0.5, 0.45], [0.66, 0.62, 0.5, 0.48]],
            "the teacher's scores all lie in 0 to 1: probabilities (or cosines) are poor targets, give logits",
        ),
        (
            [[1.0, 0.5, 0.25]] * 2,
            "100% of the queries have the same scores as another: ranks, it seems, not raw scores",
        ),
        (
            [[5.0, 5.0, 5.0, 0.5, -0.5]],
            "60% of the teacher's scores are tied within their query: was it run in half precision?",
        ),
        (
            [[5.0, 2.0, 5.0, 0.5, -0.5], [5.0, 1.0, 0.0, -0.4]],
            "22% of the teacher's scores lie at their lowest or highest value: saturated",
        ),
        (
            [[22.0, 3.0, -12.0], [21.0, 2.0, -11.0]],
            "softmax of the teacher's scores is nearly one-hot at temperature 1 (top weight 1.00): for a loss on "
            "softmax, as KL, standardise the scores or set a temperature near 14",
        ),
    ],
)
def test_a_teacher_to_look_at(scores, warning):
    assert warning in told(run(scores))


def test_a_ranking_in_the_first_stages_scores():
    turned = run([list(reversed(scores)) for scores in SCORES])
    expected = "the teacher's scores are the first stage's own, at most in another order: a ranking, not raw scores"
    assert told(run(), first_stage=turned) == [expected]


def test_a_teacher_that_orders_against_the_grades():
    qrels = {"0": {"d0": 0, "d1": 1, "d4": 2}}
    first, second, third = told(run(), qrels=qrels)
    assert first == "the teacher scores grade 2 lower than grade 1 on average (-1.900 < 1.100)"
    assert second == "the teacher scores grade 1 lower than grade 0 on average (1.100 < 2.000)"
    assert third == (
        "the teacher orders pairs worse than chance where their grades differ by 1 (0% right), 2 (0% right): "
        "is its sign turned?"
    )


def test_unjudged_documents_above_the_positives():
    expected = (
        "4 unjudged documents stand above every positive of their query (2.0 a query): "
        "likely false negatives, which the measures count against the teacher"
    )
    assert told(run(), qrels={"0": {"d2": 1}, "1": {"d2": 1}}) == [expected]
    assert told(run(), qrels={"0": {"d1": 1}, "1": {"d1": 1}}) == []


def test_a_student_that_has_learnt_nothing():
    found = told(run(), run([list(reversed(scores)) for scores in SCORES]))
    assert found == [
        "the student agrees with only 0% of the pairs on which the teacher is sure (1 deviation apart or more): "
        "it has not learnt the teacher's order",
        "the student's order has nothing of the teacher's (mean tau-b -1.00)",
    ]


def test_a_student_that_has_collapsed():
    found = told(run(), run([[0.5 + x / 10000 for x in scores] for scores in SCORES]))
    assert found[0] == "the student's scores have collapsed: all lie within 0.001, so its order is chance"


def test_a_student_on_another_scale():
    shifted = told(run(), run([[x + 2 for x in scores] for scores in SCORES]))
    assert shifted == [
        "the student's scores are not on the teacher's scale (mean difference 2, deviation 1 times the teacher's): "
        "its order may be right, thresholds do not carry over"
    ]
    assert "deviation 3 times" in told(run(), run([[x * 3 for x in scores] for scores in SCORES]))[0]


def test_candidates_that_a_run_lacks():
    half = run([scores[:4] for scores in SCORES])
    qrels = {"0": {"d0": 1}, "1": {"d0": 1}}
    assert told(run(), half, qrels=qrels) == [
        "the student lacks 2 of the teacher's candidates (20.0%): they are left out of the comparison",
        "20.0% of the teacher's candidates are not in the other runs: the measures are over what all runs have, "
        "and are not those of `evaluate`",
    ]


def test_a_student_below_its_first_stage():
    qrels = {"0": {"d0": 1}, "1": {"d0": 1}}
    student = run([[1.0, 2.0, 0.0, -1.1, -2.0], [1.2, 2.0, 0.0, -1.0, -2.0]], "bert")
    (warning,) = told(run(), student, run([[9.0, 8.0, 7.0, 6.0, 5.0]] * 2, "bm25"), qrels)
    assert warning.startswith("the student (bert) is below the first stage (bm25): RR 0.5000 < 1.0000")
