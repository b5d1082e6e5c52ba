"""`rerankkit sft`: what lies there stays, and what went wrong is not saved."""

import json
from pathlib import Path

from click.testing import CliRunner

from rerankkit.cli import main

GIVEN = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--qrels", "qrels.txt"]


def sft(model: Path, code: int = 0, **changed: str):
    given = {"max_length": "32", "group_size": "6", "output": "out", **changed}
    words = [word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", value)]
    result = CliRunner().invoke(main, ["sft", *GIVEN, "--model", str(model), *words, "--use-cpu", "--no-bf16"])
    assert result.exit_code == code, result.output
    return result


def test_a_folder_of_other_things_is_never_replaced(toy, tiny_bert):
    Path("precious").mkdir()
    Path("precious/thesis.txt").write_text("years")
    assert "precious: is a folder of other things" in sft(tiny_bert, output="precious", code=2).stderr
    assert Path("precious/thesis.txt").read_text() == "years"
    assert "--output would replace the folder that holds --run run.txt" in sft(tiny_bert, output=".", code=2).stderr
    sft(tiny_bert, max_steps="1", output="out")
    sft(tiny_bert, max_steps="2", output="out")
    assert json.loads(Path("out/rerankkit.json").read_text())["trained"]["max_steps"] == 2


def test_a_training_that_diverges_says_so_and_saves_nothing(toy, tiny_bert, caplog):
    sft(tiny_bert, max_steps="1", output="out")
    before = Path("out/model.safetensors").read_bytes()
    ways = {"max_steps": "6", "learning_rate": "1e30", "warmup_ratio": "0", "logging_steps": "1"}
    result = sft(tiny_bert, output="out", code=2, **ways)
    assert "step 2: the loss is no number any more" in caplog.text
    assert "weights that are no numbers" in result.stderr
    assert "rm -r out.training" in result.stderr
    assert Path("out/model.safetensors").read_bytes() == before


def test_a_course_that_needs_more_than_a_name_is_told(toy, tiny_bert):
    result = sft(tiny_bert, lr_scheduler_type="cosine_with_min_lr", max_steps="1", code=2)
    assert "--lr-scheduler-type cosine_with_min_lr: " in result.stderr
    result = sft(tiny_bert, lr_scheduler_type="polynomial", max_steps="1", code=2)
    assert "--lr-scheduler-type polynomial: " in result.stderr


def test_a_half_character_in_a_text_ends_no_training(toy, tiny_bert):
    text = Path("docs.jsonl").read_text()
    Path("docs.jsonl").write_text(text.replace('"contents": "grey ', r'"contents": "grey \ud83d '))
    sft(tiny_bert, max_steps="1")
