#!/usr/bin/env bash
# Installs into .venv and runs the whole method: bash scripts/demo.sh [OPTIONS OF rerankkit demo]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/install.sh

install demo
exec .venv/bin/rerankkit demo "$@"
