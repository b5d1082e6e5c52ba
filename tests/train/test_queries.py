"""An LLM that writes queries for documents."""

from itertools import chain

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rerankkit.errors import InputError
from rerankkit.rerank.scorer import Scoring
from rerankkit.rerank.texts import document_lines
from rerankkit.train import queries
from rerankkit.train.cpt import Clicked
from rerankkit.train.queries import QueryWriter, Writing
from rerankkit.types import Document, Query

ASKED = {"cat": "red fish", "dog": "blue", "bird": "grey river stone", "fish": "white"}
"""What the taught model writes for a document of one word."""
EXAMPLES = [
    Clicked(Query("1", "green"), Document("", "river", "")),
    Clicked(Query("2", "black"), Document("", "stone", "grey stone")),
    Clicked(Query("3", "black green"), Document("", "", "red stone")),
]
SCORING = Scoring("cpu", "float32", 200)
DOCUMENTS = [Document(word, word, f"grey {word}" if i % 2 else "") for i, word in enumerate(ASKED)]


def blocks(seed: int) -> str:
    """Documents with their queries, as a prompt has them, in an order drawn by the seed."""
    order = torch.randperm(4, generator=torch.Generator().manual_seed(seed)).tolist()
    shown = [(DOCUMENTS[i], ASKED[DOCUMENTS[i].docid]) for i in order]
    return "".join(f"{document_lines(document)}\nQuery: {query}\n\n" for document, query in shown)


@pytest.fixture(scope="module")
def taught(tiny_llama, tmp_path_factory):
    """The tiny LLM, taught what to ask for whichever document stands before."""
    folder = tmp_path_factory.mktemp("taught")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_llama), AutoTokenizer.from_pretrained(tiny_llama)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(600):
        ids = tokenizer(blocks(step), return_tensors="pt")["input_ids"]
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def written(model, examples=(), documents=DOCUMENTS, scoring=SCORING, **how) -> list[str]:
    """The queries of all windows."""
    how = {"temperature": 0.0, "max_words": 5, "document_tokens": 16, **how}
    writer = QueryWriter(str(model), examples, Writing(**how), scoring)
    return list(chain.from_iterable(writer.write(documents)))


def test_it_writes_what_it_was_taught(taught):
    assert written(taught) == list(ASKED.values())


def test_shown_examples_it_still_does_in_a_batch_or_alone(taught):
    examples = [Clicked(Query("1", ASKED["dog"]), DOCUMENTS[1]), Clicked(Query("2", ASKED["fish"]), DOCUMENTS[3])]
    expected = ["red fish", "grey river stone"]  # what copies an example's query is dropped, see below
    for tokens in (200, 1):
        scoring = Scoring("cpu", "float32", tokens)
        assert written(taught, examples, [DOCUMENTS[0], DOCUMENTS[2]], scoring, shots=2) == expected


def test_the_prompt_by_hand(tiny_llama):
    writer = QueryWriter(str(tiny_llama), EXAMPLES, Writing(document_tokens=16), SCORING)
    text = writer.tokenizer.decode([*writer._prefix(EXAMPLES[:2]), *writer._asked(Document("", "cat", "a dog"))])
    assert text == (
        "<s>Title: river\nQuery: green\n\nTitle: stone\nSummary: grey stone\nQuery: black\n\n"
        "Title: cat\nSummary: a dog\nQuery:"
    )
    cut = writer.tokenizer.decode(writer._asked(Document("", "cat " * 50, "")))
    assert cut.startswith("Title: cat cat")
    assert cut.endswith(" cat\nQuery:")
    assert len(writer._asked(Document("", "cat " * 50, ""))) == 16 + len(writer._ids("\nQuery:"))


