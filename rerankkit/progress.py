"""How far a long work is: a bar with the time left on a terminal, a line each half minute in a log; silent with `-q`.

On a terminal rich draws the bar, which goes on while a step runs. Where stderr is a file or a pipe there are whole
lines instead of control characters.
"""

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

FIRST, EVERY = 5.0, 30.0
"""Seconds until the first line in a log, and between two later ones."""
RECENT = 60.0
"""Seconds that the speed is taken over at least; over a third of the time so far where that is more."""

MARK, DRAWN, LOOK = 0.5, 0.1, 1.0
"""Seconds between two measurements that are kept, two drawings, and two looks of what writes a log."""

_stage = ""
"""The prefix of bars and lines, such as `[8/15] `."""


class Counts(NamedTuple):
    """How many items are done, and how many of these cost nothing, as scores from the store do."""

    done: int
    free: int = 0


class Pace:
    """The time left, by the speed of late; where the running step takes longer than the ones before, it counts too."""

    def __init__(self, total: int | None, done: int = 0) -> None:
        self.total, self.done = total, done
        self._free = done
        now = time.monotonic()
        self.started = self._last = now
        self._marks: deque[tuple[float, int]] = deque([(now, 0)])
        self._lock = threading.Lock()

    def update(self, counts: Counts, before: int = 0) -> None:
        """Takes in where the work stands; `before` were done when it began."""
        with self._lock:  # the thread that draws asks too
            self._free = counts.free + before
            if counts.done == self.done:
                return
            self.done = counts.done
            now = self._last = time.monotonic()
            if len(self._marks) > 1 and now - self._marks[-2][0] < MARK:
                self._marks[-1] = now, self.worked
                return
            self._marks.append((now, self.worked))
            recent = now - max(RECENT, (now - self.started) / 3)
            while len(self._marks) > 2 and self._marks[1][0] <= recent:
                self._marks.popleft()

    @property
    def worked(self) -> int:
        """Items that took time."""
        return max(0, self.done - self._free)

    def seconds_an_item(self) -> float | None:
        """How long an item takes; None before the first one is done."""
        since, before = self._marks[0]
        count = self._marks[-1][1] - before
        if count <= 0:
            return None
        pace = (self._last - since) / count
        running = time.monotonic() - self._last
        return pace if running <= pace else (self._last - since + running) / (count + 1)

    def left(self) -> float | None:
        """Seconds until the end, less what the running step has had of it; None where nothing tells."""
        pace = self.seconds_an_item()
        if pace is None or self.total is None:
            return None
        items = max(0, self.total - self.done)
        return max(0.0, items * pace - min(time.monotonic() - self._last, pace)) if items else 0.0

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.started

    def count(self) -> str:
        """How many of how many."""
        return f"{self.done:,}" if self.total is None else f"{self.done:,}/{self.total:,}"

    def told(self) -> str:
        """The time left, or so far, or the speed where there is no end in sight."""
        pace, left = self.seconds_an_item(), self.left()
        if left is not None:
            return f"{clock(left)} left"
        if pace is not None and pace > 0:
            rate = 1 / pace
            return f"{rate:,.0f}/s, {clock(self.elapsed())}" if rate >= 10 else f"{rate:.2g}/s, {clock(self.elapsed())}"
        return f"{clock(self.elapsed())} so far"


