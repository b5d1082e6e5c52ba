"""Hub ids: one short request, one message for each answer. The hub is a server of the test's own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank import hub

ANSWERS = {
    "gated": (403, "GatedRepo"),
    "absent": (404, "RepoNotFound"),
    "private": (401, "RepoNotFound"),
    "dataset": (404, "EntryNotFound"),
    "busy": (503, ""),
}


class Hub(BaseHTTPRequestHandler):
    """Answers by the name of the model; it never answers about `silent`."""

    asked: ClassVar[list[str]] = []
    silence = threading.Event()

    def do_HEAD(self) -> None:
        name = self.path.split("/")[2]
        self.asked.append(self.path)
        if name == "silent":
            self.silence.wait(30)
        status, code = ANSWERS.get(name, (200, ""))
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def server(monkeypatch, tmp_path) -> Iterator[type[Hub]]:
    from huggingface_hub import constants

    made = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    where = f"http://127.0.0.1:{made.server_port}"
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", where)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", where + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    Hub.asked.clear()
    Hub.silence.clear()
    hub.options_for.cache_clear()
    yield Hub
    Hub.silence.set()
    made.shutdown()
    made.server_close()
    hub.options_for.cache_clear()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("of/gated", "of/gated is gated on the hub"),
        ("of/absent", "the hub has no model of/absent, or it is private"),
        ("of/private", "the hub has no model of/private, or it is private"),
        ("of/dataset", "of/dataset on the hub holds no config.json: it is no model"),
        ("of/busy", "cannot load of/busy: it is no folder, not in the hub's cache, and the hub answers 503"),
        ("of/silent", "cannot load of/silent: it is no folder, not in the hub's cache, and the hub is not reached"),
    ],
)
def test_each_answer_of_the_hub_has_one_message(server, monkeypatch, name, problem):
    monkeypatch.setattr(hub, "SECONDS", 0.3 if name == "of/silent" else 20)
    with pytest.raises(InputError) as caught:
        hub.options_for(name)
    assert caught.value.problem == problem
    assert caught.value.remedy


def test_a_model_that_is_there_is_loaded_from_the_hub_and_asked_about_once(server, monkeypatch):
    monkeypatch.setattr(hub, "SECONDS", 20)
    assert hub.options_for("of/model") == hub.options_for("of/model") == {}
    assert server.asked == ["/of/model/resolve/main/config.json"]


def test_a_cached_model_is_read_without_the_hub(server, monkeypatch, tmp_path):
    snapshot = tmp_path / "models--of--busy" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (tmp_path / "models--of--busy" / "refs").mkdir()
    (tmp_path / "models--of--busy" / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr(hub, "is_cached", lambda name: hub_cached(name, tmp_path))
    assert hub.options_for("of/busy") == {"local_files_only": True}


def hub_cached(name: str, cache) -> bool:
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(name, "config.json", cache_dir=cache), str)


def test_no_network_at_all(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.options_for.cache_clear()
    with pytest.raises(InputError, match=r"cannot load of/model: .* and HF_HUB_OFFLINE is set"):
        hub.options_for("of/model")


@pytest.mark.parametrize("name", ["of/..", "of/a b", "of/-", "é/ü"])
def test_what_no_hub_id_can_be(server, name):
    with pytest.raises(InputError, match="neither a folder nor a hub id"):
        hub.options_for(name)
