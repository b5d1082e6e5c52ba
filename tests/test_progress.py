"""Progress bars."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from rerankkit import progress as bars
from rerankkit.progress import progress


@pytest.fixture
def screen(monkeypatch):
    """Where bars appear, with a clock that goes on by 0.4 seconds a look."""
    text = io.StringIO()
    times = iter(0.4 * tick for tick in range(10_000))
    monkeypatch.delenv("RERANKKIT_QUIET", raising=False)
    monkeypatch.setattr(bars.time, "monotonic", lambda: next(times))
    console = Console(file=text, force_terminal=True, width=100)
    true_bar = bars._bar
    monkeypatch.setattr(bars, "_bar", lambda: Progress(*true_bar().columns, console=console))
    return text


def test_items_pass_in_order_and_the_bar_ends_full(screen):
    assert list(progress(iter(range(20)), "Scoring", 20)) == list(range(20))
    assert "Scoring" in screen.getvalue()
    assert "20/20" in screen.getvalue()


def test_what_is_done_within_a_second_shows_no_bar(screen):
    assert list(progress(["a", "b"], "Scoring", 2)) == ["a", "b"]
    assert screen.getvalue() == ""


def test_without_a_total_the_bar_counts(screen):
    assert len(list(progress(iter(range(7)), "Reading"))) == 7
    assert "7/" in screen.getvalue()


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
    assert bars._bar().console.stderr


def test_a_bar_that_is_told_where_it_stands(screen):
    bar = bars.Bar("Training")
    bar.update(1)  # before it starts: nothing to move
    bar.start(50, done=10)
    bar.say("loss 0.5")
    bar.update(30)
    bar.stop()
    assert "Training (loss 0.5)" in screen.getvalue()
    assert "30/50" in screen.getvalue()


def test_a_quiet_bar_shows_nothing(screen, monkeypatch):
    monkeypatch.setenv("RERANKKIT_QUIET", "1")
    bar = bars.Bar("Training")
    bar.start(50)
    bar.say("loss 0.5")
    bar.update(30)
    bar.stop()
    assert screen.getvalue() == ""
