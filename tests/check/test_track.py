"""Tracks' rules against what their guidelines and check scripts say."""

import pytest

from rerankkit.check.track import FOLDER, Track, load_track, track_names
from rerankkit.errors import InputError

DEPTHS = {
    "trec-dl-2019-passages": 1000,  # "You can submit up to 1000 passages", guidelines of 2019
    "trec-dl-2019-docs": 1000,  # "You can submit up to 1000 documents"
    "trec-dl-2020-passages": 1000,  # MAX_RET_PASS of NIST's check script of 2020
    "trec-dl-2020-docs": 100,  # MAX_RET_DOCS
    "trec-dl-2021-passages": 100,  # "You can submit up to 100 passages", guidelines of 2021
    "trec-dl-2021-docs": 100,
    "trec-dl-2022-passages": 100,  # MAX_RET_PASS of NIST's check script of 2022
    "trec-dl-2022-docs": 100,  # MAX_RET_DOCS
    "trec-dl-2023-passages": 100,  # guidelines of 2023
    "trec-dl-2023-docs": 100,
    "trec-rag-2024-retrieval": 100,  # "a maximum of 100 results", "more than 100 results will be truncated"
    "trec-rag-2025-retrieval": 100,
    "generic": 1000,
}


TOPICS = {
    **{
        f"trec-dl-{year}-{what}": 200 for year in (2019, 2020) for what in ("passages", "docs")
    },  # the guidelines' tables
    **{f"trec-dl-2021-{what}": 477 for what in ("passages", "docs")},
    **{f"trec-dl-2022-{what}": 500 for what in ("passages", "docs")},
    **{f"trec-dl-2023-{what}": 700 for what in ("passages", "docs")},  # Pyserini's dl23
    "trec-rag-2024-retrieval": 301,  # Pyserini's rag24.test
    "trec-rag-2025-retrieval": 105,  # Anserini's rag25.test
    "generic": 0,
}


def test_every_track_has_as_many_topics_as_were_released():
    assert {name: load_track(name).topics for name in track_names()} == TOPICS


def test_every_track_has_the_depth_of_its_guidelines():
    assert {name: load_track(name).depth for name in track_names()} == DEPTHS


@pytest.mark.parametrize(
    ("track", "docid", "taken"),
    [
        ("trec-dl-2020-docs", "D3466", True),  # check_docno of 2020: D?[0-9]+
        ("trec-dl-2019-passages", "8841822", True),
        ("trec-dl-2019-passages", "D12", False),
        ("trec-dl-2022-passages", "msmarco_passage_02_179207466", True),  # check_docno of 2022
        ("trec-dl-2022-passages", "msmarco_doc_31_726131", False),
        ("trec-dl-2022-docs", "msmarco_doc_31_726131", True),
        ("trec-dl-2022-docs", "msmarco_doc_3_726131", False),
        ("trec-rag-2024-retrieval", "msmarco_v2.1_doc_29_677149#3_1637632", True),  # the format that Ragnaroek checks
        ("trec-rag-2024-retrieval", "msmarco_v2.1_doc_29_677149", False),
        ("generic", "anything.at/all", True),
    ],
)
def test_ids_are_those_of_the_collection(track, docid, taken):
    assert load_track(track).takes_docid(docid) is taken


@pytest.mark.parametrize(
    ("track", "tag", "taken"),
    [
        ("trec-dl-2020-passages", "x" * 15, True),  # the script of 2020: /^[A-Za-z0-9_-]{1,15}$/
        ("trec-dl-2020-passages", "x" * 16, False),
        ("trec-dl-2022-passages", "x" * 25, True),  # the script of 2022: {1,25}
        ("trec-dl-2022-passages", "x" * 26, False),
        ("trec-dl-2022-passages", "a_B-9", True),
        ("trec-dl-2022-passages", "bert.v1", False),
        ("trec-dl-2022-passages", "", False),
        ("trec-dl-2022-passages", "bert\n", False),
    ],
)
def test_tags_are_those_that_the_script_takes(track, tag, taken):
    assert load_track(track).takes_tag(tag) is taken


def test_a_track_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ndepth = 5\nall_topics = false\n')
    assert load_track(str(path)) == Track("mine", depth=5, all_topics=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('name = "x"\ndepht = 5\n', "no setting named 'depht'"),
        ('name = "x"\ndepth = "5"\n', "depth is '5'"),
        ('name = "x"\ndepth = true\n', "depth is True"),
        ('name = "x"\ndepth = 0\n', "depth and tag_length begin at 1"),
        ('name = "x"\ndocid = "("\n', "no pattern"),
        ("depth = 5\n", "the track has no name"),
        ("depth = \n", "not a track's settings: Invalid value"),
        ('name = "x"\ndepth = 10000000000\n', "depth is out of range"),
        ('name = "x"\ntopics = -1\n', "topics is out of range"),
        ("name = 0x" + "f" * 9999, "name is a number of many digits"),
        ("name = 2026-01-01\n", "name is datetime.date"),
        ("[name]\nx = 1\n", "name is {'x': 1}"),
        ("name = " + "[" * 3000, "nested too deep"),
        ('name = "x"\ndocid = "(a)\\\\1"\n', "docid: the pattern .* has back-references"),
        ('name = "x"\ntag_characters = "a](x+)+[b"\n', "tag_characters: no pattern: .* is no class"),
        ('name = "\udcff"', "not UTF-8"),
    ],
)
def test_settings_that_are_wrong_name_the_file(tmp_path, text, told):
    path = tmp_path / "mine.toml"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match=told) as error:
        load_track(str(path))
    assert error.value.path == path


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)*b", "a*a*a*a*a*a*a*b", "(a?){40}b", "((a*)*)*b"])
def test_no_pattern_of_a_stranger_takes_long(pattern):
    """Python's engine needs 2^30 tries for the first, and the sixth power of the length for the third."""
    track = Track("x", docid=pattern)
    assert not track.takes_docid("a" * 1000)
    assert not track.takes_docid("a" * 10_000_000)


@pytest.mark.parametrize("name", ["none", "none.toml", "../check/tracks/generic"])
def test_an_unknown_track_names_the_known_ones(name):
    with pytest.raises(InputError, match=r"no track named .*Known: generic, trec-dl-2019-docs") as error:
        load_track(name)
    assert FOLDER.name == "tracks"
    assert "FILE.toml" in str(error.value)
