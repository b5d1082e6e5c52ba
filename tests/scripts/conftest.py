"""A collection whose lists are judged, and a student to start from."""

import json
import shutil
from pathlib import Path

import pytest

DOCUMENTS = [f"{colour}-{thing}" for colour in ("red", "green", "blue") for thing in ("cat", "dog", "bird", "fish")]
QUERIES = {"q1": "red cat", "q2": "green dog", "q3": "blue bird", "q4": "red fish", "d1": "green cat", "d2": "red dog"}


@pytest.fixture
def data(tmp_path) -> Path:
    """A collection whose lists are judged: grade 2 where both words fit, 1 where the thing does, the rarer one."""
    folder = tmp_path / "data"
    folder.mkdir()
    lines = [
        json.dumps({"id": d, "title": d.replace("-", " "), "contents": "a " + d.replace("-", " ")}) for d in DOCUMENTS
    ]
    (folder / "docs.jsonl").write_text("\n".join(lines))
    (folder / "queries.tsv").write_text("".join(f"{qid}\t{text}\n" for qid, text in QUERIES.items()))
    grades = {
        (qid, document): (document == text.replace(" ", "-")) + document.endswith(text.split()[1])
        for qid, text in QUERIES.items()
        for document in DOCUMENTS
    }
    (folder / "qrels.txt").write_text("".join(f"{qid} 0 {d} {grade}\n" for (qid, d), grade in grades.items()))
    for split, letter in (("train", "q"), ("dev", "d")):
        (folder / f"split.{split}.txt").write_text("".join(f"{qid}\n" for qid in QUERIES if qid[0] == letter))
    return folder


@pytest.fixture
def bert(tiny_bert, tmp_path) -> Path:
    """The tiny encoder with positions enough for the script's --max-length."""
    from transformers import AutoConfig, BertModel

    folder = tmp_path / "bert"
    shutil.copytree(tiny_bert, folder)
    BertModel(AutoConfig.from_pretrained(tiny_bert, max_position_embeddings=128)).save_pretrained(folder)
    return folder
