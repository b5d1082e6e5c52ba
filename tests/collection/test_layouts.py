"""Folders of documents: known layouts, shards, and files of other kinds."""

import gzip
import json
import logging
import os

import pytest

from rerankkit.collection.documents import load_documents, read_documents
from rerankkit.errors import InputError

TITLED = [{"_id": "d1", "title": "Red fox", "text": "Foxes eat mice."}, {"_id": "d2", "title": "", "text": "Bears."}]
QUERIES = [{"_id": "q1", "text": "what do foxes eat"}, {"_id": "q2", "text": "bears winter sleep", "metadata": {}}]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\n"


def written(path, content):
    """A file of JSON lines, or of a text as it is; packed where the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else "".join(json.dumps(record) + "\n" for record in content)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def found(folder):
    return [document.docid for _, _, document in read_documents(folder, "indexed")]


@pytest.fixture
def folder(tmp_path, caplog):
    caplog.set_level(logging.INFO, "rerankkit")
    return tmp_path / "given"


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("judged", [True, False])
def test_beir(folder, caplog, ending, judged):
    written(folder / f"corpus.jsonl{ending}", TITLED)
    written(folder / f"queries.jsonl{ending}", QUERIES)
    if judged:
        written(folder / "qrels" / "test.tsv", QRELS)
    assert found(folder) == ["d1", "d2"]
    assert caplog.messages == [f"BEIR layout: corpus.jsonl{ending} is indexed"]
    assert list(load_documents(folder)) == ["d1", "d2"]


@pytest.mark.parametrize(
    ("corpus", "queries", "told"),
    [
        (["scifact/corpus.jsonl"], "scifact/queries.jsonl", "scifact/corpus.jsonl is"),
        (["corpus.jsonl"], "qrels/test.tsv", "corpus.jsonl is"),
        (["corpus.json"], "qgen-queries.jsonl", "corpus.json is"),
        (["corpus-00000-of-00001.jsonl"], "queries-00000-of-00001.jsonl", "corpus-00000-of-00001.jsonl is"),
        (["corpus/train.jsonl"], "queries/train.jsonl", "corpus/train.jsonl is"),
        (["corpus_0.jsonl", "corpus_1.jsonl"], "queries.jsonl", "corpus_0.jsonl, corpus_1.jsonl are"),
        (["corpus.jsonl.gz"], "dev/queries.jsonl.gz", "corpus.jsonl.gz is"),
    ],
)
def test_other_forms_of_beirs_layout(folder, caplog, corpus, queries, told):
    for name, record in zip(corpus, TITLED, strict=False):
        written(folder / name, [record])
    written(folder / queries, QRELS if queries.endswith("tsv") else QUERIES)
    assert found(folder) == ["d1", "d2"][: len(corpus)]
    assert caplog.messages == [f"BEIR layout: {told} indexed"]


def test_a_corpus_that_is_there_packed_and_unpacked_is_read_once(folder):
    for name in ("corpus.jsonl", "corpus.jsonl.gz"):
        written(folder / name, TITLED)
    written(folder / "queries.jsonl", QUERIES)
    assert found(folder) == ["d1", "d2"]


@pytest.mark.parametrize("corpus", ["collection.tsv", "collection.tsv.gz", "msmarco-docs.tsv", "docs.tsv"])
def test_ms_marco(folder, caplog, corpus):
    columns = "\thttp://example.org\tFox" if "docs" in corpus else ""
    written(folder / corpus, f"d1{columns}\tred fox\nd2{columns}\tblue fox\n")
    written(folder / "queries.dev.tsv", "q1\tfoxes\n")
    written(folder / "qrels.dev.tsv", "q1\t0\td1\t1\n")
    assert found(folder) == ["d1", "d2"]
    assert caplog.messages == [f"MS MARCO layout: {corpus} is indexed"]


def test_ms_marco_v2_has_no_endings_but_gz(folder):
    for number in (0, 1):
        passage = {"pid": f"p{number}", "passage": "text", "spans": "(0,4)", "docid": "parent"}
        written(folder / f"msmarco_v2_passage_0{number}.gz", [passage])
    assert found(folder) == ["p0", "p1"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {
                "a/corpus.jsonl": TITLED,
                "a/queries.jsonl": QUERIES,
                "b/corpus.jsonl": TITLED,
                "b/queries.jsonl": QUERIES,
            },
            "2",
        ),
        ({"queries.jsonl": QUERIES, "qrels/test.tsv": QRELS}, "no documents: queries.jsonl"),
        ({"corpus.jsonl": TITLED, "queries.jsonl": QUERIES, "more.jsonl": TITLED}, "no part of the BEIR layout"),
        ({"docs.jsonl": TITLED, "dev.tsv": "q1\tfoxes\n"}, "dev.tsv: holds documents or queries as TSV, beside JSON"),
        (
            {"docs.tsv": "d1\tred fox\n", "test-topics.tsv": "q1\tfox\n", "more.jsonl": TITLED},
            "no part of the MS MARCO",
        ),
        ({"notes.txt": "text"}, "no file of documents in the folder"),
    ],
)
def test_folders_that_do_not_say_which_documents_are_meant(folder, files, problem):
    for name, content in files.items():
        written(folder / name, content)
    with pytest.raises(InputError, match=problem):
        found(folder)


OTHERS = {
    "queries without a title": ("other.jsonl", QUERIES, "looks like queries: its records hold _id, metadata, text"),
    "queries by name": ("dev-queries.jsonl", TITLED, "holds no documents by its name, as a.jsonl does"),
    "topics": ("other.jsonl", [{"qid": "q1", "title": "foxes"}], "no documents, as a.jsonl holds: no id"),
    "topics with a text": ("other.jsonl", [{"qid": "q1", "docid": "1", "text": "x"}], "every record has the key 'qid'"),
    "judgments": ("other.jsonl", [{"query-id": "q1", "corpus-id": "d1", "score": 1}], "no documents, as a.jsonl holds"),
    "judgments by qid": ("other.jsonl", [{"qid": "q1", "docid": "d1", "grade": 1}], "no documents, as a.jsonl holds"),
    "clicks": ("other.jsonl", [{"query": "foxes", "docid": "d1"}], "no documents, as a.jsonl holds: no text"),
    "clicks with texts": ("o.jsonl", [{"query": "a", "docid": "d1", "title": "", "text": "x"}], "the key 'query'"),
    "a side file": ("run.txt.meta.json", '{\n "verb": "rerank"\n}\n', "its keys are verb"),
}


@pytest.mark.parametrize(("name", "content", "problem"), OTHERS.values(), ids=OTHERS)
def test_a_file_of_another_kind_is_refused_by_its_name(folder, name, content, problem):
    written(folder / "a.jsonl", TITLED)
    written(folder / name, content)
    with pytest.raises(InputError, match=problem) as caught:
        found(folder)
    assert caught.value.path == folder / name
    assert "Give the file with the documents itself, or move" in caught.value.remedy


@pytest.mark.parametrize(
    "shards",
    [
        {"a.jsonl": [TITLED[0], {"_id": "d9", "text": "no title"}], "b.jsonl": [TITLED[1]]},
        {"shard-0.jsonl": TITLED[:1], "shard-1.jsonl": [{"_id": "d2", "text": "no title in this shard"}]},
        {"a.jsonl": TITLED[:1], "b.jsonl": [{"_id": "d2", "text": "a long text without a title " * 9}]},
        {"a.jsonl": [{"id": "d1", "title": "T", "contents": "x"}], "b.jsonl": [{"id": "d2", "contents": "x"}]},
        {"a.json": '[{"id": "d1", "contents": "x"}]', "b/c.jsonl.gz": [{"id": "d2", "contents": "x"}]},
    ],
)
def test_shards_are_documents_though_some_lack_titles(folder, shards):
    for name, content in shards.items():
        written(folder / name, content)
    assert [docid for docid in found(folder) if docid != "d9"] == ["d1", "d2"]


def test_topics_and_judgments_as_tsv_are_left_out_and_named(folder, caplog):
    written(folder / "docs.jsonl", TITLED)
    written(folder / "topics.tsv", "q1\tfoxes\n")
    written(folder / "qrels.tsv", QRELS)
    assert found(folder) == ["d1", "d2"]
    assert caplog.messages == ["qrels.tsv, topics.tsv: not indexed, no documents"]


def test_hidden_files_and_loops_of_links_are_passed_over(folder):
    written(folder / "a.jsonl", TITLED)
    written(folder / ".ipynb_checkpoints" / "a-checkpoint.jsonl", TITLED)
    written(folder / ".hidden.jsonl", "no JSON\n")
    written(folder / "__MACOSX" / "a.jsonl", "no JSON\n")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert found(folder) == ["d1", "d2"]


def test_a_linked_folder_is_read(folder, tmp_path):
    written(tmp_path / "elsewhere" / "a.jsonl", TITLED)
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert found(folder) == ["d1", "d2"]


@pytest.mark.timeout(20)
def test_a_pipe_among_the_files_is_refused(folder):
    written(folder / "a.jsonl", TITLED)
    os.mkfifo(folder / "b.jsonl")
    with pytest.raises(InputError, match=r"b\.jsonl: not a regular file"):
        found(folder)


def test_links_that_lead_nowhere_are_named(folder):
    written(folder / "a.jsonl", TITLED)
    (folder / "b.jsonl").symlink_to("b.jsonl")
    with pytest.raises(InputError, match=r"b\.jsonl: cannot be read: Too many levels"):
        found(folder)


def test_a_name_that_is_not_utf8_is_read(folder):
    written(folder / os.fsdecode(b"caf\xe9.jsonl"), TITLED)
    assert found(folder) == ["d1", "d2"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read_is_named(folder):
    written(folder / "a.jsonl", TITLED)
    (folder / "closed").mkdir(mode=0)
    with pytest.raises(InputError, match="closed: cannot be read: Permission denied"):
        found(folder)


def test_nothing_is_written_for_a_folder_that_is_refused(folder, tmp_path):
    from rerankkit.collection.indexing import index_documents

    written(folder / "a.jsonl", TITLED)
    written(folder / "b.jsonl", [{"qid": "q1", "title": "foxes"}])
    with pytest.raises(InputError, match=r"b\.jsonl:1: no documents"):
        index_documents(folder, tmp_path / "new" / "index")
    assert [path.name for path in tmp_path.iterdir()] == ["given"]
