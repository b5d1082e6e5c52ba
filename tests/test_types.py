"""The nouns."""

from dataclasses import FrozenInstanceError

import pytest

from rerankkit.types import Candidate, Document, Group, Hit, Query

CANDIDATES = (Candidate(Document("d1", "Title", "Text"), 2.5), Candidate(Document("d2", "", ""), -1.0))


def test_nouns_are_tuples_with_names():
    assert Hit("d1", 0.5) == ("d1", 0.5)
    qid, text = Query("007", "who")
    assert (qid, text) == ("007", "who")
    assert CANDIDATES[0].document.title == "Title"


def test_a_group_is_unlabelled_until_labelled_and_never_changes():
    group = Group(Query("1", "who"), CANDIDATES)
    assert group.labels is None
    with pytest.raises(FrozenInstanceError):
        group.labels = (1.0, 0.0)  # type: ignore[misc]


@pytest.mark.parametrize("labels", [(), (1.0,), (1.0, 0.0, 0.0)])
def test_a_group_has_a_label_for_each_candidate(labels):
    with pytest.raises(ValueError, match=f"query 7: {len(labels)} labels for 2 candidates"):
        Group(Query("7", "who"), CANDIDATES, labels)
