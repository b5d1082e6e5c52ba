"""`rerankkit sft`."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_qrels, read_run

QUICK = {"--max-length": "32", "--learning-rate": "3e-3", "--group-size": "6"}
GIVEN = {"--run": "run.txt", "--topics": "topics.tsv", "--collection": "docs.jsonl", "--qrels": "qrels.txt", **QUICK}


def arguments(model: Path | str, output: str = "out", **changed: str | None) -> list[str]:
    """A command line; `qrels=None` leaves that option out."""
    given = {**GIVEN, "--model": str(model), "--output": output}
    given |= {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    words = [word for name, value in given.items() if value is not None for word in (name, value)]
    return ["sft", *words, "--use-cpu", "--no-bf16"]


def sft(model: Path | str, *flags: str, code: int = 0, **changed: str | None):
    result = CliRunner().invoke(main, [*arguments(model, **changed), *flags])
    assert result.exit_code == code, result.output
    return result


def rerank(model: str, output: str) -> None:
    files = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--output", output]
    result = CliRunner().invoke(main, ["rerank", "--model", model, *files, "--dtype", "float32"])
    assert result.exit_code == 0, result.output


def inversions(run_path: str) -> int:
    """Pairs of different grade that stand in the wrong order."""
    qrels, run = read_qrels("qrels.txt"), read_run(run_path)
    count = 0
    for qid in run:
        grades = [qrels[qid][docid] for docid in run.docids(qid)]
        count += sum(one < two for place, one in enumerate(grades) for two in grades[place + 1 :])
    return count


def test_a_bert_fine_tuned_on_grades_orders_by_them(toy, tiny_bert):
    result = sft(tiny_bert, max_steps="120", output="runs/models/bert-labels")
    assert result.stdout == "runs/models/bert-labels\n"
    rerank("bert-labels", "out.txt")
    assert inversions("run.txt") > 10
    assert inversions("out.txt") == 0
    assert sorted(path.name for path in Path("runs/models").iterdir()) == ["bert-labels"]


def test_an_llm_fine_tuned_by_lora_orders_by_grades(toy, smol_llama):
    sft(smol_llama, max_steps="150", lora_r="8", loss="hinge", loss_option="margin=0.5", learning_rate="1e-2")
    rerank("./out", "out.txt")
    assert inversions("out.txt") == 0
    rerank("./out/adapter", "adapter.txt")
    one, two = read_run("out.txt"), read_run("adapter.txt")
    assert all(list(one.scores(qid)) == pytest.approx(list(two.scores(qid)), abs=1e-5) for qid in one)


def test_clicks_label_as_grades_do(toy, tiny_bert):
    sft(tiny_bert, qrels=None, clicks="clicks.jsonl", loss="lce", max_steps="80")
    rerank("./out", "out.txt")
    clicked = {
        json.loads(line)["query"]: json.loads(line)["docid"] for line in Path("clicks.jsonl").read_text().splitlines()
    }
    assert [read_run("out.txt").docids(qid)[0] for qid in ("q1", "q2", "q3", "q4")] == list(clicked.values())


def test_clicks_are_weighed_as_asked(toy, tiny_bert, monkeypatch):
    """By the rank in the log, by the displayed run, and with the top of that run in the place of clicks."""
    from rerankkit.train import rank

    seen = []
    monkeypatch.setattr(rank, "fit", lambda job, groups: seen.append([group.labels for group in groups]))
    Path("log.tsv").write_text("query\tdocid\tclicks\trank\nred\tdog\t3\t2\nred\tbird\t1\t4\nred\tbird\t1\t1\n")
    sft(tiny_bert, **CLICKED, clicks="log.tsv")
    sft(tiny_bert, **CLICKED, clicks="log.tsv", click_weight="count")
    sft(tiny_bert, **CLICKED, clicks="log.tsv", click_weight="ipw", position_bias="2")
    Path("log.tsv").write_text("red\tfish\t2\n")
    sft(tiny_bert, **CLICKED, clicks="log.tsv", click_weight="ipw", displayed="run.txt")
    sft(tiny_bert, **CLICKED, displayed="run.txt", clicked_top="2", click_weight="count")
    weighed = [[0, 1, 1, 0, 0, 0], [0, 3, 2, 0, 0, 0], [0, 12, 17, 0, 0, 0], [0, 0, 0, 8, 0, 0]]
    assert seen == [*([tuple(map(float, labels))] for labels in weighed), [(2.0, 1.0, 0.0, 0.0, 0.0, 0.0)] * 4]


def test_several_runs_are_trained_on_together(toy, tiny_bert):
    lines = Path("run.txt").read_text().splitlines(keepends=True)
    Path("one.txt").write_text("".join(line for line in lines if line < "q3"))
    Path("two.txt").write_text("".join(line for line in lines if line >= "q3"))
    sft(tiny_bert, "--run", "two.txt", run="one.txt", max_steps="1")
    assert json.loads(Path("out/rerankkit.json").read_text())["trained"]["groups"] == 4


def test_settings_come_from_a_file_and_flags_win(toy, tiny_bert):
    Path("sft.toml").write_text('loss = "hinge"\nmax_steps = 2\nseed = 7\n[loss_options]\nmargin = 2\n[lora]\nr = 4\n')
    sft(tiny_bert, config="sft.toml", seed="8")
    trained = json.loads(Path("out/rerankkit.json").read_text())["trained"]
    assert (trained["loss"], trained["loss_options"], trained["max_steps"]) == ("hinge", {"margin": 2}, 2)
    assert (trained["seed"], trained["lora"]["r"], trained["group_size"]) == (8, 4, 6)


def test_judged_only_and_depth_say_who_is_a_candidate(toy, tiny_bert, caplog):
    """Cut to four, or to the judged ones, the lists of q1 have other labels; here one query is left with two grades."""
    Path("qrels.txt").write_text("q1 0 cat 1\nq1 0 dog 0\nq2 0 stone 1\n")
    with caplog.at_level("INFO", "rerankkit"):
        for flags in ((), ("--judged-only",), ("--depth", "4")):
            sft(tiny_bert, *flags, max_steps="1", output=f"out{''.join(flags)}")
    told = [message.split(" groups")[0] for message in caplog.messages if "groups to learn from" in message]
    assert told == ["2", "1", "1"]


def test_killed_and_run_again_it_ends_with_the_weights_of_an_uninterrupted_one(toy, tiny_bert, caplog):
    from safetensors.torch import load_file

    ways = {"num_train_epochs": "30", "per_device_train_batch_size": "1", "save_steps": "3", "group_size": "4"}
    ways["dropout"] = "0.1"
    sft(tiny_bert, output="expected", **ways)
    Path("out").mkdir()
    Path("out/rerankkit.json").write_text("mine")
    command = [sys.executable, "-m", "rerankkit", "-q", *arguments(tiny_bert, **ways)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        for _ in range(12000):
            states = Path("out.training").glob("checkpoint-*/trainer_state.json")
            if any(state.read_text().rstrip().endswith("}") for state in states) or process.poll() is not None:
                break
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        _, error = process.communicate()
    assert process.returncode == -signal.SIGKILL, error.decode()
    assert [path.name for path in Path("out").iterdir()] == ["rerankkit.json"]
    with caplog.at_level("INFO", "rerankkit"):
        sft(tiny_bert, **ways)
    assert sum(message.startswith("resuming at checkpoint-") for message in caplog.messages) == 1
    ours, theirs = load_file("out/model.safetensors"), load_file("expected/model.safetensors")
    assert max((ours[name] - theirs[name]).abs().max().item() for name in theirs) < 1e-6
    assert not Path("out.training").exists()
    assert Path("out/rerankkit.json").read_text() != "mine"


def can_listen() -> bool:
    try:
        with socket.socket() as port:
            port.bind(("127.0.0.1", 0))
            port.listen()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not can_listen(), reason="no local port can be listened on, which torchrun needs")
def test_two_processes_train_as_one_of_twice_the_batch(toy, tiny_bert):
    """By torchrun with gloo; more groups than a step takes, drawn anew each epoch, so that both must agree on them."""
    ways = {"num_train_epochs": "3", "group_size": "4", "logging_steps": "1", "max_grad_norm": "1000"}
    sft(tiny_bert, output="single", per_device_train_batch_size="2", **ways)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "--"]
    command = [*torchrun, "rerankkit", *arguments(tiny_bert, per_device_train_batch_size="1", **ways)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    single, double = (
        json.loads(Path(f"{name}/rerankkit.json").read_text())["trained"]["log"] for name in ("single", "out")
    )
    assert len(single) == len(double) == 7  # six steps and the summary
    for one, two in zip(single[:6], double[:6], strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-3)
        assert two["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-2)
    rerank("./single", "single.txt")
    rerank("./out", "double.txt")
    one, two = read_run("single.txt"), read_run("double.txt")
    for qid in one:
        assert dict(one[qid]) == pytest.approx(dict(two[qid]), abs=0.01)
    assert not Path("out.training").exists()


FILES = {
    "short.txt": b"q1 Q0 cat 1 9 bm25\nq1 Q0 dog\n",
    "other.txt": b"901 Q0 cat 1 9 bm25\n902 Q0 cat 1 9 bm25\n",
    "unknown.txt": b"q1 Q0 cat 1 9 bm25\nq1 Q0 whale 2 8 bm25\n",
    "twice.txt": b"q1 Q0 cat 1 9 bm25\nq1 Q0 cat 3 7 bm25\n",
    "empty.txt": b"",
    "latin.txt": b"q1 0 caf\xe9 1\n",
    "others.txt": b"901 0 cat 1\n",
    "graded.txt": b"q1 0 cat 1\nq1 0 dog high\n",
    "alike.txt": b"q1 0 cat 0\nq2 0 dog 0\n",
    "hollow.jsonl": b'{"id": "cat", "contents": " "}\n',
    "others.jsonl": b'{"query": "purple", "docid": "cat"}\n',
    "broken.jsonl": b'{"query": "red", "docid": "cat"}\n{"query": "red"}\n',
    "texts.jsonl": b'{"query": "red", "title": "cat", "summary": "a cat"}\n',
    "unknown.toml": b"learning_rte = 1e-3\n",
    "wrong.toml": b'seed = "lucky"\n',
    "broken.toml": b"learning_rate = \n",
}
CLICKED = {"qrels": None}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"qrels": None}, "labels come from one place. Give either --qrels or --clicks"),
        ({"clicks": "clicks.jsonl"}, "Give either --qrels or --clicks"),
        ({"displayed": "run.txt", "clicked_top": "2"}, "Give either --qrels or --clicks"),
        (
            {**CLICKED, "clicks": "clicks.jsonl", "click_weight": "ipw"},
            "clicks.jsonl: the click on document bird for 'red' has no rank. Give the clicks a column `rank`",
        ),
        ({"collection": None}, "Give either --index or --collection"),
        ({"index": "./index"}, "Give either --index or --collection"),
        ({"collection": None, "index": "./nowhere"}, "nowhere: no such index folder"),
        ({"run": "short.txt"}, "short.txt:2: not a run line"),
        ({"run": "twice.txt"}, "twice.txt:2: query q1 has document cat twice"),
        ({"run": "other.txt"}, "2 of the run's 2 queries are not in the topics, first: 901"),
        ({"run": "unknown.txt"}, "document whale of query q1 is not in the collection"),
        ({"run": "empty.txt"}, "empty.txt: the file is empty"),
        ({"collection": "hollow.jsonl"}, "document cat of query q1 is empty"),
        ({"qrels": "latin.txt"}, "latin.txt:1: not UTF-8"),
        ({"qrels": "graded.txt"}, "graded.txt:2: not a qrels line: a grade is a whole number, not 'high'"),
        ({"qrels": "others.txt"}, "no query of the run is judged in the qrels"),
        ({"qrels": "alike.txt"}, "no group has candidates with different labels"),
        ({"qrels": "empty.txt"}, "empty.txt: the file is empty"),
        ({**CLICKED, "clicks": "others.jsonl"}, "no query of the run has a click"),
        ({**CLICKED, "clicks": "broken.jsonl"}, "broken.jsonl:2: not a click"),
        ({**CLICKED, "clicks": "texts.jsonl"}, "texts.jsonl: the click for 'red' names no docid"),
        ({"config": "unknown.toml"}, "unknown.toml: unknown setting 'learning_rte'. Known: batch_tokens, bf16"),
        ({"config": "wrong.toml"}, "wrong.toml: seed = 'lucky', expected a whole number"),
        ({"config": "broken.toml"}, "broken.toml: not settings of a training"),
        ({"config": "nothing.toml"}, "nothing.toml: no such file"),
        ({"loss": "hinges"}, "no losses plug-in named 'hinges'. Known: adr-mse"),
        ({"loss_option": "margin=1"}, "the ranknet loss has no option 'margin'. It has none"),
        ({"loss_option": "margin"}, "--loss-option 'margin'. Expected NAME=NUMBER"),
        ({"loss": "hinge", "loss_option": "margin=-1"}, "margin is -1.0. Give a margin above 0"),
        ({"learning_rate": "-1"}, "--learning-rate must be positive, not -1.0"),
        ({"group_size": "1"}, "--group-size 1: a rank loss compares at least 2 candidates"),
        ({"max_length": "4"}, "--max-length 4 is too small"),
        ({"max_length": "65"}, "--max-length 65 is more than the model's 64 positions"),
        ({"lr_scheduler_type": "zigzag"}, "zigzag is not a valid SchedulerType, please select one of ['linear'"),
        ({"report_to": "carrier-pigeon"}, "carrier-pigeon is not supported, only "),
        ({"lora_r": "4", "target_modules": "nothing"}, "no layer to adapt: --target-modules nothing"),
        ({"depth": "0"}, "Invalid value for '--depth'"),
        ({"seed": "-1"}, "--seed must lie in [0, 2^32), not -1"),
        ({"click_weight": "count"}, "--click-weight has no clicks to weigh"),
        ({"model": "./nowhere"}, "no such model folder: ./nowhere"),
        ({"model": "nobody/nothing"}, "cannot load nobody/nothing: "),
    ],
)
def test_wrong_input_is_told_and_leaves_an_older_output_alone(toy, tiny_bert, changed, message):
    for name, content in FILES.items():
        Path(name).write_bytes(content)
    Path("out").mkdir()
    Path("out/rerankkit.json").write_text("mine")
    result = sft(changed.get("model") or tiny_bert, code=2, **{k: v for k, v in changed.items() if k != "model"})
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ") or "\nError: " in result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in Path("out").iterdir()] == ["rerankkit.json"]
    assert [path.name for path in toy.iterdir() if path.name.startswith(".out")] == []


def test_an_output_that_is_a_file_is_told_before_training(toy, tiny_bert):
    Path("out").write_text("mine")
    assert "out: is a file, where a folder is to be written" in sft(tiny_bert, code=2).stderr
    assert Path("out").read_text() == "mine"


def test_an_unfinished_training_of_other_settings_is_told(toy, tiny_bert):
    checkpoint = Path("out.training/checkpoint-3")
    checkpoint.mkdir(parents=True)
    (checkpoint / "trainer_state.json").write_text("{}")
    Path("out.training/settings.json").write_text('{"model": "another"}')
    result = sft(tiny_bert, code=2)
    assert "out.training: an unfinished training with other settings, data or loss lies here" in result.stderr
    assert "rm -r out.training" in result.stderr
