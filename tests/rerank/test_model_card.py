"""Model cards: their metadata is known or left out, never made up."""

import yaml

from rerankkit.rerank.checkpoint import Note
from rerankkit.rerank.model_card import Origin, head_of, language_card, origin_of, reranker_card
from rerankkit.rerank.pairs import Lengths

DEV = {"measure": "nDCG@10", "queries": 1234, "first_stage": 0.5, "value": 0.61234, "step": 3}


def metadata(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def write_card(folder, text: str) -> str:
    folder.mkdir()
    (folder / "README.md").write_text(text)
    return str(folder)


def test_a_hub_id_is_its_own_origin():
    assert origin_of("org/base") == Origin("org/base", "org/base", "")
    assert origin_of("gone") == Origin("gone", "", "")


def test_a_folder_inherits_the_base_and_the_licence_of_its_own_card(tmp_path):
    head = '---\nlicense: "apache-2.0"\nbase_model: org/base\n---\nbase_model: org/not-this-one\n'
    assert origin_of(write_card(tmp_path / "student", head)) == Origin("student", "org/base", "apache-2.0")


def test_what_a_card_does_not_plainly_say_is_not_taken(tmp_path):
    for number, head in enumerate(
        (
            "",
            "no front matter\nbase_model: org/base\n",
            "---\nbase_model: [org/base]\nlicense: {a: b}\n---\n",
            "---\nbase_model: ../../etc/passwd\nlicense: unknown\n---\n",
            "---\nbase_model: 'org/base\\n---\\n'\n---\n",
        )
    ):
        assert origin_of(write_card(tmp_path / str(number), head)) == Origin(str(number))


def test_the_metadata_names_the_base_only_where_a_hub_has_it():
    known = head_of(Origin("b", "org/base", "mit"), "transformers", "text-generation", ["a", "b"])
    assert metadata(known) == {
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "base_model": "org/base",
        "license": "mit",
        "tags": ["a", "b"],
    }
    unknown = metadata(head_of(Origin("b"), "transformers", "text-generation", []))
    assert "base_model" not in unknown
    assert unknown["license"] == "unknown"


def test_a_rerankers_card_has_the_figures_the_data_and_the_warnings():
    trained = {"dev": DEV, "sources": {"qrels": "q.txt", "run": "a.txt, b.txt"}, "warnings": ["scores have collapsed"]}
    card = reranker_card(
        "mine", Note("cross-encoder", Lengths(32), trained), Origin("b", "org/base", "mit"), "Made so."
    )
    assert "# mine\n\nMade so.\n" in card
    assert "| 1,234 dev queries | nDCG@10 |\n|---|---|\n| first stage | 0.5000 |\n| this model | 0.6123 |" in card
    assert "- qrels: `q.txt`\n- run: `a.txt, b.txt`\n" in card
    assert "Warning: scores have collapsed.\n" in card
    assert "`org/base` is published under `mit`" in card
    assert "at most 32 tokens; only the document is cut." in card


def test_a_model_that_others_read_otherwise_shows_no_snippet_of_theirs():
    for note in (Note("llm"), Note("cross-encoder", separate_title=True), Note("llm", pooling="mean")):
        assert "CrossEncoder(" not in reranker_card("mine", note, Origin("b"), "Made so.")
    assert 'CrossEncoder("mine")' in reranker_card("mine", Note("cross-encoder"), Origin("b"), "Made so.")


def test_the_card_of_an_llm_trained_on_clicks():
    card = language_card("cpt", Origin("b", "org/llm", "mit"), 1500, {"clicks": "log.jsonl"})
    assert metadata(card)["base_model"] == "org/llm"
    assert "over 1,500 clicks" in card
    assert "- clicks: `log.jsonl`" in card
    assert "rerankkit sft --model cpt" in card
