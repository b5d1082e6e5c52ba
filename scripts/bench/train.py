"""How many groups a second `rerankkit distill` and `rerankkit sft` learn from, beside a plain transformers Trainer.

The plain loop tokenises each step's texts as they come and computes one padded float32 batch of them. Both sides have
the same weights, groups, order, loss, LoRA and optimizer, and run by turns, each in a process of its own.

    python scripts/bench/train.py --repeats 5 --threads 1
"""

import argparse
import json
import math
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import wraps
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rerankkit.train.settings import Lora, RankTraining
from rerankkit.types import Candidate, Document, Group, Query

WORDS = """
the of and to in a is that for it as was with be by on not he his but at are this have from which one had all were
they so an their no when we there can more if out other new some could time only two may then do first any my now
such like our over man me even most made after also did many off before must well back through years much where your
way down should because long each just state those people too mr how little good world make very year still see own
work men day get here between both life being under three never know same last another while us might great old
since against go came right used take water house school city book river music light paper road
"""
"""Words that are one token for most tokenizers, so that texts have the lengths that are asked for."""

LENGTHS = {"msmarco": (75, 0.5, 256), "short": (50, 0.08, 60)}
"""Name -> the pairs' mean length in tokens, the spread of its logarithm, and --max-length."""

TASKS = {"distill": ("minilm-l6", "hybrid", Lora(0)), "sft": ("smollm2-135m", "ranknet", Lora(16, lora_layers=15))}
"""Name -> weights, loss and adapters."""

Times = list[tuple[float, float, float, float]]
"""At each step, when its loss is known: wall seconds, processor seconds, peak memory in MB, the loss."""


def groups(lengths: str, count: int, size: int = 8) -> list[Group]:
    """Queries and documents of drawn words; a label is how many of the query's words the document has."""
    mean, spread, most = LENGTHS[lengths]
    words, chance = WORDS.split(), random.Random(0)
    made = []
    for number in range(count):
        asked = chance.sample(words, 6)
        documents = []
        for place in range(size):
            long = round(chance.lognormvariate(math.log(mean) - spread**2 / 2, spread))
            text = chance.choices(words, k=max(8, min(long, most) - 12))
            text[: place % 7] = asked[: place % 7]
            documents.append(Document(f"{number}.{place}", "", " ".join(text)))
        labels = tuple(float(len(set(asked) & set(document.text.split()))) for document in documents)
        made.append(Group(Query(str(number), " ".join(asked)), tuple(Candidate(d, 0.0) for d in documents), labels))
    return made


def timed(loss: str) -> Times:
    """Makes the loss of this name note when it is called and what it gives; returns its notes."""
    from rerankkit.plugins import load_plugin

    module, times = load_plugin("losses", loss), []
    plain = module.loss

    @wraps(plain)
    def noting(scores: Any, *rest: Any, **options: Any) -> Any:
        value = plain(scores, *rest, **options)
        if scores.requires_grad:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            times.append((time.perf_counter(), time.process_time(), peak, value.item()))
        return value

    vars(module)["loss"] = noting
    return times


def ours(task: str, base: str, data: Sequence[Group], settings: RankTraining, folder: Path) -> None:
    """What `rerankkit distill` and `rerankkit sft` run."""
    from rerankkit.train.rank import Job, fit

    fit(Job(base, folder / "out", settings, task == "distill"), data)


def plain(task: str, base: str, data: Sequence[Group], settings: RankTraining, folder: Path) -> None:
    """A Trainer whose collator tokenises a step's texts into one padded batch."""
    import torch
    from transformers import Trainer, TrainingArguments

    from rerankkit.rerank import llm
    from rerankkit.rerank.scorer import head_name
    from rerankkit.rerank.texts import document_lines, query_line
    from rerankkit.train import lora
    from rerankkit.train.rank import loss_of
    from rerankkit.train.targets import Targets
    from rerankkit.train.weights import with_score_head

    loss = loss_of(settings)
    targets = Targets.of_teacher(data, loss, "any", 4) if task == "distill" else Targets.of_people(data)
    model, tokenizer, architecture, fresh = with_score_head(base, settings.seed)
    targets = targets.fit_for(model)
    if architecture == "llm":
        llm.separate_pad(model, tokenizer)
    if settings.lora.r:
        model = lora.wrap(model, settings.lora, [head_name(model), *fresh])

    def collate(items: Sequence[Group]) -> dict[str, Any]:
        pairs = [(group.query, candidate.document) for group in items for candidate in group.candidates]
        options = {"padding": True, "max_length": settings.max_length, "return_tensors": "pt"}
        if architecture == "llm":
            texts = [query_line(query) + document_lines(document) + tokenizer.eos_token for query, document in pairs]
            batch = tokenizer(texts, truncation=True, **options)
        else:
            asked, documents = [query.text for query, _ in pairs], [document.text for _, document in pairs]
            batch = tokenizer(asked, documents, truncation="only_second", **options)
        return {**batch, "labels": torch.tensor([group.labels for group in items])}

    class Plain(Trainer):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):  # type: ignore[no-untyped-def]
            labels = inputs.pop("labels")
            return loss(model(**inputs).logits.view(labels.shape), labels, torch.ones_like(labels, dtype=torch.bool))

    args = TrainingArguments(
        output_dir=str(folder),
        max_steps=settings.max_steps,
        per_device_train_batch_size=settings.per_device_train_batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_ratio,
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        use_cpu=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=False,
    )
    Plain(model=model, args=args, train_dataset=targets.labelled(), data_collator=collate).train()


SIDES = {"plain": plain, "ours": ours}


