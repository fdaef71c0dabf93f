#!/usr/bin/env bash
# Enters: lock files. Leaves: .venv with what they name, each package checked against its hash.
#
# pip knows the user's mirrors and certificates and installs uv; uv, told the same, installs the rest in a fifth
# of the time; where uv cannot, pip does it. Nothing is done if the locks were installed before.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

stamp=.venv/installed
fingerprint() { { printf '%s\n' "$PWD"; cat "$1"; } | { sha256sum 2>/dev/null || shasum -a 256; } | cut -d' ' -f1; }

installed() {
    [[ -f $stamp ]] || return 1
    local lock
    for lock in "$@"; do
        grep -qxF "$lock $(fingerprint "$lock")" "$stamp" || return 1
    done
}

find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3 /usr/bin/python3.11 /usr/local/bin/python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    say "Python 3.11 with its venv module was not found: install it (Debian: apt-get install python3.11-venv)," \
        "or name it: make setup PYTHON=/path/to/python3.11"
    return 1
}

# An environment of Python 3.11 that was made here: one that was moved still points to where it was.
usable() {
    grep -qF "$PWD/.venv" .venv/bin/activate 2>/dev/null &&
        .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
}

# uv reads no pip.conf: it hears of the user's indexes and certificates here.
tell_uv_what_pip_knows() {
    local config
    config=$(.venv/bin/python -m pip config list 2>/dev/null) || return 0
    pip_setting() { sed -n "s/^[^=]*\.$1='\(.*\)'\$/\1/p" <<<"$config" | sed 's/\\n/ /g' | xargs; }
    local index extra links cert
    index=$(pip_setting index-url) extra=$(pip_setting extra-index-url)
    links=$(pip_setting find-links) cert=$(pip_setting cert)
    [[ -z $index ]] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${index##* }}"
    [[ -z $extra ]] || export UV_INDEX="${UV_INDEX:-$extra}"
    [[ -z $links ]] || export UV_FIND_LINKS="${UV_FIND_LINKS:-${links// /,}}"
    [[ -z $cert ]] || export SSL_CERT_FILE="${SSL_CERT_FILE:-${cert##* }}"
    export UV_INDEX_STRATEGY=unsafe-best-match # as pip does; the hashes decide what is accepted
}

install_with_uv() {
    tell_uv_what_pip_knows
    .venv/bin/python -m uv pip sync --quiet --require-hashes --python .venv/bin/python --system-certs "$@"
}

# The locks are whole, so no dependency is looked for: pip would refuse `pandas[parquet]`, pinned as `pandas`.
install_with_pip() {
    local arguments=() lock
    for lock in "$@"; do arguments+=(-r "$lock"); done
    .venv/bin/python -m pip install --quiet --quiet --no-deps --require-hashes "${arguments[@]}"
}

if installed "$@"; then exit 0; fi

say "installing $* into .venv ..."
if ! usable; then
    python=$(find_python)
    "$python" -m venv --clear .venv
fi
rm -f "$stamp"
if ! { .venv/bin/python -m pip install --quiet --quiet --require-hashes -r requirements-bootstrap.txt &&
    install_with_uv "$@"; }; then
    say "uv could not install; pip does it, which takes some minutes"
    install_with_pip "$@"
fi
for lock in "$@"; do printf '%s %s\n' "$lock" "$(fingerprint "$lock")"; done >"$stamp"
