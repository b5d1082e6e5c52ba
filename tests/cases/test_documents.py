"""Documents of every shape that users bring to `index`."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pytest

FOXES = b'{"id":"1","contents":"red fox"}\n{"id":"2","contents":"blue fox"}\n'

TAKEN = [
    ("array.json", b'[{"id":"1","contents":"red fox"},\n{"id":"2","contents":"blue fox"}]\n', 2),
    ("collection.tsv", b"0\tred fox eats mice\n1\tblue fox eats fish\n", 2),
    ("list.jsonl", b'{"id":"1","contents":["red fox","eats mice"]}\n', 1),
    (
        "v2-doc.jsonl",
        b'{"url":"http://example.org/fox","title":"fox","headings":"fox","body":"red fox eats mice","docid":"D1"}\n',
        1,
    ),
    (
        "v2-passage.jsonl",
        b'{"pid":"msmarco_passage_00_0","passage":"red fox eats mice","spans":"(0,17)","docid":"msmarco_doc_00_0"}\n',
        1,
    ),
    ("empty.jsonl", b'{"id":"1","text":"","contents":"red fox"}\n{"id":"2","text":null,"contents":"blue fox"}\n', 2),
    ("d.jsonl.bz2", bz2.compress(FOXES), 2),
    ("d.jsonl.xz", lzma.compress(FOXES), 2),
    ("gz-without-its-ending.jsonl", gzip.compress(FOXES), 2),
]


@pytest.mark.parametrize(("name", "content", "count"), TAKEN, ids=[name for name, _, _ in TAKEN])
def test_every_document_is_indexed(run, name, content, count):
    Path(name).write_bytes(content)
    output = run("index", "--input", name, "--index", "made").output
    assert f"made: {count} documents" in output
    assert "rejected" not in output


@pytest.mark.parametrize(
    ("name", "content", "qid"),
    [("passage.jsonl", TAKEN[4][1], "msmarco_passage_00_0"), ("doc.jsonl", TAKEN[3][1], "D1")],
)
def test_a_document_has_its_own_id(run, name, content, qid):
    Path(name).write_bytes(content)
    run("index", "--input", name, "--index", "made")
    Path("topics.tsv").write_text("1\tred fox mice\n")
    run("retrieve", "--index", "made", "--topics", "topics.tsv", "--output", "found.txt")
    assert Path("found.txt").read_text().split()[2] == qid


@pytest.mark.parametrize("packed", [False, True])
def test_a_beir_folder_is_its_corpus(run, packed, caplog):
    folder = Path("beir/qrels")
    folder.mkdir(parents=True)
    (folder / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n")
    corpus = [
        {"_id": "d1", "title": "Red fox", "text": "Foxes eat mice."},
        {"_id": "d2", "title": "", "text": "Bears."},
    ]
    queries = [{"_id": "q1", "text": "what do foxes eat", "metadata": {}}, {"_id": "q2", "text": "bears winter sleep"}]
    for name, records in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        content = "".join(json.dumps(record) + "\n" for record in records).encode()
        path = folder.parent / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(content) if packed else content)
    caplog.set_level("INFO", "rerankkit")
    output = run("index", "--input", "beir", "--index", "made").output
    assert "made: 2 documents" in output
    assert "BEIR" in caplog.text + output


def test_nesting_is_refused_with_the_line(run):
    Path("deep.jsonl").write_text('{"id": "1", "contents": "a"}\n{"a":' + "[" * 5000 + "]" * 5000 + "}\n")
    assert "deep.jsonl:2:" in run("index", "--input", "deep.jsonl", "--index", "made", code=2).output
    assert not Path("made").exists()
