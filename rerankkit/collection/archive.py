"""A quick start for Java: the classes that a retrieval loads, archived once a machine."""

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rerankkit.collection.jvm import CACHE, anserini_jar, class_archive, find_java

RETRIEVAL = """
import sys
index, *sys.path[len(sys.path):] = sys.argv[1:]
from rerankkit.collection.lucene import open_searcher
searcher = open_searcher(index)
searcher.set_bm25(0.9, 0.4)
searcher.search(searcher.doc_raw(0)[:200], 10)
"""
"""A retrieval that has hits: a document's own words are its query."""
PATIENCE = 60
"""Seconds until a machine is too slow for it."""

logger = logging.getLogger(__name__)


def archive_classes(index: str | Path) -> bool:
    """Makes the archive from a retrieval over the index, unless it is there; says whether it is now.

    It halves the time to the first hit (1.0 to 0.5 s). Without it all works, so that a failure is only noted.
    """
    java, jar = find_java(), anserini_jar()
    archive = class_archive(java, jar)
    if archive.exists():
        return True
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archive.parent) as name:
            classes, part = Path(name, "classes"), Path(name, "archive")
            noting = {"JAVA_TOOL_OPTIONS": f"-XX:DumpLoadedClassList={classes}", CACHE: name}
            retrieval = [sys.executable, "-I", "-c", RETRIEVAL, str(Path(index).absolute()), *_packages()]
            _run(retrieval, os.environ | noting, name)
            dump = ["-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={part}"]
            _run([str(java.home / "bin" / "java"), *java.modules(), *dump, "-cp", str(jar)], os.environ, name)
            part.replace(archive)
    except (OSError, subprocess.SubprocessError) as error:
        logger.debug("no archive of Java classes: %s", error)
    return archive.exists()


def _packages() -> list[str]:
    """The folders that packages are imported from, without the current one: whoever made that may be a stranger."""
    own = str(Path(sys.modules["rerankkit"].__file__ or "").absolute().parents[1])
    here = {"", ".", str(Path.cwd()), str(Path.cwd().resolve())}
    return [folder for folder in dict.fromkeys((*sys.path, own)) if folder == own or folder not in here]


def _run(command: list[str], environment: os._Environ[str] | dict[str, str], folder: str) -> None:
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=PATIENCE)
