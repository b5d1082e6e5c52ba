"""The options of a report, shared by the commands that compare runs."""

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rerankkit.cli.inputs import collection_of
from rerankkit.cli.places import INDEX, FileOrFolder, Output
from rerankkit.errors import InputError

if TYPE_CHECKING:
    from rerankkit.evaluate.study import Study
    from rerankkit.types import Collection, Qrels

A_FILE = click.Path(path_type=Path)
OPTIONS: tuple[tuple[str, dict[str, Any], str], ...] = (
    (
        "--report",
        {"type": Output("file")},
        "Write one HTML page that needs no network: tables, figures, single queries.",
    ),
    ("--plots", {"type": Output("into")}, "A folder for the figures as PNG and SVG."),
    (
        "--index",
        {"type": INDEX},
        "Lucene index folder, or a Pyserini prebuilt index: the documents' texts in the report.",
    ),
    ("--collection", {"type": FileOrFolder()}, "JSONL file or folder that holds the texts instead."),
    (
        "--teacher",
        {"type": A_FILE},
        "A teacher's run: how far each system follows it, over --depth or 100 candidates.",
    ),
    (
        "--checkpoint",
        {"type": FileOrFolder(), "multiple": True},
        "A folder that sft or distill wrote: its learning curves in the report. May repeat.",
    ),
    ("--timings", {"type": A_FILE}, "A line a run: its name, a tab, milliseconds a query[, a tab, 95th percentile]."),
    ("--report-queries", {"type": click.IntRange(0), "default": 500}, "Queries whose documents the report holds."),
    ("--report-documents", {"type": click.IntRange(1), "default": 10}, "Documents of a run and query that it holds."),
)
TEACHER_DEPTH = 100
"""Candidates of a query that teacher and students are compared over, unless --depth says how many."""
NEEDING = ("index", "collection", "teacher", "checkpoint", "timings")
"""What is of no use without a report or plots."""


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; `ReportFlags.taken` gathers them again."""
    for name, settings, text in reversed(OPTIONS):
        command = click.option(name, help=text, show_default="default" in settings, **settings)(command)
    return command


@dataclass(frozen=True)
class ReportFlags:
    """What was said of the report."""

    report: Path | None
    plots: Path | None
    index: str | None
    collection: Path | None
    teacher: Path | None
    checkpoint: tuple[Path, ...]
    timings: Path | None
    report_queries: int
    report_documents: int

    @classmethod
    def taken(cls, flags: dict[str, Any]) -> "ReportFlags":
        """The report's options, taken out of a command's flags; InputError where they cannot be followed."""
        names = (name.removeprefix("--").replace("-", "_") for name, _, _ in OPTIONS)
        told = cls(**{name: flags.pop(name) for name in names})
        useless = [name for name in NEEDING if getattr(told, name)] if not told.wanted else []
        if useless:
            raise InputError(f"--{useless[0]} is for a report", "Give --report FILE or --plots FOLDER")
        if told.index is not None and told.collection is not None:
            raise InputError("the documents' text comes from one place", "Give either --index or --collection")
        told.learnt()  # a wrong folder is told before any run is compared
        return told

    @property
    def wanted(self) -> bool:
        """Whether anything is to be written."""
        return self.report is not None or self.plots is not None

    def write(self, study: "Study", qrels: "Qrels", paths: Sequence[Path], topics: Path | None) -> list[Path]:
        """Writes the report and the plots of a study of the runs in these files; the file and the folder written.

        The topics' file has the queries' texts.
        """
        if not self.wanted:
            return []
        from rerankkit.evaluate.page.lists import Limits
        from rerankkit.evaluate.page.material import Material
        from rerankkit.evaluate.page.papers import draw_figures
        from rerankkit.evaluate.page.payload import payload
        from rerankkit.evaluate.page.timings import read_timings
        from rerankkit.evaluate.page.writing import write_report
        from rerankkit.trec import read_run, read_topics

        names = [evaluation.name for evaluation in study.evaluations]
        material = Material(
            study,
            qrels,
            runs=lambda: (read_run(path) for path in paths),
            queries=None if topics is None else read_topics(topics),
            documents=self._documents if self.index is not None or self.collection is not None else None,
            timings={} if self.timings is None else read_timings(self.timings, names),
            teacher=None if self.teacher is None else read_run(self.teacher),
            teacher_depth=study.settings.depth or TEACHER_DEPTH,
            learning=self.learnt(),
            limits=Limits(self.report_documents, self.report_queries),
            made=shlex.join(["rerankkit", *sys.argv[1:]]),
        )
        record = payload(material)
        if self.plots is not None:
            draw_figures(record, self.plots)
        if self.report is not None:
            write_report(material, record, self.report)
        return [path for path in (self.plots, self.report) if path is not None]

    def learnt(self) -> list[dict[str, Any]]:
        """The checkpoints' learning curves; InputError for a folder that has none."""
        if not self.checkpoint:
            return []
        from rerankkit.train.learning import learning

        return [learning(folder) for folder in self.checkpoint]

    def _documents(self, docids: set[str]) -> "Collection":
        if self.collection is not None:
            from rerankkit.collection.documents import load_documents

            return load_documents(self.collection, docids)
        return collection_of(self.index, None, None)