def gemm(dtype: str) -> float:
    """GFLOP of matrix products in a processor second."""
    import torch

    one, two = (torch.randn(1024, 1024).to(getattr(torch, dtype)) for _ in range(2))
    rates = []
    for _ in range(8):
        start = time.process_time()
        for _ in range(4):
            one @ two
        rates.append(4 * 2 * 1024**3 / (time.process_time() - start) / 1e9)
    return max(rates)


def needed(base: str, adapters: Lora, data: Sequence[Group]) -> float:
    """GFLOP of matrix products that a group needs, padding, attention and adapters left out."""
    import torch
    from transformers import AutoModel

    from rerankkit.rerank.loading import REMEDY, load_config, load_tokenizer, loading

    with loading(base, REMEDY), torch.device("meta"):
        model = AutoModel.from_config(load_config(base), trust_remote_code=False)
    weights = sum(module.weight.numel() for module in model.modules() if isinstance(module, torch.nn.Linear))
    tokenizer = load_tokenizer(base)
    texts = [f"{group.query.text} {one.document.text}" for group in data for one in group.candidates]
    tokens = sum(map(len, tokenizer(texts)["input_ids"])) / len(data)
    layers = model.config.num_hidden_layers
    back = 4 if adapters.lora_layers is None else 2 * adapters.lora_layers / layers  # frozen weights need no gradient
    return tokens * weights * (2 + back) / 1e9


def one_side(side: str, task: str, options: argparse.Namespace) -> dict[str, Any]:
    """Trains in this process; the first two steps are not counted."""
    import torch

    from rerankkit.rerank.weights import base_model

    torch.set_num_threads(options.threads)
    weights, loss, adapters = TASKS[task]
    base = base_model(weights, options.models)
    data = groups(options.lengths, (options.steps + 2) * options.groups)
    settings = RankTraining(
        max_steps=options.steps + 2,
        per_device_train_batch_size=options.groups,
        max_length=LENGTHS[options.lengths][2],
        loss=loss,
        lora=adapters,
        use_cpu=True,
        save_steps=10**6,
    )
    times = timed(loss)
    with tempfile.TemporaryDirectory() as folder:
        SIDES[side](task, base, data, settings, Path(folder))
    (start, cpu, *_), (end, cpu_end, memory, _) = times[1], times[-1]
    learnt = options.steps * options.groups
    return {
        "wall": learnt / (end - start),
        "cpu": learnt / (cpu_end - cpu),
        "memory": memory,
        "losses": [value for *_, value in times],
        "needed": needed(base, adapters, data),
        "gemm": {dtype: gemm(dtype) for dtype in ("float32", "bfloat16")},
    }


def in_a_process(side: str, task: str, options: argparse.Namespace) -> dict[str, Any]:
    """`one_side` in a process of its own; ends the script with its message where it fails."""
    told = ["--lengths", options.lengths, "--models", str(options.models)]
    for name in ("steps", "groups", "threads"):
        told += [f"--{name}", str(getattr(options, name))]
    environment = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}
    command = [sys.executable, __file__, "--side", side, "--task", task, *told]
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def table(task: str, taken: dict[str, list[dict[str, Any]]]) -> None:
    """Prints medians of both sides and their ratios."""
    middle = {
        side: {name: statistics.median(one[name] for one in of) for name in ("wall", "cpu", "memory", "needed")}
        for side, of in taken.items()
    }
    for side, of in taken.items():
        told = middle[side]
        losses = statistics.fmean(of[-1]["losses"][len(of[-1]["losses"]) // 2 :])
        walls = [one["wall"] for one in of]
        shares = (
            f"{told['cpu'] * told['needed'] / statistics.median(one['gemm'][dtype] for one in of):.0%} of {dtype}"
            for dtype in ("float32", "bfloat16")
        )
        print(
            f"{task:8}{side:7}{told['wall']:8.2f} ({min(walls):.2f} to {max(walls):.2f}){told['cpu']:8.2f}"
            f"{told['memory']:8.0f} MB  loss {of[-1]['losses'][0]:.4f}, then {losses:.4f}  {', '.join(shares)}"
        )
    ratios = (f"{middle['ours'][name] / middle['plain'][name]:.2f}" for name in ("wall", "cpu", "memory"))
    print("{:8}ours / plain: {} by wall time, {} by processor time, memory {}".format(task, *ratios))


def main() -> None:
    """Prints groups a second of both sides, by wall time and by processor time, and versions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=[*TASKS], action="append", help="Only this one.  [default: both]")
    parser.add_argument("--lengths", choices=[*LENGTHS], default="msmarco", help="Of the pairs.  [default: msmarco]")
    parser.add_argument("--steps", type=int, default=10, help="That are counted.  [default: 10]")
    parser.add_argument("--groups", type=int, default=4, help="Groups of 8 in a step.  [default: 4]")
    parser.add_argument("--repeats", type=int, default=5, help="Rounds.  [default: 5]")
    parser.add_argument("--threads", type=int, default=1, help="[default: 1]")
    parser.add_argument("--models", type=Path, default=Path("runs/models"), help="Where weights are unpacked.")
    parser.add_argument("--side", choices=[*SIDES], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(one_side(options.side, options.task[0], options)))
        return
    print(f"{options.lengths}, {options.groups} groups of 8 a step; groups a second: wall time (range), processor time")
    for task in options.task or TASKS:
        taken: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
        for _ in range(max(1, options.repeats)):
            for side in SIDES:
                taken[side].append(in_a_process(side, task, options))
        table(task, taken)
    packages = ", ".join(f"{name} {version(name)}" for name in ("rerankkit", "torch", "transformers", "peft"))
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    told = f"{options.repeats} rounds of {options.steps} steps by turns, {options.threads} threads"
    print(f"{told}; {packages}; Python {platform.python_version()}, {os.cpu_count()} cores{load}")


if __name__ == "__main__":
    main()
