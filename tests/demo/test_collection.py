import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.collection.clicks import Click, read_clicks
from rerankkit.collection.documents import load_documents, read_documents
from rerankkit.demo.clicked import SPLITS, Wordings, repeats
from rerankkit.demo.collection import build
from rerankkit.demo.docstrings import pages
from rerankkit.demo.numpydoc import summary
from rerankkit.demo.see_also import anchors
from rerankkit.errors import InputError
from rerankkit.trec import read_qrels, read_topics

FILES = ["clicks.jsonl", "docs.jsonl", "qrels.dev.txt", "qrels.test.txt", "qrels.train.txt", "stats.json"]
FILES += ["topics.dev.tsv", "topics.test.tsv", "topics.train.tsv", "topics.unlabelled.tsv"]


TRAIN = {
    "Add centimetres to wood.": {"orchard.grow": 1},
    "Cut branches that bear nothing.": {"orchard.prune": 1},
    "Halve one stem lengthwise.": {"orchard.graft.cut": 1},
    "Keep every plant in good shape.": {"orchard.grow": 1, "orchard.prune": 1},
    "Unite two living plants as one under wet bark.": {"orchard.graft.join": 1},
}


def asked(folder: Path, split: str) -> dict[str, dict[str, int]]:
    """The split's queries by their text, with their judgments."""
    qrels = read_qrels(folder / f"qrels.{split}.txt")
    queries = read_topics(folder / f"topics.{split}.tsv")
    assert qrels.keys() == queries.keys()
    return {query.text: qrels[qid] for qid, query in queries.items()}


@pytest.fixture
def small(orchard: str, tmp_path: Path) -> Path:
    """The collection of the small package."""
    build(tmp_path / "small", packages=[orchard])
    return tmp_path / "small"


def test_counts_and_files(orchard: str, tmp_path: Path) -> None:
    counts = build(tmp_path / "out", packages=[orchard])
    expected = {"documents": 9, "entries": 18, "usable": 9, "train": 5, "dev": 1, "test": 1, "split": 2}
    assert counts == expected | {"copies": 1, "unlabelled": 7}
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    stats = json.loads((tmp_path / "out" / "stats.json").read_text())
    assert stats["dropped"]["points to no page"] == 1
    assert stats["documents"] == 9
    assert stats["seed"] == 0


def test_splits(small: Path) -> None:
    assert asked(small, "train") == TRAIN
    assert asked(small, "dev") == {"A living thing of wood with branches.": {"orchard.Tree": 1}}
    assert asked(small, "test") == {"Give all plants something to drink!": {"orchard.water": 1}}


def test_clicks_are_those_of_train_and_its_copies(small: Path) -> None:
    clicks = [Click(text, docid, 1) for text, chosen in TRAIN.items() for docid in chosen]
    copy = Click("Make trees taller with time.", "orchard.grow", 1)
    assert sorted(read_clicks(small / "clicks.jsonl")) == sorted([*clicks, copy])


def test_clicks_count_the_pages_that_say_so(tmp_path: Path, orchard: str) -> None:
    # sha256("1 water") and ("1 prune"), their first 32 bits modulo 100: 10 and 16, both train
    build(tmp_path / "out", seed=1, packages=[orchard])
    clicks = {click.query: click for click in read_clicks(tmp_path / "out" / "clicks.jsonl")}
    assert clicks["Give all plants something to drink!"].clicks == 3


def test_documents_hold_the_summary_and_the_body_without_answers(small: Path) -> None:
    documents = load_documents(small / "docs.jsonl", {"orchard.water", "orchard.prune", "orchard.graft.cut"})
    assert documents["orchard.water"].title == "orchard.water"
    assert documents["orchard.water"].text == (
        "Pour water on every root.\nA second paragraph with grow.\nParameters: amount : float Litres for each tree."
    )
    assert documents["orchard.prune"].text == "Remove unwanted branches."
    assert documents["orchard.graft.cut"].text == "Slice a stem in two. Then bind it."


def test_unlabelled_queries_are_first_sentences_of_documents_not_asked_for(small: Path) -> None:
    assert {qid: query.text for qid, query in read_topics(small / "topics.unlabelled.tsv").items()} == {
        "orchard.Bush": "A plant without a stem.",
        "orchard.Tree.age": "Rings counted inside.",
        "orchard.Tree.height": "Metres from root to tip.",
        "orchard.graft.cut": "Slice a stem in two.",
        "orchard.graft.join": "Grow two plants together.",
        "orchard.grow": "Make trees taller.",
        "orchard.prune": "Remove unwanted branches.",
    }


def test_the_same_libraries_give_the_same_bytes_in_another_process(orchard: str, small: Path) -> None:
    site, again = small.parent / "site", small.parent / "again"
    code = f"from pathlib import Path; from rerankkit.demo.collection import build as b; b(Path({str(again)!r}), 0, "
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", f"{code}['orchard'])"], env=environment, check=True)
    assert {name: (again / name).read_bytes() for name in FILES} == {
        name: (small / name).read_bytes() for name in FILES
    }


def test_no_package_is_an_error_that_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no_such_package is installed. pip install 'rerankkit\[demo\]'"):
        build(tmp_path, packages=["no_such_package"])


@pytest.fixture(scope="module")
def numpy_s(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection of numpy's documentation."""
    folder = tmp_path_factory.mktemp("numpy")
    build(folder, packages=["numpy"])
    return folder


def test_no_clicked_document_of_one_split_is_in_another(numpy_s: Path) -> None:
    held = {split: {docid for docids in asked(numpy_s, split).values() for docid in docids} for split in SPLITS}
    clicked = {click.docid for click in read_clicks(numpy_s / "clicks.jsonl")}
    assert len(held["test"]) > 50
    assert held["train"] <= clicked
    assert not clicked & (held["dev"] | held["test"])
    assert not held["dev"] & held["test"]
    assert not (held["dev"] | held["test"]) & read_topics(numpy_s / "topics.unlabelled.tsv").keys()


def test_no_query_of_training_is_worded_nearly_like_one_of_the_test(numpy_s: Path) -> None:
    training = [click.query for click in read_clicks(numpy_s / "clicks.jsonl")]
    training += [query.text for query in read_topics(numpy_s / "topics.unlabelled.tsv").values()]
    held = Wordings([*asked(numpy_s, "test"), *asked(numpy_s, "dev")])
    assert len(training) > 500
    assert not [text for text in training if held.near(text)]


def test_no_query_repeats_its_document_s_summary(numpy_s: Path) -> None:
    summaries = {page.path: summary(page.docstring) for page in pages(["numpy"])}
    pairs = [(text, docid) for split in SPLITS for text, docids in asked(numpy_s, split).items() for docid in docids]
    assert not [pair for pair in pairs if repeats(pair[0], summaries[pair[1]])]


def test_no_document_shows_what_it_says_of_others(numpy_s: Path) -> None:
    texts = {document.docid: document.text for _, _, document in read_documents(numpy_s / "docs.jsonl")}
    assert 1000 < len(texts) < 3000
    said = [anchor for page in pages(["numpy"]) for anchor in anchors(page) if len(anchor.text.split()) > 4]
    assert len(said) > 500
    assert not [anchor for anchor in said if anchor.text in texts.get(anchor.page, "")]
    assert not [docid for docid, text in texts.items() if "See Also:" in text]
