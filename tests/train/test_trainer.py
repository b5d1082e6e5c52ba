"""transformers' Trainer as we use it: resumed after a kill, gradients accumulated rightly."""

import json
import logging
import shutil
from dataclasses import replace

import pytest
import torch
from transformers import TrainingArguments

from rerankkit.errors import InputError
from rerankkit.train import trainer
from rerankkit.train.settings import Lora, Training
from rerankkit.train.trainer import Watch, arguments, work_folder


def log_of(folder) -> list[dict[str, float]]:
    """The steps that a checkpoint's note tells."""
    history = json.loads((folder / "rerankkit.json").read_text())["trained"]["log"]
    return [entry for entry in history if "loss" in entry]


def interrupt_at(monkeypatch, step: int) -> None:
    """Ends a training by Ctrl-C after so many steps."""
    moved = Watch.on_step_end

    def stop(self, args, state, control, **rest):
        moved(self, args, state, control, **rest)
        if state.global_step == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(Watch, "on_step_end", stop)


WAYS = {"group_size": 4, "per_device_train_batch_size": 1, "num_train_epochs": 3.0, "save_steps": 5, "dropout": 0.1}
"""12 steps; epochs begin after 4 and 8; the last checkpoint before step 7 lies in the middle of the second epoch."""


@pytest.mark.parametrize("step", [7, 12])
@pytest.mark.parametrize("kind", ["whole bert", "bert by lora", "llama by lora", "accumulated"])
def test_a_resumed_training_ends_with_the_weights_of_an_uninterrupted_one(
    trained, request, teacher_groups, largest_difference, monkeypatch, tmp_path, kind, step
):
    """Dropout, the draw of candidates, the optimizer and the schedule all go on where they were."""
    model = request.getfixturevalue("tiny_llama" if "llama" in kind else "tiny_bert")
    ways = {**WAYS, "lora": Lora(4 if "lora" in kind else 0, lora_dropout=0.2 if "lora" in kind else 0.0)}
    if kind == "accumulated":
        ways = {**ways, "num_train_epochs": 6.0, "gradient_accumulation_steps": 2}
    expected = trained(model, teacher_groups, "uninterrupted", **ways)
    with monkeypatch.context() as patch:
        interrupt_at(patch, step)
        with pytest.raises(KeyboardInterrupt):
            trained(model, teacher_groups, "killed", **ways)
    assert not (tmp_path / "killed").exists()
    assert [path.name for path in (tmp_path / "killed.training").glob("checkpoint-*")] == [
        f"checkpoint-{step // 5 * 5}"
    ]
    resumed = trained(model, teacher_groups, "killed", **ways)
    assert largest_difference(expected, resumed) < 1e-6
    assert not (tmp_path / "killed.training").exists()
    another = trained(model, teacher_groups, "another", **{**ways, "seed": 1})
    assert largest_difference(expected, another) > 1e-3


def test_a_training_killed_before_its_output_was_written_only_writes_it(
    trained, tiny_bert, teacher_groups, largest_difference, monkeypatch, caplog
):
    caplog.set_level(logging.INFO, "rerankkit")
    expected = trained(tiny_bert, teacher_groups, "uninterrupted", max_steps=4)
    with monkeypatch.context() as patch:
        patch.setattr("rerankkit.train.rank._save", lambda *rest: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            trained(tiny_bert, teacher_groups, "killed", max_steps=4)
    assert largest_difference(expected, trained(tiny_bert, teacher_groups, "killed", max_steps=4)) < 1e-6
    assert "resuming at checkpoint-4" in caplog.messages


def test_a_checkpoint_that_was_not_written_to_its_end_is_left_out(
    trained, tiny_bert, teacher_groups, largest_difference, monkeypatch, tmp_path
):
    expected = trained(tiny_bert, teacher_groups, "uninterrupted", **WAYS)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny_bert, teacher_groups, "killed", **WAYS)
    half = tmp_path / "killed.training" / "checkpoint-10"
    half.mkdir()
    (half / "model.safetensors").write_bytes(b"half")
    later = shutil.copytree(tmp_path / "killed.training" / "checkpoint-5", half.with_name("checkpoint-11"))
    (later / "trainer_state.json").write_text('{"global_step": 1')
    assert largest_difference(expected, trained(tiny_bert, teacher_groups, "killed", **WAYS)) < 1e-6


