"""Folders of documents: known layouts, and shards that must be of one kind."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rerankkit.collection.forms import PACKED, plain_name
from rerankkit.collection.kinds import check_one_kind, holds_documents
from rerankkit.errors import InputError
from rerankkit.io.streams import is_regular

ENDINGS = (".jsonl", ".json", ".ndjson", ".tsv")
QUERIES = {"query", "queries", "topics", "clicks"}
"""Words in the names of files that hold no documents; those of `JUDGED` begin such words."""
JUDGED = ("qrel", "triples", "qidpid", "top1000")
BEIR_CORPUS = re.compile(r"corpus(?:[-_.]?\d[\w.-]*)?\.(?:jsonl|json|ndjson)")
MS_MARCO_CORPUS = re.compile(r"(?:collection|corpus|(?:msmarco-|full)?docs)\.tsv")
NAMED = 3
REMEDY = "Give the file with the documents itself, or move the others out of the folder"


class Source(NamedTuple):
    """The files to read, in order, the layout they were found by, if any, and tables left out beside JSON."""

    root: Path
    files: list[Path]
    layout: str = ""
    left: Sequence[Path] = ()

    def told(self, use: str) -> str:
        """What is done with which files, as in `BEIR layout: corpus.jsonl is indexed`; empty where all are taken."""
        if self.layout:
            return f"{self.layout} layout: {self._listed(self.files)} {'is' if len(self.files) == 1 else 'are'} {use}"
        if self.left:
            return f"{self._listed(self.left)}: not {use}, no documents"
        return ""

    def _listed(self, files: Sequence[Path]) -> str:
        return _listed([file.relative_to(self.root) for file in files])


def document_source(path: str | Path) -> Source:
    """The file itself, or the files of a folder that hold its documents.

    Raises InputError for a folder without any, with several collections, or with files of different kinds.
    """
    root = Path(path)
    if not root.is_dir():
        return Source(root, [root])
    files = sorted(_walked(root))
    found = list(_collections(root, files))
    if len(found) > 1:
        corpora = _listed([corpus[0].relative_to(root) for _, corpus in found])
        raise InputError(f"{len(found)} collections: {corpora}", "Give one of them", root)
    if found:
        layout, corpus = found[0]
        _check_rest(root, files, layout, corpus)
        return Source(root, corpus, layout)
    return _shards(root, files)


def _walked(root: Path) -> Iterator[Path]:
    """The files below a folder that may hold documents; links are followed, once; hidden ones are left out."""
    seen: set[tuple[int, int]] = set()
    for folder, below, names in os.walk(root, followlinks=True, onerror=_unreadable):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            below.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        below[:] = sorted(name for name in below if not name.startswith((".", "__MACOSX")))
        for name in names:
            file = Path(folder, name)
            if not name.startswith(".") and _may_hold(file):
                if file.exists() and not is_regular(file):
                    raise InputError("not a regular file", "Move it out of the folder", file)
                yield file


def _unreadable(error: OSError) -> None:
    raise InputError(f"cannot be read: {error.strerror}", "Check the folder's permissions", error.filename) from error


def _may_hold(file: Path) -> bool:
    """Whether the name may be that of documents; a packed file without a further ending may, as MS MARCO v2's."""
    plain = plain_name(file)
    if plain.endswith(ENDINGS):
        return True
    return file.name.lower().endswith(PACKED) and re.fullmatch(r"[\w-]+(\.\d[\w-]*)*", plain) is not None


def other_role(file: Path, root: Path) -> bool:
    """Whether the name, or a folder's on the way to it, says queries, judgments or clicks."""
    for part in (*file.relative_to(root).parent.parts, plain_name(file)):
        words = re.split(r"[^a-z0-9]+", part.lower())
        if QUERIES.intersection(words) or any(word.startswith(JUDGED) for word in words):
            return True
    return False


def _collections(root: Path, files: Sequence[Path]) -> Iterator[tuple[str, list[Path]]]:
    """The known layouts in a folder and below it: the name of each and the files of its corpus."""
    corpora: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for file in files:
        plain = plain_name(file)
        if MS_MARCO_CORPUS.fullmatch(plain):
            corpora[file.parent, "MS MARCO"].append(file)
        elif BEIR_CORPUS.fullmatch(plain):
            inner = file.parent.name.lower() == "corpus" and file.parent != root
            corpora[file.parent.parent if inner else file.parent, "BEIR"].append(file)
        elif file.parent.name.lower() == "corpus" and file.parent != root and not plain.endswith(".tsv"):
            corpora[file.parent.parent, "BEIR"].append(file)
    for (folder, layout), corpus in corpora.items():
        beside = [file for file in files if file not in corpus and file.is_relative_to(folder)]
        if any(other_role(file, folder) for file in beside):
            yield layout, list({_plain(file): file for file in reversed(corpus)}.values())[::-1]


def _plain(file: Path) -> Path:
    return file.with_name(plain_name(file))


def _check_rest(root: Path, files: Sequence[Path], layout: str, corpus: Sequence[Path]) -> None:
    """Raises InputError where another file beside a layout's corpus holds documents too."""
    taken = set(map(_plain, corpus))
    for file in files:
        if _plain(file) not in taken and not other_role(file, root) and holds_documents(file):
            problem = f"holds documents, but is no part of the {layout} layout around {corpus[0].relative_to(root)}"
            raise InputError(problem, REMEDY, file)


def _shards(root: Path, files: Sequence[Path]) -> Source:
    """The files of a folder without a known layout, which must all hold documents."""
    if not files:
        endings = ", ".join(ENDINGS)
        raise InputError(f"no file of documents in the folder ({endings}, packed or not)", "Check the path", root)
    tables = [file for file in files if plain_name(file).endswith(".tsv")]
    left: list[Path] = []
    if len(tables) < len(files):  # topics and judgments as TSV are often beside JSON
        left = [file for file in tables if other_role(file, root) or not holds_documents(file)]
        unclear = [file for file in tables if file not in left]
        if unclear:
            raise InputError("holds documents or queries as TSV, beside JSON", REMEDY, unclear[0])
    taken = [file for file in files if file not in left]
    roles = [file for file in taken if other_role(file, root)]
    if len(roles) == len(taken):
        raise InputError(f"no documents: {_listed([file.relative_to(root) for file in roles])}", REMEDY, root)
    if roles:
        beside = next(file for file in taken if file not in roles).relative_to(root)
        raise InputError(f"holds no documents by its name, as {beside} does", REMEDY, roles[0])
    if len(taken) > 1:
        check_one_kind(taken, root)
    return Source(root, taken, left=left)


def _listed(paths: Sequence[Path]) -> str:
    names = [str(path) for path in paths[:NAMED]]
    return ", ".join(names) + (f" and {len(paths) - NAMED} more" if len(paths) > NAMED else "")
