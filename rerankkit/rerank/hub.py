"""Models by their id on Hugging Face's hub: one short request tells whether the hub has them, before any download.

Without it, transformers asks for a dozen files and repeats each request for over a minute where there is no network.
"""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rerankkit.errors import InputError

SECONDS = 1.0
"""How long the hub may take to answer; beyond that there is no network."""
FIRST_FILES = ("config.json", "adapter_config.json")
"""One of these is in every model."""
ANOTHER = "Check the id, or give a folder or a name of `rerankkit models`"


def is_cached(name: str) -> bool:
    """Whether a model's configuration lies in the hub's cache on this machine."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return any(isinstance(try_to_load_from_cache(name, file), str) for file in FIRST_FILES)
    except HFValidationError:
        return False


@lru_cache(maxsize=256)
def options_for(name: str) -> dict[str, Any]:
    """What `from_pretrained` needs to load a hub id: nothing, or the word to read the cache only.

    The hub is asked once a process. Raises InputError where it has no such model, refuses it, or cannot be reached
    while the model is not in the cache.
    """
    from huggingface_hub import constants, get_hf_file_metadata  # noqa: F401 (imported before the clock runs)

    if constants.HF_HUB_OFFLINE:
        why: Exception | str = "HF_HUB_OFFLINE is set"
    else:
        answer = _within(SECONDS, lambda: _ask(name))
        if answer is None:
            return {}
        why = _refusal(name, answer)
    if is_cached(name):
        return {"local_files_only": True}
    raise InputError(
        f"cannot load {name}: it is no folder, not in the hub's cache, and {why}",
        "Give a checkpoint folder or a name of `rerankkit models`, or download the model where there is a network",
    )


def _ask(name: str) -> Exception | None:
    """Asks for a model's configuration; returns the error that the hub's client raises, None where it is there."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import EntryNotFoundError

    error: Exception | None = None
    for file in FIRST_FILES:
        try:
            get_hf_file_metadata(hf_hub_url(name, file), timeout=SECONDS)
            return None
        except EntryNotFoundError as absent:
            error = absent
        except Exception as failed:  # whichever HTTP client is in use raises its own errors
            return failed
    return error


def _refusal(name: str, error: Exception) -> str:
    """Why the hub cannot be asked, in words; raises InputError where the hub itself refuses the model."""
    from huggingface_hub.errors import (
        DisabledRepoError,
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        raise InputError(
            f"{name} is gated on the hub", "Accept its terms on its page, and log in: hf auth login"
        ) from error
    if isinstance(error, RepositoryNotFoundError):
        raise InputError(
            f"the hub has no model {name}, or it is private", f"{ANOTHER}; for a private one: hf auth login"
        ) from error
    if isinstance(error, EntryNotFoundError):
        raise InputError(f"{name} on the hub holds no config.json: it is no model", ANOTHER) from error
    if isinstance(error, DisabledRepoError):
        raise InputError(f"{name} is disabled on the hub", ANOTHER) from error
    if isinstance(error, HFValidationError):
        raise InputError(f"{name} is neither a folder nor a hub id", ANOTHER) from error
    if isinstance(error, HfHubHTTPError) and error.response is not None:
        return f"the hub answers {error.response.status_code}"
    return "the hub is not reached"


def _within(seconds: float, ask: Callable[[], Exception | None]) -> Exception | None:
    """What the question returns; a TimeoutError where it takes longer, as looking up a host without network may."""
    answers: list[Exception | None] = []
    thread = threading.Thread(target=lambda: answers.append(ask()), daemon=True)
    thread.start()
    thread.join(seconds)
    return answers[0] if answers else TimeoutError(f"no answer within {seconds} s")
