"""`rerankkit lint`."""

import json
from collections.abc import Callable, Container
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rerankkit.cli.console import message
from rerankkit.cli.inputs import collection_option, queries_of
from rerankkit.cli.places import INDEX, NAME
from rerankkit.errors import InputError
from rerankkit.io.cells import escaped

if TYPE_CHECKING:
    from rerankkit.check.lint import Report
    from rerankkit.types import Queries


@click.command(short_help="Tell every way in which a run misleads.")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--qrels", type=click.Path(path_type=Path), help="Also tell how far ties move nDCG@10 and RR@10.")
@click.option("--topics", type=NAME, help="Also tell which topics lack: a file, or a name that Pyserini knows.")
@click.option(
    "--index", type=INDEX, help="Also tell which documents are not in it: Lucene index folder, or a prebuilt index."
)
@collection_option
@click.option("--depth", type=click.IntRange(1), help="Documents that a query should have.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="On stdout.")
@click.pass_context
def command(
    context: click.Context,
    runs: tuple[Path, ...],
    qrels: Path | None,
    topics: str | None,
    index: str | None,
    collection: Path | None,
    depth: int | None,
    output: str,
) -> None:
    """Tell every way in which a run misleads: ties, NaN, duplicates, ranks against scores, tags, what is missing.

    The file is read as it is. An error is refused or mismeasured by some evaluator; a warning is measured otherwise
    than the file seems to say; a note is good to know. Exit code 0: nothing but notes; 1: errors or warnings; 2: a
    file that cannot be read.

    \b
    Examples:
      rerankkit lint runs/bert.txt
      rerankkit lint runs/*.txt --qrels qrels.txt --topics topics.tsv --depth 100
      rerankkit lint runs/bert.txt --index runs/index --output json
    """
    from rerankkit.check.lint import Against, lint
    from rerankkit.trec import read_qrels

    queries = queries_of(topics) if topics else {}
    documents, same_text = _documents(index, collection, queries)
    against = Against(
        read_qrels(qrels) if qrels else {}, frozenset(queries) if topics else None, documents, depth, same_text
    )
    reports: list[Report] = []
    unread: list[InputError] = []
    for path in runs:
        try:
            reports.append(lint(path, against))
        except InputError as error:
            unread.append(error)
    if output == "json":
        click.echo(
            json.dumps({"runs": [_plain(report) for report in reports], "unread": list(map(str, unread))}, indent=2)
        )
    else:
        for report in reports:
            _tell(report)
    for problem in unread:
        click.echo(f"Error: {message(str(problem))}", err=True)
    context.exit(2 if unread else int(any(report.misleads for report in reports)))


def _documents(
    index: str | None, collection: Path | None, queries: "Queries"
) -> tuple[Container[str] | None, Callable[[str, str], bool] | None]:
    """What knows the documents' ids, and what says whether a document's text is a query's."""
    if index is not None and collection is not None:
        raise InputError("--index and --collection are both given", "Give one of them")
    asked = {qid: _plain_text(query.text) for qid, query in queries.items()}
    if collection is not None:
        from rerankkit.collection.documents import read_documents

        wanted, known, repeats = set(asked.values()), set(), {}
        for _, _, document in read_documents(collection):
            known.add(document.docid)
            text = _plain_text(f"{document.title} {document.text}")
            if text in wanted:
                repeats[document.docid] = text
        return frozenset(known), lambda qid, docid: docid in repeats and repeats[docid] == asked.get(qid)
    if index is None:
        return None, None
    from rerankkit.collection.lucene import LuceneCollection

    found = LuceneCollection(index)

    def same_text(qid: str, docid: str) -> bool:
        documents = found.fetch([docid]) if qid in asked else {}
        return any(_plain_text(f"{one.title} {one.text}") == asked[qid] for one in documents.values())

    return _Remembered(found), same_text


def _plain_text(text: str) -> str:
    """The words in lower case with one space between."""
    return " ".join(text.lower().split())


class _Remembered:
    """A collection that is asked for each id once."""

    def __init__(self, known: Container[str]) -> None:
        self._has = lru_cache(maxsize=1 << 20)(known.__contains__)

    def __contains__(self, docid: object) -> bool:
        return self._has(docid)


def _tell(report: "Report") -> None:
    """Prints what was found, and the measures' intervals."""
    path = escaped(str(report.path))
    for finding in report.findings:
        click.echo(escaped(finding.told()))
    for name, interval in report.measures.items():
        told = f"{name} is {interval.evaluated:.4f}"
        if interval.high > interval.low:
            told += f", and between {interval.low:.4f} and {interval.high:.4f} by the order of equal scores"
        click.echo(f"{path}: {told}")
    counts = {kind: sum(one.severity == kind for one in report.findings) for kind in ("error", "warning", "note")}
    listed = ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items() if count) or "clean"
    click.echo(f"{path}: {report.lines:,} lines of {report.queries:,} queries: {listed}")


def _plain(report: "Report") -> dict[str, Any]:
    return {
        "path": str(report.path),
        "queries": report.queries,
        "lines": report.lines,
        "measures": {name: interval._asdict() for name, interval in report.measures.items()},
        "findings": [
            {"severity": one.severity, **asdict(one), "path": str(one.path), "remedy": one.remedy}
            for one in report.findings
        ],
    }
