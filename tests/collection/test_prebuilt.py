import shutil
import sys

import pytest

from rerankkit.collection.lucene import LuceneCollection, index_folder
from rerankkit.collection.prebuilt import prebuilt_index
from rerankkit.errors import InputError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of Pyserini's, and no network."""
    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    return tmp_path


def test_a_downloaded_index_opens_by_its_name(cache, index):
    from pyserini.prebuilt_index_info import TF_INDEX_INFO

    info = TF_INDEX_INFO["cacm"]
    folder = cache / "indexes" / f"{info['filename'].removesuffix('.tar.gz')}.{info['md5']}"
    shutil.copytree(index, folder)
    assert prebuilt_index("cacm") == folder
    assert index_folder("cacm") == folder
    assert LuceneCollection("cacm")["1"].title == "Red apples"


def test_no_network_is_told_without_a_word_on_stdout(cache, capfd):
    with pytest.raises(InputError, match=r"the prebuilt index cacm could not be downloaded: .*Check the network"):
        prebuilt_index("cacm")
    assert capfd.readouterr().out == ""


def test_an_unknown_name_meets_near_ones():
    with pytest.raises(InputError, match="neither a folder nor a prebuilt index: msmarco-v1-pasage") as caught:
        index_folder("msmarco-v1-pasage")
    assert caught.value.remedy.startswith("Did you mean msmarco-v1-passage,")
    with pytest.raises(InputError, match="rerankkit index --input FILE"):
        prebuilt_index("zzzzzzzz")


def test_an_index_of_learned_weights_is_refused():
    with pytest.raises(InputError, match=r"holds learned weights, no words\. Take a lexical index"):
        prebuilt_index("msmarco-v1-passage.splade-v3")


def test_neither_torch_nor_a_key_is_needed(cache, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError):
        prebuilt_index("cacm")
    assert "openai" not in sys.modules
    import os

    assert "OPENAI_API_KEY" not in os.environ
