"""Losses that sentence-transformers computes too give the same value and gradient, or differ by a known factor.

Its cross-encoder losses get a model that returns given scores, so that nothing but their arithmetic is compared. Where
the two differ by design, a test below says how.
"""

import pytest
import torch
from torch import Tensor

from rerankkit.plugins import load_plugin

sentence_transformers = pytest.importorskip("sentence_transformers")
losses = pytest.importorskip("sentence_transformers.cross_encoder.losses")

SCORES = [[0.3, -1.2, 2.5, 0.9, 1.1, -0.4], [1.0, 0.2, -0.7]]
GRADES = [[2.0, 0.0, 1.0, 3.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
TEACHER = [[12.5, -8.25, 3.0, 0.5, -1.0, 6.75], [-0.5, 22.0, 4.0]]


class Given(sentence_transformers.CrossEncoder):
    """A cross-encoder that knows its scores; query 1's document 2 is the text "1 2"."""

    def __init__(self, scores: Tensor) -> None:
        torch.nn.Module.__init__(self)
        self.scores = scores

    @property
    def num_labels(self) -> int:
        return 1

    @property
    def device(self) -> torch.device:
        return torch.device("cpu")

    def preprocess(self, pairs, **_):
        return {"places": torch.tensor([[int(part) for part in document.split()] for _, document in pairs])}

    def forward(self, inputs):
        return {"scores": self.scores[inputs["places"][:, 0], inputs["places"][:, 1], None]}


def batch(rows: list[list[float]], labels: list[list[float]]) -> tuple[Tensor, Tensor, Tensor]:
    width = max(map(len, rows))
    scores, given = (torch.tensor([[*row, *[0.0] * (width - len(row))] for row in both]) for both in (rows, labels))
    return scores.requires_grad_(), given, torch.arange(width) < torch.tensor([[len(row)] for row in rows])


def theirs(name: str, rows: list[list[float]], labels: list[list[float]], **options) -> tuple[float, Tensor]:
    """Value and gradient of their loss over lists of scores."""
    scores, _, _ = batch(rows, labels)
    loss = getattr(losses, name)(Given(scores), **options)
    documents = [[f"{i} {j}" for j in range(len(row))] for i, row in enumerate(rows)]
    queries = [str(i) for i in range(len(rows))]
    if name in {"BinaryCrossEntropyLoss", "MSELoss"}:  # of single pairs
        pairs = [
            [queries[i] for i, row in enumerate(documents) for _ in row],
            [text for row in documents for text in row],
        ]
        value = loss(pairs, torch.tensor([label for row in labels for label in row]))
    elif name == "MarginMSELoss":  # of one list, its first document against the others
        value = loss([queries, *([document] for document in documents[0])], torch.tensor(labels))
    else:
        value = loss([queries, documents], [torch.tensor(row) for row in labels])
    value.backward()
    assert scores.grad is not None
    return value.item(), scores.grad


def ours(name: str, rows: list[list[float]], labels: list[list[float]], **options: float) -> tuple[float, Tensor]:
    scores, given, mask = batch(rows, labels)
    value = load_plugin("losses", name).loss(scores, given, mask, **options)
    value.backward()
    assert scores.grad is not None
    return value.item(), scores.grad


def agree(mine: tuple[float, Tensor], other: tuple[float, Tensor], factor: float = 1.0) -> None:
    """Ours times the factor is theirs, in value and gradient."""
    assert mine[0] > 0.01
    assert mine[0] * factor == pytest.approx(other[0], rel=1e-5)
    assert (mine[1] * factor).flatten().tolist() == pytest.approx(other[1].flatten().tolist(), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("query", [0, 1])
@pytest.mark.parametrize("mu", [0.0, 10.0])
def test_lambda_loss_sums_over_pairs_and_theirs_takes_the_mean(query, mu):
    # Theirs divides by the pairs of the whole batch, so that a query with many pairs counts for more, and each for less
    # the more pairs it has, though the weights are normalised by query; the paper sums.
    rows, grades = SCORES[query : query + 1], GRADES[query : query + 1]
    pairs = sum(a > b for a in grades[0] for b in grades[0])
    weights = losses.NDCGLoss2PPScheme(mu=mu)
    agree(
        ours("lambda-loss", rows, grades, mu=mu),
        theirs("LambdaLoss", rows, grades, weighting_scheme=weights),
        1 / pairs,
    )


@pytest.mark.parametrize("query", [0, 1])
def test_ranknet_is_theirs_in_natural_logarithms(query):
    rows, grades = SCORES[query : query + 1], GRADES[query : query + 1]
    agree(ours("ranknet", rows, grades), theirs("RankNetLoss", rows, grades, reduction_log="natural"))


def test_ranknet_counts_queries_where_theirs_counts_pairs():
    counts = [sum(a > b for a in row for b in row) for row in GRADES]
    (one, _), (two, _) = (ours("ranknet", SCORES[i : i + 1], GRADES[i : i + 1]) for i in (0, 1))
    value, _ = theirs("RankNetLoss", SCORES, GRADES, reduction_log="natural")
    assert value == pytest.approx((counts[0] * one + counts[1] * two) / sum(counts), rel=1e-5)
    assert ours("ranknet", SCORES, GRADES)[0] == pytest.approx((one + two) / 2)


@pytest.mark.parametrize("labels", [GRADES, TEACHER], ids=["grades", "teacher"])
def test_list_net(labels):
    agree(ours("list-net", SCORES, labels), theirs("ListNetLoss", SCORES, labels))


@pytest.mark.parametrize("query", [0, 1])
def test_list_mle_takes_the_mean_over_places_and_theirs_sums(query):
    # Theirs lets a list count by its length. Equal labels have an order there, by chance; here they do not compete.
    rows, scores = SCORES[query : query + 1], TEACHER[query : query + 1]
    agree(
        ours("list-mle", rows, scores),
        theirs("ListMLELoss", rows, scores, respect_input_order=False),
        len(rows[0]) - 1,
    )


def test_p_list_mle():
    agree(ours("p-list-mle", SCORES, TEACHER), theirs("PListMLELoss", SCORES, TEACHER, respect_input_order=False))


@pytest.mark.parametrize("query", [0, 1])
def test_bce_with_two_grades(query):
    rows, grades = SCORES[query : query + 1], [[float(y > 0) for y in GRADES[query]]]
    agree(ours("bce", rows, grades), theirs("BinaryCrossEntropyLoss", rows, grades))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("query", [0, 1])
def test_adr_mse_without_equal_labels(query, temperature):
    # Theirs counts candidates, not queries. Its equal labels share the middle of their ranks and pull each other
    # together; here they share the best and leave each other alone.
    rows, scores = SCORES[query : query + 1], TEACHER[query : query + 1]
    agree(
        ours("adr-mse", rows, scores, temperature=temperature),
        theirs("ADRMSELoss", rows, scores, alpha=1 / temperature),
    )


@pytest.mark.parametrize("query", [0, 1])
def test_point_mse(query):
    rows, scores = SCORES[query : query + 1], TEACHER[query : query + 1]
    agree(ours("point-mse", rows, scores), theirs("MSELoss", rows, scores))


def test_margin_mse_of_two_candidates_is_half_of_theirs():
    # Ours takes all n^2 ordered pairs, of which n are a candidate and itself; theirs the first against each other.
    agree(
        ours("margin-mse", [SCORES[0][:2]], [TEACHER[0][:2]]),
        theirs("MarginMSELoss", [SCORES[0][:2]], [TEACHER[0][:2]]),
        2,
    )
