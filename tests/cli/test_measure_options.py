"""What `evaluate`, `compare` and `diagnose` say of measures that have no value, and of lists of different lengths."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main

QIDS = [f"{number:03}" for number in range(30)]


def write(name: str, orders: list[str], qids: list[str] = QIDS) -> None:
    """A run whose lists are these letters, one docid each."""
    lines = [
        f"{qid} Q0 {docid} {rank} {99 - rank} x\n"
        for qid, order in zip(qids, orders, strict=True)
        for rank, docid in enumerate(order, 1)
    ]
    Path(name).write_text("".join(lines))


def rerankkit(*args: str, code: int = 0):
    result = CliRunner().invoke(main, list(args))
    assert result.exit_code == code, result.output
    assert "nan" not in result.stdout.lower()
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("positives.txt").write_text("".join(f"{qid} 0 a 1\n" for qid in QIDS))
    graded = [
        f"{qid} 0 {docid} {grade}\n" for qid in QIDS for docid, grade in zip("abcde", (1, 0, 1, 0, 1), strict=True)
    ]
    Path("qrels.txt").write_text("".join(graded))
    write("base.txt", ["bacde"] * 30)
    write("good.txt", ["abcde"] * 20 + ["bacde"] * 10)
    write("short.txt", ["bac"] * 30)
    write("other.txt", ["xyz" + "cba"[i % 3 :] for i in range(30)])
    return tmp_path


PNR_LEFT_OUT = "PNR is left out: the qrels hold relevant documents only"


def test_evaluate_leaves_pnr_out_of_qrels_with_positives_only_and_says_so_once(folder):
    result = rerankkit("evaluate", "base.txt", "good.txt", "--qrels", "positives.txt")
    assert result.stdout.splitlines()[0].split() == ["run", "nDCG@5", "p", "nDCG@10", "p", "RR@10", "p"]
    assert result.stderr.count(PNR_LEFT_OUT) == 1
    assert "--unjudged-as 0" in result.stderr


def test_compare_does_not_correct_for_a_measure_that_is_left_out(folder):
    args = ("compare", "base.txt", "good.txt", "--qrels", "positives.txt", "--output", "json")
    default, without = (json.loads(rerankkit(*args, *more).stdout) for more in ((), ("--measures", "nDCG@10 RR@10")))
    assert [one["measure"] for one in default["outcomes"]] == ["nDCG@10", "RR@10"]
    assert default["outcomes"] == without["outcomes"]
    assert set(default["ceiling"]) == {"nDCG@10", "RR@10"}
    assert default["warnings"][0].startswith(PNR_LEFT_OUT)
    assert "corrected for 2 tests (Holm)" in rerankkit(*args[:-2]).stdout


def test_a_report_and_plots_have_nothing_of_a_measure_that_is_left_out(folder):
    args = ("compare", "base.txt", "good.txt", "--qrels", "positives.txt", "--plots", "plots", "--report", "page.html")
    rerankkit(*args)
    drawn = sorted(path.name for path in Path("plots").glob("*.png"))
    assert [name for name in drawn if name.startswith("difference")] == [
        "difference.RR@10.png",
        "difference.nDCG@10.png",
    ]
    page = Path("page.html").read_text()
    assert 'data-measure="PNR"' not in page
    assert PNR_LEFT_OUT in page


def test_unjudged_documents_count_as_grade_0_where_asked(folder):
    # a is relevant, b, c, d and e count as 0. base: three of four pairs right; good: all four, in 20 of 30 queries.
    args = ("--qrels", "positives.txt", "--measures", "PNR", "--unjudged-as", "0", "--output", "json")
    runs = json.loads(rerankkit("evaluate", "base.txt", "good.txt", *args).stdout)["runs"]
    assert [run["measures"] for run in runs] == [{"PNR(unjudged=0)": 3.0}, {"PNR(unjudged=0)": 110 / 10}]
    study = json.loads(rerankkit("compare", "base.txt", "good.txt", *args).stdout)
    assert study["outcomes"][0]["difference"] == pytest.approx(0.25 * 20 / 30)


def test_a_shortened_list_in_the_same_order_is_not_called_harmful(folder):
    # d (0) stands above e (1) below rank 3: the whole list of base has other pairs, recall and AP.
    measures = ("--measures", "PNR AP R@5 nDCG RR")
    result = rerankkit("evaluate", "base.txt", "short.txt", "--qrels", "qrels.txt", *measures)
    assert "below" not in result.stderr
    assert (  # b, a, c: no pair right, AP (1/2 + 2/3) / 3
        "Note: short.txt and base.txt have lists of different documents: p of PNR (0.0000 against 0.0000), "
        "AP (0.3889 against 0.3889), R@5 (0.6667 against 0.6667), "
    ) in result.stderr
    assert "the documents that both runs have, the first 3 of base.txt" in result.stderr
    result = rerankkit("compare", "base.txt", "short.txt", "--qrels", "qrels.txt", *measures)
    assert "below" not in result.stderr
    assert "is it the same order?" in result.stderr


def test_a_run_of_other_documents_is_not_called_a_reranker(folder):
    result = rerankkit("evaluate", "base.txt", "other.txt", "--qrels", "qrels.txt", "--measures", "nDCG@3")
    assert "other.txt is below base.txt: nDCG@3" in result.stderr
    assert "rerank" not in result.stderr


def test_p_is_the_same_with_topics_in_another_order_and_with_queries_that_no_run_has(folder):
    Path("more.txt").write_text("".join(f"9{qid} 0 a 1\n" for qid in QIDS) + Path("qrels.txt").read_text())
    Path("topics.tsv").write_text("".join(f"{qid}\ttext\n" for qid in reversed(QIDS)))
    write("noisy.txt", ["abcde", "bcade", "bacde", "cabde", "edcba"] * 6)
    write("backwards.txt", list(reversed(["abcde", "bcade", "bacde", "cabde", "edcba"] * 6)), list(reversed(QIDS)))
    found = []
    for run, qrels, more in (
        ("noisy.txt", "qrels.txt", ()),
        ("noisy.txt", "qrels.txt", ("--topics", "topics.tsv")),
        ("noisy.txt", "more.txt", ()),
        ("backwards.txt", "qrels.txt", ()),
    ):
        args = ("base.txt", run, "--qrels", qrels, "--measures", "RR", "--output", "json", *more)
        record = json.loads(rerankkit("evaluate", *args, "--test", "randomisation").stdout)["runs"][1]
        outcome = json.loads(rerankkit("compare", *args).stdout)["outcomes"][0]
        assert outcome["p_randomisation"] == record["p"]["RR"]
        found.append((record["p"]["RR"], outcome["low"] if qrels == "qrels.txt" else None))
    assert len({p for p, _ in found}) == 1
    assert len({low for _, low in found if low is not None}) == 1


def test_one_judged_query_has_no_p(folder):
    Path("one.txt").write_text("000 0 a 1\n000 0 b 0\n")
    result = rerankkit("evaluate", "base.txt", "good.txt", "--qrels", "one.txt", "--measures", "RR PNR")
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        ["base.txt", "0.5000", "0.0000"],
        ["good.txt", "1.0000", "inf"],
    ]
    result = rerankkit("compare", "base.txt", "good.txt", "--qrels", "one.txt", "--measures", "RR")
    assert "few judged queries (1)" in result.stderr
    assert "corrected for 0 tests" in result.stdout


def test_two_equal_differences_are_not_called_significant(folder):
    Path("two.txt").write_text("000 0 a 1\n001 0 a 1\n")
    result = rerankkit("evaluate", "good.txt", "base.txt", "--qrels", "two.txt", "--measures", "RR")
    assert "(p = .500): no gain over that run here, though chance alone may explain the difference" in result.stderr


def test_identical_runs_are_equal_and_nothing_is_warned_of(folder):
    Path("copy.txt").write_text(Path("base.txt").read_text())
    result = rerankkit("evaluate", "base.txt", "copy.txt", "--qrels", "qrels.txt", "--measures", "RR PNR")
    assert result.stderr == ""
    result = rerankkit("compare", "base.txt", "copy.txt", "--qrels", "qrels.txt", "--measures", "RR PNR")
    assert result.stderr == "Warning: no query's measures tell copy.txt from base.txt: is it the same run?\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--measures", "PNR"], "undefined for every query of these runs and qrels: PNR. Give another measure; --unju"),
        (["--measures", "RR", "--unjudged-as", "0"], "--unjudged-as 0 is for PNR, which is not measured. Add PNR"),
        (["--unjudged-as", "1"], "'1' is not '0'"),
        (["--measures", "nDCG@1_000"], "not a measure: 'nDCG@1_000' (1_000 is not a plain number)"),
        (["--measures", "nDCG@１０"], "not a measure: 'nDCG@１０'"),
        (["--measures", "nDCG@10; RR"], "not a measure: 'nDCG@10;'. Separate measures by spaces"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_what_cannot_be_measured_is_refused(folder, command, args, message):
    result = rerankkit(command, "base.txt", "good.txt", "--qrels", "positives.txt", *args, code=2)
    assert message in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_a_spelling_of_trec_eval_is_taken_and_said_once(folder, caplog):
    with caplog.at_level("INFO"):
        result = rerankkit("compare", "base.txt", "good.txt", "--qrels", "qrels.txt", "--measures", "ndcg_cut_10 map")
    assert [line.split()[0] for line in result.stdout.splitlines() if line.endswith("detectable")] == ["nDCG@10", "AP"]
    assert caplog.messages == ["measure ndcg_cut_10 is taken as nDCG@10", "measure map is taken as AP"]


def test_diagnose_leaves_pnr_out_and_takes_unjudged_documents(folder):
    args = ("diagnose", "--teacher", "good.txt", "--first-stage", "base.txt", "--qrels", "positives.txt")
    result = rerankkit(*args)
    assert not any(line.split()[:1] == ["PNR"] for line in result.stdout.splitlines())
    assert result.stderr.count("PNR is left out") == 1
    assert "PNR(unjudged=0)" in rerankkit(*args, "--unjudged-as", "0").stdout


def test_qrels_that_share_no_document_with_the_runs(folder):
    Path("far.txt").write_text("".join(f"{qid} 0 far 1\n{qid} 0 away 0\n" for qid in QIDS))
    result = rerankkit("evaluate", "base.txt", "good.txt", "--qrels", "far.txt")
    assert result.stderr.startswith("Note: PNR is left out: no run has two judged documents of different grades")
    result = rerankkit("compare", "base.txt", "good.txt", "--qrels", "far.txt")
    assert "100.0% of good.txt's first 10 are not judged" in result.stderr
    assert "below" not in result.stderr
