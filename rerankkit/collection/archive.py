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
from rerankkit.collection.lucene import open_searcher
searcher = open_searcher(sys.argv[1])
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
            _run([sys.executable, "-c", RETRIEVAL, str(Path(index).absolute())], os.environ | noting)
            dump = ["-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={part}"]
            _run([str(java.home / "bin" / "java"), *java.modules(), *dump, "-cp", str(jar)], os.environ)
            part.replace(archive)
    except (OSError, subprocess.SubprocessError) as error:
        logger.debug("no archive of Java classes: %s", error)
    return archive.exists()


def _run(command: list[str], environment: os._Environ[str] | dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=PATIENCE)
