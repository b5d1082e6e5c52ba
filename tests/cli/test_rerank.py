"""`rerankkit rerank`."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_run

GIVEN = {"--model": "bm25", "--run": "run.txt", "--topics": "topics.tsv", "--collection": "docs.jsonl"}


def arguments(output: str = "out.txt", **changed: str | None) -> list[str]:
    """A command line; `collection=None` leaves that option out."""
    given = {**GIVEN, "--output": output, **{f"--{name.replace('_', '-')}": value for name, value in changed.items()}}
    return ["rerank", *(word for name, value in given.items() if value is not None for word in (name, value))]


def rerank(*flags: str, code: int = 0, **changed: str | None):
    result = CliRunner().invoke(main, [*arguments(**changed), *flags])
    assert result.exit_code == code, result.output
    return result


def test_the_identity_keeps_the_run(toy):
    assert rerank().stdout == "out.txt\n"
    first, second = read_run("run.txt"), read_run("out.txt")
    assert dict(second) == dict(first)
    assert second.tag == "bm25"
    assert Path("out.txt").read_text().splitlines()[0] == "q1 Q0 cat 1 8 bm25"
    assert sorted(path.name for path in toy.iterdir() if path.name.startswith("out")) == [
        "out.txt",
        "out.txt.meta.json",
    ]


def test_a_model_gives_its_own_order_and_raw_scores(toy, bert_reranker):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    rerank("--tag", "mine", model=str(bert_reranker), dtype="float32", device="cpu")
    run = read_run("out.txt")
    model = AutoModelForSequenceClassification.from_pretrained(bert_reranker).eval()
    tokenizer = AutoTokenizer.from_pretrained(bert_reranker)
    expected = {}
    for word in ("cat", "dog", "bird", "fish", "river", "stone"):
        with torch.no_grad():
            expected[word] = model(**tokenizer("green", f"{word}. grey {word}", return_tensors="pt")).logits.item()
    assert run.docids("q2") == sorted(expected, key=expected.__getitem__, reverse=True)
    assert list(run.scores("q2")) == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-5)
    assert (list(run), run.tag) == (["q1", "q2", "q3", "q4"], "mine")


def test_a_name_stands_for_a_checkpoint_of_the_models_folder(toy, bert_reranker):
    shutil.copytree(bert_reranker, "checkpoints/student")
    rerank(model="student", models="checkpoints")
    rerank(model=str(bert_reranker), output="by-path.txt")
    assert dict(read_run("out.txt")) == dict(read_run("by-path.txt"))
    assert read_run("out.txt").tag == "student"


def test_the_tail_below_the_depth_stays_in_order(toy, bert_reranker):
    rerank(model=str(bert_reranker), depth="2")
    for qid in ("q1", "q2", "q3", "q4"):
        docids = read_run("out.txt").docids(qid)
        assert sorted(docids[:2]) == ["cat", "dog"]
        assert docids[2:] == ["bird", "fish", "river", "stone"]
    rerank("--no-tail", model=str(bert_reranker), depth="2")
    assert sorted(read_run("out.txt").docids("q1")) == ["cat", "dog"]


def test_a_sample_is_drawn_by_its_seed(toy):
    rerank(sample="3")
    one = read_run("out.txt")
    rerank(sample="3", output="same.txt")
    rerank(sample="3", seed="1", output="other.txt")
    assert [len(hits) for hits in one.values()] == [3, 3, 3, 3]
    assert dict(read_run("same.txt")) == dict(one) != dict(read_run("other.txt"))


def test_lengths_and_precision_reach_the_model(toy, bert_reranker):
    rerank(model=str(bert_reranker), max_length="8", dtype="float32")
    rerank(model=str(bert_reranker), output="whole.txt", dtype="float32")
    assert dict(read_run("out.txt")) == dict(read_run("whole.txt"))  # nothing here is longer than 8 tokens
    rerank(model=str(bert_reranker), dtype="bfloat16", output="half.txt")
    assert list(read_run("half.txt").scores("q1")) == pytest.approx(list(read_run("whole.txt").scores("q1")), abs=0.1)
    assert dict(read_run("half.txt")) != dict(read_run("whole.txt"))


def spoil(model: Path, folder: Path) -> Path:
    """A copy whose head's weights are no numbers."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(model, folder)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.weight"][:] = float("nan")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def refused(*flags: str, message: str, **changed: str | None) -> None:
    """The command ends with 2 and the message, prints nothing else, and leaves an older output alone."""
    Path("out.txt").write_text("older\n")
    result = rerank(*flags, code=2, **changed)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert Path("out.txt").read_text() == "older\n"


