"""What a training leaves, read by others."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.model_card import Origin
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.pairs import Lengths, PairEncoder
from rerankkit.rerank.scorer import PairScorer, Scoring
from rerankkit.train.checkpoint import Trained, write_checkpoint
from rerankkit.train.scale import Scale
from rerankkit.train.settings import Lora
from rerankkit.train.weights import with_score_head
from rerankkit.types import Candidate, Document


@pytest.fixture(params=["bert", "llama", "llama by lora", "smol llama"])
def checkpoint(request, trained, teacher_groups):
    """A checkpoint whose scores lie around the teacher's 15, where a sigmoid would leave nothing."""
    names = {"bert": "tiny_bert", "smol llama": "smol_llama"}
    model = request.getfixturevalue(names.get(request.param, "tiny_llama"))
    lora = Lora(4 if "lora" in request.param else 0)
    return trained(model, teacher_groups, max_steps=40, learning_rate=1e-2, lora=lora)


def ours(folder) -> PairScorer:
    scorer = load_reranker(str(folder), Scoring("cpu", "float32"), folder.parent)
    assert isinstance(scorer, PairScorer)
    return scorer


def test_transformers_loads_it_with_the_same_logits(checkpoint, teacher_groups):
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    scorer = ours(checkpoint)
    expected = [score for scores in scorer.score(teacher_groups) for score in scores]
    assert max(expected) > 10
    texts = [
        (scorer.encoder.frame.query_text(group.query), scorer.encoder.frame.document_text(candidate.document))
        for group in teacher_groups
        for candidate in group.candidates
    ]
    if scorer.encoder.frame.segments:
        inputs = tokenizer([query for query, _ in texts], [document for _, document in texts], padding=True)
    else:
        inputs = tokenizer([query + document + tokenizer.eos_token for query, document in texts], padding=True)
    with torch.no_grad():
        logits = model(**{name: torch.tensor(values) for name, values in inputs.items()}).logits[:, 0]
    assert logits.tolist() == pytest.approx(expected, abs=1e-5)


def test_sentence_transformers_gives_the_same_logits(checkpoint, teacher_groups):
    """No sigmoid: its predictions are our scores.

    It joins the texts of a pair as the tokenizer does; one that puts a beginning before each is asked by our ids.
    """
    from sentence_transformers import CrossEncoder

    scorer, theirs = ours(checkpoint), CrossEncoder(str(checkpoint), device="cpu")
    assert isinstance(theirs.activation_fn, torch.nn.Identity)
    frame, end = scorer.encoder.frame, scorer.encoder.tokenizer.eos_token or ""
    for group, expected in zip(teacher_groups, scorer.score(teacher_groups), strict=True):
        documents = [candidate.document for candidate in group.candidates]
        texts = [(frame.query_text(group.query), frame.document_text(document) + end) for document in documents]
        if not frame.prefix or frame.segments:
            assert theirs.predict(texts).tolist() == pytest.approx(expected, abs=1e-5)
            continue
        for pair, score in zip(scorer.encoder.encode(group.query, documents), expected, strict=True):
            with torch.no_grad():
                logits = theirs.model(input_ids=torch.tensor([pair.ids])).logits
            assert theirs.activation_fn(logits).item() == pytest.approx(score, abs=1e-5)


def test_the_config_tells_labels_padding_and_activation(checkpoint):
    config = json.loads((checkpoint / "config.json").read_text())
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    assert config["sentence_transformers"] == {"activation_fn": "torch.nn.modules.linear.Identity"}
    assert config["pad_token_id"] == tokenizer.pad_token_id is not None
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint)
    assert (model.config.num_labels, model.dtype) == (1, torch.float32)


def test_a_padding_token_that_the_base_does_not_name_is_named(tiny_bert, tmp_path, trained, teacher_groups):
    base = shutil.copytree(tiny_bert, tmp_path / "base")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "pad_token_id": None}))
    folder = trained(base, teacher_groups, max_steps=1)
    assert json.loads((folder / "config.json").read_text())["pad_token_id"] == 0


