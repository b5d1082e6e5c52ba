"""Toy groups, and trainings of a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rerankkit.train.dev import DevSet
from rerankkit.train.rank import Job, fit
from rerankkit.train.settings import RankTraining
from rerankkit.types import Candidate, Document, Group, Query

QUERIES = ("red", "green", "blue", "white")
THINGS = ("cat", "dog", "bird", "fish", "river", "stone")
QUIET = {"bf16": False, "use_cpu": True, "max_length": 32, "save_steps": 1000, "group_size": 6, "learning_rate": 3e-3}


def worth(query: int, document: int) -> int:
    """Another order for each query: 0 to 6, no two of a query's six alike."""
    return (3 * document + query) % 7


@pytest.fixture
def teacher_groups() -> list[Group]:
    """A teacher's raw scores, around 15 with a deviation of about 4."""
    return [
        Group(
            Query(f"q{q}", text),
            tuple(Candidate(Document(word, word, ""), -float(d)) for d, word in enumerate(THINGS)),
            tuple(9.0 + 2 * worth(q, d) for d in range(6)),
        )
        for q, text in enumerate(QUERIES)
    ]


@pytest.fixture
def graded_groups(teacher_groups) -> list[Group]:
    """The same lists with grades 0, 1 and 2."""
    return [
        Group(group.query, group.candidates, tuple(float(min(worth(q, d) // 2, 2)) for d in range(6)))
        for q, group in enumerate(teacher_groups)
    ]


@pytest.fixture
def dev_set() -> DevSet:
    """Two other queries over the same documents, of which the first stage has the worse before the better."""
    groups = [
        Group(
            Query(f"d{q}", text),
            tuple(Candidate(Document(word, word, ""), -float(d)) for d, word in enumerate(THINGS)),
        )
        for q, text in enumerate(("black", "grey"))
    ]
    qrels = {f"d{q}": {word: min(worth(q, d) // 2, 2) for d, word in enumerate(THINGS)} for q in range(2)}
    return DevSet.of(groups, qrels, "nDCG@10")


@pytest.fixture
def trained(tmp_path) -> Callable[..., Path]:
    """Trains a model folder on groups and returns the checkpoint; settings as in RankTraining."""

    def train(
        model: Path,
        groups: list[Group],
        name: str = "out",
        teacher: bool = True,
        dev: DevSet | None = None,
        **settings: Any,
    ) -> Path:
        loss = {"loss": "hybrid" if teacher else "ranknet"}
        told = RankTraining(**{**QUIET, **loss, **settings})
        return fit(Job(str(model), tmp_path / name, told, teacher, dev), groups)

    return train


@pytest.fixture
def weights() -> Callable[[Path], dict[str, Any]]:
    """A checkpoint's weights by name."""
    from safetensors.torch import load_file

    return lambda folder: load_file(folder / "model.safetensors")


@pytest.fixture
def largest_difference(weights) -> Callable[[Path, Path], float]:
    """The largest difference of any weight of two checkpoints."""

    def compare(one: Path, two: Path) -> float:
        ours, theirs = weights(one), weights(two)
        assert ours.keys() == theirs.keys()
        return max((ours[name] - theirs[name]).abs().max().item() for name in ours)

    return compare
