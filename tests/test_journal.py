"""What was written before a kill is not written again."""

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
