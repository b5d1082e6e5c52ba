"""A configuration on real lists: scores by qid and docid, the store, and what the clock sees."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.tune import measured as module
from rerankkit.tune.explore import backends_here, configurations, dtypes_here, explore, machine
from rerankkit.tune.grid import lists_of
from rerankkit.tune.measured import Workshop, measure, times
from rerankkit.tune.points import Configuration
from rerankkit.types import Candidate, Document, Group, Query

WORDS = ["cat", "dog", "bird", "fish", "river", "stone"]
GROUPS = [
    Group(Query(qid, text), tuple(Candidate(Document(f"{word}{qid}", word, "grey"), 0.0) for word in WORDS))
    for qid, text in (("1", "red"), ("2", "green"), ("3", "blue"), ("4", "black"))
]
LISTS = lists_of(GROUPS, [2, 5], 3, 0)


def workshop(store: Path | None) -> Workshop:
    return Workshop(Path("models"), Scoring("cpu"), store)


def test_scores_are_the_rerankers_and_paid_for_once(bert_reranker, tmp_path, monkeypatch):
    from rerankkit.rerank.scorer import Whole

    one = Configuration(str(bert_reranker), "torch", "float32")
    (expected, *_) = load_reranker(str(bert_reranker), Scoring("cpu", "float32")).score(GROUPS)
    found = measure(one, LISTS, workshop(tmp_path / "s"))
    assert found.scores["1"] == pytest.approx(dict(zip((f"{word}1" for word in WORDS[:5]), expected[:5], strict=True)))
    sizes: list[int] = []
    forward = Whole.forward
    monkeypatch.setattr(Whole, "forward", lambda self, places: sizes.append(len(places)) or forward(self, places))
    again = measure(one, LISTS, workshop(tmp_path / "s"))
    assert again.scores == found.scores
    warming, timing = module.WARMING * (2 + 5), 3 * (2 + 5)
    assert sum(sizes) == warming + timing
    sizes.clear()
    measure(one, LISTS, workshop(None))
    assert sum(sizes) == warming + timing + 4 * 5


class Slow:
    """A Reranker that takes a tick for each candidate, and five more for a text that it does not know yet."""

    def __init__(self) -> None:
        self.now, self.known, self.forgot, self.ended = 0.0, set(), 0, 0

    def score(self, groups: Iterable[Group]) -> Iterator[list[float]]:
        for group in groups:
            for candidate in group.candidates:
                self.now += 1 if candidate.document.title in self.known else 6
                self.known.add(candidate.document.title)
            yield [0.0] * len(group.candidates)
        self.ended += 1

    def forget(self) -> None:
        self.known.clear()
        self.forgot += 1


def test_a_query_is_timed_alone_at_every_depth_with_nothing_kept_of_others(monkeypatch):
    """The titles of all queries are the same: without forgetting, later queries would cost a tick a candidate."""
    slow = Slow()
    monkeypatch.setattr(module.time, "perf_counter", lambda: slow.now)
    assert times(slow, LISTS) == {2: [12000.0] * 3, 5: [30000.0] * 3}
    assert slow.forgot == 2 * (module.WARMING + 3)
    assert slow.ended == 0


def test_known_scores_stand_for_the_reranker():
    found = module.Measured(Configuration("m", "torch", "float32"), {"1": {"cat1": 2.0, "dog1": 3.0}}, {})
    asked = Group(GROUPS[0].query, GROUPS[0].candidates[1::-1])
    assert list(found.score([asked])) == [[3.0, 2.0]]


def test_every_model_backend_and_precision_once():
    assert [str(one) for one in configurations(["a", "b", "a"], ["torch"], ["float32", "bf16", "bfloat16"])] == [
        "a torch float32",
        "a torch bfloat16",
        "b torch float32",
        "b torch bfloat16",
    ]


def test_a_backend_has_the_precisions_that_it_computes():
    found = configurations(["a"], ["torch", "openvino", "onnx"], ["float32", "bfloat16", "int8"])
    assert [(one.backend, one.dtype) for one in found] == [
        *(("torch", dtype) for dtype in ("float32", "bfloat16")),
        *(("openvino", dtype) for dtype in ("float32", "bfloat16", "int8")),
        *(("onnx", dtype) for dtype in ("float32", "int8")),
    ]
    with pytest.raises(InputError, match="torch does not compute int8"):
        configurations(["a"], ["torch"], ["int8"])


def test_torch_is_always_there():
    assert backends_here()[0] == "torch"
    assert "int8" not in dtypes_here(["torch"])
    assert "int8" in dtypes_here(["torch", "onnx"])


def test_what_does_not_run_here_is_left_out_and_told(bert_reranker, caplog):
    good, bad = (Configuration(str(bert_reranker), "torch", dtype) for dtype in ("float32", "float1"))
    (found,) = explore([bad, good], LISTS, workshop(None))
    assert found.configuration == good
    assert caplog.messages[-1].startswith(f"left out: {bad} (unknown --dtype 'float1'.")
    with pytest.raises(InputError, match="unknown --dtype"):
        explore([bad], LISTS, workshop(None))


def test_a_model_that_is_not_there_is_told_before_anything_is_scored(bert_reranker, monkeypatch):
    monkeypatch.setattr("rerankkit.tune.explore.measure", lambda *given: pytest.fail("scored"))
    wanted = configurations([str(bert_reranker), "llm-teacher"], ["torch"], ["float32"])
    with pytest.raises(InputError, match="no model llm-teacher"):
        explore(wanted, LISTS, workshop(None))


def test_the_machine_is_told():
    told = machine()
    assert told["threads"] >= 1
    assert told["torch"]
