"""The built-in lists that models are compared by."""

from rerankkit.rerank.probe import DEPTH, LISTS, built_in_probe, halves


def test_lists_of_many_lengths_each_with_its_answer():
    groups = built_in_probe()
    assert [len(group.candidates) for group in groups] == [DEPTH] * LISTS
    lengths = {len(one.document.text.split()) for group in groups for one in group.candidates}
    assert min(lengths) <= 12
    assert max(lengths) == 140
    for group in groups:
        docids = [one.document.docid for one in group.candidates]
        assert len(set(docids)) == DEPTH
        assert docids[0] == group.query.qid
    assert built_in_probe() == groups


def test_halves_share_no_list():
    assert halves([1, 2, 3]) == ([1, 3], [2])  # type: ignore[list-item]
