#!/bin/sh
# Set up .venv and run every check: style, types, tests, README.
# SEARCHAPP_EXTRAS=test,parity adds the comparisons with the MTEB harness (torch, about 1 GB).
set -eu
cd "$(dirname "$0")/.."
. scripts/venv.sh
extras=${SEARCHAPP_EXTRAS:-test}
case $extras in
    # First and by its version, so that pip takes a CPU build where the index has one.
    *parity*) install_into_venv "$(grep '^torch==' constraints.txt)" ;;
esac
# The faster tokenizers are young; everything works where they do not install.
install_into_venv ".[$extras,fast]" || install_into_venv ".[$extras]"
PATH="$PWD/.venv/bin:$PATH"
ruff check .
ruff format --check .
mypy
python -m pytest "$@"
