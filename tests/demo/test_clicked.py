import pytest

from rerankkit.demo.clicked import Wordings, content, flaw, harvest, repeats, split_of, splits
from rerankkit.demo.docstrings import pages
from rerankkit.demo.see_also import anchors


def test_every_anchor_is_a_query_a_copy_or_dropped_for_its_reason(orchard: str) -> None:
    found = {page.path: page for page in pages([orchard])}
    harvested = harvest([anchor for page in found.values() for anchor in anchors(page)], found)
    assert harvested.queries == {
        "Give all plants something to drink!": {"orchard.water": 3},
        "Halve one stem lengthwise.": {"orchard.graft.cut": 1},
        "A living thing of wood with branches.": {"orchard.Tree": 1},
        "Give all the plants something to drink now.": {"orchard.prune": 1},
        "Add centimetres to wood.": {"orchard.grow": 1},
        "What no garden lives without.": {"orchard.Tree": 1, "orchard.water": 1},
        "Cut branches that bear nothing.": {"orchard.prune": 1},
        "Unite two living plants as one under wet bark.": {"orchard.graft.join": 1},
        "Keep every plant in good shape.": {"orchard.grow": 1, "orchard.prune": 1},
    }
    assert harvested.copies == {
        "Pour water on every root each day.": {"orchard.water": 1},
        "Make trees taller with time.": {"orchard.grow": 1},
    }
    assert harvested.dropped == {
        "says nothing of its own": 1,
        "points to its own page": 1,
        "points to no page": 1,
        "too short": 1,
        "says nothing": 1,
        "repeats its target's summary": 2,
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "says nothing"),
        ("..", "says nothing"),
        ("Equivalent method.", "says nothing of its own"),
        ("alias of isna", "says nothing of its own"),
        ("Similar method for Series.", "says nothing of its own"),
        ("The standard library counterpart.", "says nothing of its own"),
        ("A faster version of this function.", "says nothing of its own"),
        ("For a description of the arguments.", "says nothing of its own"),
        ("the beta function", "too short"),
        ("word " * 50, "too long"),
        ("Inverse of the sine, element-wise.", ""),
        ("Find a root of a vector function.", ""),
        ("Compute cosine similarity of samples.", ""),
    ],
)
def test_flaws(text: str, reason: str) -> None:
    assert flaw(text) == reason


@pytest.mark.parametrize(
    ("text", "summary", "expected"),
    [
        ("return sums of  arrays", "Returns sum of array.", True),  # case, blanks, plural
        ("Sum along diagonals.", "Return the sum along diagonals of the array.", True),
        ("Make trees taller with time.", "Make trees taller.", True),
        ("Round up an array to some decimals", "Round an array to some decimals", True),  # 4 of 5 words
        ("Shift an array to some decimals", "Round an array to some decimals", False),  # 3 of 5
        ("Total of all elements.", "Sum of array elements.", False),
        ("Convolve two signals.", "Convolve", False),  # one word says too little to count as repeated
    ],
)
def test_repeats(text: str, summary: str, expected: bool) -> None:
    assert repeats(text, summary) is expected


@pytest.mark.parametrize(("name", "split"), [("grow", "train"), ("Tree", "dev"), ("water", "test"), ("bush", "test")])
def test_the_split_is_of_the_name_s_last_part(name: str, split: str) -> None:
    # sha256("0 grow"), its first 32 bits modulo 100: 9; tree 63, water 76, bush 72
    assert split_of(f"orchard.{name}", 0) == split_of(f"lib.sub.{name}", 0) == split


def test_splits_hold_apart_documents_and_wordings() -> None:
    parts = splits(
        {
            "Give all plants something to drink.": {"a.water": 1},
            "Give all the plants something to drink now.": {"a.grow": 1},  # 5 of 6 words
            "Make branches strong and long.": {"a.grow": 2, "b.grow": 1},
            "Some wood with branches and leaves.": {"a.Tree": 1},
            "Some leaves, branches, wood.": {"a.grow": 1},
            "Care of every plant.": {"a.grow": 1, "a.water": 1},
        },
        seed=0,
    )
    assert parts == {
        "train": {"Make branches strong and long.": {"a.grow": 2, "b.grow": 1}},
        "dev": {"Some wood with branches and leaves.": {"a.Tree": 1}},
        "test": {"Give all plants something to drink.": {"a.water": 1}},
    }


def test_content_leaves_out_stop_words_and_endings() -> None:
    assert content("The classes of an array's rows") == {"classe", "array", "s", "row"}


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("one two three four", True),  # 4 of 5 words
        ("five four three two one", True),
        ("one two three", False),  # 3 of 5
        ("one two three four six", False),  # 4 of 6
        ("seven", False),
        ("", False),
    ],
)
def test_wordings_find_four_fifths(text: str, near: bool) -> None:
    assert Wordings(["one two three four five", "one nine", "two nine", "five nine"]).near(text) is near
