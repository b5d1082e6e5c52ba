"""Pictures of a diagnosis."""

import pytest

from rerankkit.evaluate.diagnose import Given, diagnose
from rerankkit.evaluate.plots import draw
from rerankkit.run import Run

TEACHER = Run({"1": [("a", 2.0), ("b", 1.0), ("c", -3.0)], "2": [("d", 4.0), ("e", 0.0)]}, "llm")
STUDENT = Run({"1": [("b", 2.0), ("a", 1.0), ("c", -1.0)], "2": [("d", 3.0), ("e", 0.5)]}, "bert")
CONSTANT = Run({"1": [("a", 1.0), ("b", 1.0)]}, "flat")
QRELS = {"1": {"a": 2, "b": 1}, "2": {"d": 1, "e": 0}}


def pictures(given: Given, folder) -> list[str]:
    pytest.importorskip("matplotlib", reason="matplotlib is in the demo extra")
    paths = draw(given, diagnose(given), folder)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    assert sorted(folder.iterdir()) == sorted(paths)  # nothing half-written beside them
    return [path.name for path in paths]


@pytest.mark.parametrize(
    "given",
    [
        Given(TEACHER, STUDENT, None, QRELS, 2),
        Given(TEACHER, STUDENT),
        Given(TEACHER, CONSTANT),
        Given(CONSTANT, TEACHER),
    ],
)
def test_three_pictures_with_a_student(given, tmp_path):
    names = ["teacher_scores.png", "student_vs_teacher.png", "tau_by_margin.png"]
    assert pictures(given, tmp_path / "new") == names


def test_one_picture_of_a_teacher_alone(tmp_path):
    assert pictures(Given(TEACHER, None, None, QRELS), tmp_path) == ["teacher_scores.png"]
