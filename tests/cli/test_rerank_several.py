"""`rerankkit rerank` with several models: a run each."""

from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.trec import read_run

FILES = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]


def rerank(*flags: str, code: int = 0):
    result = CliRunner().invoke(main, ["rerank", *FILES, *flags])
    assert result.exit_code == code, result.output
    return result


def test_each_model_has_its_run(toy, bert_reranker):
    result = rerank("--model", "bm25", "--model", str(bert_reranker), "--output", "by-{model}.txt")
    assert result.stdout == "by-bm25.txt\nby-bert-reranker.txt\n"
    rerank("--model", str(bert_reranker), "--output", "alone.txt")
    runs = [read_run(name) for name in ("by-bm25.txt", "by-bert-reranker.txt", "alone.txt")]
    assert [run.tag for run in runs] == ["bm25", "bert-reranker", "bert-reranker"]
    assert dict(runs[1]) == dict(runs[2])
    assert dict(runs[0]) == dict(read_run("run.txt"))


def test_each_model_may_be_followed_by_a_cascade(toy, bert_reranker):
    flags = ["--then", str(bert_reranker), "--then-depth", "2", "--output", "by-{model}.txt"]
    rerank("--model", "bm25", "--model", "overlap-less", *flags, code=2)
    rerank("--model", "bm25", *flags)
    assert read_run("by-bm25.txt").tag == "bm25+bert-reranker"


def test_one_output_for_two_models_is_refused(toy, bert_reranker):
    told = rerank("--model", "bm25", "--model", str(bert_reranker), "--output", "out.txt", code=2).output
    assert "2 --model and one --output" in told
    assert "runs/{model}.txt" in told


def test_the_same_model_twice_is_refused(toy):
    assert "give none twice" in rerank("--model", "bm25", "--model", "bm25", "--output", "{model}.txt", code=2).output


def test_one_tag_for_two_models_is_refused(toy, bert_reranker):
    flags = ["--model", "bm25", "--model", str(bert_reranker), "--output", "{model}.txt", "--tag", "x"]
    assert "--tag x for 2 models" in rerank(*flags, code=2).output
