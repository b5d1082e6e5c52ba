"""`rerankkit rerank` with a cascade and with long documents."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_run

GIVEN = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]


def rerank(*flags: str, code: int = 0, output: str = "out.txt"):
    result = CliRunner().invoke(main, ["rerank", *GIVEN, "--output", output, *flags])
    assert result.exit_code == code, result.output
    return result


def scores(path: str) -> dict[str, dict[str, float]]:
    return {qid: dict(hits) for qid, hits in read_run(path).items()}


def test_a_cascade_is_the_first_order_with_its_top_in_the_seconds(toy, bert_reranker, llama_reranker):
    """Five of six candidates by the BERT, its first three by the LLM; the tail stays below."""
    small, large = str(bert_reranker), str(llama_reranker())
    rerank("--model", small, "--depth", "5", output="small.txt")
    rerank("--model", large, "--no-store", output="large.txt")
    cascade = ("--model", small, "--depth", "5", "--then", large, "--then-depth", "3")
    result = rerank(*cascade, output="both.txt")
    assert "20 scores came from runs/scores.sqlite, 0 were computed" in result.stderr
    assert "0 scores came from runs/scores.sqlite, 12 were computed" in result.stderr
    by_large, small_run, both = scores("large.txt"), read_run("small.txt"), read_run("both.txt")
    for qid in small_run:
        top, rest = small_run.docids(qid)[:3], small_run.docids(qid)[3:]
        assert both.docids(qid) == [*sorted(top, key=by_large[qid].__getitem__, reverse=True), *rest]
        assert list(both.scores(qid))[:3] == pytest.approx(
            sorted((by_large[qid][d] for d in top), reverse=True), abs=1e-5
        )
        theirs, ours = small_run.scores(qid), both.scores(qid)
        assert ours[3] == pytest.approx(ours[2] - 1)
        assert ours[3] - ours[4] == pytest.approx(theirs[3] - theirs[4], abs=1e-5)
        assert list(ours) == sorted(set(ours), reverse=True)
    assert both.tag == f"{bert_reranker.name}+{Path(large).name}"
    again = rerank(*cascade, output="again.txt")
    assert "12 scores came from runs/scores.sqlite, 0 were computed" in again.stderr
    assert Path("again.txt").read_bytes() == Path("both.txt").read_bytes()


def test_ten_are_reordered_and_several_models_may_follow(toy, bert_reranker):
    rerank("--model", "bm25", "--then", str(bert_reranker), "--tag", "t", output="ten.txt")
    rerank("--model", str(bert_reranker), "--tag", "t", output="all.txt")
    assert Path("ten.txt").read_bytes() == Path("all.txt").read_bytes()
    rerank("--model", str(bert_reranker), "--then", "bm25", "--then-depth", "4", "--then", str(bert_reranker),
           "--then-depth", "2", "--no-store", output="three.txt")  # fmt: skip
    assert read_run("three.txt").docids("q1")[4:] == read_run("all.txt").docids("q1")[4:]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--then-depth", "3"), "0 --then and 1 --then-depth. Give one depth for each --then"),
        (("--then", "bm25", "--then", "bm25", "--then-depth", "3"), "2 --then and 1 --then-depth"),
        (("--depth", "5", "--then", "bm25"), "--then-depth 10 is more than the 5 that were reranked before"),
        (
            ("--then", "bm25", "--then-depth", "3", "--then", "bm25", "--then-depth", "4"),
            "--then-depth 4 is more than the 3",
        ),
        (("--window", "5"), "--window cuts nothing with --long-docs firstp"),
        (("--stride", "5"), "--stride cuts nothing with --long-docs firstp"),
        (("--long-docs", "maxp"), "--long-docs maxp needs a model that reads tokens"),
        (("--then", "bert-distilled"), "no model bert-distilled in"),
    ],
)
def test_stages_that_cannot_be_are_told_before_anything_is_scored(toy, flags, message):
    assert message in rerank("--model", "bm25", *flags, code=2).stderr
    assert not Path("out.txt").exists()


def test_the_best_window_of_a_long_document(toy, bert_reranker):
    """Eight, two and fourteen tokens; a run of the windows as documents says what to expect."""
    texts = {"dog": "a b c d red f g h", "fish": "red cat", "bird": "i j k l m n o p q r s t u red"}
    long = [{"id": docid, "title": "red", "contents": text} for docid, text in texts.items()]
    Path("docs.jsonl").write_text("".join(json.dumps(document) + "\n" for document in long))
    Path("run.txt").write_text("".join(f"q1 Q0 {docid} {rank} {9 - rank} t\n" for rank, docid in enumerate(texts, 1)))
    model = ("--model", str(bert_reranker), "--max-length", "20")
    result = rerank(*model, "--long-docs", "maxp", "--window", "6", "--stride", "3", output="maxp.txt")
    assert "0 scores came from runs/scores.sqlite, 7 were computed" in result.stderr
    rerank(*model, "--long-docs", "sump", "--window", "6", "--stride", "3", output="sump.txt")
    windows = {}
    for docid, text in texts.items():
        words = text.split()
        starts = range(0, max(len(words) - 6, 0) + 3, 3) if len(words) > 6 else (0,)
        windows |= {f"{docid}.{start}": " ".join(words[start : start + 6]) for start in starts}
    assert len(windows) == 2 + 1 + 4
    Path("docs.jsonl").write_text(
        "".join(json.dumps({"id": docid, "title": "red", "contents": text}) + "\n" for docid, text in windows.items())
    )
    Path("run.txt").write_text("".join(f"q1 Q0 {docid} {rank} {9 - rank} t\n" for rank, docid in enumerate(windows, 1)))
    result = rerank(*model, output="windows.txt")
    assert "7 scores came from runs/scores.sqlite, 0 were computed" in result.stderr
    of_windows = scores("windows.txt")["q1"]
    for name, aggregate in (("maxp", max), ("sump", sum)):
        found = scores(f"{name}.txt")["q1"]
        for docid in texts:
            expected = aggregate(score for window, score in of_windows.items() if window.split(".")[0] == docid)
            assert found[docid] == pytest.approx(expected, abs=1e-5)


def test_what_was_cut_is_told_of_what_was_encoded(toy, bert_reranker, caplog):
    """Three words of title and text and a full stop: with `red cat` and three special tokens, nine in all."""
    shutil.copytree(bert_reranker, "m")
    flags = ("--model", "./m", "--max-length", "9", "--max-query-tokens", "1")
    caplog.set_level("INFO", "rerankkit")
    rerank(*flags)
    assert caplog.messages == ["none of 24 pairs was cut to --max-length 9"]
    caplog.clear()
    rerank(*flags)
    assert caplog.messages == []
    rerank("--model", "./m", "--max-length", "8", "--no-store")
    assert len(caplog.messages) == 1
