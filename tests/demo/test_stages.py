import click
import pytest

from rerankkit.cli import main
from rerankkit.demo import stages as demo
from rerankkit.demo.sizes import FULL, QUICK
from rerankkit.run import Run
from rerankkit.trec import read_qrels, read_topics, write_qrels, write_run, write_topics
from rerankkit.types import Query

NAMES = [
    "collection",
    "samples 900 300 150",
    "index",
    "retrieve train",
    "retrieve unlabelled",
    "retrieve test",
    "unclicked",
    "cpt",
    "sft",
    "rerank train by llm-teacher",
    "rerank unlabelled by llm-teacher",
    "warm up",
    "distill",
    "rerank test by bert-distilled",
    "rerank test by llm-teacher",
]


def test_the_whole_method_in_order(tmp_path):
    steps = list(demo.stages(tmp_path, QUICK, 0))
    counts = f"{QUICK.train} {QUICK.unlabelled} {QUICK.test}"
    assert [step.name.replace(counts, "900 300 150") for step in steps] == NAMES


@pytest.mark.parametrize("sizes", [QUICK, FULL], ids=["quick", "full"])
def test_each_stage_is_a_command_that_parses(tmp_path, sizes):
    commands = [step.does for step in demo.stages(tmp_path, sizes, 3) if isinstance(step.does, list)]
    assert len(commands) == 12
    for name, *arguments in commands:
        command = main.get_command(click.Context(main), name)
        command.make_context(name, arguments)  # raises for an option or a value that the command does not have


def test_what_a_stage_reads_was_written_by_one_before_it(tmp_path):
    written = {"clicks.jsonl", "docs.jsonl", *(f"topics.{name}.sample.tsv" for name in demo.SAMPLES)}
    for step in demo.stages(tmp_path, QUICK, 0):
        if not isinstance(step.does, list):
            continue
        read, output = set(), None
        for option, value in zip(step.does, step.does[1:], strict=False):
            if option == "--output" or (option == "--index" and step.does[0] == "index"):
                output = value
            elif option in ("--run", "--topics", "--clicks", "--index", "--input"):
                read.add(value)
        for path in read:
            assert path.removeprefix(f"{tmp_path}/") in written, step.name
        written.add(str(output).removeprefix(f"{tmp_path}/"))


def test_samples_have_the_sizes_asked_for(tmp_path):
    for name in demo.SAMPLES:
        write_topics({f"{i}": Query(f"{i}", f"{name} {i}") for i in (3, 1, 2)}, tmp_path / f"topics.{name}.tsv")
    sizes = demo.Sizes(**{**{f: getattr(QUICK, f) for f in QUICK.__slots__}, "train": 2, "unlabelled": 1, "test": None})
    demo._samples(tmp_path, sizes)
    assert list(read_topics(tmp_path / "topics.train.sample.tsv")) == ["1", "2"]
    assert list(read_topics(tmp_path / "topics.unlabelled.sample.tsv")) == ["3"]
    assert list(read_topics(tmp_path / "topics.test.sample.tsv")) == ["1", "2", "3"]


def test_a_retrieved_document_that_nobody_clicked_is_grade_0(tmp_path):
    write_qrels({"1": {"b": 1}, "2": {"c": 1}, "3": {"a": 1}}, tmp_path / "qrels.test.txt")
    write_run(Run({"1": [("a", 2.0), ("b", 1.0)]}), tmp_path / "run.bm25.test.txt")
    write_topics({"1": Query("1", "x"), "2": Query("2", "y")}, tmp_path / "topics.test.sample.tsv")
    demo._unclicked_as_grade_0(tmp_path)
    assert read_qrels(tmp_path / "qrels.test.full.txt") == {"1": {"a": 0, "b": 1}, "2": {"c": 1}}
