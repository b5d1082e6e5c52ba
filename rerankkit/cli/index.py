"""`rerankkit index`."""

from pathlib import Path

import click

from rerankkit.cli.places import OUTPUT_FOLDER, FileOrFolder


@click.command(short_help="Documents to a Lucene index.")
@click.option(
    "--input",
    "source",
    required=True,
    type=FileOrFolder(),
    help="Documents: JSON lines, a JSON array or TSV, packed or not, or a folder of them.",
)
@click.option("--index", required=True, type=OUTPUT_FOLDER, help="Folder of the index to make.")
@click.option("--language", default="en", show_default=True, help="The documents' language, such as de or zh.")
@click.option("--threads", type=click.IntRange(1), help="Indexing threads; one a core, at most 4, by default.")
def command(source: Path, index: Path, language: str, threads: int | None) -> None:
    """Make a Lucene index of documents: {"id", "contents"[, "title"]} or {"_id", "title", "text"}, one a line.

    MS MARCO's documents, passages and segments are read too. Of a folder in the layout of BEIR or MS MARCO the corpus
    is indexed; in any other folder all files must hold documents. The index stores the text, positions and document
    vectors; an index of that name is replaced when the new one is whole. Empty documents and repeated ids are rejected
    and counted.

    \b
    Examples:
      rerankkit index --input docs.jsonl --index runs/index
      rerankkit index --input corpus/ --index runs/index-zh --language zh --threads 8
    """
    from rerankkit.collection.archive import archive_classes
    from rerankkit.collection.indexing import IndexSettings, index_documents, told

    settings = IndexSettings(language, threads) if threads else IndexSettings(language)
    counts = index_documents(source, index, settings)
    archive_classes(index)
    rejected = f", {sum(counts.rejected.values()):,} rejected: {told(counts.rejected)}" if counts.rejected else ""
    click.echo(f"{index}: {counts.documents:,} documents{rejected}")
