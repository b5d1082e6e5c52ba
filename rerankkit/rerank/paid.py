"""A model behind a score store, under the identity that its scores follow from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rerankkit.rerank.models import fingerprint
from rerankkit.rerank.store import Store
from rerankkit.rerank.stored import Stored
from rerankkit.roles import Storable


def behind(store: Store, reranker: Storable, model: str, models: Path) -> Stored:
    """The reranker that a name stands for, behind the store."""
    name = Path(model).absolute().name if Path(model).is_dir() else model
    traits: Mapping[str, Any] = {"weights": fingerprint(model, models), **reranker.traits()}
    return Stored(reranker, store, store.identity(name, traits))
