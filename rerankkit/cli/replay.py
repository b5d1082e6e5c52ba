"""A side file's command, parsed by click and written anew: inputs by their checked places, outputs into a fresh folder.

Nothing of the side file's words reaches the new command but options that this version knows, with their values.
"""

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from rerankkit.check.rerun import Bounds
from rerankkit.cli.places import InPlace, LookedIn, NameOrPath, Output
from rerankkit.errors import InputError
from rerankkit.io.cells import escaped

REPEATED = ("index", "retrieve", "queries", "cpt", "sft", "distill", "average", "rerank", "export", "fuse")
"""The commands that `reproduce` runs: those that write indexes, topics, runs and checkpoints, and a side file."""
LEFT_OUT = ("report_to",)
"""Options that send or write something beside the output, and change nothing in it."""
BY_HAND = "Run the command again by hand"


@dataclass(frozen=True)
class Replay:
    """The words of the new command, where its output will lie, and what differs from the side file's command."""

    words: list[str]
    output: Path
    differences: list[str]

    def shown(self, then: list[str]) -> str:
        """The side file's command, the differences and the new command, for the terminal."""
        lines = [f"The side file's command: {quoted(then)}", *self.differences]
        return "\n".join(map(escaped, [*lines, f"Runs: {quoted(['rerankkit', *self.words])}"]))


def quoted(words: list[str]) -> str:
    """Words as a shell takes them."""
    return shlex.join(words)


@dataclass
class Rewriting:
    """What a command is written anew with: the bounds, the hashed inputs, the folder of its outputs."""

    record: dict[str, Any]
    bounds: Bounds
    inputs: list[Path]
    made: Path
    keep: Path | None = None
    hub: bool = False
    differences: list[str] = field(default_factory=list)

    def replay(self) -> Replay:
        """The new command; InputError for one that is not to be run."""
        verb, words = _verb_of(self.record)
        command = _command(verb)
        given, arguments = _parsed(command, words)
        own = [param for param in command.params if isinstance(param.type, Output) and self._is_output(param)]
        if not own or not any(param is own[0] for param, _ in given):
            raise InputError(f"the command has no {self.record['output']['option']}", BY_HAND)
        name = _bare_name(self.record["output"]["path"])
        given = self._for_one_model(given, own[0], name)
        output = (self.keep or self.made / name).absolute()
        models = next((value for param, value in given if isinstance(param.type, LookedIn)), "runs/models")
        written: list[str] = []
        for param, value in [*given, *self._unsaid(command, given)]:
            option = _option(param)
            if isinstance(param.type, Output):
                place = output if param is own[0] else self.made / str(param.name) / "other"
                self.differences.append(f"{option} {value} becomes {place}")
                written.append(f"{option}={place}")
            elif isinstance(param.type, InPlace | LookedIn) or param.name in LEFT_OUT:
                self.differences.append(f"{option} {value} is left out")
            elif isinstance(value, bool):
                written.append(option if value else param.secondary_opts[0])
            else:
                written.append(f"{option}={self._value(param, value, models)}")
        named = {param.name for param in command.params}
        written += ["--no-store"] * ("no_store" in named and "--no-store" not in written)
        written += ["--report-to=none"] * ("report_to" in named)
        rest = [self._value(param, value, models) for param, value in arguments]
        return Replay([verb, *written, *(["--", *rest] if rest else [])], output, self.differences)

    def _is_output(self, param: click.Parameter) -> bool:
        """Whether an option is the one that the side file belongs to."""
        return isinstance(param.type, Output) and param.type.side and self.record["output"]["option"] in param.opts

    def _for_one_model(
        self, given: list[tuple[click.Parameter, Any]], own: click.Parameter, name: str
    ) -> list[tuple[click.Parameter, Any]]:
        """The parameters; of an output that stands for several models, with the one model that this output is of."""
        template = [value for param, value in given if param is own][-1]
        if "{model}" not in template:
            return given
        last = {}
        for param, value in given:
            if param.name == "model":
                last[Path(template.replace("{model}", Path(value).absolute().name)).name] = (param, value)
        if name not in last:
            raise InputError(f"no --model of the command has the output {name}", BY_HAND)
        if len(last) < sum(param.name == "model" for param, _ in given):
            raise InputError(f"several models of the command have the output name {name}", BY_HAND)
        param, value = last[name]
        self.differences.append(f"only {_option(param)} {value} is run, whose output this is")
        return [(one, text) for one, text in given if one.name != "model" or text == value]

    def _unsaid(
        self, command: click.Command, given: list[tuple[click.Parameter, Any]]
    ) -> Iterator[tuple[click.Parameter, Any]]:
        """What the words do not say: inputs by default, and what a variable of the environment said then."""
        named = {param.name for param, _ in given}
        for param in command.params:
            if isinstance(param, click.Option) and param.name not in named:
                then = self.record["parameters"].get(param.name)
                if param.envvar and isinstance(then, str) and then != param.default:
                    self.differences.append(
                        f"{_option(param)}={then} is added, the value of {param.envvar} at that time"
                    )
                    yield param, then
                elif isinstance(param.type, NameOrPath) and isinstance(param.default, str):
                    yield param, param.default

    def _value(self, param: click.Parameter, value: str, models: str) -> str:
        """A value, of an input its checked place; InputError for a path that has no hash."""
        kind, option = param.type, _option(param)
        if isinstance(kind, NameOrPath):
            return self._named(option, value, models if kind.model else None)
        if isinstance(kind, click.Path):  # whatever is no output is an input
            return str(self._hashed(option, self.bounds.place(value)))
        return value

    def _hashed(self, option: str, place: Path) -> Path:
        """The place of an input; InputError where the side file has no hash of it."""
        if os.path.realpath(place) not in {os.path.realpath(path) for path in self.inputs}:
            raise InputError(f"{option} {place} is not among the inputs that the side file has hashes of", BY_HAND)
        return place

    def _named(self, option: str, value: str, models: str | None) -> str:
        """A path that is there, else a name that rerankkit, Pyserini or the hub knows."""
        for path in (value, *([] if models is None else [f"{models}/{value}"])):
            place = self.bounds.place(path)
            if place.is_dir() or (models is None and place.exists()):
                return str(self._hashed(option, place))
        if models is not None and value.count("/") == 1 and value[0].isalnum():
            if not self.hub:
                problem = f"{option} {value} is a model of the Hugging Face hub, which has no hash here"
                raise InputError(problem, "Give --allow-hub, or " + BY_HAND[0].lower() + BY_HAND[1:])
            return value
        if "/" in value or not value[:1].isalnum():
            raise InputError(f"{option} {value} is not there, and has no hash in the side file", BY_HAND)
        return value


