"""`rerankkit distill`."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy.stats import kendalltau

from rerankkit.cli import main
from rerankkit.trec import read_run

QUICK = {"--max-length": "32", "--learning-rate": "3e-3", "--group-size": "6", "--max-steps": "150"}
GIVEN = {"--run": "teacher.txt", "--topics": "topics.tsv", "--collection": "docs.jsonl", **QUICK}


def distill(model: Path | str, *flags: str, code: int = 0, **changed: str | None):
    given = {**GIVEN, "--model": str(model), "--output": "out"}
    given |= {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    words = [word for name, value in given.items() if value is not None for word in (name, value)]
    result = CliRunner().invoke(main, ["distill", *words, "--use-cpu", "--no-bf16", *flags])
    assert result.exit_code == code, result.output
    return result


def student_run(model: str = "./out"):
    files = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl", "--output", "student.txt"]
    result = CliRunner().invoke(main, ["rerank", "--model", model, *files, "--dtype", "float32"])
    assert result.exit_code == 0, result.output
    return read_run("student.txt")


def settings() -> dict:
    return json.loads(Path("out/rerankkit.json").read_text())["trained"]


def test_a_student_takes_over_its_teachers_order_and_scale(toy, tiny_bert):
    """The teacher's scores lie between 11 and 19."""
    assert distill(tiny_bert, output="runs/models/bert-distilled").stdout == "runs/models/bert-distilled\n"
    student, teacher = student_run("bert-distilled"), read_run("teacher.txt")
    for qid in teacher:
        theirs, ours = dict(teacher[qid]), dict(student[qid])
        assert kendalltau([ours[docid] for docid in theirs], list(theirs.values())).statistic > 0.9
        assert ours == pytest.approx(theirs, abs=1.0)


def test_a_name_stands_for_a_checkpoint_of_the_models_folder(toy, tiny_bert):
    shutil.copytree(tiny_bert, "checkpoints/warm")
    distill("warm", models="checkpoints", max_steps="1")
    assert json.loads(Path("out/rerankkit.json").read_text())["trained"]["model"] == "warm"


def test_alpha_and_beta_are_the_hybrids_weights(toy, tiny_bert):
    distill(tiny_bert, alpha="0.2", beta="3", max_steps="1")
    assert (settings()["loss"], settings()["loss_options"]) == ("hybrid", {"alpha": 0.2, "beta": 3.0})


def test_another_loss_may_be_chosen(toy, tiny_bert):
    distill(tiny_bert, loss="margin-mse", max_steps="1")
    assert (settings()["loss"], settings()["loss_options"]) == ("margin-mse", {})


def test_several_runs_with_their_topics_teach_together(toy, tiny_bert):
    for name, qids in (("one", ("q1", "q2")), ("two", ("q3", "q4"))):
        for kind, suffix in (("teacher", "txt"), ("topics", "tsv")):
            lines = Path(f"{kind}.{suffix}").read_text().splitlines(keepends=True)
            Path(f"{name}.{suffix}").write_text("".join(line for line in lines if line.startswith(qids)))
    distill(tiny_bert, "--run", "two.txt", "--topics", "two.tsv", run="one.txt", topics="one.tsv", max_steps="1")
    assert settings()["groups"] == 4


def test_the_depth_leaves_a_tail_out(toy, tiny_bert, caplog):
    """Worths of the two best are 6 5, 6 4, 5 4 and 6 5; scores are 11 + 4/3 of them."""
    with caplog.at_level("INFO", "rerankkit"):
        distill(tiny_bert, depth="2", max_steps="1", output="two")
        distill(tiny_bert, max_steps="1")
    told = [message for message in caplog.messages if "groups to learn from" in message]
    assert told == ["4 groups to learn from, scale 17.833 ± 1.041", "4 groups to learn from, scale 14.833 ± 2.562"]


