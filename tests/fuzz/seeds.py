"""Small valid files of every kind that rerankkit reads; the fuzz driver mutates them."""

import json

SIDE = {
    "schema": "rerankkit.meta/1",
    "made": "2026-01-01T00:00:00+00:00",
    "verb": "fuse",
    "command": ["fuse", "a.txt", "b.txt", "--output", "out.txt"],
    "folder": ".",
    "output": {"option": "output", "path": "out.txt", "sha256": "0" * 64, "bytes": 10, "whole": True},
    "parameters": {"method": "rrf"},
    "seeds": {},
    "inputs": [{"parameter": "runs", "path": "a.txt", "sha256": "0" * 64, "bytes": 10, "whole": True}],
    "seconds": 0.1,
    "packages": {"python": "3.11", "rerankkit": "0.1.0"},
    "machine": {"processor": "x", "architecture": "x86_64", "cores": 2, "memory_gb": 4, "system": "Linux"},
    "code": {"commit": "0" * 40},
}
NOTE = {
    "architecture": "cross-encoder",
    "lengths": {"max_length": 32, "max_query_tokens": None, "max_title_tokens": None},
    "trained": {"model": "base", "seed": 0, "loss": "lce", "groups": 2, "log": [{"loss": 1.0, "step": 1}]},
    "pooling": "last",
    "separate_title": False,
}
RUN = "q1 Q0 cat 1 3.5 bm25\nq1 Q0 dog 2 2.5 bm25\nq1 Q0 bird 3 1 bm25\nq2 Q0 fish 1 2 bm25\nq2 Q0 cat 2 1e-3 bm25\n"
OTHER = "q1 Q0 dog 1 9 b\nq1 Q0 cat 2 8 b\nq1 Q0 bird 3 7 b\nq2 Q0 cat 1 2 b\nq2 Q0 fish 2 1 b\n"
QRELS = "q1 0 cat 2\nq1 0 dog 0\nq2 0 fish 1\nq2 0 cat 0\n"
TOPICS = "q1\tred cat\nq2\tblue fish\n"
TREC = (
    "<top>\n<num> Number: 051 </num>\n<title> Topic: red cat </title>\n<desc> Description:\nAny. </desc>\n</top>\n"
    "<top>\n<num> Number: 52\n<title> blue & fish\n<desc> x\n<narr> y\n</top>\n"
)
XML = (
    '<topics task="x">\n<topic number="1"><query>red cat</query></topic>\n'
    '<topic number="2"><query>fish</query></topic>\n</topics>\n'
)
DOCUMENTS = "".join(
    json.dumps({"id": word, "title": word, "contents": f"grey {word}"}) + "\n"
    for word in ("cat", "dog", "bird", "fish")
)
CLICKS = (
    '{"query": "red cat", "docid": "cat", "clicks": 3, "rank": 2}\n'
    '{"query": "blue fish", "title": "fish", "summary": "text"}\n'
)
CONFIG = (
    'learning_rate = 3e-4\nmax_steps = 1\nloss = "hybrid"\nbf16 = false\n\n'
    "[loss_options]\nalpha = 0.5\n\n[lora]\nr = 4\n"
)
TRACK = (
    'name = "x"\ndepth = 10\nall_topics = false\ntopics = 2\n'
    'tag_length = 12\ntag_characters = "a-z0-9"\ndocid = "[a-z]+"\n'
)
JOURNAL = '{"how": "x", "n": "2"}\n{"query": "red", "docid": "cat"}\n["a", 1]\n3\n'

SEEDS: dict[str, list[bytes]] = {
    "run": [RUN.encode(), b"q1\tcat\t1\nq1\tdog\t2\nq2\tcat\t1\n"],
    "qrels": [QRELS.encode(), b"query-id\tcorpus-id\tscore\nq1\tcat\t2\nq2\tfish\t1\n"],
    "topics.tsv": [TOPICS.encode(), b"qid\tquery\nq1\tred cat\textra\n"],
    "topics.jsonl": [b'{"qid": "q1", "title": "red cat"}\n{"_id": "q2", "text": "fish", "metadata": {}}\n'],
    "topics.json": [b'{"q1": {"title": "red cat"}, "q2": {"title": "fish"}}', b'{"q1": "red cat"}'],
    "topics.trec": [TREC.encode(), XML.encode()],
    "topics.xml": [XML.encode()],
    "topics.txt": [TOPICS.encode(), TREC.encode()],
    "docs.jsonl": [
        DOCUMENTS.encode(),
        b'{"_id": "1", "title": "a", "text": "b"}\n{"id": "2", "contents": ["a", "b"]}\n',
    ],
    "docs.json": [json.dumps([{"id": "1", "contents": "a"}, {"id": "2", "contents": "b"}]).encode()],
    "docs.tsv": [b"1\tred cat\n2\tblue fish\n", b"D1\thttp://x\ttitle\tbody text\n"],
    "clicks.jsonl": [CLICKS.encode()],
    "clicks.tsv": [b"query\tdocid\tclicks\trank\nred cat\tcat\t3\t1\nfish\tfish\t1\t2\n"],
    "side": [json.dumps(SIDE, indent=1).encode()],
    "history": [json.dumps({**SIDE, "verb": "rerank", "command": ["rerank"]}, indent=1).encode()],
    "note": [json.dumps(NOTE).encode()],
    "journal": [JOURNAL.encode()],
    "config.toml": [CONFIG.encode()],
    "track.toml": [TRACK.encode()],
}
"""Kind of text file -> valid contents."""

WORDS = [
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r\n",
        b"\r",
        b"\t",
        b"  ",
        b"\x1b[31m",
        "\u2028".encode(),
        b"\xed\xa0\x80",
    ),
    *(b"NaN", b"Infinity", b"-1", b"0", b"1_000", "１２".encode(), b"1e999", b"9" * 30, b"9" * 5000, b"-0.0", b"0x10"),
    *(b"null", b"true", b"[]", b"{}", b'""', b'{"a":' * 60, b"[" * 3000, b"]", b"}", b'"', b"\\", b"\\ud83d", b"'"),
    *(
        b"../../etc/passwd",
        b"/dev/zero",
        b"/dev/stdin",
        b"~",
        b"$HOME",
        b"=1+1",
        b"%s%n",
        b"<script>",
        b"--output=/tmp/x",
    ),
    *(b"<top>", b"</top>", b"<num>", b"<title>", b"<", b">", b"&amp;", b"<!ENTITY a 'b'>", b"<![CDATA[", b"-->"),
    *(b"(a+)+$", b"(?P<x>", b"{1,99999}", b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b" " * 5000),
]
"""Fragments that break parsers."""
