"""What is advised: the best within the budget, the cheaper one that is no worse, and commands that parse."""

import shlex

import click
import pytest

from rerankkit.cli import main
from rerankkit.tune.findings import Findings, command_of
from rerankkit.tune.points import Configuration, Point, Stage

BERT, LLM = Configuration("my models/bert", "torch", "bfloat16"), Configuration("llm-teacher", "torch", "float32")
QIDS = "abcdef"
GIVEN = ["--run", "bm 25.txt", "--topics", "t.tsv", "--index", "i"]


def point(values: list[float], p50: float, p95: float, *stages: tuple[Configuration, int]) -> Point:
    by_query = dict(zip(QIDS, values, strict=True))
    return Point(tuple(Stage(*stage) for stage in stages), sum(values) / 6, p50, p95, by_query)


FIRST = point([0.3] * 6, 0, 0)
CHEAP = point([0.5, 0.4, 0.5, 0.4, 0.5, 0.4], 10, 20, (BERT, 20))
CLOSE = point([0.6, 0.7, 0.9, 0.6, 0.9, 0.6], 20, 40, (BERT, 100))
GOOD = point([0.8, 0.7, 0.8, 0.7, 0.8, 0.7], 60, 80, (BERT, 100), (LLM, 10))
SLOW = point([0.9] * 6, 900, 1000, (LLM, 100))


def findings(budget: float, points=(SLOW, GOOD, FIRST, CLOSE, CHEAP)) -> Findings:
    return Findings(points, budget, "p95", "nDCG@10")


def test_the_best_within_the_budget_and_the_cheaper_one_that_is_no_worse():
    """CLOSE differs from GOOD by -.2, 0, .1, -.1, .1, -.1: t = -.67, p = .53; CHEAP by .3 everywhere."""
    found = findings(100)
    assert found.front == [FIRST, CHEAP, CLOSE, GOOD, SLOW]
    assert found.best is GOOD
    assert found.cheaper is not None
    assert found.cheaper[0] is CLOSE
    assert found.cheaper[1] == pytest.approx(0.5301, abs=1e-4)


def test_the_cheapest_has_nothing_cheaper():
    assert findings(30).best is CHEAP
    assert findings(30).cheaper is None


@pytest.mark.parametrize("points", [(FIRST, SLOW), (FIRST, point([0.2] * 6, 5, 6, (BERT, 5)))])
def test_nothing_is_advised_that_is_too_slow_or_below_the_first_stage(points):
    found = findings(100, points)
    assert (found.best, found.cheaper) == (None, None)
    assert found.advice(GIVEN).startswith("No reranking with p95 within 100 ms is worth more than the first stage.")


def test_the_table_marks_front_and_best():
    lines = findings(100, (CHEAP, FIRST, point([0.1] * 6, 70, 90, (LLM, 5)))).table(whole=True).splitlines()
    assert lines == [
        "   reranker                      nDCG@10  p50 ms  p95 ms",
        "*  first stage                    0.3000     0.0     0.0",
        ">  bert torch bfloat16 @20        0.4500    10.0    20.0",
        "   llm-teacher torch float32 @5   0.1000    70.0    90.0",
    ]
    assert findings(100).table(whole=False).count("\n") == 5


def test_the_advice_in_words():
    text = findings(100).advice(GIVEN)
    told = f"The best with p95 within 100 ms is {GOOD}: nDCG@10 0.7500, +0.4500 over the first stage.\n\n"
    assert text.startswith(f"{told}rerankkit rerank --model 'my models/bert' ")
    assert "(p = 0.53, which does not prove it as good): bert torch bfloat16 @100, 2.0 times as fast, 0.7167:" in text


@pytest.mark.parametrize("chosen", [CHEAP, GOOD, SLOW])
def test_the_command_is_one_that_rerank_takes(chosen):
    words = shlex.split(command_of(chosen, GIVEN).replace("\\\n", " "))
    rerank = main.get_command(click.Context(main), "rerank")
    context = rerank.make_context("rerank", words[2:])
    assert context.params["model"] == (chosen.stages[0].configuration.model,)
    assert context.params["dtype"] == chosen.stages[0].configuration.dtype
    assert context.params["depth"] == chosen.stages[0].depth
    assert context.params["backend"] == chosen.stages[0].configuration.backend
    later = [
        (one.configuration.model, one.configuration.backend, one.configuration.dtype, one.depth)
        for one in chosen.stages[1:]
    ]
    told = (context.params[name] for name in ("then", "then_backend", "then_dtype", "then_depth"))
    assert list(zip(*told, strict=True)) == later
    assert str(context.params["run_path"]) == "bm 25.txt"


def test_the_record_has_every_point_by_latency():
    record = findings(100).record()
    assert [(one["value"], one["front"], one["best"]) for one in record][3] == (pytest.approx(0.75), True, True)
    assert [one["p95_ms"] for one in record] == [0, 20, 40, 80, 1000]
    assert record[3]["stages"][1] == {"model": "llm-teacher", "backend": "torch", "dtype": "float32", "depth": 10}


def test_a_model_s_name_steers_no_terminal():
    odd = Configuration("\x1b[2J", "torch", "float32")
    found = findings(100, (FIRST, point([0.8] * 6, 5, 6, (odd, 5))))
    shown = found.table(True) + found.advice(GIVEN)
    assert "\x1b" not in shown
    assert shown.count(r"\x1b[2J") >= 3
