"""`rerankkit doctor`."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import click

OPTIONAL = (
    ("faiss", "dense first stages", "pip install 'rerankkit[dense]' (or [gpu])"),
    ("openvino", "the fastest student on a CPU", "pip install 'rerankkit[openvino]'"),
    ("onnxruntime", "a student without torch", "pip install 'rerankkit[onnx]'"),
    ("nncf", "exports OpenVINO in int8", "pip install 'rerankkit[int8]'"),
    ("gguf", "reads smollm2-135m and gemma3-270m", "pip install 'rerankkit[demo]'"),
    ("sentence_transformers", "loads our checkpoints too", "pip install sentence-transformers"),
    ("ranx", "reads our runs too", "pip install ranx"),
)
"""Module, what it is for, how to get it."""


@dataclass(frozen=True)
class Finding:
    """What was looked for and found; `remedy` is how to get it where it is missing."""

    name: str
    ok: bool
    found: str
    required: bool = True
    remedy: str = ""


@click.command(short_help="Tell what is installed, and how to get what is missing.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for scripts.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Tell what is installed and how to get what is missing; exit code 1 where a required part is.

    \b
    Examples:
      rerankkit doctor
      rerankkit doctor --json
    """
    findings = [*_java(), *_torch(), *_optional(), *_weights()]
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            mark = "ok" if finding.ok else "MISSING" if finding.required else "-"
            click.echo(f"{mark:8}{finding.name:24}{finding.found}")
            if not finding.ok:
                click.echo(f"{'':8}{'':24}{finding.remedy}")
    context.exit(int(any(finding.required and not finding.ok for finding in findings)))


def _java() -> Iterator[Finding]:
    from rerankkit.collection.jvm import anserini_jar, find_java, java_class

    def java() -> str:
        found = find_java()
        vector = "with" if found.vector else "without"
        return f"{found.version}, {vector} the vector module, from {found.origin}: {found.home}"

    yield _tried("Java 21", java)
    yield _installed("pyserini", "pip install pyserini")
    yield _tried("Anserini", lambda: str(anserini_jar()))
    yield _tried("Lucene search", lambda: f"{java_class('io.anserini.search.SimpleSearcher').__name__} loads")


def _tried(name: str, find: Callable[[], str]) -> Finding:
    from rerankkit.errors import InputError

    try:
        return Finding(name, True, find())
    except InputError as error:
        place = "" if error.path is None else f" ({error.path})"
        return Finding(name, False, error.problem + place, remedy=error.remedy)


def _installed(name: str, remedy: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed", remedy=remedy)


def _torch() -> Iterator[Finding]:
    for name in ("torch", "transformers"):
        yield _installed(name, f"pip install {name}")
    if find_spec("torch") is None:
        return
    import torch

    if torch.cuda.is_available():
        device, bf16 = f"cuda: {torch.cuda.get_device_name()}", torch.cuda.is_bf16_supported()
    elif torch.backends.mps.is_available():
        device, bf16 = "mps", True
    else:
        device, bf16 = f"cpu, {torch.get_num_threads()} threads", bool(torch.cpu._is_avx512_bf16_supported())
    yield Finding("device", True, device)
    yield Finding("bfloat16", bf16, "fast" if bf16 else "slow", False, "Nothing to install: float32 is taken instead")


def _optional() -> Iterator[Finding]:
    for module, purpose, remedy in OPTIONAL:
        spec = find_spec(module)
        found = str(Path(spec.origin).parent) if spec is not None and spec.origin else "not installed"
        yield Finding(module, spec is not None, f"{purpose}: {found}", False, remedy)


def _weights() -> Iterator[Finding]:
    from rerankkit.rerank.weights import PIP_WEIGHTS

    for name, weights in PIP_WEIGHTS.items():
        paths = weights.paths()
        found = str(paths[0].parent) if paths else "not installed"
        yield Finding(name, bool(paths), f"weights for --model: {found}", False, weights.install)
