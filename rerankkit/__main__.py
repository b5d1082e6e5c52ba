"""`python -m rerankkit`."""

import sys
from pathlib import Path

if not sys.flags.safe_path and sys.path and sys.path[0] == str(Path.cwd()):  # Python puts it first for -m
    del sys.path[0]  # no file of the current folder may stand in for an installed package

from rerankkit.cli import main

main()
