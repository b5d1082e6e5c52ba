"""Quality against latency as a picture."""

from rerankkit.tune.findings import Findings
from rerankkit.tune.picture import draw, figure_of
from rerankkit.tune.points import Configuration, Point, Stage

BERT, LLM = Configuration("bert", "torch", "float32"), Configuration("llm", "torch", "float32")
POINTS = [
    Point((), 0.5, 0.0, 0.0, {}),
    Point((Stage(BERT, 10),), 0.6, 10, 20, {}),
    Point((Stage(BERT, 50),), 0.58, 50, 90, {}),
    Point((Stage(BERT, 50), Stage(LLM, 10)), 0.7, 250, 300, {}),
]


def test_the_picture_shows_every_point_and_the_advice():
    (axes,) = figure_of(Findings(POINTS, 400, "p95", "nDCG@10")).axes
    drawn = {collection.get_label(): collection.get_offsets().tolist() for collection in axes.collections}
    assert drawn["bert torch float32"] == [[10, 0.6], [50, 0.58]]
    assert drawn["bert torch float32 > llm torch float32"] == [[250, 0.7]]
    assert drawn["advised"] == [[300, 0.7]]
    (steps,) = [line for line in axes.lines if line.get_label() == "front (p95)"]
    assert list(steps.get_xydata().ravel()) == [20, 0.6, 300, 0.7]
    assert [text.get_text() for text in axes.texts] == ["10", "50 > 10"]


def test_both_files_are_written(tmp_path):
    paths = draw(Findings(POINTS, 5, "p95", "nDCG@10"), tmp_path / "plots")
    assert [path.name for path in paths] == ["tune.png", "tune.svg"]
    assert paths[0].read_bytes()[:4] == b"\x89PNG"
    assert b"<svg" in paths[1].read_bytes()


def test_a_model_s_name_in_dollars_is_no_formula(tmp_path):
    odd = Configuration("$\\frac{x$", "torch", "float32")
    points = [Point((), 0.5, 0.0, 0.0, {}), Point((Stage(odd, 10),), 0.6, 10, 20, {})]
    paths = draw(Findings(points, 400, "p95", "nDCG@10"), tmp_path)
    assert [path.name for path in paths] == ["tune.png", "tune.svg"]
