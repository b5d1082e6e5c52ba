"""What was written before a kill is not written again."""

from rerankkit.train.journal import WindowJournal


def test_finished_windows_come_back_and_a_cut_line_does_not(tmp_path):
    journal = WindowJournal(tmp_path / "out.tsv", {"seed": "1"})
    assert journal.done == []
    journal.add(["rød", ""])
    journal.add(["plum"])
    with journal.path.open("a") as file:
        file.write('["half')
    again = WindowJournal(tmp_path / "out.tsv", {"seed": "1"})
    assert again.done == [["rød", ""], ["plum"]]
    again.add(["pear"])
    third = WindowJournal(tmp_path / "out.tsv", {"seed": "1"})
    assert third.done == [["rød", ""], ["plum"], ["pear"]]
    third.close()
    assert list(tmp_path.iterdir()) == []


def test_one_of_other_settings_is_started_anew(tmp_path):
    WindowJournal(tmp_path / "out.tsv", {"seed": "1"}).add(["plum"])
    assert WindowJournal(tmp_path / "out.tsv", {"seed": "2"}).done == []
    assert WindowJournal(tmp_path / "out.tsv", {"seed": "1"}).done == []
