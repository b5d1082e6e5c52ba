"""`rerankkit queries`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rerankkit.cli.inputs import LLMS, collection_option, index_option, models_option, queries_of
from rerankkit.cli.places import MODEL, NAME, OUTPUT_FILE
from rerankkit.errors import InputError
from rerankkit.types import Document

if TYPE_CHECKING:
    from rerankkit.groups.queries import Unheard
    from rerankkit.journal import LineJournal
    from rerankkit.train.cpt import Clicked

EXAMPLES = 1000
"""Clicks that are kept to draw examples from."""

PREFIXES = {"titles": "ut", "summaries": "us", "log": "ul", "model": "um"}
"""Source -> what its qids begin with, so that files of different sources go together."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where queries come from, and how many are wanted."""

    kind: str
    index: str | None
    collection: Path | None
    number: int | None
    seed: int
    max_words: int

    def documents(self) -> Iterator[Document]:
        """The documents, one after the other; InputError unless exactly one of --index and --collection is given."""
        if (self.index is None) == (self.collection is None):
            raise InputError("the documents come from one place", "Give either --index or --collection")
        if self.collection is not None:
            from rerankkit.collection.documents import read_documents

            return (document for _, _, document in read_documents(self.collection))
        from rerankkit.collection.lucene import LuceneCollection

        return LuceneCollection(str(self.index)).documents()


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked to write, and how."""

    model: str
    models: Path
    clicks: Path | None
    output: Path
    how: dict[str, Any]


def written(source: Source, request: Request, unheard: "Unheard") -> "tuple[list[str], LineJournal]":
    """The queries that a model writes for the source's documents; the journal is closed once they are saved."""
    from rerankkit.groups.queries import digest, sample, shuffled
    from rerankkit.journal import LineJournal
    from rerankkit.progress import Bar
    from rerankkit.rerank.models import fingerprint, resolve
    from rerankkit.rerank.scoring import Scoring
    from rerankkit.train.queries import QueryWriter, Writing

    how = dict(request.how)
    scoring = Scoring(how.pop("device"), how.pop("dtype"), how.pop("batch_tokens"))
    tokens = how.pop("max_length")
    writing = Writing(seed=source.seed, max_words=source.max_words, document_tokens=tokens, **how)
    full = (document for document in source.documents() if document.title or document.text)
    number = source.number
    documents = shuffled(sample(full, None if number is None else 2 * number, source.seed), source.seed)
    if not documents:
        raise InputError("no document has a text", "Check the collection")
    examples = examples_of(source, request.clicks, unheard) if request.clicks is not None and writing.shots else []
    model = resolve(request.model, request.models)
    writer = QueryWriter(model, examples, writing, scoring)
    shown = digest([*documents, *(text for one in examples for text in (one.query.text, *one.document))])
    asked = {"model": fingerprint(model, request.models), "texts": shown, "how": repr((writing, scoring.dtype))}
    journal = LineJournal(request.output, asked, _is_window)
    if journal.done:
        click.echo(f"{sum(map(len, journal.done))} documents were done before, going on", err=True)
    texts = [text for window in journal.done for text in unheard.pick(window)]
    bar = Bar("writing queries")
    bar.start(number or len(documents), len(texts))
    try:
        for window in writer.write(documents, len(journal.done)) if number is None or len(texts) < number else ():
            journal.add(window)
            texts += unheard.pick(window)
            bar.update(min(len(texts), number or len(texts)))
            if number is not None and len(texts) >= number:
                break
    finally:
        bar.stop()
    return texts[:number], journal


def _is_window(record: object) -> bool:
    """Whether a journal's record has the queries of a window."""
    return isinstance(record, list) and all(isinstance(text, str) for text in record)


def examples_of(source: Source, clicks: Path, unheard: "Unheard") -> "list[Clicked]":
    """Some of the clicks, drawn by the seed, with their texts; none whose query nearly repeats a held-out one."""
    from rerankkit.collection.clicks import read_clicks
    from rerankkit.groups.queries import Unheard, sample
    from rerankkit.train.cpt import clicked_documents

    drawn = sample(read_clicks(clicks), EXAMPLES, source.seed)
    fit = set(Unheard(unheard.held_out).pick(one.query for one in drawn))
    kept = [one for one in drawn if one.query in fit]
    if drawn and not kept:
        problem = "every click's query nearly repeats a --held-out one, or holds neither letter nor digit"
        raise InputError(problem, "Give clicks of other queries, or no --clicks", clicks)
    named = {one.docid for one in kept if one.document is None}
    texts = {document.docid: document for document in source.documents() if document.docid in named} if named else {}
    try:
        return clicked_documents(kept, texts)
    except InputError as error:
        raise InputError(error.problem, error.remedy, clicks) from error


