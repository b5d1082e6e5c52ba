"""The options that the trainings share."""

import re
from dataclasses import fields

import click
import pytest
from click.testing import CliRunner

from rerankkit.cli import cpt, distill, queries, rerank, sft
from rerankkit.cli.dev_options import dev_options
from rerankkit.cli.training import lora_names, loss_options, parsed_options, people_options, training_options
from rerankkit.errors import InputError
from rerankkit.plugins import plugin_names
from rerankkit.rerank.weights import PIP_WEIGHTS
from rerankkit.train.settings import Lora, RankTraining, settings_from

ALL = (cpt, distill, queries, rerank, sft)


@pytest.fixture
def flags():
    """What a command of these options is given for a command line."""
    seen = {}

    @click.command()
    @dev_options
    @people_options
    @loss_options
    @training_options
    def command(**given):
        seen.update(given)

    def parse(*args: str):
        seen.clear()
        result = CliRunner().invoke(command, args)
        assert result.exit_code == 0, result.output
        return dict(seen)

    return parse


def test_what_is_not_given_stays_none(flags):
    given = flags()
    assert {name for name, value in given.items() if value is not None} == {"loss_option"}
    assert given["loss_option"] == ()


def test_every_option_is_a_setting_and_every_setting_an_option(flags):
    given = set(lora_names(flags())) - {"config", "loss_option"}
    given -= {"dev_run", "dev_qrels", "dev_topics", "dev_depth"}
    settings = {f.name for f in fields(RankTraining)} - {"lora", "loss", "loss_options"}
    assert given == settings | {f.name for f in fields(Lora)}


def test_the_defaults_that_help_tells_are_so():
    settings = {f.name: f.default for f in (*fields(RankTraining), *fields(Lora))} | {"r": 0}
    told = {}
    for param in distill.command.params:
        found = re.search(r"\[default: ([^];]+)", param.help or "")
        if found and param.name in settings | {"lora_r": 0}:
            told["r" if param.name == "lora_r" else param.name] = found[1]
    assert len(told) > 20
    known = {"loss": "hybrid"}
    for name, text in told.items():
        default = known.get(name, settings[name])
        assert (text if isinstance(default, str) else float(text)) == default, name


def test_losses_and_weights_are_all_named():
    helps = {f"{module.__name__} {param.name}": param.help for module in ALL for param in module.command.params}
    for command in ("sft", "distill"):
        told = re.findall(r"[a-z-]+", helps[f"rerankkit.cli.{command} loss"])
        assert set(plugin_names("losses")) <= set(told)
    for command in ("sft", "distill", "rerank"):
        assert all(name in helps[f"rerankkit.cli.{command} model"] for name in PIP_WEIGHTS)
    llms = [name for name, weights in PIP_WEIGHTS.items() if weights.architecture == "yes-no"]
    for command in ("cpt", "queries"):
        assert [name for name in PIP_WEIGHTS if name in helps[f"rerankkit.cli.{command} model"]] == llms


def test_flags_become_settings(flags):
    given = flags(
        *("--learning-rate", "2e-5", "--lora-r", "8", "--lora-layers", "2", "--no-bf16", "--seed", "3"),
        *("--gradient-checkpointing", "--group-size", "4", "--target-modules", "q_proj"),
    )
    given.pop("loss_option")
    settings = settings_from(RankTraining, lora_names(given), given.pop("config"))
    assert settings == RankTraining(
        learning_rate=2e-5,
        bf16=False,
        seed=3,
        gradient_checkpointing=True,
        group_size=4,
        lora=Lora(8, target_modules="q_proj", lora_layers=2),
    )


def test_loss_options_are_numbers_by_name():
    assert parsed_options(("margin=1", "my-own = -2.5e1")) == {"margin": 1.0, "my_own": -25.0}
    assert parsed_options(()) is None


@pytest.mark.parametrize("pair", ["margin", "margin=", "margin=wide", "=", "margin:1"])
def test_a_loss_option_that_is_no_number_is_told(pair):
    with pytest.raises(InputError, match="Expected NAME=NUMBER") as caught:
        parsed_options((pair,))
    assert repr(pair) in caught.value.problem
