"""The options that cpt, sft and distill share; names as in Hugging Face's TrainingArguments and PEFT."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rerankkit.cli.inputs import LONG_QUERIES_HELP
from rerankkit.errors import InputError
from rerankkit.rerank.pairs import LONG_QUERIES

Command = Callable[..., Any]

OPTIONS: tuple[tuple[str, Any, str], ...] = (
    ("--learning-rate", float, "Peak learning rate.  [default: 1e-4]"),
    ("--num-train-epochs", float, "Passes over the groups; each draws other candidates.  [default: 1]"),
    ("--max-steps", int, "Stop after so many steps instead."),
    ("--per-device-train-batch-size", int, "Groups, of cpt clicks, a step and device.  [default: 4; cpt: 8]"),
    ("--gradient-accumulation-steps", int, "Steps whose gradients are summed.  [default: 1]"),
    ("--warmup-ratio", float, "Share of the steps in which the learning rate rises.  [default: 0.06]"),
    ("--weight-decay", float, "AdamW's.  [default: 0.01]"),
    ("--max-grad-norm", float, "Gradients are clipped to it.  [default: 1]"),
    ("--lr-scheduler-type", str, "linear, cosine, constant_with_warmup, …  [default: linear]"),
    ("--max-length", int, "Tokens of a pair; a longer document is cut.  [default: 128]"),
    ("--max-query-tokens", int, "Tokens of a query; the rest of a longer one is left out."),
    ("--long-queries", click.Choice(LONG_QUERIES), f"{LONG_QUERIES_HELP}  [default: cut]"),
    ("--batch-tokens", int, "Padded tokens of one forward pass.  [default: 4096]"),
    ("--lora-r", int, "LoRA rank, 16 beside any other LoRA option; 0 trains all weights.  [default: 0]"),
    ("--lora-alpha", int, "LoRA scale, twice the rank by default."),
    ("--lora-dropout", float, "LoRA dropout.  [default: 0]"),
    ("--target-modules", str, "Layers with an adapter: all-linear, or names by commas.  [default: all-linear]"),
    ("--lora-layers", int, "Adapters in the last so many layers only: a shorter way back."),
    ("--seed", int, "Of everything drawn.  [default: 0]"),
    ("--logging-steps", int, "Steps between two logs of the loss.  [default: 10]"),
    ("--save-steps", int, "Steps between two checkpoints to resume from.  [default: 100]"),
    ("--report-to", str, "tensorboard, wandb, …, or none.  [default: none]"),
)


def training_options(command: Command) -> Command:
    """Adds the options; one that is not given stays None, so that --config and the command's defaults show through."""
    for name, kind, text in reversed(OPTIONS):
        command = click.option(name, type=kind, help=text)(command)
    for name, text in (
        ("--bf16/--no-bf16", "Compute in bfloat16; by default where the device is faster so."),
        ("--gradient-checkpointing/--no-gradient-checkpointing", "Less memory, more time."),
        ("--use-cpu/--no-use-cpu", "Leave accelerators alone."),
    ):
        command = click.option(name, default=None, help=text)(command)
    return click.option(
        "--config", type=click.Path(path_type=Path), help="TOML file of these settings; flags win over it."
    )(command)


RERANKER: tuple[tuple[str, Any, str], ...] = (
    ("--pooling", click.Choice(["last", "mean"]), "An LLM's score is read at its last token (default), or their mean."),
    ("--keep-layers", str, "How many layers stay, evenly spaced, or which: 3, or 0,2,5."),
    ("--dropout", float, "Share of states that its own layers leave out in training.  [default: 0]"),
    ("--max-title-tokens", int, "Tokens of a title; the rest of a longer one is left out."),
    ("--separate-title/--no-separate-title", None, "Give an encoder title and summary apart, [SEP] between them."),
)
"""What the reranker is made of, and reads; the first and last as its start had them by default."""


LOSSES = (
    "Of order: hinge, ranknet, list-mle, p-list-mle, adr-mse; of grades: lce, lambda-loss, list-net, bce, gbce; of "
    "scores: hybrid, point-mse, margin-mse, kl, soft-ranknet; or a plug-in."
)
"""The losses by what they fit."""


def loss_option(default: str) -> Callable[[Command], Command]:
    """`--loss`, of people's labels and a teacher's scores alike."""
    return click.option("--loss", help=f"{LOSSES}  [default: {default}]")


def loss_options(command: Command) -> Command:
    """Adds what the reranker is, the loss's own options, the group size and the way in which groups are drawn."""
    for name, kind, text in reversed(RERANKER):
        command = click.option(name, type=kind, default=None, help=text)(command)
    command = click.option(
        "--loss-option", multiple=True, metavar="NAME=VALUE", help="An option of the loss, e.g. margin=1. May repeat."
    )(command)
    command = click.option(
        "--grade-levels",
        type=int,
        help="Grades that a teacher's scores are made for a loss that fits grades.  [default: 4]",
    )(command)
    command = click.option(
        "--sampling", help="How they are drawn: halves, random, stratified, top.  [default: halves]"
    )(command)
    return click.option("--group-size", type=int, help="Candidates drawn of each query's list.  [default: 8]")(command)


def people_options(command: Command) -> Command:
    """Adds what the drawing is told where labels come from people."""
    command = click.option(
        "--negatives", metavar="FIRST-LAST", help="Ranks of the list at which a negative may stand, e.g. 10-100."
    )(command)
    return click.option(
        "--positives", type=int, help="Positives in each group at the least, highest grade first.  [default: 1]"
    )(command)


def parsed_options(pairs: tuple[str, ...]) -> dict[str, float] | None:
    """`margin=1` as {"margin": 1.0}; None where none was given."""
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        try:
            if not equals:
                raise ValueError
            options[name.strip().replace("-", "_")] = float(value)
        except ValueError:
            raise InputError(f"--loss-option {pair!r}", "Expected NAME=NUMBER, e.g. --loss-option margin=1") from None
    return options or None


def tell(output: Path) -> None:
    """Prints where the output lies; of a torchrun's processes the first does."""
    if os.environ.get("RANK", "0") == "0":
        click.echo(f"{output}")


def lora_names(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags with --lora-r under its name in PEFT, `r`."""
    return {"r" if name == "lora_r" else name: value for name, value in flags.items()}
