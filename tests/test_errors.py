"""What a user can mend."""

from pathlib import Path

import pytest

from rerankkit.errors import InputError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InputError("no measure given"), "no measure given"),
        (InputError("no measure given", "Name one"), "no measure given. Name one"),
        (InputError("cannot load it: not found.", "Name one"), "cannot load it: not found. Name one"),
        (InputError("is empty", "Fill it", "a/b.txt"), "a/b.txt: is empty. Fill it"),
        (InputError("not a line", "Expected: x", Path("a.txt"), 7), "a.txt:7: not a line. Expected: x"),
        (InputError("not a line", line=7), "not a line"),
    ],
)
def test_the_message_holds_place_problem_and_remedy(error, message):
    assert str(error) == message


def test_its_parts_can_be_told_elsewhere():
    error = InputError("not a line", "Expected: x", "a.txt", 7)
    assert (error.problem, error.remedy, error.path, error.line) == ("not a line", "Expected: x", "a.txt", 7)
