"""What a query's pairs begin with is computed once, and no score changes for it."""

import random

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from rerankkit.rerank import llm, prefix, yes_no
from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.pairs import Lengths, Pair
from rerankkit.rerank.prefix import CausalScorer, Shared, Split
from rerankkit.rerank.scorer import Whole
from rerankkit.rerank.scoring import Scoring
from rerankkit.types import Candidate, Document, Group, Query

WORDS = ["red", "green", "blue", "cat", "dog", "bird", "fish"]
SIZES = {"num_hidden_layers": 2, "num_attention_heads": 2, "initializer_range": 0.1}
WIDE = {**SIZES, "hidden_size": 32, "intermediate_size": 64, "num_key_value_heads": 1}
FAMILIES = {
    "llama": {**WIDE, "max_position_embeddings": 160},
    "qwen3": {**WIDE, "head_dim": 16},
    "gemma3_text": {**WIDE, "head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 512},
    "mistral": {**WIDE, "sliding_window": 512},
    "gpt2": {"n_positions": 160, "n_embd": 32, "n_layer": 2, "n_head": 2, "initializer_range": 0.1},
    "gpt_neox": {**SIZES, "hidden_size": 32, "intermediate_size": 64},
    "opt": {**SIZES, "hidden_size": 32, "ffn_dim": 64, "word_embed_proj_dim": 32, "max_position_embeddings": 160},
}
PADDING = {"none": {}, "end": {"pad_token": "</s>"}, "end, left": {"pad_token": "</s>", "padding_side": "left"}}


def groups(count: int = 4, size: int = 6, seed: int = 1) -> list[Group]:
    """Queries of one to 25 words, one of them with a single document, one with the same document twice."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        texts = [" ".join(chance.choices(WORDS, k=chance.randint(1, 20))) for _ in range(size)]
        texts = texts[:1] if number == 1 else [*texts, texts[0]] if number == 2 else texts
        candidates = tuple(Candidate(Document(str(i), "dog", text), 0.0) for i, text in enumerate(texts))
        made.append(Group(Query(str(number), " ".join(chance.choices(WORDS, k=1 + 8 * number))), candidates))
    return made


@pytest.fixture(scope="module")
def save(tmp_path_factory, tiny_llama):
    """Makes a causal LLM of a family, with a score head or the head that it generates by; same weights each time."""

    def make(family: str, head: str, padding: str, **note: str):
        folder = tmp_path_factory.mktemp("models") / f"tiny-{family}"
        special = PADDING[padding]
        tokenizer = AutoTokenizer.from_pretrained(tiny_llama, **special)
        config = AutoConfig.for_model(family, vocab_size=len(tokenizer), **FAMILIES[family])
        config.bos_token_id, config.eos_token_id, config.pad_token_id = 0, 1, tokenizer.pad_token_id
        torch.manual_seed(0)
        if head == "score":
            config.num_labels = 1
            model = AutoModelForSequenceClassification.from_config(config)
        else:
            model = AutoModelForCausalLM.from_config(config)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        if head == "score":
            Note("llm", Lengths(120), **note).write(folder)
        return folder

    return make


def load(folder, **how) -> CausalScorer:
    kind = llm if (folder / "rerankkit.json").is_file() else yes_no
    return kind.load(str(folder), Scoring("cpu", "float32", **{"max_length": 120, **how}))


def plainly(scorer: CausalScorer, asked: list[Group]) -> list[float]:
    """Each pair alone, from its first token to its last."""
    with torch.inference_mode():
        return [
            Whole(scorer, [pair]).forward([0]).item()
            for group in asked
            for pair in scorer.encoder.encode(group.query, [one.document for one in group.candidates])
        ]


@pytest.fixture
def always(monkeypatch) -> list[Split]:
    """Prefixes are kept whatever it saves; the list of what was shared."""
    monkeypatch.setattr(prefix, "LEAST_SAVED", 0.0)
    made: list[Split] = []
    plain = Shared.__post_init__

    def noting(self: Shared) -> None:
        made.append(self.split)
        plain(self)

    monkeypatch.setattr(Shared, "__post_init__", noting)
    return made


@pytest.mark.parametrize("padding", PADDING)
@pytest.mark.parametrize("kind", ["last", "mean", "yes-no"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_scores_are_those_of_each_pair_alone(save, always, family, kind, padding):
    folder = save(family, "words", padding) if kind == "yes-no" else save(family, "score", padding, pooling=kind)
    scorer, asked = load(folder), groups()
    expected = plainly(scorer, asked)
    for tokens in (1, 150, 4096):
        scorer.room.tokens = tokens
        together = [score for scores in scorer.score(asked) for score in scores]
        assert together == pytest.approx(expected, abs=1e-4)
    alone = [score for group in asked for scores in scorer.score([group]) for score in scores]
    assert alone == pytest.approx(expected, abs=1e-4)
    assert scorer.reuses is True
    assert max(map(len, always[-1].prefixes)) > 8
    assert max(expected) - min(expected) > 0.01


def test_the_tokens_of_a_query_are_computed_once(save, always):
    scorer = load(save("llama", "score", "none"))
    (group,) = groups(count=1, size=6)
    pairs = scorer.encoder.encode(group.query, [one.document for one in group.candidates])
    list(scorer.score([group]))  # the first look
    computed: list[int] = []
    padding = scorer.model.config.pad_token_id
    scorer.model.get_input_embeddings().register_forward_hook(
        lambda module, given, out: computed.append(int((given[0] != padding).sum()))
    )
    list(scorer.score([group]))
    shared = len(always[-1].prefixes[0])
    assert shared >= pairs[0].first
    assert sum(computed) == shared + sum(len(pair.ids) - shared for pair in pairs)


def pair(head: list[int], *rest: int) -> Pair:
    return Pair([*head, *rest], len(head))


def test_what_pairs_share():
    """By hand: three pairs of one query begin with 1 2 5, two of another with 3, one is alone."""
    pairs = [pair([1, 2], 5, 6), pair([3], 7), pair([1, 2], 5, 7, 8), pair([4], 9), pair([3], 7), pair([1, 2], 5, 6, 1)]
    split = Split.by_query(pairs)
    assert split.prefixes == [[1, 2, 5], [3]]
    assert (split.of, split.lengths) == ([0, 1, 0, 0, 1, 0], [3, 1, 3, 0, 1, 3])
    assert split.saved == (2 * 3 + 1) / 20


def test_a_pair_that_begins_another_keeps_its_last_token():
    split = Split.by_query([pair([1], 2), pair([1], 2, 3), pair([1], 2, 3, 4)])
    assert (split.prefixes, split.lengths) == ([[1]], [1, 1, 1])


def test_nothing_to_share():
    assert Split.by_query([]).saved == 0
    assert Split.by_query([pair([1], 2), pair([2], 3)]) == Split([], [0, 0], [0, 0], 0.0)


def test_the_plain_pass_is_taken_where_little_is_saved(save, monkeypatch):
    scorer = load(save("llama", "score", "none"))
    asked = groups(count=1)
    pairs = scorer.encoder.encode(asked[0].query, [one.document for one in asked[0].candidates])
    saved = Split.by_query(pairs).saved
    with torch.inference_mode():
        monkeypatch.setattr(prefix, "LEAST_SAVED", saved)
        assert isinstance(scorer.plan(pairs), Shared)
        monkeypatch.setattr(prefix, "LEAST_SAVED", saved + 1e-6)
        assert isinstance(scorer.plan(pairs), Whole)


def test_a_model_that_gives_other_scores_with_a_cache_is_found_out(save, always, caplog):
    caplog.set_level("INFO", "rerankkit")
    scorer, asked = load(save("llama", "score", "none")), groups()
    expected = plainly(scorer, asked)
    layers = scorer.model.base_model
    forward = layers.forward

    def forgetful(*args, position_ids=None, **inputs):
        """As models do that count positions for themselves, from the first token they are given."""
        if position_ids is not None:
            position_ids = torch.arange(position_ids.shape[1])[None].expand_as(position_ids)
        return forward(*args, position_ids=position_ids, **inputs)

    layers.forward = forgetful
    assert [score for scores in scorer.score(asked) for score in scores] == pytest.approx(expected, abs=1e-4)
    assert scorer.reuses is False
    assert caplog.messages[0].startswith("prefixes are not kept: with them the model gives [")


def test_a_model_without_a_cache_of_keys_and_positions_is_computed_plainly(save, always):
    class Bare(torch.nn.Module):
        def forward(self, input_ids, attention_mask):
            """Neither."""

    scorer = load(save("llama", "score", "none"))
    assert prefix.cache_name(scorer.model) in ("cache", "past_key_values")
    bare = Bare()
    bare.base_model = Bare()
    assert prefix.cache_name(bare) == ""


def test_attention_that_looks_back_less_than_a_pair_is_computed_plainly(save, always):
    scorer, asked = load(save("mistral", "score", "none")), groups()
    scorer.model.config.sliding_window = 30
    list(scorer.score(asked))
    assert always == []


def test_no_memory_for_the_prefixes_is_no_reason_to_stop(save, always, caplog):
    scorer, asked = load(save("llama", "score", "none")), groups()
    expected = plainly(scorer, asked)
    list(scorer.score(asked))

    def lacking(texts):
        raise torch.OutOfMemoryError("CUDA out of memory")

    scorer.prefixes = lacking
    assert [score for scores in scorer.score(asked) for score in scores] == pytest.approx(expected, abs=1e-4)
    assert caplog.messages.count("out of memory with the prefixes of 3 queries, not kept") == 1


def test_a_pair_that_lacks_memory_beside_the_prefixes_is_tried_without(save, always):
    scorer, asked = load(save("llama", "score", "none")), groups()
    expected = plainly(scorer, asked)
    list(scorer.score(asked))
    plain = scorer.model.forward

    def tight(**inputs):
        if scorer.cache_name in inputs:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(**inputs)

    scorer.model.forward = tight
    assert [score for scores in scorer.score(asked) for score in scores] == pytest.approx(expected, abs=1e-4)


def test_another_fault_of_the_prefixes_is_told(save, always):
    scorer, asked = load(save("llama", "score", "none")), groups()
    list(scorer.score(asked))
    scorer.model.base_model.forward = lambda **inputs: torch.zeros(2) @ torch.zeros(3)
    with pytest.raises(RuntimeError, match="size"):
        list(scorer.score(asked))
