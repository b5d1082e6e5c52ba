"""Progress bars for what takes over a second; on stderr, silent with `-q`."""

import os
import time
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Passes the items on, with a bar once a second has gone by."""
    if os.environ.get("RERANKKIT_QUIET"):
        yield from items
        return
    started, bar, task = time.monotonic(), None, None
    try:
        for done, item in enumerate(items):
            if bar is None and time.monotonic() - started > 1:
                bar = _bar()
                task = bar.add_task(what, total=total, completed=done)
                bar.start()
            elif bar is not None and task is not None:
                bar.update(task, completed=done)
            yield item
        if bar is not None and task is not None:
            bar.update(task, completed=total if total is not None else bar.tasks[0].completed + 1)
    finally:
        if bar is not None:
            bar.stop()


def _bar():  # type: ignore[no-untyped-def]
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


class Bar:
    """A bar that is told where it stands; nothing with `-q`."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._bar: Any = None
        self._task: Any = None

    def start(self, total: int, done: int = 0) -> None:
        """Shows the bar."""
        if not os.environ.get("RERANKKIT_QUIET"):
            self._bar = _bar()
            self._task = self._bar.add_task(self.what, total=total, completed=done)
            self._bar.start()

    def update(self, done: int) -> None:
        """Moves it."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done)

    def say(self, text: str) -> None:
        """Puts a short text beside its name."""
        if self._bar is not None:
            self._bar.update(self._task, description=f"{self.what} ({text})")

    def stop(self) -> None:
        """Leaves it as it stands."""
        if self._bar is not None:
            self._bar.stop()
