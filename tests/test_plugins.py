"""Plug-ins by name."""

import importlib
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from rerankkit import plugins
from rerankkit.errors import InputError
from rerankkit.plugins import GROUPS, VERBS, code_digest, load_plugin, plugin_names


@pytest.fixture
def third_party(monkeypatch):
    """A loss that another distribution brings by entry point."""
    module = ModuleType("their_losses")
    module.loss = lambda scores, labels, mask: scores.sum()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "their_losses", module)
    point = EntryPoint("their-loss", "their_losses", "rerankkit.losses")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == "rerankkit.losses" else [])
    return module


def test_every_kind_has_a_verb_and_an_entry_point_group():
    assert set(VERBS) == set(GROUPS) == {"rerank", "retrieve", "losses"}


def test_a_module_is_a_plug_in_by_the_function_it_defines():
    names = plugin_names("losses")
    assert {"hinge", "ranknet", "lce", "point-mse", "margin-mse", "hybrid"} <= set(names)
    assert "masked" not in names
    assert names == sorted(names)


@pytest.mark.parametrize("name", ["margin-mse", "margin_mse"])
def test_loaded_by_either_spelling(name):
    module = load_plugin("losses", name)
    assert module.__name__ == "rerankkit.losses.margin_mse"
    assert callable(module.loss)


def test_another_distributions_plug_in_is_found(third_party):
    assert "their-loss" in plugin_names("losses")
    assert load_plugin("losses", "their_loss") is third_party
    assert "their-loss" not in plugin_names("rerank")


@pytest.mark.parametrize("name", ["nonsense", "masked", "../hinge", ""])
def test_an_unknown_name_is_told_with_the_known_ones(name):
    with pytest.raises(InputError, match=r"no losses plug-in named '.*'. Known: .*hinge, hybrid, kl, .*, margin-mse"):
        load_plugin("losses", name)


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """Makes an installed distribution with entry points and modules, which are forgotten at the end."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(plugins, "_told", set())

    def make(name: str, points: str, **files: str) -> Path:
        info = tmp_path / f"{name}-1.5.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
        (info / "entry_points.txt").write_text(points)
        for path, text in files.items():
            place = tmp_path / f"{path.replace('_of_', '/')}.py"
            place.parent.mkdir(exist_ok=True)
            place.write_text(text)
            monkeypatch.delitem(sys.modules, place.stem, raising=False)
        importlib.invalidate_caches()
        return tmp_path

    before = set(sys.modules)
    yield make
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


LOSS = "def loss(scores, labels, mask):\n    return scores.sum()\n"


@pytest.mark.parametrize("asked", ["their_own_loss", "their-own-loss"])
def test_an_entry_points_name_may_hold_underscores(distribution, asked):
    distribution("theirs", "[rerankkit.losses]\ntheir_own_loss = their_loss_module\n", their_loss_module=LOSS)
    assert "their-own-loss" in plugin_names("losses")
    assert load_plugin("losses", asked).__name__ == "their_loss_module"


def test_two_distributions_with_one_name_are_told(distribution):
    for name in ("one", "two"):
        distribution(name, f"[rerankkit.losses]\nsame-loss = {name}_module\n", **{f"{name}_module": LOSS})
    wanted = r"two losses plug-ins are named same-loss: of (one 1\.5 \(one_module\)|two 1\.5 \(two_module\)) and "
    with pytest.raises(InputError, match=wanted + r".*\. Uninstall one of them"):
        load_plugin("losses", "same_loss")


def test_a_name_of_rerankkits_own_keeps_its_meaning_and_a_warning_says_so_once(distribution, caplog):
    distribution("theirs", "[rerankkit.losses]\nlist_mle = their_module\n", their_module=LOSS)
    assert plugin_names("losses") == plugin_names("losses")
    assert load_plugin("losses", "list-mle").__name__ == "rerankkit.losses.list_mle"
    assert caplog.text.count("the losses plug-in list-mle of theirs 1.5 (their_module) is not used") == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nothing_of_this_name", r"\(ModuleNotFoundError: No module named 'nothing_of_this_name'\)"),
        ("raise SystemExit(3)", r"\(SystemExit: 3\)"),
        ("1 / 0", r"\(ZeroDivisionError: division by zero\)"),
        ("def (", r"\(SyntaxError: "),
    ],
)
def test_a_plug_in_that_raises_at_import_ends_in_a_message(distribution, code, reason):
    distribution("theirs", "[rerankkit.losses]\nbad = bad_module\n", bad_module=code)
    with pytest.raises(InputError, match=r"the losses plug-in bad of theirs 1\.5 \(bad_module\) cannot.*" + reason):
        load_plugin("losses", "bad")


def test_a_plug_in_without_its_function_is_told(distribution):
    distribution("theirs", "[rerankkit.losses]\nempty = empty_module\n", empty_module="x = 1\n")
    with pytest.raises(InputError, match=r"the losses plug-in empty of theirs .* defines no function loss"):
        load_plugin("losses", "empty")


def test_a_plug_ins_digest_follows_all_files_of_its_package_and_nothing_else(distribution):
    points = "[rerankkit.rerankers]\npacked = packed.inner\nsingle = single_module\n"
    code = {"packed_of___init__": "", "packed_of_inner": "from packed import words\n", "packed_of_words": "WORDS = 1\n"}
    folder = distribution("theirs", points, single_module="x = 1\n", **code)
    before = {name: code_digest("rerank", name) for name in ("packed", "single")}
    assert before == {name: code_digest("rerank", name) for name in ("packed", "single")}
    assert before["packed"] != before["single"]
    (folder / "unrelated.py").write_text("x = 1\n")
    assert code_digest("rerank", "single") == before["single"]
    (folder / "packed" / "words.py").write_text("WORDS = 2\n")
    (folder / "single_module.py").write_text("x = 2\n")
    assert {name for name in before if code_digest("rerank", name) != before[name]} == {"packed", "single"}
    changed = code_digest("rerank", "packed")
    (folder / "packed" / "table.npy").write_bytes(b"weights")
    assert code_digest("rerank", "packed") != changed


def test_a_plug_ins_digest_follows_its_distributions_version(distribution):
    folder = distribution("theirs", "[rerankkit.rerankers]\nsingle = single_module\n", single_module="x = 1\n")
    before = code_digest("rerank", "single")
    info = folder / "theirs-1.5.dist-info" / "METADATA"
    info.write_text(info.read_text().replace("1.5", "1.6"))
    importlib.invalidate_caches()
    assert code_digest("rerank", "single") != before
