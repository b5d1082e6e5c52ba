"""What a query costs, read from a small file: a run's name, milliseconds, and the 95th percentile where it is known."""

import math
from collections.abc import Iterable
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.evaluate.page.material import Timing
from rerankkit.io.lines import read_lines
from rerankkit.io.numbers import decimal_number

LINE = "run<TAB>median milliseconds a query[<TAB>95th percentile]"


def read_timings(path: str | Path, names: Iterable[str]) -> dict[str, Timing]:
    """Name -> timing, of a file with a line a run; a line that begins with `#` is a comment.

    Raises InputError for a malformed line, a run that is not compared or stands twice, a time that is not above 0.
    """
    names, found = list(names), {}
    for number, line in read_lines(path):
        if line.startswith("#"):
            continue
        name, *columns = (cell.strip() for cell in line.split("\t"))
        if name not in names:
            raise InputError(f"no run of this comparison: {name!r}", f"Compared are {', '.join(names)}", path, number)
        if name in found:
            raise InputError(f"{name} stands twice", "Keep one line a run", path, number)
        try:
            times = [decimal_number(cell) for cell in columns]
        except ValueError:
            times = []
        if len(times) not in (1, 2) or not all(0 < time < math.inf for time in times):
            raise InputError(f"not a timing: {line[:80]!r}", f"Expected: {LINE}", path, number)
        found[name] = Timing(*times)
    return found