FILES = {
    "short.txt": b"q1 Q0 cat 1 9 t\nq1 Q0 dog\n",
    "other.txt": b"901 Q0 cat 1 9 t\n",
    "unknown.txt": b"q1 Q0 cat 1 9 t\nq1 Q0 whale 2 8 t\n",
    "nan.txt": b"q1 Q0 cat 1 nan t\n",
    "flat.txt": b"q1 Q0 cat 1 5 t\nq1 Q0 dog 2 5 t\n",
    "nearly.txt": b"q1 Q0 cat 1 1000000.1 t\nq1 Q0 dog 2 1000000 t\n",
    "empty.txt": b"",
    "latin.txt": b"q1 Q0 caf\xe9 1 9 t\n",
    "hollow.jsonl": b'{"id": "bird", "contents": ""}\n',
    "wrong.toml": b"seed = 2.5\n",
}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"run": "short.txt"}, "short.txt:2: not a run line"),
        ({"run": "other.txt"}, "1 of the run's 1 queries are not in the topics, first: 901"),
        ({"run": "unknown.txt"}, "document whale of query q1 is not in the collection"),
        ({"run": "nan.txt"}, "the score of query q1, document cat is nan"),
        ({"run": "flat.txt"}, "different labels. The teacher scores a list's documents all the same"),
        ({"run": "nearly.txt"}, "the teacher's scores are all the same. It teaches nothing"),
        ({"run": "empty.txt"}, "empty.txt: the file is empty"),
        ({"run": "latin.txt"}, "latin.txt:1: not UTF-8"),
        ({"run": "nothing.txt"}, "nothing.txt: no such file"),
        ({"collection": "hollow.jsonl"}, "document bird of query q1 is empty. Give it a text"),
        ({"collection": None}, "Give either --index or --collection"),
        ({"index": "./index"}, "Give either --index or --collection"),
        ({"collection": None, "index": "./nowhere"}, "nowhere: no such index folder"),
        ({"config": "wrong.toml"}, "wrong.toml: seed = 2.5, expected a whole number"),
        ({"loss": "hybrids"}, "no losses plug-in named 'hybrids'"),
        ({"loss": "point-mse", "alpha": "1"}, "the point-mse loss has no option 'alpha'. It has none"),
        ({"loss_option": "gamma=1"}, "the hybrid loss has no option 'gamma'. It has alpha, beta"),
        ({"alpha": "-1"}, "alpha is -1.0 and beta 1.0. Give two numbers of which none is negative"),
        ({"alpha": "0", "beta": "0"}, "alpha is 0.0 and beta 0.0"),
        ({"learning_rate": "-3e-4"}, "--learning-rate must be positive, not -0.0003"),
        ({"depth": "-1"}, "Invalid value for '--depth'"),
        ({"model": "./nowhere"}, "no such model folder: ./nowhere"),
        ({"model": "nobody/nothing"}, "cannot load nobody/nothing: "),
    ],
)
def test_wrong_input_is_told_and_leaves_an_older_output_alone(toy, tiny_bert, changed, message):
    for name, content in FILES.items():
        Path(name).write_bytes(content)
    Path("out").mkdir()
    Path("out/rerankkit.json").write_text("mine")
    result = distill(changed.get("model") or tiny_bert, code=2, **{k: v for k, v in changed.items() if k != "model"})
    assert result.stdout == ""
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in Path("out").iterdir()] == ["rerankkit.json"]


def test_a_query_in_two_runs_is_named(toy, tiny_bert):
    result = distill(tiny_bert, "--run", "run.txt", code=2)
    assert "query q1 stands in two of the runs" in result.stderr


def test_a_files_loss_options_stay_beside_those_of_flags(toy, tiny_bert):
    Path("c.toml").write_text("[loss_options]\nalpha = 0.2\nbeta = 7.0\n")
    distill(tiny_bert, config="c.toml", alpha="0.3", max_steps="1")
    assert settings()["loss_options"] == {"alpha": 0.3, "beta": 7.0}


def test_an_option_said_twice_is_refused(toy, tiny_bert):
    result = distill(tiny_bert, "--loss-option", "alpha=0.5", alpha="1", code=2)
    assert "--alpha and --loss-option alpha say the same" in result.stderr
