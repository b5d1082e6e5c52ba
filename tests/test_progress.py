"""Progress: a bar on a terminal, lines in a log, the time left from the first finished item on."""

import io
import sys
import time

import pytest
from rich.console import Console
from rich.progress import Progress

from rerankkit import progress as bars
from rerankkit.progress import Bar, Counts, Pace, clock, progress, stage


class Clock:
    """A clock that goes on by `tick` seconds a look, and as told."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 1000.0, tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


@pytest.fixture
def at(monkeypatch):
    found = Clock()
    monkeypatch.setattr(bars.time, "monotonic", found)
    monkeypatch.delenv("RERANKKIT_QUIET", raising=False)
    return found


@pytest.fixture
def screen(monkeypatch, at):
    """A terminal, with a clock that goes on by 0.4 seconds a look."""
    at.tick = 0.4
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=100)
    true_bar = bars._bar
    monkeypatch.setattr(bars, "_bar", lambda bar: Progress(*true_bar(bar).columns, console=console))
    monkeypatch.setattr(bars, "_is_terminal", lambda: True)
    return text


def test_items_pass_in_order_and_the_bar_ends_full(screen):
    assert list(progress(iter(range(20)), "Scoring", 20)) == list(range(20))
    assert "Scoring" in screen.getvalue()
    assert "20/20" in screen.getvalue()


def test_what_is_done_within_a_second_shows_no_bar(screen, at):
    at.tick = 0.01
    assert list(progress(["a", "b"], "Scoring", 2)) == ["a", "b"]
    assert screen.getvalue() == ""


def test_without_a_total_the_bar_counts_and_tells_the_speed(screen):
    assert len(list(progress(iter(range(7)), "Reading"))) == 7
    assert "Reading" in screen.getvalue()
    assert "/s, 0:" in screen.getvalue()
    assert "7 " in screen.getvalue()


def test_quiet_shows_nothing(screen, monkeypatch):
    monkeypatch.setenv("RERANKKIT_QUIET", "1")
    assert list(progress(range(20), "Scoring", 20)) == list(range(20))
    assert screen.getvalue() == ""


def test_an_error_in_the_loop_is_passed_on_and_the_bar_put_away(screen):
    def items():
        yield from range(9)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(progress(items(), "Scoring", 20))
    assert screen.getvalue().endswith("\x1b[?25h")  # the cursor is shown again
    assert "9/20" in screen.getvalue() or "8/20" in screen.getvalue()


def test_bars_go_to_stderr():
    assert bars._bar(Bar("Scoring")).console.stderr


def test_a_bar_that_is_told_where_it_stands(screen):
    bar = Bar("Training")
    bar.update(1)  # before it starts: nothing to move
    bar.start(50, done=10)
    bar.say("loss 0.5")
    bar.update(30)
    bar.stop()
    assert "Training (loss 0.5)" in screen.getvalue()
    assert "30/50" in screen.getvalue()


def test_a_quiet_bar_shows_nothing(screen, monkeypatch):
    monkeypatch.setenv("RERANKKIT_QUIET", "1")
    bar = Bar("Training")
    bar.start(50)
    bar.say("loss 0.5")
    bar.update(30)
    bar.stop()
    assert screen.getvalue() == ""


def test_a_bars_name_is_no_markup(screen):
    bar = Bar("reranking by [bold]a[/nobody]")
    bar.start(2)
    bar.update(1)
    bar.stop()
    assert "[bold]a[/nobody]" in screen.getvalue()


def test_the_time_left_is_there_from_the_first_item_and_runs_on_within_a_step(at):
    """Steps of a minute: 10 of them, one done after 60 s."""
    pace = Pace(10)
    at.now += 7
    assert pace.told() == "0:07 so far"
    at.now += 53
    pace.update(Counts(1))
    assert pace.told() == "9:00 left"
    at.now += 20
    assert pace.told() == "8:40 left"


def test_a_step_that_takes_longer_makes_the_time_left_longer(at):
    """One step of 10 s, the second one has run for 70 s: 80 s for two, nine are left, one of them nearly done."""
    pace = Pace(10)
    at.now += 10
    pace.update(Counts(1))
    at.now += 70
    assert pace.left() == pytest.approx(9 * 40 - 40)


def test_the_speed_of_late_counts(at):
    """A slow beginning of 200 s for one item, then one a second for 300 s."""
    pace = Pace(1000)
    at.now += 200
    pace.update(Counts(1))
    for done in range(2, 302):
        at.now += 1
        pace.update(Counts(done))
    assert pace.left() == pytest.approx(699 - 0, rel=0.02)


def test_what_was_done_before_or_came_for_nothing_does_not_count_for_the_speed(at):
    resumed = Pace(100, done=50)
    at.now += 10
    resumed.update(Counts(51), before=50)
    assert resumed.left() == pytest.approx(490)
    stored = Pace(1000)
    stored.update(Counts(900, free=900))
    assert stored.told() == "0:00 so far"
    at.now += 30
    stored.update(Counts(903, free=900))
    assert stored.left() == pytest.approx(97 * 10)


def test_at_the_end_nothing_is_left(at):
    pace = Pace(2)
    at.now += 1
    pace.update(Counts(2))
    at.now += 100
    assert pace.left() == 0


def test_millions_of_items_leave_few_marks(at):
    at.tick = 1e-5
    pace = Pace(None)
    for done in range(1, 100_000):
        pace.update(Counts(done))
    assert len(pace._marks) < 20
    assert pace.told().startswith("10") or pace.told().startswith("9")


@pytest.mark.parametrize(("seconds", "told"), [(0, "0:00"), (59.6, "1:00"), (750, "12:30"), (11045, "3:04:05")])
def test_a_clock(seconds, told):
    assert clock(seconds) == told


def test_a_log_has_whole_lines_while_a_step_runs(monkeypatch, capsys):
    monkeypatch.delenv("RERANKKIT_QUIET", raising=False)
    monkeypatch.setattr(bars, "FIRST", 0.02)
    monkeypatch.setattr(bars, "EVERY", 0.02)
    monkeypatch.setattr(bars, "_is_terminal", lambda: False)

    def slow():
        yield "one"
        while "1/2" not in "".join(written):  # the second step lasts until a line was written about it
            time.sleep(0.005)
        yield "two"

    written: list[str] = []
    monkeypatch.setattr(bars, "_write", written.append)
    assert list(progress(slow(), "Scoring", 2)) == ["one", "two"]
    assert written[0].startswith("Scoring: ")
    assert any(line.startswith("Scoring: 1/2 0:00 left") for line in written)
    assert written[-1] == "Scoring: 2/2 in 0:00"
    assert not any("\x1b" in line or "\r" in line for line in written)


def test_a_short_work_leaves_a_log_alone(monkeypatch, capsys):
    monkeypatch.delenv("RERANKKIT_QUIET", raising=False)
    monkeypatch.setattr(bars, "_is_terminal", lambda: False)
    assert list(progress(range(5), "Scoring", 5)) == list(range(5))
    assert capsys.readouterr().err == ""


def test_a_closed_stderr_is_no_error(monkeypatch):
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    assert not bars._is_terminal()
    bars._write("nobody reads this")


def test_counts_within_an_item_are_asked_for(screen):
    known = 0

    def scored():
        nonlocal known
        known = 100
        yield "a"
        known = 300
        yield "b"

    assert list(progress(scored(), "Scoring", 300, lambda: Counts(known))) == ["a", "b"]
    assert "300/300" in screen.getvalue()


def test_stages_stand_before_bars(screen):
    with stage(8, 15) as told:
        assert told == "[8/15] "
        assert Bar("Scoring").what == "[8/15] Scoring"
        with stage(1, 1) as inner:
            assert inner == "[8/15] "
    assert Bar("Scoring").what == "Scoring"


def test_a_first_step_of_minutes_has_a_bar_before_its_end(screen, at):
    at.tick = 0.0

    def slow():
        until = time.perf_counter() + 10
        while "0/2" not in screen.getvalue() and time.perf_counter() < until:
            time.sleep(0.01)
        yield "one"

    assert list(progress(slow(), "Scoring", 2)) == ["one"]
    assert "0/2 0:00 so far" in screen.getvalue()