FILES = {
    "short.txt": b"q1 Q0 cat 1 9 bm25\nq1 Q0 dog\n",
    "words.txt": b"q1 Q0 cat 1 high bm25\n",
    "nan.txt": b"q1 Q0 cat 1 nan bm25\n",
    "twice.txt": b"q1 Q0 cat 1 9 bm25\nq1 Q0 dog 2 8 bm25\nq1 Q0 cat 3 7 bm25\n",
    "other.txt": b"901 Q0 cat 1 9 bm25\n902 Q0 cat 1 9 bm25\n",
    "unknown.txt": b"q1 Q0 cat 1 9 bm25\nq1 Q0 whale 2 8 bm25\n",
    "empty.txt": b"",
    "latin.txt": b"q1 Q0 cat 1 9 bm25\nq1 Q0 caf\xe9 2 8 bm25\n",
    "latin.tsv": b"q1\tcaf\xe9\n",
    "none.tsv": b"\n",
    "column.tsv": b"q1\tred\nq2 green\n",
    "blank.tsv": b"q1\t\n",
    "again.tsv": b"q1\tred\nq1\tgreen\n",
    "topics.xml": b"<top>",
    "broken.jsonl": b'{"id": "dog", "contents": "x"}\n{"id": "cat"\n',
    "textless.jsonl": b'{"id": "cat", "title": "cat"}\n',
    "latin.jsonl": b'{"id": "cat", "contents": "caf\xe9"}\n',
    "none.jsonl": b"",
    "hollow.jsonl": b'{"id": "cat", "contents": " "}\n{"id": "dog", "contents": "dog"}\n',
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"run": "short.txt"}, "short.txt:2: not a run line: 'q1 Q0 dog'. Expected: qid Q0 docid rank score tag"),
        ({"run": "words.txt"}, "words.txt:1: not a run line"),
        ({"run": "nan.txt"}, "nan.txt:1: the score of query q1, document cat is nan"),
        ({"run": "twice.txt"}, "twice.txt:3: query q1 has document cat twice"),
        ({"run": "other.txt"}, "2 of the run's 2 queries are not in the topics, first: 901"),
        ({"run": "unknown.txt"}, "document whale of query q1 is not in the collection"),
        ({"run": "empty.txt"}, "empty.txt: the file is empty"),
        ({"run": "latin.txt"}, "latin.txt:2: not UTF-8 (byte 0xe9)"),
        ({"run": "nothing.txt"}, "nothing.txt: no such file"),
        ({"run": "."}, ".: is a folder, where a file is expected"),
        ({"topics": "latin.tsv"}, "latin.tsv:1: not UTF-8"),
        ({"topics": "none.tsv"}, "none.tsv: the file is empty"),
        ({"topics": "column.tsv"}, "column.tsv:2: not a topics line: 'q2 green'. Expected: qid<TAB>text"),
        ({"topics": "blank.tsv"}, "blank.tsv:1: query q1 is empty"),
        ({"topics": "again.tsv"}, "again.tsv:2: query q1 stands twice"),
        ({"topics": "topics.xml"}, "topics.xml:1: the file ends inside the topic that begins here"),
        ({"topics": "./nothing.tsv"}, "nothing.tsv: no such file"),
        ({"collection": "broken.jsonl"}, 'broken.jsonl:2: not a document: \'{"id": "cat"\' (Expecting'),
        ({"collection": "textless.jsonl"}, "textless.jsonl:1: not a document"),
        ({"collection": "latin.jsonl"}, "latin.jsonl:1: not UTF-8"),
        ({"collection": "none.jsonl"}, "none.jsonl: the file is empty"),
        ({"collection": "hollow.jsonl"}, "document cat of query q1 is empty"),
        ({"collection": "nothing.jsonl"}, "nothing.jsonl: no such file"),
        ({"collection": None}, "Give either --index or --collection"),
        ({"index": "index"}, "Give either --index or --collection"),
        ({"collection": None, "index": "./nowhere"}, "nowhere: no such index folder. Make it: rerankkit index"),
        ({"collection": None, "index": "empty"}, "no Lucene index"),
        ({"model": "llm-teacher"}, "no model llm-teacher in runs/models. Train it (rerankkit sft, rerankkit distill)"),
        ({"model": "./nowhere"}, "no such model folder: ./nowhere"),
        ({"model": "nobody/nothing"}, "cannot load nobody/nothing: "),
        ({"model": "./empty"}, "empty"),
        ({"dtype": "int4"}, "unknown --dtype 'int4'. Known: auto, float32"),
        ({"batch_tokens": "0"}, "--batch-tokens 0 is not positive"),
    ],
)
def test_wrong_input_is_told_and_leaves_an_older_output_alone(toy, changed, message):
    for name, content in FILES.items():
        Path(name).write_bytes(content)
    Path("empty").mkdir()
    refused(message=message, **changed)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no head", "has no score head (BertModel). Train one: rerankkit sft"),
        ("two labels", "has 2 labels (0 LABEL_0, 1 LABEL_1), a reranker has one. Name the label of relevant pairs"),
        ("missing weights", "lacks weights: classifier.bias, classifier.weight"),
        ("cut weights", "not a safetensors file, or cut: 999 bytes"),
        ("no numbers", "the model's score is nan. Try --dtype float32"),
    ],
)
def test_a_model_that_cannot_score_is_told(toy, tiny_bert, bert_reranker, kind, message):
    from transformers import AutoConfig, AutoModelForSequenceClassification

    folder = spoil(bert_reranker, toy / "model")
    if kind == "no head":
        folder = tiny_bert
    elif kind == "two labels":
        config = AutoConfig.from_pretrained(folder, num_labels=2)
        AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    elif kind == "missing weights":
        shutil.copy(tiny_bert / "model.safetensors", folder)
    elif kind == "cut weights":
        (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:999])
    refused(model=str(folder), message=message)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--max-length", "65"), "--max-length 65 is more than the model's 64 positions"),
        (("--max-length", "4"), "--max-length 4 is too small. Give at least 8 tokens"),
        (("--max-length", "0"), "--max-length 0 is too small. Give at least 8 tokens"),
        (("--max-query-tokens", "0"), "--max-query-tokens 0 is not positive"),
        (("--tag", "two words"), "--tag must be one word: 'two words'"),
        (("--max-query-tokens", "64"), "--max-query-tokens must be between 1 and --max-length"),
        (("--device", "gpu"), "--device gpu: "),
    ],
)
def test_a_budget_or_device_that_the_model_has_not(toy, bert_reranker, flags, message):
    refused(*flags, model=str(bert_reranker), message=message)


