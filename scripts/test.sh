#!/usr/bin/env bash
# Installs into .venv and runs every check: bash scripts/test.sh [ARGUMENTS OF pytest]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/install.sh

install demo,dev
say "ruff check"
.venv/bin/python -m ruff check
say "ruff format --check"
.venv/bin/python -m ruff format --check
say "mypy"
.venv/bin/python -m mypy
say "pytest"
exec .venv/bin/python -m pytest "$@"
