"""What a user can mend."""

from pathlib import Path


class InputError(Exception):
    """Wrong input, told with the file, the line and the remedy; commands print it and exit with 2."""

    def __init__(self, problem: str, remedy: str = "", path: str | Path | None = None, line: int | None = None) -> None:
        self.problem, self.remedy, self.path, self.line = problem, remedy, path, line
        place = "" if path is None else f"{path}: " if line is None else f"{path}:{line}: "
        super().__init__(place + (f"{problem.rstrip('.')}. {remedy}" if remedy else problem))