def test_a_query_that_is_too_long_is_cut_or_named(toy, bert_reranker, caplog):
    Path("topics.tsv").write_text("q1\tred\nq2\t" + "green " * 70 + "\nq3\tblue\nq4\twhite\n")
    message = "query q2 has 70 tokens of the 61 that a pair may have"
    refused("--long-queries", "error", model=str(bert_reranker), message=message)
    caplog.set_level("INFO", "rerankkit")
    rerank(model=str(bert_reranker))
    assert "1 of 4 queries were cut to 30 tokens to leave room in --max-length 64, by 40 tokens" in caplog.messages[-1]
    assert list(read_run("out.txt")) == ["q1", "q2", "q3", "q4"]
    refused("--long-queries", "error", model=str(bert_reranker), message=message)  # the store holds the cut query's


@pytest.mark.parametrize(("name", "value"), [("depth", "0"), ("depth", "deep"), ("sample", "1")])
def test_a_flag_out_of_range_ends_with_two(toy, name, value):
    assert f"Invalid value for '--{name}'" in rerank(code=2, **{name: value}).stderr


def test_an_output_that_is_a_folder_is_told(toy):
    Path("out").mkdir()
    result = rerank(output="out", code=2)
    assert "out: is a folder, where a file is to be written" in result.stderr
    assert not Path("runs").exists()
