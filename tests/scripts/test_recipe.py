"""scripts/recipe.py and passages.py: stages parse and are in order; passages, held-out claims, grades as a run."""

import importlib
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import click
import pytest

from rerankkit.cli import main
from rerankkit.trec import read_run, read_topics

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture
def recipe(monkeypatch):
    """The script as a module."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for other in [path.stem for path in SCRIPTS.glob("*.py")]:
        sys.modules.pop(other, None)
    return importlib.import_module("recipe")


@pytest.fixture
def ours(recipe, tmp_path):
    """Stages whose data are three claims and two abstracts, and which hold one claim out."""
    source = tmp_path / "data/scifact"
    source.mkdir(parents=True)
    (source / "queries.tsv").write_text("1\tfoxes eat mice\n2\tmice eat grain\n3\tbirds fly\n")
    (source / "qrels.txt").write_text("1 0 d1 1\n2 0 d2 1\n3 0 d2 1\n")
    (source / "split.train.txt").write_text("1\n2\n3\n")
    recipe.SETTINGS["dev_claims"] = 1
    (tmp_path / "out").mkdir()
    return recipe.Recipe(tmp_path / "data", tmp_path / "out")


def test_each_stage_parses_and_reads_what_one_before_it_wrote(recipe, tmp_path):
    out, written, names = tmp_path / "out", set(), []
    kinds = ("asked.tsv", "train.grades.txt", "taught.committee.txt")
    made = {f"{name}.{kind}" for name in recipe.COLLECTIONS for kind in kinds} | {"mean"}
    for stage in recipe.Recipe(tmp_path, out).stages():
        names.append(stage.name)
        if not isinstance(stage.does, list):
            continue
        command, *words = stage.does
        main.get_command(click.Context(main), command).make_context(command, list(words))  # raises where it is unknown
        reads = [value for option, value in pairwise(words) if option in ("--run", "--model", "--topics")]
        if command == "fuse":
            reads += words[: words.index("--output")]
        for path in reads:
            if path.startswith(str(out)) and not path.endswith((".topics.tsv", ".bm25.txt")):
                assert Path(path).name in written | made, stage.name
        written.add(Path(words[words.index("--index" if command == "index" else "--output") + 1]).name)
    assert len(set(names)) == len(names)
    assert sum(name.startswith("student of ") for name in names) == len(recipe.SEEDS) * len(recipe.COLLECTIONS)


def test_what_measures_is_held_out_of_every_training_on_unlabelled_lists(recipe, tmp_path):
    stages = [stage.does for stage in recipe.Recipe(tmp_path, tmp_path / "out").stages()]
    made = [words for words in stages if isinstance(words, list) and words[0] in ("queries", "distill")]
    assert len(made) == len(recipe.COLLECTIONS) * (1 + len(recipe.SEEDS)) + 1
    for words in made:
        kept = {Path(value).name for option, value in pairwise(words) if option == "--held-out"}
        assert kept == {
            f"{name}.topics.tsv" for name in ("mwmbl.dev", "crowdflower.dev", "scifact.dev", "scifact.test")
        }


def test_passages_end_with_a_sentence_and_a_short_rest_is_dropped(recipe):
    cut = importlib.import_module("passages").passages
    text = "One two three. Four five! Six seven eight nine? Ten."
    assert list(cut(text, 4, 2)) == ["One two three. Four five!", "Six seven eight nine?"]
    assert list(cut(text, 4, 1)) == ["One two three. Four five!", "Six seven eight nine?", "Ten."]
    assert list(cut("", 4, 1)) == []


def test_some_train_claims_are_held_out_and_the_same_each_time(ours, tmp_path):
    ours.claims()
    dev, train = (set(read_topics(tmp_path / f"out/scifact.{split}.topics.tsv")) for split in ("dev", "train"))
    assert (len(dev), dev | train, dev & train) == (1, {"1", "2", "3"}, set())
    ours.claims()
    assert set(read_topics(tmp_path / "out/scifact.dev.topics.tsv")) == dev


def test_a_train_claim_has_its_abstract_even_where_bm25_missed_it_and_grades_become_a_run(ours, tmp_path):
    out = tmp_path / "out"
    ours.claims()
    train = sorted(read_topics(out / "scifact.train.topics.tsv"))
    for split, qids in (("train", train), ("dev", ["1", "2", "3"])):
        (out / f"scifact.{split}.deep.txt").write_text("".join(f"{qid} Q0 d3 1 2.5 bm25\n" for qid in qids))
    ours.shortlist("scifact.train")
    right = {"1": "d1", "2": "d2", "3": "d2"}
    found = read_run(out / "scifact.train.bm25.txt")
    assert {qid: list(found.docids(qid)) for qid in found} == {qid: ["d3", right[qid]] for qid in train}
    ours.grades("scifact.train")
    graded = read_run(out / "scifact.train.grades.txt")
    assert [list(graded.docids(qid)) for qid in train] == [[right[qid], "d3"] for qid in train]
    assert [list(graded.scores(qid)) for qid in train] == [pytest.approx([1, 0])] * len(train)
    (out / "scifact.dev.qrels.txt").write_text("1 0 d1 1\n2 0 d2 1\n3 0 d2 1\n")
    ours.shortlist("scifact.dev")
    assert [len(read_run(out / "scifact.dev.bm25.txt").docids(qid)) for qid in "123"] == [1, 1, 1]


def test_a_thinned_list_keeps_its_first_two_and_hard_and_easy_others_the_same_each_time(recipe):
    docids = [f"d{number}" for number in range(40)]
    few = recipe.thin(docids, 8, "q")
    assert few == recipe.thin(docids, 8, "q") != recipe.thin(docids, 8, "other")
    assert {"d0", "d1"} < few
    assert [len(few), len(few & set(docids[2:10])), len(few & set(docids[10:]))] == [8, 3, 3]
    assert recipe.thin(docids[:5], 8, "q") == set(docids[:5])


def test_lists_are_taught_as_often_as_they_are_drawn_from_and_claims_thinned(ours, recipe, tmp_path):
    recipe.SETTINGS["draws"] = {"scifact": 1, "mwmbl": 2}
    out = tmp_path / "out"
    for name in ("scifact", "mwmbl"):
        (out / f"{name}.train.topics.tsv").write_text("1\tfoxes\n")
        lines = [f"1 Q0 d{rank} {rank} {99 - rank} committee" for rank in range(20)]
        (out / f"{name}.train.committee.txt").write_text("\n".join(lines) + "\n")
        ours.teach(name)
    recipe.SETTINGS["claim_sample"] = 4
    ours.teach("scifact")
    assert len(read_run(out / "scifact.taught.committee.txt").docids("scifact-0-1")) == 4
    run = read_run(out / "mwmbl.taught.committee.txt")
    assert set(run) == set(read_topics(out / "mwmbl.taught.topics.tsv")) == {"mwmbl-0-1", "mwmbl-1-1"}
    assert list(run.docids("mwmbl-0-1")) == list(run.docids("mwmbl-1-1"))


def test_a_table_has_the_runs_of_its_stages_and_no_stage_scores_in_vain(recipe, tmp_path):
    ours = recipe.Recipe(tmp_path, tmp_path / "out")
    made = {Path(s.does[-1]).name for s in ours.stages() if isinstance(s.does, list) and s.does[-2] == "--output"}
    told = {path.name for table in ours.tables().values() for paths in table.runs.values() for path in paths}
    assert told - made <= {"scifact.test.bm25.txt", "mwmbl.dev.bm25.txt", "crowdflower.dev.bm25.txt", "run.bm25.txt"}
    assert {name for name in made - told if name.startswith(recipe.ELSEWHERE)} <= {"vaswani.index", "vaswani.bm25.txt"}


@pytest.mark.parametrize(("found", "chosen"), [((1.0, 1.0, 0.5), 2), ((1.0, 1.0, 1.0), 1), ((0.5, 0.5, 0.5), 3)])
def test_the_mean_has_most_of_crowdflower_that_costs_mwmbl_little(ours, recipe, tmp_path, monkeypatch, found, chosen):
    out = tmp_path / "out"
    monkeypatch.setattr(recipe, "SHARES", [3, 2, 1])
    (out / "mwmbl.dev.qrels.txt").write_text("1 0 d1 1\n1 0 d2 0\n")

    def write(name, first):
        (out / f"mwmbl.dev.{name}.txt").write_text(
            f"1 Q0 {first} 1 2 t\n1 Q0 {'d2' if first == 'd1' else 'd1'} 2 1 t\n"
        )

    for seed in recipe.SEEDS:
        write(f"mwmbl-student-{seed}", "d1")
    for share, value in zip(recipe.SHARES, found, strict=True):
        write(f"mean-{share}", "d1" if value == 1 else "d2")
        (out / f"models/mean-{share}").mkdir(parents=True)
        (out / f"models/mean-{share}/which").write_text(str(share))
    ours.choose()
    assert (out / "models/mean/which").read_text() == str(chosen)


def test_titles_are_not_in_passages_but_documents_keep_them(recipe, ours, tmp_path):
    for name in recipe.COLLECTIONS:
        (tmp_path / "data" / name).mkdir(exist_ok=True)
        document = {"id": name, "title": "A title", "contents": "word " * 60}
        (tmp_path / "data" / name / "docs.jsonl").write_text(json.dumps(document) + "\n")
    ours.cut()
    cut = [json.loads(line) for line in (tmp_path / "out/passages.jsonl").read_text().splitlines()]
    assert [(passage["id"], "title" in passage) for passage in cut] == [
        (f"c:{name}:0", False) for name in recipe.COLLECTIONS
    ]
    whole = [json.loads(line) for line in (tmp_path / "out/docs.jsonl").read_text().splitlines()]
    assert [document["id"] for document in whole] == [*recipe.COLLECTIONS, *(passage["id"] for passage in cut)]


def test_a_file_that_is_not_there_is_told_first(tmp_path):
    words = [sys.executable, SCRIPTS / "recipe.py", "--data", "nowhere", "--output", tmp_path / "out"]
    result = subprocess.run(words, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: nowhere/scifact/docs.jsonl: no such file")
    assert not (tmp_path / "out").exists()


def test_every_file_that_a_stage_opens_is_looked_for_first(recipe, tmp_path):
    wanted = {str(path.relative_to(tmp_path)) for path in recipe.needed(tmp_path)}
    assert {
        "scifact/split.test.txt",
        "scifact/split.train.txt",
        "mwmbl/split.dev.txt",
        "crowdflower/qrels.txt",
    } < wanted
    assert {"dl19/run.bm25.txt", "vaswani/qrels.txt"} < wanted
