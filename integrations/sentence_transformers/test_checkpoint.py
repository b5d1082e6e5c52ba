"""Checkpoints that rerankkit trains give the same scores in sentence-transformers' CrossEncoder and in transformers."""

import subprocess
import sys

import pytest

from rerankkit.collection.documents import load_documents
from rerankkit.trec import read_run, read_topics
from rerankkit.types import Document, Query

pytest.importorskip("sentence_transformers")

FILES = ["--topics", "topics.tsv", "--collection", "docs.jsonl"]
TRAINING = ["--use-cpu", "--no-bf16", "--max-length", "32", "--group-size", "6", "--learning-rate", "3e-3"]


def rerankkit(*arguments: str) -> str:
    """What the command prints."""
    command = [sys.executable, "-m", "rerankkit", "-q", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def pairs(kind: str) -> dict[tuple[str, str], tuple[str, str]]:
    """(qid, docid) -> the two texts as a user of CrossEncoder would give them."""

    def texts(query: Query, document: Document) -> tuple[str, str]:
        if kind == "bert":
            return query.text, f"{document.title}. {document.text}"
        return f"Query: {query.text}\n", f"Title: {document.title}\nSummary: {document.text}</s>"

    queries, documents = read_topics("topics.tsv"), load_documents("docs.jsonl")
    return {(q.qid, d.docid): texts(q, d) for q in queries.values() for d in documents.values()}


@pytest.mark.parametrize("kind", ["bert", "llm"])
def test_a_trained_checkpoint_scores_alike_everywhere(toy, request, kind):
    """The teacher's scores are 11 to 19: a sigmoid would leave ones."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    base = str(request.getfixturevalue("tiny_bert" if kind == "bert" else "smol_llama"))
    student = ["--model", base, "--output", "student", *TRAINING, "--max-steps", "150"]
    lora = ["--lora-r", "8"] if kind == "llm" else []
    assert rerankkit("distill", "--run", "teacher.txt", *FILES, *student, *lora) == "student\n"
    given = [*FILES, "--model", "./student", "--backend", "torch", "--dtype", "float32"]
    assert rerankkit("rerank", "--run", "run.txt", *given, "--output", "out.txt") == "out.txt\n"
    run = read_run("out.txt")
    ours = {(qid, hit.docid): hit.score for qid, hits in run.items() for hit in hits}
    taught = {(qid, hit.docid): hit.score for qid, hits in read_run("teacher.txt").items() for hit in hits}
    assert ours == pytest.approx(taught, abs=1.0)

    texts = pairs(kind)
    assert texts.keys() == ours.keys()
    scores = CrossEncoder("student", device="cpu").predict(list(texts.values())).tolist()
    assert dict(zip(texts, scores, strict=True)) == pytest.approx(ours, abs=1e-5)

    model = AutoModelForSequenceClassification.from_pretrained("student").eval()
    tokenizer = AutoTokenizer.from_pretrained("student")
    inputs = tokenizer(*zip(*texts.values(), strict=True), padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**inputs).logits[:, 0].tolist()
    assert dict(zip(texts, logits, strict=True)) == pytest.approx(ours, abs=1e-5)
