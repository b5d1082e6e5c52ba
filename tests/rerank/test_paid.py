"""A model behind a store: known again by its weights and traits, whatever it is called."""

import json
import shutil
from contextlib import closing
from pathlib import Path

from rerankkit.rerank.models import fingerprint, load_reranker
from rerankkit.rerank.paid import behind
from rerankkit.rerank.scoring import Scoring
from rerankkit.rerank.store import Store


def test_an_identity_follows_from_weights_and_traits_not_from_the_name(bert_reranker, tmp_path):
    shutil.copytree(bert_reranker, tmp_path / "copy")
    with closing(Store(tmp_path / "s")) as store:
        found = [
            behind(store, load_reranker(str(folder), Scoring("cpu", dtype)), str(folder), tmp_path).identity
            for folder in (bert_reranker, tmp_path / "copy")
            for dtype in ("float32", "bfloat16")
        ]
        assert found[:2] == found[2:]
        assert found[0] != found[1]
        rows = store.db.execute("SELECT model, traits FROM identities ORDER BY id").fetchall()
    assert [model for model, _ in rows] == ["copy", "copy"]
    told = json.loads(rows[1][1])
    assert (told["dtype"], told["weights"]) == ("bfloat16", fingerprint(str(bert_reranker), Path("none")))
