"""`rerankkit tune`."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.evaluate.measures import evaluate
from rerankkit.trec import read_qrels, read_run

GIVEN = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]


QUICK = ["--backend", "torch", "--dtype", "float32", "--timed", "3"]


def call(*words: str, code: int = 0):
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result


def tune(*flags: str, budget: str = "60s", code: int = 0):
    return call("tune", "--budget", budget, *GIVEN, "--qrels", "qrels.txt", *flags, code=code)


def test_every_point_is_worth_what_rerank_and_evaluate_say(toy, bert_reranker, llama_reranker):
    """Depths of two and six, and the cascades; each of them is run and measured by the other commands."""
    models = (str(bert_reranker), str(llama_reranker()))
    flags = [word for model in models for word in ("--model", model)]
    result = tune(
        *flags,
        "--depths",
        "2,6",
        "--backend",
        "torch",
        "--dtype",
        "float32",
        "--timed",
        "3",
        "--output",
        "json",
        "--measure",
        "AP",
    )
    told = json.loads(result.stdout)
    assert (told["measure"], told["budget_ms"], told["queries"], told["timed"]) == ("AP", 60000, 4, 3)
    assert len(told["points"]) == 1 + 2 * 2 + 1
    for number, point in enumerate(told["points"]):
        first, *later = point["stages"] or [{"model": "bm25", "dtype": "float32", "depth": 6}]
        output = f"out.{number}.txt"
        thens = [word for one in later for word in ("--then", one["model"], "--then-depth", str(one["depth"]))]
        given = ["--model", first["model"], "--dtype", first["dtype"], "--depth", str(first["depth"]), *thens]
        call("rerank", *GIVEN, *given, "--backend", "torch", "--output", output)
        value = evaluate(read_run(output), read_qrels("qrels.txt"), ["AP"]).values["AP"]
        assert point["value"] == pytest.approx(value), given
        assert 0 <= point["p50_ms"] <= point["p95_ms"]
    (best,) = [point for point in told["points"] if point["best"]] or [None]
    if best is None:
        assert told["command"] is None
    else:
        call(*shlex.split(told["command"].replace("\\\n", " "))[1:])
        assert best["front"]


def test_the_table_and_the_pictures(toy, bert_reranker):
    result = tune(
        "--model",
        str(bert_reranker),
        "--backend",
        "torch",
        "--dtype",
        "float32",
        "--timed",
        "3",
        "--plots",
        "plots",
        "--all",
    )
    assert f"{bert_reranker.name} torch float32 @6" in result.stdout
    assert "first stage" in result.stdout
    assert sorted(path.name for path in Path("plots").iterdir()) == ["tune.png", "tune.svg"]
    assert "Wrote plots/tune.png" in result.stderr
    again = tune("--model", str(bert_reranker), *QUICK, "--all")
    values = [[line.split()[-3] for line in one.stdout.splitlines()[1:3]] for one in (result, again)]
    assert values[0] == values[1]


def test_judged_queries_of_other_topics_do_not_count_and_those_that_the_run_lacks_do(toy, bert_reranker):
    with Path("qrels.txt").open("a") as file:
        file.write("elsewhere 0 cat 1\nq5 0 cat 1\n")
    with Path("topics.tsv").open("a") as file:
        file.write("q5\tgrey\n")
    flags = (
        "--model",
        str(bert_reranker),
        "--backend",
        "torch",
        "--dtype",
        "float32",
        "--timed",
        "3",
        "--output",
        "json",
    )
    told = json.loads(tune(*flags).stdout)
    assert told["queries"] == 5
    bm25 = evaluate(read_run("run.txt"), {"q5": {"cat": 1}, **read_qrels("qrels.txt")}, ["nDCG@10"])
    in_run = [value for qid, value in bm25.by_query["nDCG@10"].items() if qid in ("q1", "q2", "q3", "q4")]
    (first_stage,) = [point for point in told["points"] if not point["stages"]]
    assert first_stage["value"] == pytest.approx(sum(in_run) / 5)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--depths", "10,x"), "not a list of depths: --depths '10,x'"),
        (("--measure", "nDCG@10 RR"), "--measure 'nDCG@10 RR' names 2 measures"),
        (("--measure", "nDGC@10"), "not a measure: 'nDGC@10'"),
        (("--dtype", "float1"), "unknown --dtype 'float1'"),
        (("--model", "bert-distilled"), "no model bert-distilled in"),
        (("--topics", "other.tsv"), "no query of the run is judged"),
        (("--run", "none.txt"), "none.txt: no such file"),
    ],
)
def test_what_cannot_be_is_told(toy, bert_reranker, flags, message):
    Path("other.tsv").write_text("q9\tred\n")
    result = tune("--model", str(bert_reranker), *flags, code=2)
    assert message in result.stderr


def test_a_budget_needs_a_unit(toy, bert_reranker):
    assert "not a latency: --budget '50'" in tune("--model", str(bert_reranker), budget="50", code=2).stderr


def test_what_nothing_keeps_is_said(toy, bert_reranker):
    result = tune("--model", str(bert_reranker), *QUICK, budget="0.001ms")
    assert "No reranking with p95 within 0.001 ms is worth more than the first stage." in result.stdout
