"""What a loss is given to fit."""

import json

import pytest

from rerankkit.errors import InputError
from rerankkit.groups.label import graded
from rerankkit.plugins import load_plugin
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scorer import Scoring
from rerankkit.train.scale import Held, Scale
from rerankkit.train.targets import SPARE, Targets
from rerankkit.types import Candidate, Document, Group, Query


def group(*labels: float) -> Group:
    return Group(Query("1", "q"), tuple(Candidate(Document(str(i), "", "t"), 0.0) for i in range(len(labels))), labels)


def loss(name: str):
    return load_plugin("losses", name).loss


def test_labels_from_people_stay_as_they_are_for_a_loss_of_scores_too():
    targets = Targets.of_people([group(0.0, 2.0), group(1.0, 1.0)])
    assert targets == Targets([group(0.0, 2.0)], Scale())
    assert targets.labelled() == targets.groups
    assert targets.record() == {}


def test_a_loss_of_scores_gets_them_standardised():
    targets = Targets.of_teacher([group(11.0, 19.0)], loss("hybrid"), "scores", 4)
    assert (targets.scale, targets.held, targets.graded) == (Scale(15.0, 4.0), Held(True, True), False)
    assert targets.labelled() == [group(-1.0, 1.0)]
    assert targets.returned() == Scale(15.0, 4.0)
    assert targets.record()["scale"]["scores"] == "Scores are on the teacher's scale."


def test_a_loss_of_grades_gets_them_by_the_scores_order():
    scores = group(*(float(score) for score in range(-20, 20)))
    targets = Targets.of_teacher([scores], loss("lce"), "grades", 3)
    assert targets.labelled() == [graded(scores, 3)]
    assert set(targets.labelled()[0].labels) == {0.0, 1.0, 2.0}
    assert (targets.graded, targets.returned()) == (True, Scale())


def test_a_loss_of_order_alone_leaves_scores_a_scale_of_their_own():
    targets = Targets.of_teacher([group(11.0, 19.0)], loss("ranknet"), "any", 4)
    assert targets.labelled() == [group(-1.0, 1.0)]
    assert (targets.held, targets.returned()) == (Held(False, False), Scale())
    assert "their scale is the model's own" in targets.record()["scale"]["scores"]


def test_groups_that_order_nothing_are_refused():
    for make in (
        lambda: Targets.of_people([group(1.0, 1.0)]),
        lambda: Targets.of_teacher([group(1.0, 1.0)], loss("hybrid"), "scores", 4),
    ):
        with pytest.raises(InputError, match="no group has candidates with different labels"):
            make()


def test_some_lists_are_spread_evenly():
    groups = [group(*(float(label) for label in range(130))) for _ in range(129)]
    some = Targets(groups, Scale(0.0, 2.0)).some()
    assert len(some) == 43 <= SPARE
    assert some[0].labels == tuple(label / 2 for label in range(0, 130, 3))
    assert [candidate.document.docid for candidate in some[0].candidates] == [str(i) for i in range(0, 130, 3)]


def scores_of(folder, groups) -> list[list[float]]:
    return list(load_reranker(str(folder), Scoring("cpu", "float32"), folder.parent).score(groups))


def errors(folder, groups) -> list[float]:
    pairs = zip(scores_of(folder, groups), groups, strict=True)
    return [score - label for scores, one in pairs for score, label in zip(scores, one.labels, strict=True)]


@pytest.mark.parametrize("name", ["margin-mse", "kl"])
def test_an_offset_that_the_loss_left_free_is_set_after_training(trained, tiny_bert, teacher_groups, name):
    """The teacher's scores are 9 to 21; whatever the student's spacing, its mean error is 0."""
    folder = trained(tiny_bert, teacher_groups, loss=name, max_steps=20)
    missed = errors(folder, teacher_groups)
    assert sum(missed) / len(missed) == pytest.approx(0, abs=1e-4)
    scale = json.loads((folder / "rerankkit.json").read_text())["trained"]["scale"]
    assert (scale["spacing"], scale["offset"], scale["offset_set_on"]) == (True, False, 4)
    assert scale["mean"] == pytest.approx(14.75)


def test_a_head_without_bias_keeps_its_free_offset_and_says_so(trained, tiny_llama, teacher_groups):
    folder = trained(tiny_llama, teacher_groups, loss="margin-mse", max_steps=5)
    assert json.loads((folder / "rerankkit.json").read_text())["trained"]["scale"]["offset_set_on"] == 0


@pytest.mark.parametrize("name", ["ranknet", "lce"])
def test_a_student_of_order_alone_is_not_dressed_up_as_its_teacher(trained, tiny_bert, teacher_groups, name):
    """Given the teacher's mean of 14.75 back, its scores would lie around there."""
    folder = trained(tiny_bert, teacher_groups, loss=name, max_steps=20)
    assert max(abs(score) for scores in scores_of(folder, teacher_groups) for score in scores) < 7
    assert "their scale is the model's own" in (folder / "README.md").read_text()


def test_grades_may_be_fitted_in_value(trained, tiny_bert, graded_groups):
    folder = trained(tiny_bert, graded_groups, teacher=False, loss="point-mse", max_steps=200)
    assert max(map(abs, errors(folder, graded_groups))) < 0.5
    assert "scale" not in json.loads((folder / "rerankkit.json").read_text())["trained"]
