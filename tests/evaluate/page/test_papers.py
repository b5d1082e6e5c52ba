"""The figures for papers."""

from xml.etree import ElementTree

from rerankkit.evaluate.page.papers import draw_figures
from rerankkit.evaluate.page.payload import payload


def texts(path) -> set[str]:
    return {" ".join(node.itertext()).strip() for node in ElementTree.parse(path).iter() if node.tag.endswith("}text")}


def test_every_figure_in_both_formats(material, tmp_path):
    paths = draw_figures(payload(material()), tmp_path)
    names = [
        *("difference.nDCG@10", "difference.RR@10", "difference.PNR", "queries.1.bert_new_.txt", "queries.2.rm3.txt"),
        *("ndcg_by_depth", "precision_by_recall", "quality_latency", "teacher_scores"),
        *("student_against_teacher.1.bert_new_.txt", "tau_by_margin.1.bert_new_.txt"),
        *("student_against_teacher.2.rm3.txt", "tau_by_margin.2.rm3.txt"),
        *("training_loss.0.bert_b_new_b_", "dev_by_step.0.bert_b_new_b_"),
    ]
    assert [path.name for path in paths] == [f"{name}.{form}" for name in names for form in ("png", "svg")]
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths if path.suffix == ".png")
    assert {"bert <new>.txt", "rm3.txt", "nDCG@10, difference from bm25.txt"} <= texts(
        tmp_path / "difference.nDCG@10.svg"
    )
    assert {"margin mse", "bert <b>new</b>"} <= texts(tmp_path / "training_loss.0.bert_b_new_b_.svg")
    assert {"kept: step 30", "first stage"} <= texts(tmp_path / "dev_by_step.0.bert_b_new_b_.svg")
    assert "milliseconds a query" in texts(tmp_path / "quality_latency.svg")


def small(record):
    """Only what is drawn of one measure without times, teacher and learning curves."""
    return {**record, "measures": record["measures"][:1], "timings": [], "teacher": None, "learning": []}


def test_the_same_figure_is_the_same_file_and_a_dollar_is_a_dollar(material, tmp_path):
    record = {**small(payload(material())), "systems": ["bm25.txt", "$a^2$", "rm3.txt"]}
    names = [path.name for path in draw_figures(record, tmp_path / "one") if path.suffix == ".svg"]
    draw_figures(record, tmp_path / "two")
    assert names == [
        *("difference.nDCG@10.svg", "queries.1._a_2_.svg", "queries.2.rm3.txt.svg"),
        *("ndcg_by_depth.svg", "precision_by_recall.svg"),
    ]
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
    assert "$a^2$" in texts(tmp_path / "one" / names[0])


def test_nothing_is_drawn_of_what_no_query_compares(material, tmp_path):
    record = payload(material())
    nothing = [{**one, "difference": None} if one["measure"] == "RR@10" else one for one in record["outcomes"]]
    record = {**small(record), "measures": ["nDCG@10", "RR@10"], "outcomes": nothing}
    record["values"][0][1] = [None, None, None]
    names = {path.name for path in draw_figures(record, tmp_path)}
    assert {"difference.nDCG@10.svg", "queries.2.rm3.txt.svg"} <= names
    assert not any(name.startswith(("difference.RR@10", "queries.1")) for name in names)
