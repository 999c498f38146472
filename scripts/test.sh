#!/bin/sh
# Set up .venv and run every check: style, types, tests, README.
# SEARCHAPP_EXTRAS=test,parity adds the slow comparisons with the MTEB harness (torch, about 1 GB).
set -eu
cd "$(dirname "$0")/.."
. scripts/venv.sh
extras=${SEARCHAPP_EXTRAS:-test}
case $extras in
    # First and by its version, so that a CPU build is taken where there is one.
    *parity*) install_into_venv "torch==2.13.0" ;;
esac
# The faster tokenizers are young: where they do not install, everything works without them.
install_into_venv ".[$extras,fast]" || install_into_venv ".[$extras]"
PATH="$PWD/.venv/bin:$PATH"
ruff check .
ruff format --check .
mypy
python -m pytest "$@"
