"""The mean of checkpoints' weights is a checkpoint."""

import json
from pathlib import Path

import pytest
import torch

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import read_note
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scorer import Scoring
from rerankkit.train.average import average


@pytest.fixture
def seeds(trained, tiny_bert, teacher_groups) -> list[str]:
    """Two students of one start."""
    return [str(trained(tiny_bert, teacher_groups, f"s{seed}", seed=seed, max_steps=4)) for seed in (0, 1)]


def test_weights_are_the_mean_by_shares(seeds, tmp_path, weights):
    one, two = (weights(Path(seed)) for seed in seeds)
    even, uneven = (
        weights(average(seeds, None, tmp_path / "even")),
        weights(average(seeds, [3, 1], tmp_path / "uneven")),
    )
    assert set(even) == set(one)
    for name in one:
        torch.testing.assert_close(even[name], (one[name] + two[name]) / 2)
        torch.testing.assert_close(uneven[name], 0.75 * one[name] + 0.25 * two[name])
    assert not torch.equal(one["classifier.weight"], two["classifier.weight"])


def test_it_reranks_and_tells_of_what_it_is_made(seeds, tmp_path, teacher_groups):
    folder = average(seeds, [1, 1], tmp_path / "mean")
    scores = list(load_reranker(str(folder), Scoring("cpu", "float32"), tmp_path).score(teacher_groups))
    assert [len(of_query) for of_query in scores] == [len(group.candidates) for group in teacher_groups]
    note = read_note(folder)
    assert note.trained == {"averaged": ["s0", "s1"], "shares": [0.5, 0.5]}
    assert note.lengths == read_note(seeds[0]).lengths
    assert "mean of those of `s0` (0.5), `s1` (0.5)." in (folder / "README.md").read_text()
    assert json.loads((folder / "config.json").read_text())["sentence_transformers"]["activation_fn"].endswith(
        "Identity"
    )


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ([1], "1 weights for 2 checkpoints"),
        ([0, 0], "--weights 0,0"),
        ([1, -1], "--weights 1,-1"),
        ([1, float("nan")], "--weights 1,nan"),
    ],
)
def test_shares_that_cannot_be(seeds, tmp_path, shares, told):
    with pytest.raises(InputError, match=told):
        average(seeds, shares, tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_checkpoints_that_do_not_fit_each_other(seeds, trained, tiny_bert, tiny_llama, teacher_groups, tmp_path):
    llm = str(trained(tiny_llama, teacher_groups, "llm", max_steps=1))
    apart = str(trained(tiny_bert, teacher_groups, "apart", max_steps=1, separate_title=True))
    thin = str(trained(tiny_bert, teacher_groups, "thin", max_steps=1, keep_layers=1))
    for other, told in (
        (llm, "architecture is llm"),
        (apart, "separate_title is True"),
        (thin, "not of the shape"),
        (str(tiny_bert), "no checkpoint of rerankkit's"),
    ):
        with pytest.raises(InputError, match=told):
            average([seeds[0], other], None, tmp_path / "mean")
    with pytest.raises(InputError, match="one checkpoint has no mean"):
        average(seeds[:1], None, tmp_path / "mean")
    with pytest.raises(InputError, match="is the checkpoint itself"):
        average(seeds, None, tmp_path / "s0")
    assert read_note(seeds[0]).trained["seed"] == 0


def test_a_folder_of_other_things_is_left_alone(seeds, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(InputError, match="folder of other things"):
        average(seeds, None, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_weights_that_are_no_numbers_are_refused(seeds, tmp_path, weights):
    from safetensors.torch import save_file

    broken = weights(Path(seeds[1]))
    next(iter(broken.values())).fill_(float("nan"))
    save_file(broken, Path(seeds[1]) / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"s1: .* holds weights that are no numbers"):
        average(seeds, None, tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
