"""`rerankkit tune`."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rerankkit.cli.inputs import (
    ENCODERS,
    LLMS,
    collection_of,
    collection_option,
    index_option,
    long_queries_option,
    models_option,
    queries_of,
    topics_option,
)
from rerankkit.cli.places import MODEL, InPlace, Output
from rerankkit.errors import InputError
from rerankkit.rerank.store import DEFAULT

if TYPE_CHECKING:
    from rerankkit.tune.grid import Judged
    from rerankkit.types import Group

FORMATS = ("table", "json")
PERCENTILES = ("p50", "p95")


@click.command(short_help="Find the best reranking within a latency budget.")
@click.option("--budget", required=True, help="What a query may take, such as 50ms or 0.2s.")
@click.option(
    "--percentile", type=click.Choice(PERCENTILES), default="p95", show_default=True, help="Which must keep the budget."
)
@click.option(
    "--model",
    "names",
    type=MODEL,
    multiple=True,
    required=True,
    help=f"A model, as `rerank` takes it: {LLMS}, {ENCODERS}, …",
)
@click.option("--run", "run_path", required=True, type=click.Path(path_type=Path), help="The first stage's run.")
@topics_option
@index_option
@collection_option
@click.option("--qrels", required=True, type=click.Path(path_type=Path), help="Grades of tune queries, never of test.")
@click.option("--measure", default="nDCG@10", show_default=True, help="What counts, as ir_measures names it, or PNR.")
@click.option("--depths", default="10,20,50,100", show_default=True, help="How many candidates may be reranked.")
@click.option("--backend", "backends", multiple=True, help="torch, onnx, openvino; all that are installed by default.")
@click.option("--dtype", "dtypes", multiple=True, help="float32, bf16, int8; those worth a trial here by default.")
@click.option("--cascades/--no-cascades", default=True, show_default=True, help="Also a model, then a slower one.")
@click.option("--timed", type=click.IntRange(3), default=50, show_default=True, help="Queries that are timed, drawn.")
@click.option("--seed", default=0, show_default=True, help="Of the draw.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--batch-tokens", type=int, default=4096, show_default=True, help="Padded tokens of a batch.")
@click.option("--max-length", type=int, help="Tokens of a pair; each checkpoint's own by default.")
@click.option("--max-query-tokens", type=int, help="Tokens of a query; the rest of a longer one is left out.")
@long_queries_option
@click.option("--all", "whole", is_flag=True, help="List all, not the Pareto front alone.")
@click.option("--output", type=click.Choice(FORMATS), default="table", show_default=True, help="Format on stdout.")
@click.option("--plots", type=Output("into"), help="A folder for tune.png and tune.svg.")
@click.option("--store", type=InPlace(DEFAULT), default=DEFAULT, show_default=True, help="The score store.")
@click.option("--no-store", is_flag=True, help="Score every pair, and keep none.")
@models_option
def command(**flags: Any) -> None:
    """Find the best reranking within a latency budget, on your queries and this machine.

    Every model is scored once, at the greatest depth, by every backend and in every precision that runs it here;
    smaller depths and cascades of two models follow from that. A query's time is measured one query at a time, warm,
    from texts to scores, at every depth. What is printed is the Pareto front, what nothing else beats in both, and the
    command line of the best within the budget. The scores are kept as `rerank` keeps them: killed, the same command
    does not pay for them again.

    The queries that choose must not be those that are reported: give tune queries, never the test queries. Let nothing
    else run meanwhile.

    \b
    Examples:
      rerankkit tune --budget 50ms --model bert-distilled --model minilm-l6 --run runs/bm25.dev.txt \\
        --topics dev.tsv --index runs/index --qrels qrels.dev.txt --plots runs/tune
      rerankkit tune --budget 0.5s --percentile p50 --model bert-distilled --model llm-teacher --depths 10,30,100 \\
        --dtype bfloat16 --run runs/bm25.dev.txt --topics dev.tsv --collection docs.jsonl --qrels qrels.dev.txt \\
        --output json
    """
    from rerankkit.rerank.scoring import Scoring
    from rerankkit.tune.explore import backends_here, configurations, dtypes_here, explore, machine
    from rerankkit.tune.findings import Findings, command_of
    from rerankkit.tune.grid import lists_of, points
    from rerankkit.tune.measured import Workshop
    from rerankkit.tune.picture import draw
    from rerankkit.tune.points import milliseconds

    budget, percentile = milliseconds(flags["budget"]), flags["percentile"]
    scoring = Scoring(flags["device"], "auto", flags["batch_tokens"], flags["max_length"], flags["max_query_tokens"])
    scoring = replace(scoring, long_queries=flags["long_queries"])
    judged, groups, depths = _judged_lists(flags)
    backends = flags["backends"] or backends_here()
    wanted = configurations(flags["names"], backends, flags["dtypes"] or dtypes_here(backends))
    lists = lists_of(groups, depths, flags["timed"], flags["seed"])
    workshop = Workshop(flags["models"], scoring, None if flags["no_store"] else flags["store"])
    found = points(explore(wanted, lists, workshop), lists, judged, flags["cascades"])
    findings = Findings(found, budget, percentile, judged.measure)
    if flags["output"] == "json":
        head = {"measure": judged.measure, "budget_ms": budget, "percentile": percentile, "queries": len(judged.qrels)}
        best = None if findings.best is None else command_of(findings.best, _given(flags))
        record = {**head, "timed": len(lists.timed), "machine": machine(), "command": best, "points": findings.record()}
        click.echo(json.dumps(record, indent=2))
    else:
        click.echo(findings.table(flags["whole"]))
        click.echo(f"\n{findings.advice(_given(flags))}")
    for path in draw(findings, flags["plots"]) if flags["plots"] is not None else ():
        click.echo(f"Wrote {path}", err=True)


def _judged_lists(flags: dict[str, Any]) -> "tuple[Judged, list[Group], list[int]]":
    """What is measured, the candidates of each judged query at the greatest depth, and the depths.

    Of the qrels those of the topics count: one file often judges other queries too. Raises InputError where the run has
    none of them.
    """
    from rerankkit.evaluate.measures import parse_measures
    from rerankkit.groups.build import groups_of
    from rerankkit.run import Run
    from rerankkit.trec import read_qrels, read_run
    from rerankkit.tune.grid import Judged
    from rerankkit.tune.points import depths_of

    measures = parse_measures([flags["measure"]])
    if len(measures) > 1:
        raise InputError(f"--measure {flags['measure']!r} names {len(measures)} measures", "Give one")
    depths_of(flags["depths"], 1)
    run, queries = read_run(flags["run_path"]), queries_of(flags["topics"])
    qrels = {qid: grades for qid, grades in read_qrels(flags["qrels"]).items() if qid in queries}
    kept = Run({qid: run[qid] for qid in run if qid in qrels}, run.tag)
    if not kept:
        raise InputError("no query of the run is judged", "Give the qrels of the run's topics", flags["qrels"])
    depths = depths_of(flags["depths"], max(len(kept.scores(qid)) for qid in kept))
    texts = collection_of(flags["index"], flags["collection"], kept)
    return Judged(kept, qrels, str(measures[0])), list(groups_of(kept, queries, texts, depths[-1])), depths


def _given(flags: dict[str, Any]) -> list[str]:
    """The words of the user's that `rerank` takes too."""
    names = {"--run": "run_path", "--topics": "topics", "--index": "index", "--collection": "collection"}
    names |= {"--max-length": "max_length", "--max-query-tokens": "max_query_tokens"}
    words = [word for option, name in names.items() if flags[name] is not None for word in (option, str(flags[name]))]
    usuals = (("--models", "models", Path("runs/models")), ("--device", "device", "auto"))
    for option, name, usual in (*usuals, ("--long-queries", "long_queries", "cut")):
        if flags[name] != usual:
            words += [option, str(flags[name])]
    return words