def test_examples_read_once_give_the_logits_of_the_whole_prompt(tiny_llama):
    """Untaught: its next token hangs on everything before; the two documents differ in length."""
    writer = QueryWriter(str(tiny_llama), EXAMPLES, Writing(temperature=0.0, max_words=4, document_tokens=16), SCORING)
    writer.ends = [1]
    prefix = writer._prefix(EXAMPLES)
    asked = [writer._asked(Document("", "cat", "")), writer._asked(Document("", "red bird", "grey dog and fish"))]
    with torch.inference_mode():
        shared = writer._generate(asked, prefix, writer._read(prefix))
        whole = [writer._generate([one], prefix, None) for one in asked]
    for row, alone in zip(shared.tolist(), whole, strict=True):
        assert row[: alone.shape[1]] == alone[0].tolist()
    writer.cache_name = ""  # of a model that takes no cache
    assert writer._read(prefix) is None


def test_what_is_sampled_comes_by_the_seed_and_a_window_alone(tiny_llama, monkeypatch):
    monkeypatch.setattr(queries, "WINDOW", 2)
    documents = [Document(str(i), word, "") for i, word in enumerate(("red", "dog", "cat", "fish", "bird"))]

    def windows(seed: int, first: int = 0) -> list[list[str]]:
        writing = Writing(temperature=1.0, seed=seed, max_words=9, document_tokens=16)
        return list(QueryWriter(str(tiny_llama), EXAMPLES, writing, SCORING).write(documents, first))

    all_of_them = windows(1)
    assert [len(window) for window in all_of_them] == [2, 2, 1]
    assert windows(1) == all_of_them
    assert windows(1, first=1) == all_of_them[1:]
    assert windows(2) != all_of_them


@pytest.mark.parametrize(
    ("line", "query"),
    [
        (" red fox ", "red fox"),
        (' "red  fox"', "red fox"),
        ("", ""),
        (" ?! ", "?!"),
        (" The Cat!", ""),
        (" Green", ""),
        (" Title: fox", ""),
        ("one two three four five", ""),
        ("one two three four", "one two three four"),
        ("red\0fox\x1b \x85", "red fox"),
    ],
)
def test_a_line_that_is_no_query_is_dropped(tiny_llama, line, query):
    """Copies of the title and of an example, what runs on, and labels."""
    writer = QueryWriter(str(tiny_llama), EXAMPLES, Writing(max_words=4), SCORING)
    assert writer._query(line, Document("1", "the cat", "text"), {"green"}) == query


def test_too_many_examples_for_the_models_positions(tiny_llama):
    with pytest.raises(InputError, match=r"examples and document need \d+ tokens, the model has 128") as caught:
        written(tiny_llama, EXAMPLES * 4, shots=12, max_words=20, document_tokens=64)
    assert caught.value.remedy == "Lower --shots or --max-length"


def test_out_of_memory_halves_the_batch(taught, monkeypatch, caplog):
    generate, sizes = QueryWriter._generate, []

    def narrow(self, asked, prefix, cache):
        sizes.append(len(asked))
        if len(asked) > 2:
            raise torch.OutOfMemoryError
        return generate(self, asked, prefix, cache)

    monkeypatch.setattr(QueryWriter, "_generate", narrow)
    assert written(taught) == list(ASKED.values())
    assert sizes == [4, 2, 2]
    assert "out of memory with 4 documents, halved" in caplog.messages


@pytest.mark.parametrize("kind", ["encoder", "reranker", "nothing"])
def test_what_cannot_write_is_refused(kind, tiny_bert, llama_reranker, tmp_path):
    model = {"encoder": lambda: tiny_bert, "reranker": llama_reranker, "nothing": lambda: tmp_path / "no"}[kind]()
    with pytest.raises(InputError, match=r"is no causal language model|it is a reranker|cannot load") as caught:
        QueryWriter(str(model), [], Writing(), SCORING)
    remedy = "Give a checkpoint folder" if kind == "nothing" else "Give an LLM, e.g. --model smollm2-135m"
    assert caught.value.remedy.startswith(remedy)


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_p": 1.5}, {"shots": -1}, {"document_tokens": 4}]
)
def test_what_is_no_way_of_writing(wrong):
    with pytest.raises(InputError, match=r"--top-p|--shots"):
        Writing(**wrong)
