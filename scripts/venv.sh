# Shared by the set-up scripts: `install_into_venv REQUIREMENT...` makes .venv and installs into it.

install_into_venv() {
    python=${PYTHON:-python3}
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
        echo "searchapp needs Python 3.10 or newer; name one: PYTHON=python3.12 sh $0" >&2
        exit 1
    fi
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    for requirement in "$@"; do
        case $requirement in
            .*) set -- --editable "$requirement" ;;
            *) set -- "$requirement" ;;
        esac
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
    done
}
