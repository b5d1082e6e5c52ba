import pytest

from rerankkit.demo.docstrings import Page
from rerankkit.demo.see_also import Anchor, Names, anchors, entries


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("mean : Average of an array.", [(("mean",), "Average of an array.")]),
        ("mean: Average.", [(("mean",), "Average.")]),
        ("`mean` : Average.", [(("mean",), "Average.")]),
        (":func:`~numpy.mean` : Average.", [(("numpy.mean",), "Average.")]),
        ("mean() : Average.", [(("mean",), "Average.")]),
        ("mean\n    Average\n\n    of all.", [(("mean",), "Average of all.")]),
        ("mean : Average\n    of all.\nsum : Total.", [(("mean",), "Average of all."), (("sum",), "Total.")]),
        ("mean, linalg.norm : Numbers.", [(("mean", "linalg.norm"), "Numbers.")]),
        ("mean, sum\nmax", [(("mean", "sum"), ""), (("max",), "")]),
        ("    mean : Indented\n        section.", [(("mean",), "Indented section.")]),
        (":ref:`user-guide` for more.", []),
        ("Prose that explains nothing.", []),
    ],
)
def test_entries(section: str, expected: list[tuple[tuple[str, ...], str]]) -> None:
    assert entries(section) == expected


def test_anchors_come_from_see_also_sections_alone() -> None:
    page = Page("lib.sum", "Sum.\n\nNotes\n-----\nmax : Largest.\n\nSee Also\n--------\nmean : Average.\n")
    assert list(anchors(page)) == [Anchor("lib.sum", ("mean",), "Average.")]


@pytest.mark.parametrize(
    ("name", "page", "target"),
    [
        ("shift", "lib.Frame.roll", "lib.Frame.shift"),  # a sibling comes before a function of the package
        ("shift", "lib.mean", "lib.shift"),
        ("Frame.shift", "lib.sub.norm", "lib.Frame.shift"),
        ("norm", "lib.sub.det", "lib.sub.norm"),
        ("lib.sub.norm", "other.mean", "lib.sub.norm"),
        ("np.mean", "lib.mean", "numpy.mean"),
        ("average", "lib.sub.norm", "lib.mean"),  # by an alias
        ("det", "lib.mean", "lib.sub.det"),  # the only path that ends so
        ("det", "other.mean", None),  # endings count within one package
        ("same", "lib.mean", None),  # two paths end so
        ("absent", "lib.mean", None),
    ],
)
def test_names_resolve_from_the_page_outwards(name: str, page: str, target: str | None) -> None:
    paths = "lib.shift lib.Frame.shift lib.Frame.roll lib.sub.norm lib.sub.det numpy.mean other.mean"
    same = "lib.sub.same lib.Frame.same"
    pages = [Page(path, "text") for path in f"{paths} {same}".split()]
    assert Names([*pages, Page("lib.mean", "text", ["lib.average"])]).resolve(name, page) == target