def test_an_unfinished_training_of_other_settings_is_not_taken_over(
    trained, tiny_bert, teacher_groups, monkeypatch, tmp_path
):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny_bert, teacher_groups, **WAYS)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for other in ({"learning_rate": 1e-5}, {"loss": "point-mse"}, {"seed": 3}):
        with pytest.raises(
            InputError, match="an unfinished training with other settings, data or loss lies here"
        ) as caught:
            trained(tiny_bert, teacher_groups, **{**WAYS, **other})
        assert f"rm -r {tmp_path / 'out.training'}" in caught.value.remedy
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_other_settings_may_start_where_nothing_was_kept(trained, tiny_bert, teacher_groups, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny_bert, teacher_groups, **WAYS)
    assert trained(tiny_bert, teacher_groups, **{**WAYS, "seed": 3}).is_dir()


def test_two_accumulated_groups_are_a_batch_of_two(trained, tiny_bert, teacher_groups):
    """Loss and gradient are told as they are, since AdamW would hide a gradient twice as large."""
    ways = {"max_steps": 4, "logging_steps": 1, "max_grad_norm": 1e9}
    sizes = ((2, 1), (1, 2), (4, 1))
    one, two, four = (
        trained(
            tiny_bert,
            teacher_groups,
            f"{size}x{steps}",
            per_device_train_batch_size=size,
            gradient_accumulation_steps=steps,
            **ways,
        )
        for size, steps in sizes
    )
    ours, theirs, wide = log_of(one), log_of(two), log_of(four)
    assert [entry["loss"] for entry in ours] == pytest.approx([entry["loss"] for entry in theirs], rel=1e-4)
    assert [entry["grad_norm"] for entry in ours] == pytest.approx([entry["grad_norm"] for entry in theirs], rel=1e-4)
    assert ours[0]["loss"] != pytest.approx(wide[0]["loss"], rel=1e-4)


@pytest.mark.parametrize("lora", [Lora(0), Lora(4)])
@pytest.mark.parametrize("model", ["tiny_bert", "tiny_llama"])
def test_gradient_checkpointing_changes_nothing_but_memory(
    trained, request, teacher_groups, largest_difference, model, lora
):
    base = request.getfixturevalue(model)
    plain = trained(base, teacher_groups, "plain", max_steps=3, lora=lora)
    spared = trained(base, teacher_groups, "spared", max_steps=3, lora=lora, gradient_checkpointing=True)
    start = trained(base, teacher_groups, "start", max_steps=1, lora=lora, learning_rate=1e-9)
    assert largest_difference(plain, spared) < 1e-6
    assert largest_difference(plain, start) > 1e-3


def test_each_epoch_draws_other_candidates_also_after_a_resume(trained, tiny_bert, teacher_groups, monkeypatch):
    """The epoch that the data was told, at every item taken."""
    from rerankkit.train.rank import GroupData

    taken: list[int] = []
    take = GroupData.__getitem__
    monkeypatch.setattr(GroupData, "__getitem__", lambda self, i: taken.append(self.epoch) or take(self, i))
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        with pytest.raises(KeyboardInterrupt):
            trained(tiny_bert, teacher_groups, **WAYS)
    assert taken[:7] == [0, 0, 0, 0, 1, 1, 1]
    taken.clear()
    trained(tiny_bert, teacher_groups, **WAYS)
    assert taken == [1, 1, 1, 2, 2, 2, 2]


def test_settings_become_hugging_faces(tmp_path):
    settings = Training(
        learning_rate=3e-4,
        warmup_ratio=0.25,
        gradient_accumulation_steps=3,
        bf16=False,
        use_cpu=True,
        lr_scheduler_type="cosine",
        seed=9,
        max_steps=8,
    )
    made = arguments(settings, tmp_path)
    assert isinstance(made, TrainingArguments)
    assert (made.learning_rate, made.gradient_accumulation_steps, made.seed, made.max_steps) == (3e-4, 3, 9, 8)
    assert (made.lr_scheduler_type, made.bf16, made.report_to) == ("cosine", False, [])
    assert made.get_warmup_steps(8) == 2
    assert made.device.type == "cpu"


def test_bf16_is_the_devices_choice_where_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "has_fast_bf16", lambda: True)
    assert arguments(Training(use_cpu=True), tmp_path).bf16 is True
    assert arguments(Training(use_cpu=True, bf16=False), tmp_path).bf16 is False


def test_a_value_that_hugging_face_does_not_know(tmp_path):
    with pytest.raises(InputError, match="zigzag"):
        arguments(Training(lr_scheduler_type="zigzag", use_cpu=True), tmp_path)


def test_the_work_lies_beside_the_output(tmp_path):
    assert work_folder(tmp_path / "bert.v2") == tmp_path / "bert.v2.training"
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file, where a folder is to be written"):
        work_folder(tmp_path / "file")


