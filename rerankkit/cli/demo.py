"""`rerankkit demo`."""

import logging
from pathlib import Path

import click

from rerankkit.cli.places import Output


@click.command(short_help="The whole method on the documentation of installed libraries.")
@click.option("--folder", type=Output("into"), help="Where everything goes; runs/demo, with --full runs/demo-full.")
@click.option("--full", is_flag=True, help="At full size: all queries, deeper lists, more epochs (hours on a CPU).")
@click.option("--seed", default=0, show_default=True, help="Of the split and the trainings.")
def command(folder: Path | None, full: bool, seed: int) -> None:
    """Run the whole method: collection, index, BM25, CPT, SFT, teacher's runs, distillation, reranking, evaluation.

    The collection is made on the spot from the documentation of numpy, scipy, pandas, scikit-learn and matplotlib;
    queries are what other pages say of a function under "See Also". Finished stages are kept: a second call, or one
    after Ctrl-C, goes on where it stopped.

    \b
    Examples:
      rerankkit demo
      rerankkit demo --full --folder runs/demo-full
    """
    from rerankkit.cli import main
    from rerankkit.demo.report import measure, plot, significance, table
    from rerankkit.demo.resume import go_on
    from rerankkit.demo.sizes import FULL, QUICK
    from rerankkit.demo.stages import stages

    folder = folder or Path("runs/demo-full" if full else "runs/demo")
    folder.mkdir(parents=True, exist_ok=True)
    sizes = FULL if full else QUICK
    log = logging.getLogger("rerankkit.demo")
    go_on(folder, stages(folder, sizes, seed), lambda args: main(args, standalone_mode=False))
    log.info("measuring quality and time on the test queries")
    rows = measure(folder, {"llm-teacher": sizes.test_teacher_depth})
    plot(rows, folder / "quality-cost.png")
    click.echo(table(rows))
    click.echo(f"\n{significance(rows)}")
    teacher, student = rows[1:]
    click.echo(f"The student is {teacher.milliseconds / student.milliseconds:.1f} times as fast as the teacher.")
    click.echo(
        f"\nRuns: {folder}/run.*.test.txt   Checkpoints: {folder}/models   Table: {folder}/table.json"
        f"\nPicture: {folder}/quality-cost.png   Judgments: {folder}/qrels.test.full.txt"
    )
