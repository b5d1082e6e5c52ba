"""The best weights by a dev measure, through kills and to the end."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from rerankkit.errors import InputError
from rerankkit.evaluate.measures import evaluate
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.reorder import reranked
from rerankkit.rerank.scorer import Scoring
from rerankkit.run import Run
from rerankkit.train.best import BestWeights
from rerankkit.train.dev import DevSet
from rerankkit.train.settings import Lora
from rerankkit.train.trainer import Watch

STEADY = {
    **{"lr_scheduler_type": "constant", "warmup_ratio": 0.0, "group_size": 4, "sampling": "stratified"},
    "dropout": 0.1,  # draws from torch's generator at every step
}
"""No schedule, so that a training of 4 steps has the weights that a longer one has after 4."""
KILLED = {**STEADY, "per_device_train_batch_size": 1, "max_steps": 12, "save_steps": 5, "eval_steps": 2}


def trained_note(folder: Path) -> dict:
    return json.loads((folder / "rerankkit.json").read_text())["trained"]


def dev_history(folder: Path) -> list[tuple[int, float]]:
    return [(entry["step"], entry["eval_nDCG@10"]) for entry in trained_note(folder)["log"] if "eval_nDCG@10" in entry]


def same_weights(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture
def scripted(monkeypatch):
    """Gives the dev measure a value by step, whatever the scores; the first stage keeps its own."""

    def script(values: dict[int, float]) -> None:
        taken = BestWeights._value
        monkeypatch.setattr(
            BestWeights,
            "_value",
            lambda self, model: (values[self.trainer.state.global_step], taken(self, model)[1]),
        )

    return script


@pytest.fixture
def killed_at(monkeypatch):
    """Runs a training that ends by Ctrl-C after so many steps."""

    def kill(step: int, train) -> None:
        moved = Watch.on_step_end

        def stop(self, args, state, control, **rest):
            moved(self, args, state, control, **rest)
            if state.global_step == step:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Watch, "on_step_end", stop)
            with pytest.raises(KeyboardInterrupt):
                train()

    return kill


@pytest.mark.parametrize("kind", ["whole bert", "llama by lora"])
def test_the_best_weights_are_saved_not_the_last(trained, request, teacher_groups, dev_set, weights, scripted, kind):
    model = request.getfixturevalue("tiny_llama" if "llama" in kind else "tiny_bert")
    ways = {**STEADY, "lora": Lora(4 if "lora" in kind else 0)}
    at_four = weights(trained(model, teacher_groups, "four", **ways, max_steps=4))
    at_eight = weights(trained(model, teacher_groups, "eight", **ways, max_steps=8))
    scripted({0: 0.1, 2: 0.2, 4: 0.6, 6: 0.5, 8: 0.6})
    folder = trained(model, teacher_groups, "best", dev=dev_set, **ways, max_steps=8, eval_steps=2)
    assert same_weights(weights(folder), at_four)
    assert not same_weights(at_four, at_eight)
    assert dev_history(folder) == [(0, 0.1), (2, 0.2), (4, 0.6), (6, 0.5), (8, 0.6)]
    told = trained_note(folder)["dev"]
    assert (told["step"], told["value"], told["measure"], told["queries"]) == (4, 0.6, "nDCG@10", 2)
    assert told["stopped_early"] is False


def test_measuring_changes_nothing_of_the_training(trained, tiny_bert, teacher_groups, dev_set, weights, scripted):
    """Dropout draws the same, and every log of the loss that is due is there."""
    plain = trained(tiny_bert, teacher_groups, "plain", **STEADY, max_steps=8, logging_steps=2)
    scripted({step: float(step) for step in range(9)})
    measured = trained(
        tiny_bert, teacher_groups, "measured", dev=dev_set, **STEADY, max_steps=8, logging_steps=2, eval_steps=1
    )
    assert same_weights(weights(plain), weights(measured))
    ours, theirs = (
        [(entry["step"], entry["loss"]) for entry in trained_note(folder)["log"] if "loss" in entry]
        for folder in (plain, measured)
    )
    assert ours == theirs
    assert [step for step, _ in ours] == [2, 4, 6, 8]


def test_the_value_in_the_note_is_that_of_the_saved_checkpoint(trained, tiny_bert, teacher_groups, dev_set):
    """As rerank and evaluate find it."""
    folder = trained(tiny_bert, teacher_groups, dev=dev_set, max_steps=20, eval_steps=4)
    scorer = load_reranker(str(folder), Scoring("cpu", "float32"), folder.parent)
    hits = {
        group.query.qid: reranked(group, scores)
        for group, scores in zip(dev_set.groups, scorer.score(dev_set.groups), strict=True)
    }
    told = trained_note(folder)["dev"]
    assert told["value"] == pytest.approx(evaluate(Run.ranked(hits), dev_set.qrels, ["nDCG@10"]).values["nDCG@10"])
    assert told["value"] == max(value for _, value in dev_history(folder)) > told["first_stage"]
    assert told["first_stage"] == pytest.approx(dev_set.first_stage())


def test_without_eval_steps_there_are_ten_and_the_one_before(trained, tiny_bert, teacher_groups, dev_set):
    folder = trained(tiny_bert, teacher_groups, dev=dev_set, max_steps=21)
    assert [step for step, _ in dev_history(folder)] == [0, 3, 6, 9, 12, 15, 18, 21]


def test_a_training_without_gain_is_stopped(trained, tiny_bert, teacher_groups, dev_set, scripted, caplog):
    caplog.set_level(logging.INFO, "rerankkit")
    scripted({0: 0.1, 2: 0.7, 4: 0.2, 6: 0.7, 8: 0.9})
    ways = {"max_steps": 30, "eval_steps": 2, "logging_steps": 1, "early_stopping_patience": 2}
    folder = trained(tiny_bert, teacher_groups, dev=dev_set, **ways)
    assert dev_history(folder) == [(0, 0.1), (2, 0.7), (4, 0.2), (6, 0.7)]
    assert trained_note(folder)["dev"] == {
        "measure": "nDCG@10",
        "queries": 2,
        "first_stage": pytest.approx(dev_set.first_stage()),
        "step": 2,
        "value": 0.7,
        "stopped_early": True,
    }
    assert max(entry["step"] for entry in trained_note(folder)["log"]) == 6
    assert "no gain on dev in 2 evaluations: the training ends here" in caplog.messages


def test_early_stopping_needs_a_dev_set(trained, tiny_bert, teacher_groups):
    with pytest.raises(InputError, match="early stopping has nothing to go by"):
        trained(tiny_bert, teacher_groups, early_stopping_patience=2)


RISING = {0: 0.1, 2: 0.2, 4: 0.5, 6: 0.9, 8: 0.3, 10: 0.4, 12: 0.5}
EARLY = {0: 0.1, 2: 0.9, 4: 0.5, 6: 0.3, 8: 0.3, 10: 0.4, 12: 0.5}


@pytest.mark.parametrize(
    ("kind", "step", "values"),
    [
        ("whole bert", 3, RISING),
        ("whole bert", 7, RISING),
        ("whole bert", 12, EARLY),
        ("llama by lora", 7, RISING),
        ("llama by lora", 7, EARLY),
    ],
)
def test_a_killed_and_resumed_training_gives_the_same_bits(
    trained, request, teacher_groups, dev_set, weights, scripted, killed_at, kind, step, values
):
    """Checkpoints lie at 5 and 10, dev is measured at 6 and 10: what a kill at 7 forgets is found again."""
    model = request.getfixturevalue("tiny_llama" if "llama" in kind else "tiny_bert")
    ways = {**KILLED, "dev": dev_set, "lora": Lora(4 if "lora" in kind else 0, lora_dropout=0.1)}
    scripted(values)
    expected = trained(model, teacher_groups, "uninterrupted", **ways)
    killed_at(step, lambda: trained(model, teacher_groups, "killed", **ways))
    resumed = trained(model, teacher_groups, "killed", **ways)
    assert same_weights(weights(expected), weights(resumed))
    assert dev_history(expected) == dev_history(resumed) == list(values.items())
    assert trained_note(expected)["dev"] == trained_note(resumed)["dev"]
    assert not resumed.with_name("killed.training").exists()


@pytest.mark.parametrize("step", [5, 8])
def test_patience_goes_on_where_it_was(trained, tiny_bert, teacher_groups, dev_set, scripted, killed_at, step):
    """The best is at 4; of 3 evaluations without gain the last is at 10."""
    scripted({0: 0.1, 2: 0.2, 4: 0.5, 6: 0.4, 8: 0.3, 10: 0.4, 12: 0.9})
    ways = {**KILLED, "dev": dev_set, "early_stopping_patience": 3}
    killed_at(step, lambda: trained(tiny_bert, teacher_groups, "killed", **ways))
    resumed = trained(tiny_bert, teacher_groups, "killed", **ways)
    assert [at for at, _ in dev_history(resumed)] == [0, 2, 4, 6, 8, 10]
    told = trained_note(resumed)["dev"]
    assert (told["step"], told["stopped_early"]) == (4, True)


def test_a_stopped_training_killed_before_its_output_was_written_only_writes_it(
    trained, tiny_bert, teacher_groups, dev_set, weights, scripted, monkeypatch
):
    scripted({0: 0.1, 2: 0.5, 4: 0.4, 6: 0.3, 8: 0.9})
    ways = {**KILLED, "dev": dev_set, "early_stopping_patience": 2}
    expected = trained(tiny_bert, teacher_groups, "uninterrupted", **ways)
    with monkeypatch.context() as patch:
        patch.setattr("rerankkit.train.rank._save", lambda *rest: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            trained(tiny_bert, teacher_groups, "killed", **ways)
    resumed = trained(tiny_bert, teacher_groups, "killed", **ways)
    assert same_weights(weights(expected), weights(resumed))
    assert dev_history(expected) == dev_history(resumed)
    assert trained_note(expected)["dev"] == trained_note(resumed)["dev"]


def test_a_best_that_a_second_life_does_not_find_again_gives_way_to_the_one_before(
    trained, tiny_bert, teacher_groups, dev_set, weights, scripted, killed_at
):
    """As on a GPU, where no two lives are alike: the weights of step 6 were kept, the checkpoint at 5 knows of 4."""
    at_four = trained(tiny_bert, teacher_groups, "four", **{**KILLED, "max_steps": 4})
    scripted({**RISING, 6: 0.9})
    ways = {**KILLED, "dev": dev_set}
    killed_at(7, lambda: trained(tiny_bert, teacher_groups, "killed", **ways))
    scripted({**RISING, 6: 0.3, 12: 0.4})
    resumed = trained(tiny_bert, teacher_groups, "killed", **ways)
    assert same_weights(weights(at_four), weights(resumed))
    assert trained_note(resumed)["dev"]["step"] == 4


def test_of_an_adapters_training_only_what_is_learnt_is_kept(
    trained, tiny_llama, teacher_groups, dev_set, killed_at, tmp_path, scripted
):
    scripted(RISING)
    killed_at(7, lambda: trained(tiny_llama, teacher_groups, "killed", **{**KILLED, "dev": dev_set, "lora": Lora(4)}))
    kept = sorted(path.name for path in (tmp_path / "killed.training").glob("best-*"))
    assert kept == ["best-4.safetensors", "best-6.safetensors"]  # the checkpoint at 5 needs the first still
    names = load_file(tmp_path / "killed.training" / "best-6.safetensors")
    assert all("lora_" in name or "score" in name for name in names)
    assert any("score" in name for name in names)


def test_best_weights_that_are_gone_are_told(trained, tiny_bert, teacher_groups, dev_set, killed_at, tmp_path):
    ways = {**KILLED, "dev": dev_set}
    killed_at(7, lambda: trained(tiny_bert, teacher_groups, "killed", **ways))
    for path in (tmp_path / "killed.training").glob("best-*"):
        path.unlink()
    with pytest.raises(InputError, match="the best weights of the unfinished training are gone") as caught:
        trained(tiny_bert, teacher_groups, "killed", **ways)
    assert f"rm -r {tmp_path / 'killed.training'}" in caught.value.remedy


def test_a_training_is_not_resumed_beside_another_dev_set(trained, tiny_bert, teacher_groups, dev_set, killed_at):
    killed_at(7, lambda: trained(tiny_bert, teacher_groups, "killed", **KILLED, dev=dev_set))
    other = DevSet.of(dev_set.groups, {**dev_set.qrels, "d0": {"cat": 1}}, "nDCG@10")
    with pytest.raises(InputError, match="an unfinished training with other settings, data or loss lies here"):
        trained(tiny_bert, teacher_groups, "killed", **KILLED, dev=other)


def test_a_model_below_its_first_stage_is_told(trained, tiny_bert, teacher_groups, dev_set, scripted, caplog):
    scripted({0: 0.2, 2: 0.1, 4: 0.1})
    folder = trained(tiny_bert, teacher_groups, dev=dev_set, max_steps=4, eval_steps=2)
    below, start = trained_note(folder)["warnings"]
    assert below.startswith("on dev the model is below its first stage: nDCG@10 0.2000 against 0.6747. ")
    assert start.startswith("on dev no step was better than the start, nDCG@10 0.2000")
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [below, start]
    assert f"Warning: {below}" in (folder / "README.md").read_text()


def test_a_dev_query_that_is_too_long_is_told_before_training(trained, tiny_bert, teacher_groups, dev_set, tmp_path):
    group = dev_set.groups[0]
    long = replace(group, query=group.query._replace(text="red " * 40))
    with pytest.raises(InputError, match="query d0 has 40 tokens"):
        trained(tiny_bert, teacher_groups, dev=DevSet.of([long], dev_set.qrels, "nDCG@10"), long_queries="error")
    assert list(tmp_path.iterdir()) == []
