"""The file of timings."""

import pytest

from rerankkit.errors import InputError
from rerankkit.evaluate.page.timings import read_timings

NAMES = ("bm25.txt", "my bert.txt")


def test_timings(tmp_path):
    path = tmp_path / "timings.tsv"
    path.write_text("# measured on one core\nmy bert.txt\t12.5\t30\nbm25.txt\t0.5\n")
    assert read_timings(path, NAMES) == {"my bert.txt": (12.5, 30.0), "bm25.txt": (0.5, None)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("other.txt\t1\n", "timings.tsv:1: no run of this comparison: 'other.txt'. Compared are bm25.txt, my bert.txt"),
        ("bm25.txt\t1\nbm25.txt\t2\n", "timings.tsv:2: bm25.txt stands twice"),
        ("bm25.txt\n", "timings.tsv:1: not a timing"),
        ("bm25.txt\tfast\n", "timings.tsv:1: not a timing"),
        ("bm25.txt\t0\n", "timings.tsv:1: not a timing"),
        ("bm25.txt\tnan\n", "timings.tsv:1: not a timing"),
        ("bm25.txt\t1\t2\t3\n", "timings.tsv:1: not a timing"),
        ("", "timings.tsv: the file is empty"),
    ],
)
def test_wrong_timings_are_told_with_their_line(tmp_path, text, problem):
    path = tmp_path / "timings.tsv"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_timings(path, NAMES)
    assert problem in str(error.value)
