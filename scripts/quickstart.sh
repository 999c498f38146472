#!/bin/sh
# Set up searchapp in .venv and run its main job on the bundled corpus with the bundled model.
# Needs Python 3.10 or newer (PYTHON=python3.12 picks another one) and the package index, once.
set -eu
cd "$(dirname "$0")/.."
. scripts/venv.sh
install_into_venv ".[fast]" || install_into_venv .

run() {
    printf '\n$ searchapp %s\n' "$*"
    .venv/bin/searchapp "$@"
}
run index sample
run query -c sample -k 3 "can jet lag be cured with light"
run eval sample
printf '\nNext: . .venv/bin/activate, then searchapp --help\n'
