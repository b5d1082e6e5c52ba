"""scripts/real_input.py's commands."""

import importlib
from pathlib import Path

import click

from rerankkit.cli import main

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_every_command_parses(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    stages = list(importlib.import_module("real_input").stages(tmp_path, tmp_path / "out"))
    commands = [stage.does for stage in stages if isinstance(stage.does, list)]
    assert len({stage.name for stage in stages}) == len(stages)
    assert len(commands) > 8
    for command in commands:
        main.get_command(click.Context(main), command[0]).make_context(command[0], list(command[1:]))