def _verb_of(record: dict[str, Any]) -> tuple[str, list[str]]:
    """The command's name and the words after it; InputError for a command that is not run again."""
    words = record["command"][1:]
    if any("***" in word for word in words):
        raise InputError("the command held a password or key, which was not kept", BY_HAND)
    from rerankkit.cli import main

    _, rest, _ = _parse(main, words)
    verb = rest[0] if rest else ""
    if record["command"][0] != "rerankkit" or verb != record["verb"]:
        raise InputError(f"verb and command differ: {record['verb']!r}, {' '.join(record['command'][:2])!r}", BY_HAND)
    if verb not in REPEATED:
        raise InputError(f"rerankkit {verb!r} is not run from a side file", f"Only {', '.join(REPEATED)} are")
    return verb, rest[1:]


def _command(verb: str) -> click.Command:
    from rerankkit.cli import main

    command = main.get_command(click.Context(main), verb)
    assert command is not None
    return command


def _parse(command: click.Command, words: list[str]) -> tuple[dict[str, Any], list[str], list[click.Parameter]]:
    """Values by parameter, words left over, parameters in their order; nothing is called, opened or converted."""
    context = click.Context(command, info_name=command.name)
    try:
        return command.make_parser(context).parse_args(list(words))
    except click.UsageError as error:
        raise InputError(f"no command of this version: {error.format_message()}", BY_HAND) from error


def _parsed(
    command: click.Command, words: list[str]
) -> tuple[list[tuple[click.Parameter, Any]], list[tuple[click.Parameter, str]]]:
    """The options with their values, in their order, and the arguments with theirs."""
    values, left, order = _parse(command, words)
    if left:
        raise InputError(f"no command of this version: unexpected {left[0]!r}", BY_HAND)
    options: list[tuple[click.Parameter, Any]] = []
    arguments: list[tuple[click.Parameter, str]] = []
    taken: dict[str, int] = {}
    for param in order:
        name, value = str(param.name), values.get(str(param.name))
        if param not in command.params:  # --help
            raise InputError(f"no command that writes an output: {_option(param)}", BY_HAND)
        number = taken[name] = taken.get(name, 0) + 1
        if isinstance(param, click.Argument):
            arguments += [(param, one) for one in (value if isinstance(value, tuple | list) else ()) if number == 1]
        elif isinstance(value, list):
            options.append((param, value[number - 1]))
        elif number == 1 and isinstance(value, str | bool):  # of an option given twice the last value counts
            options.append((param, value))
        elif number == 1:
            raise InputError(f"{_option(param)} is of a kind that is not run again", BY_HAND)
    return options, arguments


def _bare_name(name: str) -> str:
    if Path(name).name != name or name in (".", ".."):
        raise InputError(f"the output's path is {name!r}", "Expected a name beside the side file")
    return name


def _option(param: click.Parameter) -> str:
    return param.opts[0] if isinstance(param, click.Option) else str(param.human_readable_name)
