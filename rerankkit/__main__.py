"""`python -m rerankkit`."""

from rerankkit.cli import main

main()
