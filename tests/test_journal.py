"""What was written before a kill is not written again."""

import pytest

from rerankkit.errors import InputError
from rerankkit.journal import LineJournal


def test_finished_windows_come_back_and_a_cut_line_does_not(tmp_path):
    journal = LineJournal(tmp_path / "out.tsv", {"seed": "1"})
    assert journal.done == []
    journal.add(["rød", ""])
    journal.add(["plum"])
    with journal.path.open("a") as file:
        file.write('["half')
    again = LineJournal(tmp_path / "out.tsv", {"seed": "1"})
    assert again.done == [["rød", ""], ["plum"]]
    again.add(["pear"])
    third = LineJournal(tmp_path / "out.tsv", {"seed": "1"})
    assert third.done == [["rød", ""], ["plum"], ["pear"]]
    third.close()
    assert list(tmp_path.iterdir()) == []


def test_one_of_other_settings_is_started_anew(tmp_path):
    LineJournal(tmp_path / "out.tsv", {"seed": "1"}).add(["plum"])
    assert LineJournal(tmp_path / "out.tsv", {"seed": "2"}).done == []
    assert LineJournal(tmp_path / "out.tsv", {"seed": "1"}).done == []


def test_what_follows_a_broken_line_is_done_again(tmp_path):
    journal = LineJournal(tmp_path / "out.tsv", {})
    journal.add(["plum"])
    with journal.path.open("a") as file:
        file.write('\x00\x00\n["pear"]\n')
    assert LineJournal(tmp_path / "out.tsv", {}).done == [["plum"]]


DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    "line", [DEEP, '["caf\xe9"]', '["a", "a', "NaN", '{"x": 1}', '["a", 1]', "[" + "0" * (1 << 20)]
)
def test_a_damaged_or_foreign_record_and_what_follows_it_are_done_again(tmp_path, line):
    content = b'{"a": "b"}\n["plum"]\n' + line.encode("latin-1") + b'\n["pear"]\n'
    (tmp_path / "out.tsv.journal").write_bytes(content)
    journal = LineJournal(tmp_path / "out.tsv", {"a": "b"}, is_texts)
    assert journal.done == [["plum"]]
    assert journal.path.read_bytes() == b'{"a": "b"}\n["plum"]\n'


def is_texts(record: object) -> bool:
    return isinstance(record, list) and all(isinstance(text, str) for text in record)


@pytest.mark.parametrize("content", ["", "\n", '{"a": "c"}\n["plum"]\n', '{"a": "b', "{" + DEEP])
def test_an_empty_journal_and_that_of_another_work_are_started_anew(tmp_path, content):
    (tmp_path / "out.tsv.journal").write_text(content)
    assert LineJournal(tmp_path / "out.tsv", {"a": "b"}).done == []


def test_what_is_no_journal_is_kept_and_refused(tmp_path):
    (tmp_path / "out.tsv.journal").write_text("Dear diary\n")
    with pytest.raises(InputError, match=r"out\.tsv\.journal: is no journal of rerankkit"):
        LineJournal(tmp_path / "out.tsv", {"a": "b"})
    assert (tmp_path / "out.tsv.journal").read_text() == "Dear diary\n"
    (tmp_path / "b.tsv.journal").mkdir()
    with pytest.raises(InputError, match="is no regular file"):
        LineJournal(tmp_path / "b.tsv", {"a": "b"})
