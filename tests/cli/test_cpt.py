"""`rerankkit cpt`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_run

QUICK = {"--max-length": "32", "--learning-rate": "1e-2", "--max-steps": "2", "--output": "out"}


def cpt(model: Path | str, *flags: str, code: int = 0, **changed: str | None):
    given = {**QUICK, "--clicks": "clicks.jsonl", "--collection": "docs.jsonl", "--model": str(model)}
    given |= {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    words = [word for name, value in given.items() if value is not None for word in (name, value)]
    result = CliRunner().invoke(main, ["cpt", *words, "--use-cpu", "--no-bf16", *flags])
    assert result.exit_code == code, result.output
    return result


def test_an_llm_learns_what_is_clicked_for_what(toy, tiny_llama):
    """Its text for each query is then the clicked document's."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    assert cpt(tiny_llama, max_steps="80").stdout == "out\n"
    model, tokenizer = AutoModelForCausalLM.from_pretrained("out"), AutoTokenizer.from_pretrained("out")
    for line in Path("clicks.jsonl").read_text().splitlines():
        click = json.loads(line)
        prompt = tokenizer(f"Query: {click['query']}\n", return_tensors="pt")
        out = model.generate(**prompt, max_new_tokens=20, do_sample=False)
        told = tokenizer.decode(out[0, prompt["input_ids"].shape[1] :])
        assert told == f"Title: {click['docid']}\nSummary: grey {click['docid']}</s>"


