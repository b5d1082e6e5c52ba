"""The embedded collection: documents, queries with clicks and splits, made from installed documentation."""

import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import packages_distributions, version
from pathlib import Path

from rerankkit.collection.clicks import write_clicks
from rerankkit.demo.clicked import Clicks, Wordings, content, digest, flaw, harvest, splits
from rerankkit.demo.docstrings import Page, pages
from rerankkit.demo.numpydoc import body, first_sentence, summary
from rerankkit.demo.see_also import TITLES, anchors
from rerankkit.errors import InputError
from rerankkit.files import whole_file
from rerankkit.trec import write_qrels, write_topics
from rerankkit.types import Document, Query

PACKAGES = ("numpy", "scipy", "pandas", "sklearn", "matplotlib")
"""The packages whose documentation is taken, as far as they are installed."""

LENGTH = 2000
"""A document's longest body, in characters."""

LEFT_OUT = TITLES | {"example", "examples", "references", "reference"}
"""Sections that no document shows: See Also holds the answers, the others are no prose."""


def build(folder: Path, seed: int = 0, packages: Sequence[str] = PACKAGES) -> dict[str, int]:
    """Writes the collection into a folder and returns its counts.

    `docs.jsonl`; `topics.SPLIT.tsv` and `qrels.SPLIT.txt` of train, dev and test; `clicks.jsonl`, the training
    clicks with those of the anchors that repeat a summary; `topics.unlabelled.tsv`, first sentences of documents
    that neither dev nor test asks for, the qid being the docid; `stats.json`. The same libraries give the same
    bytes. Raises InputError where no package is installed.
    """
    found = {page.path: page for page in pages(packages) if summary(page.docstring)}
    if not found:
        raise InputError(f"no documentation of {', '.join(packages)} is installed", "pip install 'rerankkit[demo]'")
    entries = [anchor for page in found.values() for anchor in anchors(page)]
    gathered = harvest(entries, found)
    parts = splits(gathered.queries, seed)
    held = Wordings([*parts["dev"], *parts["test"]])
    extra = {text: chosen for text, chosen in splits(gathered.copies, seed)["train"].items() if not held.near(text)}
    asked = {docid for split in ("dev", "test") for chosen in parts[split].values() for docid in chosen}
    unlabelled = _unlabelled(found, asked, [*parts["train"], *parts["dev"], *parts["test"]], seed)

    _write_documents((_document(page) for page in found.values()), folder / "docs.jsonl")
    for split, queries in parts.items():
        _write_split(queries, split, folder)
    write_clicks({**parts["train"], **extra}, folder / "clicks.jsonl")
    write_topics(unlabelled, folder / "topics.unlabelled.tsv")
    counts = {
        "documents": len(found),
        "entries": len(entries),
        "usable": len(gathered.queries),
        **{split: len(queries) for split, queries in parts.items()},
        "split": len(gathered.queries) - sum(len(queries) for queries in parts.values()),
        "copies": len(extra),
        "unlabelled": len(unlabelled),
    }
    stats = {"seed": seed, **counts, "dropped": dict(sorted(gathered.dropped.items())), "versions": _versions(packages)}
    with whole_file(folder / "stats.json") as file:
        file.write(json.dumps(stats, indent=2) + "\n")
    return counts


def _document(page: Page) -> Document:
    text = summary(page.docstring) + "\n" + body(page.docstring, LEFT_OUT, LENGTH)
    return Document(page.path, page.path, text.strip())


def _unlabelled(found: Mapping[str, Page], asked: set[str], labelled: Iterable[str], seed: int) -> dict[str, Query]:
    """The first sentences of documents not asked for, worded unlike any labelled query, each once, shuffled."""
    taken, texts = Wordings(labelled), {}
    for docid in sorted(found.keys() - asked, key=lambda docid: digest(f"{seed} {docid}")):
        text = first_sentence(summary(found[docid].docstring))
        if not flaw(text) and len(content(text)) >= 3 and not taken.near(text):
            texts[docid] = Query(docid, text)
            taken.add([text])
    return texts


def _write_documents(documents: Iterable[Document], path: Path) -> None:
    with whole_file(path) as file:
        for docid, title, text in documents:
            file.write(json.dumps({"id": docid, "title": title, "contents": text}, ensure_ascii=False) + "\n")


def _write_split(queries: Clicks, split: str, folder: Path) -> None:
    qids = {text: digest(text) for text in queries}
    write_topics({qid: Query(qid, text) for text, qid in qids.items()}, folder / f"topics.{split}.tsv")
    qrels = {qids[text]: dict.fromkeys(chosen, 1) for text, chosen in queries.items()}
    write_qrels(qrels, folder / f"qrels.{split}.txt")


def _versions(packages: Iterable[str]) -> dict[str, str]:
    names = packages_distributions()
    return {package: version(names[package][0]) for package in packages if package in names}
