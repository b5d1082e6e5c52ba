"""What kind of records a file holds, by its first ones."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from rerankkit.collection.forms import plain_name, read_records
from rerankkit.collection.record import IDS, document_of
from rerankkit.errors import InputError
from rerankkit.io.foreign import shown

SEEN = 50
"""Records of a file that tell its kind."""
FOREIGN = ("qid", "query", "query-id", "query_id", "corpus-id", "corpus_id")
"""Keys of topics, clicks and judgments."""
QUERY_KEYS = {"text", "metadata", *IDS}
"""Keys of BEIR's queries; documents may have no more."""
QUERY_WORDS = 30
"""Words of a query at most, in the median."""
REMEDY = "Give the file with the documents itself, or move this one out of the folder"


class Sample(NamedTuple):
    """The keys that all of a file's first records have, and any; how many are documents, with a median of `words` in
    their texts; and why the first of the others is none."""

    path: Path
    always: frozenset[str]
    ever: frozenset[str]
    documents: int
    words: float
    fault: InputError | None


def sampled(path: Path) -> Sample:
    """The sample of a file; raises InputError where its first records cannot be read."""
    with closing(read_records(path)) as records:
        seen = list(islice(records, SEEN))
    objects: list[Mapping[str, Any]] = [record for _, record in seen if isinstance(record, dict)]
    keys = [frozenset(record) for record in objects]
    words, fault = [], None
    for line, record in seen:
        try:
            words.append(len(document_of(record, path, line).text.split()))
        except InputError as error:
            fault = fault or error
    always = frozenset.intersection(*keys) if keys else frozenset()
    return Sample(path, always, frozenset().union(*keys), len(words), median(words or [0]), fault)


def holds_documents(path: Path) -> bool:
    """Whether a file's first records are documents."""
    try:
        sample = sampled(path)
    except InputError:
        return False
    return sample.documents > 0 and not sample.always.intersection(FOREIGN)


def check_one_kind(files: Sequence[Path], root: Path) -> None:
    """Raises InputError for a file that holds records of another kind than the others of its folder."""
    samples = [sampled(file) for file in files]
    sound = [sample for sample in samples if sample.documents]
    for sample in samples:
        others = [one for one in sound if one is not sample]
        if not others:
            continue
        other = others[0].path.relative_to(root)
        if sample.fault is not None:
            if sample.documents:
                raise sample.fault
            problem = f"no documents, as {other} holds: {sample.fault.problem.removeprefix('not a document: ')}"
            raise InputError(problem, REMEDY, sample.path, sample.fault.line)
        if odd := _foreign_key(sample, others):
            raise InputError(f"no documents, as {other} holds: every record has the key {odd!r}", REMEDY, sample.path)
        if beside := _fuller(sample, others):
            keys = ", ".join(shown(key)[1:-1] for key in sorted(sample.ever))
            more = ", ".join(shown(key)[1:-1] for key in sorted(beside.always))
            problem = f"looks like queries: its records hold {keys}, those of {beside.path.relative_to(root)} {more}"
            raise InputError(problem, REMEDY, sample.path)


def _foreign_key(sample: Sample, others: Sequence[Sample]) -> str:
    """A key of topics, clicks or judgments that the sample's records have and those of another file lack."""
    return next((key for key in FOREIGN if key in sample.always and any(key not in one.ever for one in others)), "")


def _fuller(sample: Sample, others: Sequence[Sample]) -> Sample | None:
    """A file whose records have further keys, where those of the sample look like BEIR's queries.

    Long texts, and a name that differs in its number alone from another file's, speak for a shard of documents.
    """
    if "text" not in sample.always or not sample.ever <= QUERY_KEYS or sample.words > QUERY_WORDS:
        return None
    fuller = [one for one in others if not one.always <= QUERY_KEYS]
    if not fuller or any(_template(one.path) == _template(sample.path) for one in fuller):
        return None
    return fuller[0]


def _template(path: Path) -> tuple[Path, str]:
    return path.parent, re.sub(r"\d+", "0", plain_name(path))