def test_the_folder_holds_what_it_needs_and_no_more(checkpoint):
    names = {path.name for path in checkpoint.iterdir()} - {"adapter", "chat_template.jinja"}
    assert names == {
        "README.md",
        "config.json",
        "learning_curve.png",
        "model.safetensors",
        "rerankkit.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_the_note_tells_settings_and_course(checkpoint, teacher_groups):
    note = json.loads((checkpoint / "rerankkit.json").read_text())
    trained = note["trained"]
    assert note["lengths"] == {"max_length": 32, "max_query_tokens": None, "max_title_tokens": None}
    assert (note["pooling"], note["separate_title"]) == ("last", False)
    assert (trained["groups"], trained["loss"], trained["learning_rate"], trained["max_steps"]) == (
        4,
        "hybrid",
        1e-2,
        40,
    )
    losses = [entry["loss"] for entry in trained["log"] if "loss" in entry]
    assert len(losses) == 4
    assert losses[-1] < losses[0]


@pytest.fixture
def wordy_groups(teacher_groups):
    """The groups with titles of two words and a summary."""
    return [
        replace(
            group,
            candidates=tuple(
                Candidate(Document(one.document.docid, f"{one.document.title} stone", "grey bird"), one.score)
                for one in group.candidates
            ),
        )
        for group in teacher_groups
    ]


@pytest.mark.parametrize("rank", [0, 4])
def test_pooling_by_the_mean_is_learnt_saved_and_merged(tiny_llama, trained, wordy_groups, rank):
    """By hand: the mean of the merged model's states at every token, padding apart, times the head."""
    folder = trained(tiny_llama, wordy_groups, max_steps=40, learning_rate=1e-2, pooling="mean", lora=Lora(rank))
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    folders = [folder, folder / "adapter"] if rank else [folder]
    for scorer in map(ours, folders):
        expected = []
        for group in wordy_groups:
            for pair in scorer.encoder.encode(group.query, [candidate.document for candidate in group.candidates]):
                with torch.no_grad():
                    states = model.model(input_ids=torch.tensor([pair.ids])).last_hidden_state[0]
                expected.append((model.score.weight[0] @ states.mean(0)).item())
        assert [score for scores in scorer.score(wordy_groups) for score in scores] == pytest.approx(expected, abs=1e-4)
        assert max(expected) > 10
    card = (folder / "README.md").read_text()
    assert card.splitlines()[1] == "library_name: rerankkit"
    assert "The score is read from the mean of all tokens" in card
    again = trained(folder, wordy_groups, "again", max_steps=1)
    assert json.loads((again / "rerankkit.json").read_text())["pooling"] == "mean"
    last = trained(folder, wordy_groups, "last", max_steps=1, pooling="last")
    assert json.loads((last / "rerankkit.json").read_text())["pooling"] == "last"


def test_titles_apart_and_cut_are_learnt_and_scored_alike(tiny_bert, trained, wordy_groups, monkeypatch):
    seen = []
    encode = PairEncoder.encode
    monkeypatch.setattr(PairEncoder, "encode", lambda *of: seen.append(encode(*of)) or seen[-1])
    folder = trained(tiny_bert, wordy_groups, max_steps=2, max_title_tokens=1, separate_title=True)
    learnt = {tuple(pair.ids) for pairs in seen for pair in pairs}
    assert (2, 5, 3, 11, 3, 10, 13, 3) in learnt  # [CLS] red [SEP] cat [SEP] grey bird [SEP]
    seen.clear()
    list(ours(folder).score(wordy_groups))
    assert {tuple(pair.ids) for pairs in seen for pair in pairs} == learnt
    card = (folder / "README.md").read_text()
    assert "Input: `[CLS] query [SEP] title [SEP] summary [SEP]`, at most 32 tokens" in card
    assert "only the document is cut, and a title after 1 tokens." in card
    note = json.loads((trained(folder, wordy_groups, "again", max_steps=1) / "rerankkit.json").read_text())
    assert (note["separate_title"], note["lengths"]["max_title_tokens"]) == (True, None)


@pytest.mark.parametrize(
    ("base", "settings", "message"),
    [
        ("tiny_bert", {"pooling": "mean"}, "--pooling mean is for LLMs"),
        ("tiny_llama", {"separate_title": True}, "--separate-title is for encoders"),
        ("tiny_bert", {"keep_layers": "3"}, "--keep-layers 3: the model has 2 layers"),
        ("tiny_bert", {"max_title_tokens": 32}, "--max-title-tokens must be between 1 and --max-length"),
    ],
)
def test_what_a_reranker_cannot_be(request, trained, teacher_groups, base, settings, message):
    with pytest.raises(InputError, match=message):
        trained(request.getfixturevalue(base), teacher_groups, **settings)


def test_a_card_bears_the_name_that_the_folder_will_have(tiny_bert, tmp_path):
    start = with_score_head(str(tiny_bert), 0)
    note = Note("cross-encoder", Lengths(32), {"model": "base", "loss": "lce", "groups": 2})
    trained = Trained(start.model, start.tokenizer, Origin("base"))
    write_checkpoint(tmp_path, "mine", trained, note, Scale())
    assert "\n# mine\n" in (tmp_path / "README.md").read_text()


def test_an_older_checkpoint_gives_way_only_to_a_whole_one(tiny_bert, trained, teacher_groups, monkeypatch):
    folder = trained(tiny_bert, teacher_groups, max_steps=1)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(Note, "write", lambda self, folder: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space left"):
            trained(tiny_bert, teacher_groups, max_steps=2)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []
    trained(tiny_bert, teacher_groups, max_steps=2)
    assert (folder / "model.safetensors").read_bytes() != before["model.safetensors"]