def test_a_bar_is_stopped_by_ctrl_c(trained, tiny_bert, teacher_groups, monkeypatch):
    """A bar left running hides the cursor."""
    stopped = []
    monkeypatch.setattr("rerankkit.progress.Bar.stop", lambda self: stopped.append(self.what))
    interrupt_at(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        trained(tiny_bert, teacher_groups)
    assert stopped == ["distilling"]


def test_nothing_is_printed_to_stdout(trained, tiny_bert, teacher_groups, capfd):
    trained(tiny_bert, teacher_groups, max_steps=3, logging_steps=1, save_steps=1)
    assert capfd.readouterr().out == ""


def test_bfloat16_trains_a_float32_checkpoint(trained, tiny_bert, teacher_groups, weights):
    folder = trained(tiny_bert, teacher_groups, max_steps=3, bf16=True)
    assert {tensor.dtype for tensor in weights(folder).values()} == {torch.float32}


@pytest.mark.parametrize(("half", "attention"), [(True, "eager"), (False, "sdpa")])
def test_half_precision_on_a_cpu_takes_plain_attention(
    trained, tiny_bert, teacher_groups, monkeypatch, half, attention
):
    """A step in both precisions, and what the model attended by in it."""
    seen = []
    moved = Watch.on_step_end

    def look(self, args, state, control, model=None, **rest):
        seen.append(model.config._attn_implementation)
        moved(self, args, state, control, **rest)

    monkeypatch.setattr(Watch, "on_step_end", look)
    trained(tiny_bert, teacher_groups, max_steps=1, bf16=half, use_cpu=True)
    assert seen == [attention]


def killed(trained, model, groups, monkeypatch, **ways) -> None:
    """Leaves an unfinished training `out.training` with a checkpoint at step 5."""
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        with pytest.raises(KeyboardInterrupt):
            trained(model, groups, **WAYS, **ways)


def test_a_training_is_not_resumed_on_other_texts_or_another_start(
    trained, tiny_bert, teacher_groups, monkeypatch, tmp_path
):
    start = tmp_path / "start"
    shutil.copytree(tiny_bert, start)
    killed(trained, start, teacher_groups, monkeypatch)
    candidates = teacher_groups[0].candidates
    other = candidates[0]._replace(document=candidates[0].document._replace(text="other words"))
    changed = replace(teacher_groups[0], candidates=(other, *candidates[1:]))
    with pytest.raises(InputError, match="an unfinished training with other settings, data or loss lies here"):
        trained(start, [changed, *teacher_groups[1:]], **WAYS)
    config = json.loads((start / "config.json").read_text())
    (start / "config.json").write_text(json.dumps({**config, "layer_norm_eps": 1e-6}))
    with pytest.raises(InputError, match="an unfinished training with other settings, data or loss lies here"):
        trained(start, teacher_groups, **WAYS)


def test_a_checkpoint_that_was_cut_short_is_not_resumed_from(
    trained, tiny_bert, teacher_groups, largest_difference, monkeypatch, tmp_path
):
    expected = trained(tiny_bert, teacher_groups, "uninterrupted", **WAYS)
    killed(trained, tiny_bert, teacher_groups, monkeypatch)
    state = tmp_path / "out.training/checkpoint-5/optimizer.pt"
    state.write_bytes(state.read_bytes()[:1000])
    assert largest_difference(expected, trained(tiny_bert, teacher_groups, **WAYS)) < 1e-6


def test_a_resumed_trainings_log_is_that_of_an_uninterrupted_one(
    trained, tiny_bert, teacher_groups, monkeypatch, tmp_path
):
    def logged(folder):
        history = json.loads((folder / "rerankkit.json").read_text())["trained"]["log"]
        return [{name: value for name, value in line.items() if not name.startswith("train_")} for line in history]

    whole = trained(tiny_bert, teacher_groups, "whole", **WAYS, logging_steps=5)
    killed(trained, tiny_bert, teacher_groups, monkeypatch, logging_steps=5)
    resumed = trained(tiny_bert, teacher_groups, **WAYS, logging_steps=5)
    assert "train_loss" not in (resumed / "rerankkit.json").read_text()
    assert logged(resumed) == logged(whole)


def test_a_training_is_not_resumed_with_another_loss_of_the_same_name(
    trained, tiny_bert, teacher_groups, monkeypatch, tmp_path
):
    killed(trained, tiny_bert, teacher_groups, monkeypatch)
    monkeypatch.setattr("rerankkit.train.rank.code_digest", lambda kind, name: f"{kind} {name} changed")
    with pytest.raises(InputError, match="other settings, data or loss lies here"):
        trained(tiny_bert, teacher_groups, **WAYS)
