"""Plug-ins by name."""

import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from rerankkit import plugins
from rerankkit.errors import InputError
from rerankkit.plugins import GROUPS, VERBS, load_plugin, plugin_names


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
