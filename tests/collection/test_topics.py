import logging
from pathlib import Path

import pytest

from rerankkit.collection.jvm import java_class
from rerankkit.collection.topics import load_topics
from rerankkit.errors import InputError
from rerankkit.types import Query


@pytest.fixture
def offline():
    """Java without a network: its web goes through a proxy that is not there."""
    system = java_class("java.lang.System")
    for name, value in {"https.proxyHost": "127.0.0.1", "https.proxyPort": "9"}.items():
        system.setProperty(name, value)
    yield
    for name in ("https.proxyHost", "https.proxyPort"):
        system.clearProperty(name)


def test_a_file_is_read_as_it_is(tmp_path):
    (tmp_path / "topics.tsv").write_text("007\tsome  text\n2\tother\n")
    assert load_topics(str(tmp_path / "topics.tsv")) == {"007": Query("007", "some text"), "2": Query("2", "other")}


@pytest.mark.parametrize("name", ["topics.tsv", "nope.tsv.gz", "folder/robust04", "./robust04"])
def test_what_looks_like_a_path_is_one(name):
    with pytest.raises(InputError, match="no such file") as caught:
        load_topics(name)
    assert caught.value.path == Path(name)


@pytest.mark.parametrize(
    ("name", "near"),
    [("dl19-pasage", "dl19-passage"), ("robust4", "robust04"), ("beir-scifact", "beir-v1.0.0-scifact")],
)
def test_an_unknown_name_meets_near_ones(name, near):
    with pytest.raises(InputError, match=f"neither a topics file nor registered topics: {name}") as caught:
        load_topics(name)
    assert near in caught.value.remedy.removeprefix("Did you mean ").removesuffix("?").split(", ")


def test_a_name_like_no_other():
    with pytest.raises(InputError, match="qid<TAB>text"):
        load_topics("zzzzzzzz")


@pytest.mark.usefixtures("offline")
def test_no_network_is_told():
    file = Path(java_class("io.anserini.search.topicreader.Topics").FIRE2012_BN.path).name
    if (Path.home() / ".cache" / "pyserini" / "topics-and-qrels" / file).exists():
        pytest.skip("these topics were downloaded before")
    with pytest.raises(InputError, match=r"the topics fire2012-bn could not be had: .*Check the network"):
        load_topics("fire2012-bn")


def test_registered_topics_keep_their_ids(tmp_path, monkeypatch):
    """Anserini's readers take a path as well as a name: a file in its form stands in for the download."""
    from rerankkit.collection import topics

    (tmp_path / "x.txt").write_text("007\tJames  Bond\n12\tdozen\n")
    reader = java_class("io.anserini.search.topicreader.TopicReader")
    kind = "io.anserini.search.topicreader.TsvStringTopicReader"

    class Reader:
        def getTopicsWithStringIds(self, name):  # noqa: N802
            return reader.getTopicsWithStringIdsFromFileWithTopicReaderClass(kind, name)

    monkeypatch.setattr(topics, "_registered", lambda: ({"mine": str(tmp_path / "x.txt")}, Reader()))
    assert load_topics("mine") == {"007": Query("007", "James Bond"), "12": Query("12", "dozen")}


def test_pyserinis_import_leaves_logging_alone():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    with pytest.raises(InputError):
        load_topics("zzzzzzzz")
    assert (root.handlers, root.level) == before
