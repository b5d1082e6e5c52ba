"""scripts/seeds.py: tables of mean, spread and p over seeds."""

import importlib
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_a_table_has_the_mean_of_its_seeds_and_p_of_their_mean_by_query(monkeypatch, tmp_path):
    """nDCG@10 with one relevant document at rank 1 is 1, at rank 2 it is 1 / log2(3) = .6309."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    seeds = importlib.import_module("seeds")
    (tmp_path / "qrels.txt").write_text("a 0 x 1\na 0 y 0\nb 0 x 1\nb 0 y 0\nc 0 x 1\nc 0 y 0\n")

    def run(name, *first):
        lines = [f"{qid} Q0 {d} {r} {2 - r} t" for qid, f in zip("abc", first, strict=True) for r, d in enumerate(f)]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    low = run("low", "yx", "yx", "yx")
    one, two = run("one", "xy", "xy", "yx"), run("two", "xy", "yx", "yx")
    table = seeds.Table(tmp_path / "qrels.txt", {"first": [low], "labels": [one, two], "ours": [one]}).rows()
    second = 0.6309297535714575
    expected = [(2 + second) / 3, (1 + 2 * second) / 3]
    assert table[1]["nDCG@10"]["mean"] == pytest.approx(sum(expected) / 2)
    assert table[1]["nDCG@10"]["deviation"] == pytest.approx((expected[0] - expected[1]) / 2**0.5)
    assert table[0]["nDCG@10"] == {
        "mean": pytest.approx(second),
        "deviation": None,
        "p": {"labels": pytest.approx(0.2254, abs=1e-4)},
    }
    assert table[2]["nDCG@10"]["p"].keys() == {"first", "labels"}
    assert "| labels | 2 | " in seeds.as_text(table)
    assert seeds.as_text(table).splitlines()[0].endswith("| p against first | p against labels |")
    runs = {"first": [low], "labels": [one, two], "ours": [one], "theirs": [two]}
    further = seeds.Table(tmp_path / "qrels.txt", runs, {"theirs": ["ours", "labels"], "ours": ["first"]}).rows()
    p = further[3]["nDCG@10"]["p"]["ours"]
    assert p == pytest.approx(0.4226, abs=1e-4)
    assert further[2]["nDCG@10"] == table[2]["nDCG@10"]
    head, _, *_, ours, theirs = seeds.as_text(further).splitlines()[:6]
    assert head.endswith("| p against labels | p against |")
    assert (ours.endswith(" |  |"), theirs.endswith(f"| {p:.4f} (ours) |")) == (True, True)
    (tmp_path / "qrels.txt").write_text("a 0 x 1\nb 0 x 1\nc 0 x 1\n")
    table = seeds.Table(tmp_path / "qrels.txt", {"first": [low], "labels": [one, two]}).rows()
    assert " | 0.8155 ± 0.0870 |  | " in seeds.as_text(table)  # nothing is judged irrelevant: there is no PNR
