"""What a training is told."""

import dataclasses

import pytest

from rerankkit.errors import InputError
from rerankkit.train.settings import Lora, RankTraining, Training, settings_from


@pytest.fixture
def toml(tmp_path):
    """Writes a settings file."""

    def write(text: str):
        (tmp_path / "settings.toml").write_text(text)
        return tmp_path / "settings.toml"

    return write


def test_flags_win_over_the_file_and_the_file_over_the_commands_defaults(toml):
    path = toml('learning_rate = 2e-5\nseed = 7\nloss = "lce"\n[loss_options]\ntemperature = 2\n')
    flags = {"learning_rate": 1e-3, "seed": None, "bf16": False, "loss_options": None}
    settings = settings_from(RankTraining, flags, path, loss="hybrid", max_length=64)
    assert (settings.learning_rate, settings.seed, settings.loss, settings.max_length) == (1e-3, 7, "lce", 64)
    assert (settings.bf16, settings.loss_options, settings.group_size) == (False, {"temperature": 2}, 8)


def test_without_a_file_the_commands_defaults_hold():
    settings = settings_from(RankTraining, {"loss": None}, None, loss="hybrid")
    assert settings == RankTraining(loss="hybrid")
    assert settings.lora.r == 0


@pytest.mark.parametrize(
    ("text", "flags", "lora"),
    [
        ("[lora]\nr = 8\nlora_layers = 2\n", {}, Lora(8, lora_layers=2)),
        ("[lora]\nr = 8\n", {"r": 4, "lora_alpha": 9}, Lora(4, 9)),
        ("lora_r = 8\nlora_dropout = 0.5\n", {}, Lora(8, lora_dropout=0.5)),
        ("lora_r = 8\n", {"r": 4}, Lora(4)),
        ("", {"lora_alpha": 4}, Lora(16, 4)),
        ("", {"r": 0}, Lora(0)),
    ],
)
def test_lora_by_table_by_flag_or_by_both(toml, text, flags, lora):
    assert settings_from(Training, flags, toml(text)).lora == lora


def test_whole_numbers_are_numbers(toml):
    assert settings_from(Training, {}, toml("num_train_epochs = 2\n")).num_train_epochs == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rat = 1\n", "unknown setting 'learning_rat'"),
        ("group_size = 8\n", "unknown setting 'group_size'"),
        (
            "[lora]\nrank = 8\n",
            "unknown setting 'rank'. Known: lora_alpha, lora_dropout, lora_layers, r, target_modules",
        ),
        ('learning_rate = "fast"\n', "learning_rate = 'fast', expected a number"),
        ("seed = 1.5\n", "seed = 1.5, expected a whole number"),
        ("seed = true\n", "seed = True, expected a whole number"),
        ("bf16 = 1\n", "bf16 = 1, expected true or false"),
        ("report_to = 3\n", "report_to = 3, expected a text"),
        ("lora = 8\n", "lora = 8 is no table"),
        ('[lora]\nr = "all"\n', "r = 'all', expected a whole number"),
        ("seed = \n", "not settings of a training: "),
        ("seed = 1\nseed = 2\n", "not settings of a training: "),
    ],
)
def test_a_wrong_file_is_told_with_its_path(toml, text, message):
    with pytest.raises(InputError) as caught:
        settings_from(Training, {}, toml(text))
    assert str(caught.value).startswith(f"{toml(text)}: {message}")


@pytest.mark.parametrize(
    "text", ["loss_options = 3\n", 'loss_options = "margin"\n', '[loss_options]\nmargin = "wide"\n']
)
def test_loss_options_are_a_table_of_numbers(toml, text):
    with pytest.raises(InputError, match=r"loss_options = .*, expected a table of numbers"):
        settings_from(RankTraining, {}, toml(text))


def test_a_file_that_is_not_utf8(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'loss = "caf\xe9"\n')
    with pytest.raises(InputError, match="not UTF-8"):
        settings_from(Training, {}, tmp_path / "latin.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", -1e-4),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("num_train_epochs", 0),
        ("per_device_train_batch_size", 0),
        ("gradient_accumulation_steps", 0),
        ("logging_steps", 0),
        ("save_steps", -5),
        ("batch_tokens", 0),
        ("weight_decay", -0.1),
        ("max_grad_norm", -1.0),
        ("warmup_ratio", 1.0),
        ("warmup_ratio", -0.1),
        ("max_steps", 0),
        ("max_steps", -2),
        ("seed", -1),
        ("seed", 2**32),
        ("group_size", 1),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("sampling", "best"),
        ("positives", 8),
        ("positives", -1),
        ("negatives", "10-"),
        ("negatives", "9-8"),
    ],
)
def test_a_value_out_of_range_is_told_by_its_flag(name, value):
    with pytest.raises(InputError) as caught:
        settings_from(RankTraining, {name: value})
    assert caught.value.problem.startswith(f"--{name.replace('_', '-')} ")
    assert str(value) in caught.value.problem


@pytest.mark.parametrize(
    "wrong", [{"r": -1}, {"lora_dropout": 1.0}, {"lora_dropout": -0.5}, {"lora_alpha": 0}, {"lora_layers": 0}]
)
def test_a_lora_out_of_range_is_told(wrong):
    with pytest.raises(InputError, match="--lora-"):
        Lora(**wrong)


def test_settings_are_frozen_and_recorded_as_plain_values():
    settings = RankTraining(loss="lce", loss_options={"temperature": 2.0}, lora=Lora(8))
    record = settings.record()
    assert (record["loss"], record["loss_options"], record["learning_rate"]) == ("lce", {"temperature": 2.0}, 1e-4)
    assert record["lora"] == {
        "r": 8,
        "lora_alpha": None,
        "lora_dropout": 0.0,
        "target_modules": "all-linear",
        "lora_layers": None,
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.loss = "hinge"


@pytest.mark.parametrize("number", ["9" * 5000, "0x" + "f" * 5000, "9007199254740993"])
def test_a_number_beyond_all_sense_is_refused(tmp_path, number):
    path = tmp_path / "settings.toml"
    path.write_text(f"max_steps = {number}\n")
    with pytest.raises(InputError, match=r"settings.toml: (not settings of a training|max_steps = )"):
        settings_from(Training, {}, path)
