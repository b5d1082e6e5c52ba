"""Every family of encoders and decoders: trained, saved, with some of its layers or all; transformers scores alike."""

import json

import pytest
import torch
import transformers
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank.models import load_reranker
from rerankkit.rerank.scorer import PairScorer, Scoring
from rerankkit.train.settings import Lora
from rerankkit.train.weights import drop_layers, kept_layers, with_score_head

SIZES = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 64}
DROPOUT = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
PAD_0 = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
ENCODERS = {
    "bert": {**SIZES, **DROPOUT},
    "mpnet": {**SIZES, **DROPOUT, **PAD_0},
    "roberta": {**SIZES, **DROPOUT, **PAD_0},
    "distilbert": {"dim": 32, "n_layers": 4, "n_heads": 2, "hidden_dim": 64, "dropout": 0.0, "attention_dropout": 0.0},
    "modernbert": {**SIZES, **PAD_0, "cls_token_id": 2, "sep_token_id": 3, "local_attention": 8},
    "electra": {**SIZES, **DROPOUT, "embedding_size": 16},
    "deberta-v2": {**SIZES, **DROPOUT, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
}
DECODERS = {
    "llama": {**SIZES, "num_key_value_heads": 1},
    "qwen3": {**SIZES, "num_key_value_heads": 1, "head_dim": 16},
    "gemma3_text": {**SIZES, "num_key_value_heads": 1, "head_dim": 16, "sliding_window": 8, "pad_token_id": 0},
    "gpt2": {"n_embd": 32, "n_layer": 4, "n_head": 2, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
}
FAMILIES = [*ENCODERS, *DECODERS]


@pytest.fixture(scope="module")
def families(tiny_bert, tiny_llama, tmp_path_factory):
    """Makes the folder of a family's model without a score head, weights drawn by seed 0."""
    made = {}

    def make(kind: str):
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("families") / kind
            tokenizer = AutoTokenizer.from_pretrained(tiny_bert if kind in ENCODERS else tiny_llama)
            told = {"vocab_size": len(tokenizer), "initializer_range": 0.1, **(ENCODERS | DECODERS)[kind]}
            config = AutoConfig.for_model(kind, **told)
            torch.manual_seed(0)
            auto = transformers.AutoModel if kind in ENCODERS else transformers.AutoModelForCausalLM
            auto.from_config(config).save_pretrained(made[kind])
            tokenizer.save_pretrained(made[kind])
        return made[kind]

    return make


def assert_transformers_scores_alike(folder, groups) -> None:
    """Each pair alone, by the ids that our encoder made."""
    scorer = load_reranker(str(folder), Scoring("cpu", "float32"), folder.parent)
    assert isinstance(scorer, PairScorer)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    theirs = []
    for group in groups:
        documents = [candidate.document for candidate in group.candidates]
        for pair in scorer.encoder.encode(group.query, documents):
            types = [int(place >= pair.first) for place in range(len(pair.ids))]
            inputs = {"token_type_ids": torch.tensor([types])} if scorer.encoder.frame.segments else {}
            with torch.no_grad():
                theirs.append(model(input_ids=torch.tensor([pair.ids]), **inputs).logits.item())
    ours = [score for scores in scorer.score(groups) for score in scores]
    assert ours == pytest.approx(theirs, abs=2e-5)
    assert max(ours) - min(ours) > 1e-3


def layers_of(folder) -> set[int]:
    """The numbers of the layers that the weights tell of."""
    from safetensors.torch import load_file

    parts = [name.split(".") for name in load_file(folder / "model.safetensors")]
    return {int(part) for name in parts for part in name if part.isdigit()}


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_trains_and_is_served_by_transformers(families, trained, teacher_groups, kind):
    folder = trained(families(kind), teacher_groups, max_steps=2)
    assert json.loads((folder / "rerankkit.json").read_text())["architecture"] == (
        "llm" if kind in DECODERS else "cross-encoder"
    )
    assert_transformers_scores_alike(folder, teacher_groups[:2])


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_family_keeps_some_of_its_layers(families, trained, teacher_groups, kind):
    folder = trained(families(kind), teacher_groups, max_steps=1, keep_layers="3")
    assert AutoConfig.from_pretrained(folder).num_hidden_layers == 3
    assert layers_of(folder) == {0, 1, 2}
    assert_transformers_scores_alike(folder, teacher_groups[:2])


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_kept_layers_are_those_that_were_asked_for(families, kind):
    """The weights of layers 0 and 3 are in places 0 and 1, everything else is untouched."""
    whole, part = (with_score_head(str(families(kind)), 0, keep) for keep in (None, "0,3"))
    theirs, ours = (dict(start.model.named_parameters()) for start in (whole, part))
    seen = set()
    for name, weight in ours.items():
        number = next((word for word in name.split(".") if word.isdigit()), None)
        origin = name if number is None else name.replace(f".{number}.", f".{ {'0': 0, '1': 3}[number] }.", 1)
        seen.add(number)
        assert torch.equal(weight, theirs[origin]), name
    assert seen == {None, "0", "1"}
    assert part.model.config.num_hidden_layers == 2


def test_what_a_configuration_tells_of_each_layer_goes_with_it(families):
    start = with_score_head(str(families("modernbert")), 0, "0,2,3")
    assert start.model.config.layer_types == ["full_attention", "sliding_attention", "full_attention"]


@pytest.mark.parametrize(
    ("told", "count", "kept"),
    [
        ("3", 6, [0, 2, 5]),
        (3, 6, [0, 2, 5]),
        ("2", 6, [0, 5]),
        ("1", 6, [0]),
        ("6", 6, [0, 1, 2, 3, 4, 5]),
        ("6", 12, [0, 2, 4, 7, 9, 11]),
        ("4", 12, [0, 4, 7, 11]),
        ("0,2,4", 6, [0, 2, 4]),
        (" 1, 3", 6, [1, 3]),
    ],
)
def test_which_layers_stay(told, count, kept):
    assert kept_layers(told, count) == kept


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("7", "--keep-layers 7: the model has 6 layers"),
        ("0", "--keep-layers 0: the model has 6 layers"),
        ("-2", "--keep-layers -2: the model has 6 layers"),
        ("some", "--keep-layers 'some'"),
        ("0,,2", "--keep-layers '0,,2'"),
        ("0,6", "--keep-layers 0,6: the model has layers 0 to 5"),
        ("-1,2", "--keep-layers -1,2: the model has layers 0 to 5"),
        ("2,0", "--keep-layers 2,0: the model has layers 0 to 5"),
        ("2,2", "--keep-layers 2,2: the model has layers 0 to 5"),
    ],
)
def test_layers_that_cannot_stay(told, problem):
    with pytest.raises(InputError) as caught:
        kept_layers(told, 6)
    assert caught.value.problem == problem
    assert caught.value.remedy


def test_layers_that_share_their_weights_are_not_dropped():
    sizes = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "embedding_size": 16}
    config = AutoConfig.for_model("albert", vocab_size=50, num_hidden_layers=4, **sizes)
    with pytest.raises(InputError, match=r"the layers of this model \(albert\) cannot be dropped"):
        drop_layers(AutoModelForSequenceClassification.from_config(config), "2")


def test_an_adapter_to_some_of_the_layers_is_kept_only_merged(families, trained, teacher_groups):
    """Its base, with these layers alone, lies nowhere."""
    folder = trained(families("llama"), teacher_groups, max_steps=2, keep_layers=2, lora=Lora(2))
    assert layers_of(folder) == {0, 1}
    assert not (folder / "adapter").exists()
    assert_transformers_scores_alike(folder, teacher_groups[:2])
