"""`rerankkit queries`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_topics

DOCS = {"collection": "docs.jsonl"}


def queries(*flags: str, code: int = 0, **changed: str | None):
    given = {"--output": "out.tsv"} | {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    words = [word for name, value in given.items() if value is not None for word in (name, value)]
    result = CliRunner().invoke(main, ["queries", *words, *flags])
    assert result.exit_code == code, result.output
    return result


def topics() -> dict[str, str]:
    return {qid: query.text for qid, query in read_topics("out.tsv").items()}


@pytest.fixture
def documents(toy):
    """Five documents, two of one title, one without."""
    records = [("1", "Red foxes", "What do foxes eat? Mice."), ("2", "red foxes!", "Foxes sleep a lot in winter.")]
    records += [("3", "Plums", ""), ("4", "", "Pears are green.\nMostly."), ("5", "Fox fur", "Warm")]
    lines = [json.dumps({"id": docid, "title": title, "contents": text}) for docid, title, text in records]
    Path("docs.jsonl").write_text("\n".join(lines))
    Path("test.tsv").write_text("q1\tfur fox\nut2\tapples\n")
    return toy


def test_titles_once_each_without_the_held_out(documents):
    result = queries("--from-titles", held_out="test.tsv", **DOCS)
    assert result.stdout == "out.tsv\n"
    assert topics() == {"ut1": "Red foxes", "ut3": "Plums"}
    assert "1 left out that nearly repeat a held-out query" in result.stderr


def test_titles_without_their_sites(toy):
    Path("docs.jsonl").write_text('{"id": "1", "title": "Foxes - Wikipedia", "contents": ""}')
    queries("--from-titles", "--strip-site", **DOCS)
    assert topics() == {"ut1": "Foxes"}


def test_first_sentences_cut(documents):
    queries("--from-summaries", max_words="4", prefix="x", **DOCS)
    assert list(topics().values()) == ["What do foxes eat?", "Foxes sleep a lot", "Pears are green.", "Warm"]
    assert list(topics()) == ["x1", "x2", "x3", "x4"]


def test_so_many_by_the_seed(documents):
    drawn = {}
    for seed in "0123":
        queries("--from-summaries", number="2", seed=seed, **DOCS)
        drawn[seed] = tuple(topics().values())
    assert {len(texts) for texts in drawn.values()} == {2}
    assert len(set(drawn.values())) > 1
    assert "3 queries, not 9: the source gives no more" in queries("--from-titles", number="9", **DOCS).stderr


def test_a_log_by_frequency_needs_no_collection(toy):
    Path("log.txt").write_text("plum\nred fox\npear\nRed Fox\npear\npear\n")
    queries(from_log="log.txt", number="2")
    assert topics() == {"ul1": "pear", "ul2": "red fox"}
    queries(from_log="clicks.jsonl", held_out="topics.tsv", code=2)


def test_files_of_several_sources_share_no_qid(documents):
    Path("log.txt").write_text("plum\n")
    qids: list[str] = []
    for flags, how in ((["--from-titles"], DOCS), (["--from-summaries"], DOCS), ([], {"from_log": "log.txt"})):
        queries(*flags, **how)
        qids += topics()
    assert len(set(qids)) == len(qids) == 3 + 4 + 1


MODEL = {"clicks": "clicks.jsonl", "max_length": "16", "shots": "2", "dtype": "float32", "device": "cpu", **DOCS}


def test_a_model_writes_as_many_as_asked(toy, tiny_llama):
    """An untaught model writes nonsense, but its own, once each, and the same by the same seed."""
    wanted = {"model": str(tiny_llama), "number": "3", "temperature": "1.0", **MODEL}
    queries(**wanted)
    first = topics()
    assert list(first) == ["um1", "um2", "um3"]
    assert len(set(first.values())) == 3
    queries(**wanted)
    assert topics() == first
    queries(**wanted, seed="1")
    assert topics() != first
    assert sorted(path.name for path in toy.glob("out.tsv*")) == ["out.tsv", "out.tsv.meta.json"]


def test_killed_it_goes_on_where_it_stopped(toy, tiny_llama, monkeypatch):
    from rerankkit.train import queries as program

    monkeypatch.setattr(program, "WINDOW", 2)
    wanted = {"model": str(tiny_llama), "temperature": "1.0", "max_words": "8", **MODEL}
    queries(**wanted)
    expected = topics()
    Path("out.tsv").unlink()
    lines, calls = program.QueryWriter._lines, []

    def stop(self, documents, prefix):
        calls.append(len(documents))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return lines(self, documents, prefix)

    with monkeypatch.context() as patch:
        patch.setattr(program.QueryWriter, "_lines", stop)
        queries(**wanted, code=130)
        assert not Path("out.tsv").exists()
        result = queries(**wanted)
    assert calls == [2, 2, 2, 2]
    assert "4 documents were done before, going on" in result.stderr
    assert topics() == expected


def test_examples_are_no_held_out_queries(toy, tiny_llama, monkeypatch):
    from rerankkit.train import queries as program

    shown = []
    start = program.QueryWriter.__init__

    def seen(self, model, examples, *rest):
        shown.extend(one.query.text for one in examples)
        start(self, model, examples, *rest)

    monkeypatch.setattr(program.QueryWriter, "__init__", seen)
    Path("test.tsv").write_text("1\tRED\n2\twhite\n")
    queries(**{"model": str(tiny_llama), "number": "1", "temperature": "1.0", **MODEL, "held_out": "test.tsv"})
    assert shown == ["green", "blue"]


@pytest.mark.parametrize(
    ("changed", "flags", "message"),
    [
        ({}, [], "queries come from one source"),
        ({"from_log": "log.txt"}, ["--from-titles"], "queries come from one source"),
        ({"clicks": "clicks.jsonl", **DOCS}, ["--from-titles"], "--clicks are examples for --model"),
        (DOCS, ["--from-summaries", "--strip-site"], "--strip-site is for titles"),
        ({"from_log": "log.txt", **DOCS}, [], "a log's queries need no documents"),
        ({"temperature": "0", **DOCS}, ["--from-titles"], "--temperature is for --model"),
        ({"batch_tokens": "99", **DOCS}, ["--from-titles"], "--batch-tokens is for --model"),
        ({}, ["--from-titles"], "Give either --index or --collection"),
        ({"from_log": "nothing.txt"}, [], "nothing.txt: no such file"),
        ({"collection": "nothing.jsonl"}, ["--from-titles"], "nothing.jsonl: no such file"),
        ({"held_out": "nothing.tsv", **DOCS}, ["--from-titles"], "nothing.tsv: no such file"),
        ({"prefix": "a b", **DOCS}, ["--from-titles"], "--prefix 'a b' is no single word"),
        ({"from_log": "log.txt", "held_out": "log.tsv"}, [], "no query is left"),
        ({"output": "out.csv", **DOCS}, ["--from-titles"], "out.csv: topics would not be read again under this name"),
        ({"output": ".", **DOCS}, ["--from-titles"], ".: is a folder, where a file is to be written"),
        ({"model": "./nowhere", **DOCS}, [], "no such model folder: ./nowhere"),
        ({"model": "TINY", "temperature": "-1", **DOCS}, [], "--temperature -1.0"),
        ({"model": "TINY", "collection": "hollow.jsonl"}, [], "no document has a text"),
        (
            {"model": "TINY", "clicks": "whale.jsonl", **DOCS},
            [],
            "whale.jsonl: click 1 names document whale, which is not in the collection",
        ),
        (
            {"model": "TINY", "clicks": "whale.jsonl", "held_out": "log.tsv", **DOCS},
            [],
            "whale.jsonl: every click's query nearly repeats a --held-out one",
        ),
        ({"model": "TINY", "dtype": "float8", **DOCS}, [], "unknown --dtype 'float8'"),
    ],
)
def test_wrong_input_is_told_and_leaves_an_older_output_alone(toy, tiny_llama, changed, flags, message):
    Path("out.tsv").write_text("mine")
    Path("log.txt").write_text("plum\n")
    Path("log.tsv").write_text("1\tplum\n2\tred\n")
    Path("hollow.jsonl").write_text('{"id": "cat", "contents": ""}\n')
    Path("whale.jsonl").write_text('{"query": "red", "docid": "whale"}\n')
    result = queries(*flags, code=2, **{k: str(tiny_llama) if v == "TINY" else v for k, v in changed.items()})
    assert result.stdout == ""
    assert message in result.stderr
    assert Path("out.tsv").read_text() == "mine"
