"""A model behind a score store, under the identity that its scores follow from."""

from pathlib import Path
from typing import Any

from rerankkit.rerank.adapters import adapter_of
from rerankkit.rerank.identity import digest_of_model
from rerankkit.rerank.models import fingerprint, resolve
from rerankkit.rerank.store import Store
from rerankkit.rerank.store_file import libraries
from rerankkit.rerank.stored import Stored
from rerankkit.roles import Storable


def behind(store: Store, reranker: Storable, model: str, models: Path) -> Stored:
    """The reranker that a name stands for, behind the store."""
    name = Path(model).absolute().name if Path(model).is_dir() else model
    return Stored(reranker, store, store.identity(name, traits_of(reranker, model, models)))


def traits_of(reranker: Storable, model: str, models: Path) -> dict[str, Any]:
    """What tells a reranker's scores from all others: what it is made of, its traits, what computes them."""
    traits = {"weights": fingerprint(model, models), **reranker.traits()}
    if getattr(reranker, "at_work", None) is not None:  # base and adapter are added up here, not in the weights
        checkpoint = Path(resolve(model, models))
        traits["adapter"] = digest_of_model(str(adapter_of(checkpoint) or checkpoint))
    return {**traits, **libraries(traits)}
