#!/bin/sh
# Brings .venv in line with requirements/dev.txt; does nothing if it already is.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd -P)
venv=$root/.venv
stamp=$venv/.card-commands-setup
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH UV_PROJECT_ENVIRONMENT 2>/dev/null || :

wanted="$root $(cat pyproject.toml requirements/dev.txt local/setup.sh | cksum)"
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

say() { echo "setup: $*" >&2; }

if [ ! -w "${HOME:-/nonexistent}" ]; then
    export UV_CACHE_DIR="$root/.local/cache/uv" PIP_CACHE_DIR="$root/.local/cache/pip"
fi

usable='import sys, ssl, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'
# An environment of an older Python, or moved from another folder, is of no use.
if [ -e "$venv" ] && ! { "$venv/bin/python" -c "$usable" && grep -qF "$venv" "$venv/bin/activate"; } 2>/dev/null; then
    say "recreating .venv: it was made for another folder or Python"
    rm -rf "$venv"
fi
if [ ! -e "$venv" ]; then
    for python in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3}; do
        if "$python" -c "$usable" 2>/dev/null; then break; fi
        python=
    done
    if [ -z "$python" ]; then
        say "needs Python 3.11 or newer with its venv module; found: $(python3 --version 2>&1 || echo none). Set PYTHON=/path/to/python3.x"
        exit 1
    fi
    say "creating .venv with $("$python" --version)"
    "$python" -m venv "$venv"
fi

if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    uv=uv
else
    uv=$venv/bin/uv
    if [ ! -x "$uv" ]; then
        say "installing uv"
        "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --require-hashes -r requirements/bootstrap.txt
    fi
fi

say "installing what requirements/dev.txt pins"
# Compiled now: where PYTHONDONTWRITEBYTECODE is set, each start of a worker would compile it again.
"$uv" pip sync --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes requirements/dev.txt
"$uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
"$venv/bin/python" -m compileall -q producer worker sandbox local
echo "$wanted" >"$stamp"
say "done"
