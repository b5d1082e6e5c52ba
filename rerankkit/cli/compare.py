"""`rerankkit compare`."""

from pathlib import Path
from typing import Any

import click

from rerankkit.cli.console import write_data
from rerankkit.cli.inputs import judged_topics, run_names
from rerankkit.cli.measure_options import measure_names, measure_options
from rerankkit.cli.report_options import ReportFlags, report_options
from rerankkit.io.cells import escaped

FORMATS = ("table", "json", "csv", "markdown", "latex")


@click.command(short_help="Tell how sure it is that systems differ from a baseline, and what to doubt.")
@click.argument("baseline", type=click.Path(path_type=Path))
@click.argument("systems", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--qrels", required=True, type=click.Path(path_type=Path), help="TREC's four columns or BEIR's TSV.")
@measure_options("nDCG@10 RR@10 PNR")
@click.option("--topics", type=click.Path(path_type=Path), help="Count only the queries of this file.")
@click.option(
    "--rel",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="The grade from which on a document is positive.",
)
@click.option("--depth", type=click.IntRange(1), help="How many of the baseline's hits were reranked.  [default: all]")
@click.option(
    "--rounds",
    type=click.IntRange(100),
    default=10_000,
    show_default=True,
    help="Of the bootstrap and of the randomisation test.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of both.")
@click.option("--output", type=click.Choice(FORMATS), default="table", show_default=True, help="Format on stdout.")
@report_options
def command(
    baseline: Path,
    systems: tuple[Path, ...],
    qrels: Path,
    measures: tuple[str, ...],
    unjudged_as: str | None,
    topics: Path | None,
    rel: int,
    depth: int | None,
    rounds: int,
    seed: int,
    output: str,
    **flags: Any,
) -> None:
    """Compare systems with a baseline, the first stage that they rerank or a rival, query by query.

    Of each measure: the means and their difference with its bootstrap interval, p-values of the paired t-test and of
    the randomisation test, each also corrected for all tests made here (Holm), the effect size, queries won, tied and
    lost, and the smallest difference that so many queries could show. The ceiling is the best that any reranking of the
    baseline's hits could reach. What makes the comparison unsound is warned of on stderr: runs of different queries,
    unjudged documents, positives that the first stage lacks, ties that could move a figure. Where lists differ,
    measures that depend on their length are compared over the documents that both runs have. A measure without a value
    in any query is left out, of the corrections too.

    \b
    Examples:
      rerankkit compare runs/bm25.txt runs/bert.txt --qrels qrels.txt
      rerankkit compare runs/bm25.txt runs/bert.txt runs/llm.txt --qrels qrels.txt \\
        --measures 'nDCG@10 AP(rel=2)' --rel 2
      rerankkit compare runs/bm25.txt runs/bert.txt --qrels qrels.txt --output latex > table.tex
      rerankkit compare runs/bm25.txt runs/bert.txt --qrels qrels.txt --topics topics.tsv \\
        --index runs/index --teacher runs/llm.txt --report runs/report.html --plots runs/plots
    """
    from rerankkit.evaluate import comparison_formats
    from rerankkit.evaluate.comparison import Settings, compare_runs
    from rerankkit.evaluate.comparison_text import Marks, as_text
    from rerankkit.progress import progress
    from rerankkit.trec import read_qrels, read_run

    report = ReportFlags.taken(flags)
    paths = (baseline, *systems)
    names = run_names(paths)
    wanted = measure_names(measures, unjudged_as)
    judged = judged_topics(read_qrels(qrels), topics)
    runs = (
        (name, read_run(path)) for path, name in progress(list(zip(paths, names, strict=True)), "Comparing", len(paths))
    )
    study = compare_runs(runs, judged, wanted, Settings(seed, rounds, rel=rel, depth=depth or 0))
    written = report.write(study, judged, paths, topics)
    if output == "table":
        bold, good, bad = ({"bold": True}, {"fg": "green"}, {"fg": "red"})
        marks = Marks(*(lambda text, style=style: click.style(text, **style) for style in (bold, good, bad)))
        click.echo(as_text(study, marks))
    else:
        write_data(getattr(comparison_formats, f"as_{output}")(study))
    for warning in study.warnings:
        click.echo(f"Warning: {escaped(warning)}", err=True)
    for path in written:
        click.echo(f"Wrote {path}", err=True)