def clock(seconds: float) -> str:
    """A length of time as 0:07, 12:30 or 3:04:05."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


@contextmanager
def stage(number: int, total: int) -> Iterator[str]:
    """Bars and lines within begin with `[number/total]`, where there are several; gives that prefix."""
    global _stage
    before, _stage = _stage, f"[{number}/{total}] " if total > 1 else _stage
    try:
        yield _stage
    finally:
        _stage = before


def progress(
    items: Iterable[T], what: str, total: int | None = None, counts: Callable[[], Counts] | None = None
) -> Iterator[T]:
    """Passes the items on, with a bar once a second has gone by; `counts` says how far the work is within an item."""
    done = 0
    bar = Bar(what, counts or (lambda: Counts(done)), after=1.0)
    bar.start(total)
    try:
        for item in items:
            yield item
            done += 1
    finally:
        bar.stop()


class Bar:
    """A bar that is told where it stands, or asks; nothing with `-q`, and before `after` seconds have gone by."""

    def __init__(self, what: str, counts: Callable[[], Counts] | None = None, after: float = 0.0) -> None:
        self.what, self._counts, self._after = f"{_stage}{what}", counts, after
        self._pace: Pace | None = None
        self._drawn: Any = None
        self._task: Any = None
        self._beat: _Beat | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._before = 0
        self._shown = 0.0
        self._said = ""

    def start(self, total: int | None, done: int = 0) -> None:
        """Shows the bar; `done` items were done by an earlier process, and do not count for the speed."""
        if os.environ.get("RERANKKIT_QUIET"):
            return
        self._pace, self._before = Pace(total, done), done
        if not _is_terminal():
            self._beat = _Beat(self._line, self._ask)
        elif self._after:  # a first step may take minutes: the bar does not wait for its end
            self._timer = threading.Timer(self._after, self._appear)
            self._timer.daemon = True
            self._timer.start()
        self._draw()

    def update(self, done: int) -> None:
        """Moves it."""
        if self._pace is not None:
            self._pace.update(Counts(done), self._before)
            self._draw()

    def say(self, text: str) -> None:
        """Puts a short text beside its name."""
        self._said = f" ({text})"
        if self._drawn is not None:
            self._drawn.update(self._task, description=self.what + self._said)

    def stop(self) -> None:
        """Leaves it as it stands."""
        if self._timer is not None:
            self._timer.cancel()
        if self._pace is not None:
            self._ask()
        if self._pace is not None and self._beat is None and self._pace.elapsed() >= self._after:
            self._appear()
        with self._lock:
            if self._drawn is not None:
                self._show()
                self._drawn.stop()
            if self._beat is not None and self._beat.stop() and self._pace is not None:
                _write(f"{self.what}: {self._pace.count()} in {clock(self._pace.elapsed())}{self._said}")
            self._drawn = self._beat = self._pace = self._timer = None

    def _ask(self) -> None:
        if self._counts is not None and self._pace is not None:
            self._pace.update(self._counts(), self._before)

    def _draw(self) -> None:
        """Makes the bar once it is time, and moves it."""
        if self._pace is None or self._beat is not None:
            return
        now = time.monotonic()
        if self._drawn is None and now - self._pace.started >= self._after:
            self._appear()
        if self._drawn is not None and now - self._shown >= DRAWN:
            self._shown = now
            self._show()

    def _appear(self) -> None:
        """Makes the bar, once."""
        with self._lock:
            if self._pace is not None and self._drawn is None:
                drawn = _bar(self)
                self._task = drawn.add_task(self.what + self._said, total=self._pace.total, completed=self._pace.done)
                drawn.start()
                self._drawn = drawn

    def _show(self) -> None:
        if self._pace is not None:
            self._drawn.update(self._task, completed=self._pace.done)

    def told(self) -> str:
        """Count and time, as they are drawn."""
        self._ask()
        return "" if self._pace is None else f"{self._pace.count()} {self._pace.told()}"

    @property
    def done(self) -> int:
        """Items that are done, by the last look."""
        return 0 if self._pace is None else self._pace.done

    def _line(self) -> str:
        return f"{self.what}: {self.told()}{self._said}"


class _Beat:
    """Writes a line every half a minute from a thread of its own: a step may take longer than that.

    It looks every second how far the work is, so that it knows when the last step ended.
    """

    def __init__(self, line: Callable[[], str], look: Callable[[], None]) -> None:
        self._line, self._look, self._over, self._wrote = line, look, threading.Event(), False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        due = time.monotonic() + FIRST
        while not self._over.wait(min(LOOK, EVERY)):
            self._look()
            if time.monotonic() >= due:
                _write(self._line())
                self._wrote, due = True, time.monotonic() + EVERY

    def stop(self) -> bool:
        """Ends the lines; says whether there were any."""
        self._over.set()
        self._thread.join()
        return self._wrote


def _write(text: str) -> None:
    """Writes a line to stderr, where that is still open."""
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        return


def _is_terminal() -> bool:
    try:
        return sys.stderr is not None and sys.stderr.isatty()
    except ValueError:  # closed
        return False


def _bar(bar: Bar) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.text import Text

    class Told(ProgressColumn):
        """Count and time; drawn anew several times a second, also while a step runs."""

        def render(self, task: Task) -> Text:
            told = bar.told()
            task.completed = bar.done
            return Text(told)

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), Told())
    return Progress(*columns, console=Console(stderr=True))
