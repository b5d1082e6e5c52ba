"""`rerankkit retrieve` against `python -m pyserini.search.lucene`: same documents, same order, scores within 1e-5.

Pyserini runs in a process of its own, for all settings at once, since its import takes seconds and asks for an OpenAI
key. Our Java is started there first: Pyserini's own way needs a system's Java 21 with the vector module.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import ir_measures
import pytest
from ir_measures import R, nDCG

from rerankkit.cli import main

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SETTINGS = {
    "plain": ["--hits", "1000"],
    "parameters": ["--hits", "100", "--k1", "1.6", "--b", "0.75"],
    "rm3": ["--hits", "100", "--rm3"],
    "rocchio": ["--hits", "100", "--rocchio"],
    "fields": ["--hits", "100", "--fields", "title=2", "contents=1"],
    "threads": ["--hits", "100", "--threads", "2", "--batch-size", "8"],
    "remove-query": ["--hits", "100", "--remove-query"],
}
PYSERINI = """
import json, runpy, sys
from rerankkit.collection.jvm import start_java
start_java()
for arguments in json.loads(sys.argv[1]):
    sys.argv = ["pyserini.search.lucene", *arguments]
    runpy.run_module("pyserini.search.lucene", run_name="__main__")
"""
COLLECTIONS = ("generated", "scifact", "vaswani")
TOPICS = 25
"""How many topics of a real collection are compared, at least."""


def rerankkit(*arguments: str | Path) -> None:
    main.main([str(argument) for argument in arguments], standalone_mode=False)


def generated(folder: Path) -> Path:
    """A small collection with equal documents (ties), some without title; one query without hits, one being a docid."""
    draw = random.Random(7)
    words = [f"{draw.choice('bcdfgklmnprst')}{draw.choice('aeiou')}{draw.choice('bdgklmnprst')}{n}" for n in range(300)]
    texts = [" ".join(draw.choices(words, range(300, 0, -1), k=draw.randint(3, 60))) for _ in range(500)]
    with (folder / "docs.jsonl").open("w") as file:
        for number in range(700):
            document = {"id": f"d{number}", "contents": texts[number % 500]}
            if number % 3:
                document["title"] = " ".join(draw.choices(words, k=4))
            file.write(json.dumps(document) + "\n")
    queries = {str(qid): " ".join(draw.choices(words, k=draw.randint(1, 5))) for qid in range(1, 40)}
    queries |= {"40": "zzz", "41": texts[5]}
    (folder / "queries.tsv").write_text("".join(f"{qid}\t{text}\n" for qid, text in queries.items()))
    return folder


@pytest.fixture(scope="module")
def collections(tmp_path_factory):
    """Name -> a folder with an index, topics and Pyserini's runs by setting."""
    folders, runs = {}, []
    for name in COLLECTIONS:
        source, folder = DATA / name, tmp_path_factory.mktemp(name)
        if name == "generated":
            source = generated(folder)
        elif not source.is_dir():
            continue
        folders[name] = folder
        lines = (source / "queries.tsv").read_text().splitlines(keepends=True)
        (folder / "topics.tsv").write_text("".join(lines[:: max(1, len(lines) // TOPICS)]))
        rerankkit("index", "--input", source / "docs.jsonl", "--index", folder / "index")
        shared = ["--index", str(folder / "index"), "--topics", str(folder / "topics.tsv")]
        runs += [[*shared, "--output", str(folder / f"pyserini.{setting}"), *SETTINGS[setting]] for setting in SETTINGS]
    environment = os.environ | {"OPENAI_API_KEY": "none"}
    subprocess.run([sys.executable, "-c", PYSERINI, json.dumps(runs)], env=environment, check=True, capture_output=True)
    return folders


def run_lines(path: Path) -> dict[str, list[tuple[str, float]]]:
    """The hits of a run file in the order of its lines."""
    hits: dict[str, list[tuple[str, float]]] = {}
    for line in path.read_text().splitlines():
        qid, _, docid, rank, score, _ = line.split()
        hits.setdefault(qid, []).append((docid, float(score)))
        assert int(rank) == len(hits[qid])
    return hits


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", COLLECTIONS)
def test_equals_pyserini(collections, name, setting):
    if name not in collections:
        pytest.skip(f"the development collection {DATA / name} is not there")
    folder = collections[name]
    shared = ("--index", folder / "index", "--topics", folder / "topics.tsv")
    rerankkit("retrieve", *shared, *SETTINGS[setting], "--output", folder / f"ours.{setting}")
    ours, theirs = run_lines(folder / f"ours.{setting}"), run_lines(folder / f"pyserini.{setting}")
    assert len(theirs) >= TOPICS
    assert ours.keys() == theirs.keys()
    for qid in theirs:
        assert [docid for docid, _ in ours[qid]] == [docid for docid, _ in theirs[qid]], qid
        for (docid, our), (_, their) in zip(ours[qid], theirs[qid], strict=True):
            assert our == pytest.approx(their, abs=1e-5), (qid, docid)


@pytest.mark.parametrize(
    ("name", "split", "ndcg", "recall"),
    [
        ("scifact", "split.test.txt", 0.6789, 0.9253),  # as Pyserini publishes for BM25 over title and text
        ("vaswani", None, 0.4368, 0.6186),
    ],
)
def test_figures(tmp_path, name, split, ndcg, recall):
    source = DATA / name
    if not source.is_dir():
        pytest.skip(f"the development collection {source} is not there")
    qids = set((source / split).read_text().split()) if split else None
    qrels = [q for q in ir_measures.read_trec_qrels(str(source / "qrels.txt")) if qids is None or q.query_id in qids]
    judged = {q.query_id for q in qrels}
    lines = (source / "queries.tsv").read_text().splitlines(keepends=True)
    (tmp_path / "topics.tsv").write_text("".join(line for line in lines if line.split("\t")[0] in judged))
    rerankkit("index", "--input", source / "docs.jsonl", "--index", tmp_path / "index")
    files = ("--topics", tmp_path / "topics.tsv", "--output", tmp_path / "run.txt")
    rerankkit("retrieve", "--index", tmp_path / "index", *files, "--hits", "100")
    run = ir_measures.read_trec_run(str(tmp_path / "run.txt"))
    found = ir_measures.calc_aggregate([nDCG @ 10, R @ 100], qrels, run)
    assert found[nDCG @ 10] == pytest.approx(ndcg, abs=5e-5)
    assert found[R @ 100] == pytest.approx(recall, abs=5e-5)