@pytest.mark.parametrize("name", ["clicks.tsv", "clicks.tsv.gz"])
def test_clicks_that_bring_their_text_need_no_collection(toy, tiny_llama, name):
    import gzip

    text = b"query\ttitle\tsummary\nred\tcat\ta grey cat\ngreen\t\tdog\n"
    Path(name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert cpt(tiny_llama, clicks=name, collection=None).stdout == "out\n"
    assert Path("out/model.safetensors").is_file()


def test_a_teacher_starts_from_its_output(toy, tiny_llama):
    cpt(tiny_llama, lora_r="4", output="runs/models/cpt")
    files = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--qrels", "qrels.txt"]
    how = ["--max-steps", "2", "--max-length", "32", "--use-cpu", "--no-bf16", "--lora-r", "4"]
    result = CliRunner().invoke(main, ["sft", *files, *how, "--model", "runs/models/cpt", "--output", "teacher"])
    assert result.exit_code == 0, result.output
    note = json.loads(Path("teacher/rerankkit.json").read_text())
    assert (note["architecture"], note["trained"]["model"]) == ("llm", "cpt")


def test_a_shown_order_stands_in_for_clicks(toy, tiny_llama):
    """The first document of each list is learnt; its query comes from the topics."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    flags = {"clicks": None, "displayed": "teacher.txt", "topics": "topics.tsv", "clicked_top": "1"}
    cpt(tiny_llama, max_steps="80", **flags)
    model, tokenizer = AutoModelForCausalLM.from_pretrained("out"), AutoTokenizer.from_pretrained("out")
    prompt = tokenizer("Query: red\n", return_tensors="pt")
    out = model.generate(**prompt, max_new_tokens=20, do_sample=False)
    first = read_run("teacher.txt").docids("q1")[0]
    assert tokenizer.decode(out[0, prompt["input_ids"].shape[1] :]) == f"Title: {first}\nSummary: grey {first}</s>"


def test_clicks_are_weighed_as_asked(toy, tiny_llama, monkeypatch):
    from rerankkit.train import cpt as program

    seen = []
    monkeypatch.setattr(program, "continue_pretraining", lambda *given: seen.append(given[1]))
    Path("ranked.tsv").write_text("query\tdocid\tclicks\trank\nred\tcat\t3\t2\nred\tdog\t1\t4\n")
    cpt(tiny_llama, clicks="ranked.tsv")
    cpt(tiny_llama, clicks="ranked.tsv", click_weight="ipw", position_bias="2")
    Path("unranked.tsv").write_text("red\tbird\t2\n")
    cpt(tiny_llama, clicks="unranked.tsv", click_weight="ipw", displayed="run.txt", topics="topics.tsv")
    assert [[one.weight for one in clicks] for clicks in seen] == [[1.0, 1.0], [12.0, 16.0], [6.0]]


FILES = {
    "broken.jsonl": b'{"query": "red", "docid": "cat"}\n{"query": "red"\n',
    "query.jsonl": b'{"query": " ", "docid": "cat"}\n',
    "unknown.jsonl": b'{"query": "red", "docid": "cat"}\n{"query": "red", "docid": "whale"}\n',
    "clicks.tsv": b"query\tdocid\tclicks\nred\tcat\tmany\n",
    "columns.tsv": b"query\tdocid\tclicks\nred\tcat\t1\t2\n",
    "empty.jsonl": b"",
    "latin.jsonl": b'{"query": "caf\xe9", "docid": "cat"}\n',
    "long.jsonl": b'{"query": "' + b"red " * 60 + b'", "docid": "cat"}\n',
    "other.txt": b"901 Q0 cat 1 9 shown\n",
    "hollow.jsonl": b'{"id": "cat", "contents": ""}\n',
    "one.jsonl": b'{"query": "red", "docid": "cat"}\n',
    "rank.toml": b"group_size = 8\n",
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"clicks": "broken.jsonl"}, "broken.jsonl:2: not a click (the line ends too early, at column 16)"),
        ({"clicks": "query.jsonl"}, "query.jsonl:1: not a click"),
        ({"clicks": "clicks.tsv"}, "clicks.tsv:2: not a click"),
        ({"clicks": "columns.tsv"}, "columns.tsv:2: 4 columns. Expected: query, docid, clicks by tabs"),
        ({"clicks": "unknown.jsonl"}, "click 2 names document whale, which is not in the collection"),
        ({"clicks": "empty.jsonl"}, "empty.jsonl: the file is empty"),
        ({"clicks": "latin.jsonl"}, "latin.jsonl:1: not UTF-8"),
        ({"clicks": "nothing.jsonl"}, "nothing.jsonl: no such file"),
        ({"clicks": "long.jsonl", "long_queries": "error"}, "query 1 has "),
        ({"clicks": "one.jsonl", "collection": "hollow.jsonl"}, "no click has a document with text"),
        ({"clicks": None}, "there is nothing to learn. Give --clicks, or --displayed with --clicked-top"),
        ({"click_weight": "ipw"}, "clicks.jsonl: the click on document bird for 'red' has no rank"),
        ({"click_weight": "ipw", "displayed": "run.txt"}, "Give their texts with --topics"),
        (
            {"click_weight": "ipw", "displayed": "other.txt", "topics": "topics.tsv"},
            "other.txt: no query of the displayed run is in the topics",
        ),
        ({"displayed": "run.txt"}, "--displayed is for --click-weight ipw, log-ipw and --clicked-top"),
        ({"position_bias": "1"}, "--position-bias is for --click-weight ipw and log-ipw"),
        ({"click_weight": "ipw", "position_bias": "-1"}, "--position-bias -1.0 is out of [0, 10]"),
        ({"clicked_top": "3", "displayed": "run.txt"}, "Give --displayed RUN and no --clicks"),
        (
            {"clicks": None, "clicked_top": "3", "displayed": "run.txt", "click_weight": "ipw"},
            "--clicked-top has no position bias to undo",
        ),
        ({"collection": None}, "Give either --index or --collection"),
        ({"index": "./index"}, "Give either --index or --collection"),
        ({"collection": None, "index": "./nowhere"}, "nowhere: no such index folder"),
        ({"config": "rank.toml"}, "rank.toml: unknown setting 'group_size'"),
        ({"learning_rate": "-1"}, "--learning-rate must be positive"),
        ({"model": "./nowhere"}, "no such model folder: ./nowhere"),
        ({"model": "nobody/nothing"}, "cannot load nobody/nothing: "),
    ],
)
def test_wrong_input_is_told_and_leaves_an_older_output_alone(toy, tiny_llama, changed, message):
    for name, content in FILES.items():
        Path(name).write_bytes(content)
    Path("out").mkdir()
    Path("out/rerankkit.json").write_text("mine")
    result = cpt(changed.get("model") or tiny_llama, code=2, **{k: v for k, v in changed.items() if k != "model"})
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in Path("out").iterdir()] == ["rerankkit.json"]


def test_an_encoder_is_no_llm(toy, tiny_bert):
    result = cpt(tiny_bert, code=2)
    assert f"{tiny_bert} is no causal language model. CPT needs an LLM, e.g. --model smollm2-135m" in result.stderr


def test_its_own_output_is_replaced_and_a_folder_of_other_things_is_not(toy, tiny_llama):
    from click.testing import CliRunner

    from rerankkit.cli import main

    words = ["cpt", "--clicks", "clicks.jsonl", "--collection", "docs.jsonl", "--model", str(tiny_llama)]
    words += ["--max-steps", "1", "--max-length", "32", "--use-cpu", "--no-bf16", "--output"]
    for _ in range(2):
        assert CliRunner().invoke(main, [*words, "out"]).exit_code == 0
    Path("other").mkdir()
    Path("other/config.json").write_text("{}")
    result = CliRunner().invoke(main, [*words, "other"])
    assert result.exit_code == 2
    assert "other: is a folder of other things" in result.stderr
    assert [path.name for path in Path("other").iterdir()] == ["config.json"]
