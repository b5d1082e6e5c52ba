from rerankkit.demo.report import Row, plot, significance, table

VALUES = {"RR@10": 0.5, "nDCG@5": 0.4, "nDCG@10": 0.45, "PNR": 3.0}
P = {"RR@10": 0.2, "nDCG@5": 0.03, "nDCG@10": 0.004, "PNR": 0.05}
ROWS = [
    Row("BM25", 100, VALUES, {}, 0, 0.0),
    Row("LLM teacher", 20, VALUES, P, 134_515_584, 4012.3),
    Row("BERT student", 100, VALUES, P, 22_713_601, 512.4),
]


def test_table_shows_measures_cost_and_stars():
    lines = table(ROWS).splitlines()
    assert lines[0].split() == ["depth", "RR@10", "nDCG@5", "nDCG@10", "PNR", "parameters", "ms/query"]
    assert lines[1].split() == ["BM25", "100", "0.500", "0.400", "0.450", "3.000", "-", "-"]
    assert lines[2].split() == ["LLM", "teacher", "20", "0.500", "0.400*", "0.450**", "3.000", "134,515,584", "4,012"]
    assert len({len(line) for line in lines}) == 1


def test_significance_names_both_systems():
    assert significance(ROWS).splitlines()[1] == (
        "BERT student against BM25: RR@10 p = 0.2, nDCG@5 p = 0.03, nDCG@10 p = 0.004, PNR p = 0.05"
    )


def test_plot_is_a_png(tmp_path):
    plot(ROWS, tmp_path / "plot.png")
    data = (tmp_path / "plot.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20]) == 960