@click.command(short_help="Queries without labels, for a teacher to score.")
@click.option("--from-titles", is_flag=True, help="The documents' titles.")
@click.option("--strip-site", is_flag=True, help="With --from-titles: no `- Wikipedia` at a title's end.")
@click.option("--from-summaries", is_flag=True, help="The first sentence of the documents' texts.")
@click.option(
    "--from-log",
    type=click.Path(path_type=Path),
    help="A query log, the most frequent first: one query a line; .jsonl or .tsv: clicks.",
)
@click.option(
    "--model",
    type=MODEL,
    help="A causal LLM that writes a query for each document: a checkpoint of --models by name, such as cpt's, "
    f"{LLMS}, a folder, a Hugging Face id.",
)
@click.option("--clicks", type=click.Path(path_type=Path), help="With --model: examples, of queries and documents.")
@index_option
@collection_option
@click.option("--number", type=click.IntRange(1), help="So many queries, of documents drawn by the seed; all without.")
@click.option("--seed", default=0, show_default=True, help="Of everything drawn.")
@click.option(
    "--max-words", type=click.IntRange(1), default=12, show_default=True, help="Words of a query; a log's stay whole."
)
@click.option("--held-out", type=NAME, multiple=True, help="Topics whose near-duplicates are left out. May repeat.")
@click.option("--prefix", help="What the qids begin with; ut, us, ul, um by the source.")
@click.option("--shots", type=click.IntRange(0), default=4, show_default=True, help="Examples that the model is shown.")
@click.option("--temperature", default=0.7, show_default=True, help="Of the sampling; 0: the likeliest word.")
@click.option("--top-p", default=0.9, show_default=True, help="Sample from the likeliest words of this share.")
@click.option("--max-length", default=96, show_default=True, help="Tokens of a document that the model is shown.")
@click.option("--batch-tokens", type=int, default=4096, show_default=True, help="Padded tokens of a batch.")
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16, float16.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, mps.")
@click.option("--output", required=True, type=OUTPUT_FILE, help="The topics, qid<TAB>text.")
@models_option
@click.pass_context
def command(
    context: click.Context,
    from_titles: bool,
    strip_site: bool,
    from_summaries: bool,
    from_log: Path | None,
    model: str | None,
    clicks: Path | None,
    index: str | None,
    collection: Path | None,
    number: int | None,
    seed: int,
    max_words: int,
    held_out: tuple[str, ...],
    prefix: str | None,
    output: Path,
    models: Path,
    **how: Any,
) -> None:
    """Write queries that nobody labelled as topics: retrieve for them, let a teacher score, distil.

    Each stands once, letter case and punctuation aside. With --model, killed, the same command goes on where it
    stopped.

    \b
    Examples:
      rerankkit queries --from-titles --collection docs.jsonl --number 5000 --held-out test.tsv \\
        --output runs/titles.tsv
      rerankkit queries --from-log queries.txt --number 10000 --held-out test.tsv --output runs/log.tsv
      rerankkit queries --model runs/models/cpt --clicks clicks.jsonl --index runs/index --number 2000 \\
        --held-out test.tsv --output runs/written.tsv
    """
    given = {"titles": from_titles, "summaries": from_summaries, "log": from_log, "model": model}
    kinds = [kind for kind, value in given.items() if value]
    if len(kinds) != 1:
        raise InputError("queries come from one source", "Give --from-titles, --from-summaries, --from-log or --model")
    if strip_site and not from_titles:
        raise InputError("--strip-site is for titles", "Give --from-titles")
    if clicks is not None and model is None:
        raise InputError("--clicks are examples for --model", "Give --from-log for the queries of a click log")
    if from_log is not None and (index is not None or collection is not None):
        raise InputError("a log's queries need no documents", "Leave --index and --collection out")
    for name in how if model is None else ():
        if context.get_parameter_source(name) != ParameterSource.DEFAULT:
            raise InputError(f"--{name.replace('_', '-')} is for --model", "Leave it out")
    if not output.name.removesuffix(".gz").endswith((".tsv", ".txt")):
        raise InputError("topics would not be read again under this name", "Name them .tsv or .tsv.gz", output)
    from rerankkit.groups.queries import (
        Unheard,
        log_queries,
        numbered,
        sample,
        summary_query,
        title_query,
        without_site,
    )
    from rerankkit.trec import write_topics

    source = Source(kinds[0], index, collection, number, seed, max_words)
    held = [query for topics in held_out for query in queries_of(topics).values()]
    unheard = Unheard(held)
    texts: Iterable[str]
    journal = None
    if from_log is not None:
        texts = list(unheard.pick(log_queries(from_log)))[:number]
    elif model is not None:
        texts, journal = written(source, Request(model, models, clicks, output, how), unheard)
    else:
        made = title_query if from_titles else summary_query
        documents = map(without_site, source.documents()) if strip_site else source.documents()
        texts = sample(unheard.pick(made(document, max_words) for document in documents), number, seed)
    queries = numbered(texts, PREFIXES[kinds[0]] if prefix is None else prefix, {query.qid for query in held})
    write_topics(queries, output)
    if journal is not None:
        journal.close()
    if unheard.repeats:
        click.echo(f"{unheard.repeats} left out that nearly repeat a held-out query", err=True)
    if number is not None and len(queries) < number:
        click.echo(f"{len(queries)} queries, not {number}: the source gives no more", err=True)
    click.echo(f"{output}")
