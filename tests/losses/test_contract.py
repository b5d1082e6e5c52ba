"""What every loss must keep, own or plugged in."""

import pytest
import torch

from rerankkit.plugins import load_plugin, plugin_names

NAMES = plugin_names("losses")
NAN, INF = float("nan"), float("inf")


def batch(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Three queries of 6, 3 and 1 candidates and one of none, graded; scores apart from every kink."""
    generator = torch.Generator().manual_seed(11)
    scores = torch.randn(4, 6, generator=generator, dtype=dtype) * 1.7
    labels = torch.tensor([[0, 2, 1, 0, 3, 0], [1, 0, 0, 9, 9, 9], [1, 9, 9, 9, 9, 9], [9] * 6], dtype=dtype)
    mask = torch.arange(6) < torch.tensor([6, 3, 1, 0])[:, None]
    return scores, labels, mask


@pytest.fixture(params=NAMES)
def loss(request):
    return load_plugin("losses", request.param).loss


def test_the_losses_are_found():
    pointwise, pairwise = {"bce", "gbce", "point-mse"}, {"hinge", "margin-mse", "ranknet", "soft-ranknet"}
    listwise = {"adr-mse", "kl", "lambda-loss", "lce", "list-mle", "list-net", "p-list-mle"}
    assert pointwise | pairwise | listwise | {"hybrid"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_only_the_order_of_labels_counts_where_any_labels_do(name):
    module = load_plugin("losses", name)
    scores, labels, mask = batch()
    value, stretched = module.loss(scores, labels, mask).item(), module.loss(scores, 2 * labels + 1, mask).item()
    assert module.LABELS in {"any", "grades", "scores"}
    assert (value == stretched) == (module.LABELS == "any")


def test_a_teachers_scores_are_fit_for_all_losses_but_those_of_grades():
    kinds = {name: load_plugin("losses", name).LABELS for name in NAMES}
    assert {name for name in NAMES if kinds[name] == "scores"} >= {"hybrid", "kl", "soft-ranknet"}
    scores, _, mask = batch()
    teacher = (scores * -3.7 - 2).requires_grad_()
    for name in (name for name in NAMES if kinds[name] != "grades"):
        value = load_plugin("losses", name).loss(scores.requires_grad_(), teacher.detach(), mask)
        assert value.item() > 0.01
        assert value.isfinite()


def test_a_scalar_that_costs_something(loss):
    scores, labels, mask = batch()
    value = loss(scores, labels, mask)
    assert value.shape == ()
    assert value.item() > 0.01


def test_finite_difference_gradients(loss):
    scores, labels, mask = batch()
    assert torch.autograd.gradcheck(lambda s: loss(s, labels, mask), scores.requires_grad_())


@pytest.mark.parametrize("filler", [NAN, INF, -INF, 1e30])
def test_padding_has_no_influence(loss, filler):
    scores, labels, mask = batch()
    plain = scores.clone().requires_grad_()
    padded = scores.masked_fill(~mask, filler).requires_grad_()
    expected, value = loss(plain, labels, mask), loss(padded, labels.masked_fill(~mask, filler), mask)
    expected.backward()
    value.backward()
    assert value.item() == expected.item()
    assert torch.equal(padded.grad, plain.grad)
    assert padded.grad[~mask].abs().sum().item() == 0


def test_more_padding_changes_nothing(loss):
    scores, labels, mask = batch()
    wide = [torch.cat([tensor, torch.zeros(4, 3, dtype=tensor.dtype)], 1) for tensor in (scores, labels, mask)]
    assert loss(*wide).item() == pytest.approx(loss(scores, labels, mask).item(), rel=1e-12)


def test_the_order_of_candidates_does_not_matter(loss):
    scores, labels, mask = batch()
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    shuffled = loss(scores[:, order], labels[:, order], mask[:, order])
    assert shuffled.item() == pytest.approx(loss(scores, labels, mask).item(), rel=1e-12)


def test_queries_do_not_touch_each_other(loss):
    scores, labels, mask = batch()
    scores.requires_grad_()
    loss(scores, labels, mask).backward()
    both = scores.grad[:2].clone()
    scores.grad = None
    loss(scores[:1], labels[:1], mask[:1]).backward()
    ratio = both[0] / scores.grad[0]
    assert torch.allclose(ratio, ratio[0].expand(6))  # the same direction; only the number of queries scales it
    assert 0.3 < ratio[0].item() < 0.6


@pytest.mark.parametrize("kind", ["empty", "no candidates"])
def test_a_batch_without_anything_costs_a_differentiable_zero(loss, kind):
    scores = torch.full((2, 3) if kind == "empty" else (2, 0), NAN, requires_grad=True)
    value = loss(scores, torch.full_like(scores, NAN), torch.zeros(scores.shape, dtype=torch.bool))
    value.backward()
    assert value.item() == 0
    assert torch.equal(scores.grad, torch.zeros_like(scores))


def test_half_precision_scores_are_computed_in_float32(loss):
    scores, labels, mask = batch(torch.float32)
    half = scores.bfloat16()
    value = loss(half, labels, mask)
    assert value.dtype == torch.float32
    assert value.item() == loss(half.float(), labels, mask).item()


def test_a_step_down_the_gradient_costs_less(loss):
    scores, labels, mask = batch()
    scores.requires_grad_()
    value = loss(scores, labels, mask)
    value.backward()
    assert loss(scores - 0.01 * scores.grad, labels, mask).item() < value.item()


@pytest.mark.parametrize("tied", ["scores", "labels"])
def test_ties_do_not_let_the_order_of_candidates_in(loss, tied):
    scores, labels, mask = batch()
    scores, labels = (torch.zeros_like(scores), labels) if tied == "scores" else (scores, labels.clamp(max=1))
    order = torch.tensor([4, 0, 5, 2, 1, 3])
    one, two = scores.clone().requires_grad_(), scores[:, order].clone().requires_grad_()
    value, shuffled = loss(one, labels, mask), loss(two, labels[:, order], mask[:, order])
    value.backward()
    shuffled.backward()
    assert shuffled.item() == pytest.approx(value.item(), rel=1e-12)
    assert torch.allclose(one.grad[:, order], two.grad, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("labels", [[[2.0]], [[1.0, 1.0, 1.0]], [[0.0, 0.0]]])
def test_a_list_that_orders_nothing_leaves_numbers(loss, labels):
    given = torch.tensor(labels)
    scores = torch.linspace(-2, 3, given.shape[1])[None].requires_grad_()
    value = loss(scores, given, torch.ones(given.shape, dtype=torch.bool))
    value.backward()
    assert value.isfinite()
    assert scores.grad.isfinite().all()


def test_extreme_scores_leave_numbers(loss):
    scores, labels, mask = batch(torch.float32)
    scores = (scores * 1e4).requires_grad_()
    value = loss(scores, labels, mask)
    value.backward()
    assert value.isfinite()
    assert scores.grad.isfinite().all()
