"""The graph that is exported gives the model's own scores."""

import pytest
import torch

from rerankkit.rerank.graph import ScoreGraph, capture, spare_last_layer

from .tiny import KINDS, model_of


def batch(pairs: int = 3, tokens: int = 9) -> dict[str, torch.Tensor]:
    """Ids of three lengths."""
    ids = torch.randint(5, 100, (pairs, tokens), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    for row in range(1, pairs):
        ids[row, tokens - row :] = 1
        mask[row, tokens - row :] = 0
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_scores_stay_as_they_are(kind):
    model, inputs = model_of(kind), batch()
    expected = model(**inputs).logits
    spared = spare_last_layer(model)
    sizes = []
    getattr(spared, spared.base_model_prefix).encoder.register_forward_hook(
        lambda _, __, out: sizes.append(out[0].shape[1])
    )
    torch.testing.assert_close(spared(**inputs).logits, expected, atol=1e-6, rtol=0)
    torch.testing.assert_close(ScoreGraph(spared)(**inputs), expected, atol=1e-6, rtol=0)
    assert expected.std() > 1e-3
    assert sizes == [1]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_stay_as_they_are_under_the_same_names(kind, attention):
    model, inputs = model_of(kind), batch()
    model.set_attn_implementation(attention)

    def gradients() -> dict[str, torch.Tensor]:
        model.zero_grad()
        model(**inputs).logits.pow(2).sum().backward()
        return {name: weight.grad.clone() for name, weight in model.named_parameters()}

    expected = gradients()
    spare_last_layer(model)
    torch.testing.assert_close(gradients(), expected, atol=1e-5, rtol=1e-4)


def test_dropout_falls_upon_the_first_token_as_well():
    model, inputs = spare_last_layer(model_of("Bert")).train(), batch()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout) and module is not model.bert.encoder.layer[-1].attention.self.dropout:
            module.p = 0.0
    one, other = (model(**inputs).logits for _ in range(2))
    assert (one - other).abs().max() > 1e-4


@torch.no_grad()
def test_segments_count():
    model, inputs = model_of("Bert"), batch()
    types = {"token_type_ids": (torch.arange(9) > 4).long().expand(3, 9)}
    expected = model(**inputs, **types).logits
    torch.testing.assert_close(ScoreGraph(model)(**inputs, **types), expected, atol=1e-6, rtol=0)
    assert (ScoreGraph(model)(**inputs) - expected).abs().min() > 1e-4


@torch.no_grad()
def test_a_captured_graph_takes_any_number_of_pairs_and_tokens():
    model = model_of("Bert")
    captured = capture(ScoreGraph(model), batch(2, 5)).module()
    for shape in [(1, 3), (7, 20), (2, 64)]:
        torch.testing.assert_close(captured(**batch(*shape)), model(**batch(*shape)).logits, atol=1e-6, rtol=0)


def test_a_model_of_another_build_is_left_alone():
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    config = DistilBertConfig(vocab_size=100, dim=32, n_layers=2, n_heads=2, hidden_dim=64, num_labels=1)
    model = DistilBertForSequenceClassification(config)
    assert spare_last_layer(model) is model
    assert "forward" not in vars(model.distilbert.transformer.layer[-1])
