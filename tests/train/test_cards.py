"""What a trained checkpoint says of itself: a snippet that runs, and no path of the machine that made it."""

import re

import pytest
import yaml

from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scoring import Scoring
from rerankkit.train.settings import Lora


def texts_of(folder) -> dict[str, str]:
    """Every text file of a checkpoint but the side file and the vocabulary."""
    kinds = (".json", ".md", ".jinja", ".txt")
    return {str(path): path.read_text() for path in folder.rglob("*") if path.suffix in kinds}


@pytest.mark.parametrize(("base", "rank"), [("tiny_bert", 0), ("tiny_bert", 4), ("tiny_llama", 4)])
def test_no_file_of_a_checkpoint_holds_an_absolute_path(request, trained, teacher_groups, base, rank, tmp_path):
    start = request.getfixturevalue(base)
    folder = trained(start, teacher_groups, max_steps=1, lora=Lora(rank))
    found = texts_of(folder)
    assert len(found) >= 4 + rank
    for name, text in found.items():
        assert str(start) not in text, name
        assert str(tmp_path) not in text, name
    if rank:
        load_reranker(str(folder / "adapter"), Scoring("cpu", "float32"), tmp_path)


def test_the_model_card(tiny_bert, trained, teacher_groups, dev_set):
    folder = trained(tiny_bert, teacher_groups, "bert.v1.5", max_steps=1, dev=dev_set)
    card = (folder / "README.md").read_text()
    assert yaml.safe_load(card.split("---\n")[1]) == {
        "library_name": "sentence-transformers",
        "pipeline_tag": "text-ranking",
        "license": "unknown",
        "tags": ["reranker", "cross-encoder"],
    }
    assert "# bert.v1.5\n" in card
    assert "`hybrid` loss on 4 groups, starting from `tiny-bert`" in card
    assert "--model bert.v1.5 " in card
    assert "at most 32 tokens" in card
    assert "| 2 dev queries | nDCG@10 |" in card


def test_the_snippet_of_the_card_runs(tiny_bert, trained, teacher_groups, monkeypatch, capsys):
    folder = trained(tiny_bert, teacher_groups, "student", max_steps=1)
    (snippet,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    monkeypatch.chdir(folder.parent)
    exec(compile(snippet, "card", "exec"), {})
    assert re.fullmatch(r"\[-?\d+\.\d+(e-\d+)?\]\n", capsys.readouterr().out)
