"""`rerankkit evaluate`."""

from pathlib import Path

import click

from rerankkit.cli.console import write_data
from rerankkit.cli.inputs import judged_topics, run_names

FORMATS = ("table", "csv", "json")
TESTS = ("t", "randomisation")


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--qrels", required=True, type=click.Path(path_type=Path), help="TREC's four columns or BEIR's TSV.")
@click.option(
    "--measures",
    multiple=True,
    default=["nDCG@5 nDCG@10 RR@10 PNR"],
    show_default=True,
    help="As ir_measures names them, and PNR; with spaces between, or the option repeated.",
)
@click.option("--topics", type=click.Path(path_type=Path), help="Count only the queries of this file.")
@click.option("--per-query", is_flag=True, help="A value for each query.")
@click.option("--output", type=click.Choice(FORMATS), default="table", show_default=True, help="Format on stdout.")
@click.option("--test", type=click.Choice(TESTS), default="t", show_default=True, help="Paired test behind p.")
@click.option("--seed", default=0, show_default=True, help="Of the randomisation test.")
def command(
    runs: tuple[Path, ...],
    qrels: Path,
    measures: tuple[str, ...],
    topics: Path | None,
    per_query: bool,
    output: str,
    test: str,
    seed: int,
) -> None:
    """Measure runs against qrels, side by side.

    Queries that a run lacks count as zero and are named. With several runs, p tells whether each differs from the
    first one by more than chance (paired over queries), and a run that is below the first one is warned of: give the
    first stage first.

    \b
    Examples:
      rerankkit evaluate runs/bm25.txt --qrels qrels.txt
      rerankkit evaluate runs/bm25.txt runs/bert.txt --qrels qrels.txt --measures 'nDCG@10 RR@10 PNR'
      rerankkit evaluate runs/bm25.txt --qrels qrels.txt --measures 'AP(rel=2)' --per-query --output csv
    """
    from rerankkit.evaluate import report
    from rerankkit.evaluate.measures import evaluate, parse_measures
    from rerankkit.progress import progress
    from rerankkit.trec import read_qrels, read_run

    names = run_names(runs)
    parse_measures(measures)
    judged = judged_topics(read_qrels(qrels), topics)
    evaluations = [
        evaluate(read_run(path), judged, measures, name)
        for path, name in progress(list(zip(runs, names, strict=True)), "Evaluating", len(runs))
    ]
    tests = report.against_first(evaluations, test, seed)
    if output == "json":
        write_data(report.as_json(evaluations, tests, per_query))
    elif output == "csv":
        write_data(report.queries_csv(evaluations) if per_query else report.as_csv(evaluations, tests))
    elif per_query:
        click.echo(report.queries_table(evaluations))
    else:
        click.echo(report.table(evaluations, tests, lambda cell: click.style(cell, bold=True)))
    for warning in report.warnings(evaluations, tests):
        click.echo(f"Warning: {warning}", err=True)
