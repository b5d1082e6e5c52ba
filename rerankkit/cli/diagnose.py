"""`rerankkit diagnose`."""

from pathlib import Path

import click

from rerankkit.cli.console import write_data
from rerankkit.cli.measure_options import measure_names, measure_options
from rerankkit.cli.places import Output
from rerankkit.io.cells import escaped

FORMATS = ("table", "json")


@click.command(short_help="Tell from runs how good a teacher is and what its student keeps.")
@click.option("--teacher", required=True, type=click.Path(path_type=Path), help="The teacher's run: raw scores.")
@click.option("--student", type=click.Path(path_type=Path), help="The student's run over the same candidates.")
@click.option("--first-stage", type=click.Path(path_type=Path), help="The run that both reranked.")
@click.option("--qrels", type=click.Path(path_type=Path), help="TREC's four columns or BEIR's TSV.")
@measure_options("nDCG@5 nDCG@10 PNR")
@click.option("--depth", type=click.IntRange(1), help="Count only so many first candidates: the depth of reranking.")
@click.option("--output", type=click.Choice(FORMATS), default="table", show_default=True, help="Format on stdout.")
@click.option("--plots", type=Output("into"), help="A folder for pictures (PNG).")
def command(
    teacher: Path,
    student: Path | None,
    first_stage: Path | None,
    qrels: Path | None,
    measures: tuple[str, ...],
    unjudged_as: str | None,
    depth: int | None,
    output: str,
    plots: Path | None,
) -> None:
    """Tell from runs how good a teacher is and what its student keeps of it.

    Of the teacher: how its scores are distributed, how sharp they are, and how they order what people graded. Of the
    student: how it agrees with its teacher, most of all where the teacher is sure, whether its scores are on the
    teacher's scale, and what share of the gap between first stage and teacher it closes. What looks wrong is warned of
    on stderr. Student and teacher are compared over the candidates that both runs have; a run whose tail was not scored
    needs --depth.

    \b
    Examples:
      rerankkit diagnose --teacher runs/teacher.txt
      rerankkit diagnose --teacher runs/teacher.txt --student runs/bert.txt --first-stage runs/bm25.txt \\
        --qrels qrels.txt --depth 100 --plots runs/plots
      rerankkit diagnose --teacher runs/teacher.txt --student runs/bert.txt --output json
    """
    from rerankkit.evaluate import findings, verdict
    from rerankkit.evaluate.diagnose import Given, diagnose
    from rerankkit.evaluate.plots import draw
    from rerankkit.trec import read_qrels, read_run

    wanted = measure_names(measures, unjudged_as)
    given = Given(
        read_run(teacher),
        None if student is None else read_run(student),
        None if first_stage is None else read_run(first_stage),
        None if qrels is None else read_qrels(qrels),
        depth,
    )
    diagnosis = diagnose(given, wanted)
    found = verdict.warnings(diagnosis)
    if output == "json":
        write_data(findings.as_json(diagnosis, found))
    else:
        click.echo(findings.as_text(diagnosis))
    for path in draw(given, diagnosis, plots) if plots is not None else ():
        click.echo(f"Wrote {path}", err=True)
    for warning in found:
        click.echo(f"Warning: {escaped(warning)}", err=True)
