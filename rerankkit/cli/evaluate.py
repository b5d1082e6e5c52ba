"""`rerankkit evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rerankkit.cli.console import write_data
from rerankkit.cli.inputs import judged_topics, run_names
from rerankkit.cli.measure_options import measure_names, measure_options
from rerankkit.io.cells import escaped

if TYPE_CHECKING:
    from rerankkit.collection.self_hits import SelfHits
    from rerankkit.run import Run

FORMATS = ("table", "csv", "json")
TESTS = ("t", "randomisation")


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--qrels", required=True, type=click.Path(path_type=Path), help="TREC's four columns or BEIR's TSV.")
@measure_options("nDCG@5 nDCG@10 RR@10 PNR")
@click.option("--topics", type=click.Path(path_type=Path), help="Count only the queries of this file.")
@click.option("--per-query", is_flag=True, help="A value for each query.")
@click.option("--output", type=click.Choice(FORMATS), default="table", show_default=True, help="Format on stdout.")
@click.option("--test", type=click.Choice(TESTS), default="t", show_default=True, help="Paired test behind p.")
@click.option("--seed", default=0, show_default=True, help="Of the randomisation test.")
def command(
    runs: tuple[Path, ...],
    qrels: Path,
    measures: tuple[str, ...],
    unjudged_as: str | None,
    topics: Path | None,
    per_query: bool,
    output: str,
    test: str,
    seed: int,
) -> None:
    """Measure runs against qrels, side by side.

    Queries that a run lacks count as zero and are named. With several runs, p tells whether each differs from the
    first one by more than chance (paired over queries), and a run that is below the first one is warned of: give the
    first stage first. Where their lists differ, measures that depend on the lists' length are tested over the documents
    that both runs have. A measure without a value in any query is left out.

    \b
    Examples:
      rerankkit evaluate runs/bm25.txt --qrels qrels.txt
      rerankkit evaluate runs/bm25.txt runs/bert.txt --qrels qrels.txt --measures 'nDCG@10 RR@10 PNR'
      rerankkit evaluate runs/bm25.txt --qrels qrels.txt --measures 'AP(rel=2)' --per-query --output csv
    """
    from rerankkit.collection.self_hits import REMEDY, SelfHits
    from rerankkit.evaluate import report
    from rerankkit.evaluate.side_by_side import side_by_side
    from rerankkit.progress import progress
    from rerankkit.trec import read_qrels, read_run

    names = run_names(runs)
    wanted = measure_names(measures, unjudged_as)
    judged = judged_topics(read_qrels(qrels), topics)
    self_hits = {name: SelfHits() for name in names}
    named = (
        (name, _counted(read_run(path), self_hits[name]))
        for path, name in progress(list(zip(runs, names, strict=True)), "Evaluating", len(runs))
    )
    found = side_by_side(named, judged, wanted)
    evaluations, matches = found.evaluations, found.matches
    tests = report.against_first(evaluations, test, seed, matches)
    if output == "json":
        write_data(report.as_json(evaluations, tests, per_query, matches))
    elif output == "csv":
        write_data(report.queries_csv(evaluations) if per_query else report.as_csv(evaluations, tests))
    elif per_query:
        click.echo(report.queries_table(evaluations))
    else:
        click.echo(report.table(evaluations, tests, lambda cell: click.style(cell, bold=True)))
    for note in (*found.left_out, *report.grounds(matches, tests)):
        click.echo(f"Note: {escaped(note)}", err=True)
    for warning in report.warnings(evaluations, tests, matches):
        click.echo(f"Warning: {escaped(warning)}", err=True)
    for name, hits in self_hits.items():
        if told := hits.told():
            click.echo(f"Warning: {escaped(name)}: {told}. {REMEDY}", err=True)


def _counted(run: "Run", hits: "SelfHits") -> "Run":
    """The run; its queries that find themselves are counted."""
    from rerankkit.collection.self_hits import FIRST

    for qid in run:
        hits.add(qid, run.first_docids(qid, FIRST))
    return run
