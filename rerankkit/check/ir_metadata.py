"""A run's metadata in the schema ir_metadata v0.1 (Breuer, Keller and Schaer 2022), as YAML beside the run."""

import platform
import shlex
from dataclasses import dataclass
from typing import Any

import yaml

from rerankkit.check.history import RANKING
from rerankkit.check.track import Track
from rerankkit.surroundings import machine, packages

TOOLKITS = ("rerankkit", "pyserini")


@dataclass(frozen=True)
class About:
    """What no file tells: who hands in, and whether a person had a hand in the run."""

    tag: str
    team: str | None = None
    automatic: bool = True


def ir_metadata(about: About, track: Track, steps: list[dict[str, Any]], topics: str | None) -> str:
    """The YAML; of the run's last step where there are steps, of here and now where there are none."""
    last = steps[-1] if steps else {"packages": packages(), "machine": machine(), "code": {}}
    told = {
        "schema-version": 0.1,
        "run-version": 1.0,
        "tag": about.tag,
        "platform": _platform(last["machine"], last["packages"]),
        "research goal": _filled({"venue": _filled({"name": track.venue, "year": track.year})}),
        "implementation": _implementation(steps, last),
        "method": {
            "automatic": about.automatic,
            "score ties": "none: scores fall strictly as 32-bit floats",
            "retrieval": [_stage(step) for step in steps if step["verb"] in RANKING],
            "preparation": [_stage(step) for step in steps if step["verb"] not in RANKING],
        },
        "actor": _filled({"team": about.team, "role": "experimenter"}),
        "data": _data(track, steps, topics),
    }
    return yaml.safe_dump(_filled(told), sort_keys=False, allow_unicode=True, width=120)


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in (None, "", 0, {}, [])}


def _platform(hardware: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    gpus = hardware.get("gpus", [])
    pinned = {name: f"{name}=={version}" for name, version in versions.items()}
    bits = "64-bit" if "64" in hardware["architecture"] else platform.architecture()[0]
    return {
        "hardware": _filled(
            {
                "cpu": _filled(
                    {
                        "model": hardware["processor"],
                        "architecture": hardware["architecture"],
                        "operation mode": bits,
                        "number of cores": hardware["cores"],
                    }
                ),
                "gpu": _filled({"model": ", ".join(gpus), "memory": _gigabytes(hardware.get("gpu_memory_gb"))}),
                "ram": _gigabytes(hardware["memory_gb"]),
            }
        ),
        "operating system": {"kernel": hardware["system"]},
        "software": {
            "libraries": {"python": [pin for name, pin in pinned.items() if name not in TOOLKITS]},
            "retrieval toolkit": [pinned[name] for name in TOOLKITS if name in pinned],
        },
    }


def _gigabytes(number: int | None) -> str:
    return f"{number} GB" if number else ""


def _implementation(steps: list[dict[str, Any]], last: dict[str, Any]) -> dict[str, Any]:
    searched = any("index" in step["parameters"] for step in steps)
    commands = [shlex.join(step["command"]) for step in steps]
    return _filled(
        {
            "executable": _filled({"cmd": commands[-1] if commands else "", "steps": commands}),
            "source": {"lang": ["Python", *(["Java"] if searched else [])], **last["code"]},
            "seeds": {
                f"{number} {name}": seed for number, step in enumerate(steps, 1) for name, seed in step["seeds"].items()
            },
        }
    )


def _stage(step: dict[str, Any]) -> dict[str, Any]:
    """A command as a stage: what it is called, its parameters, and the models and indexes by their hashes."""
    hidden = ("models", "store", "output", "run_path", "runs", "topics")
    used = [
        _filled({"path": one["path"], "sha256": one["sha256"], "sampled": not one["whole"]})
        for one in step["inputs"]
        if one["parameter"] in ("model", "index", "collection")
    ]
    ranking = step["verb"] in RANKING
    reranks = [one["path"] for one in step["inputs"] if ranking and one["parameter"] in ("run_path", "runs")]
    return _filled(
        {
            "name": step["output"]["path"],
            "method": step["verb"],
            "reranks": ", ".join(reranks),
            "params": {name: value for name, value in step["parameters"].items() if name not in hidden},
            "uses": used,
        }
    )


def _taught_by(step: dict[str, Any], one: dict[str, Any]) -> bool:
    """Whether an input is a run that a training learnt from."""
    return step["verb"] not in RANKING and one["parameter"] in ("runs", "suspects", "dev_run")


def _data(track: Track, steps: list[dict[str, Any]], topics: str | None) -> dict[str, Any]:
    training = [
        {"name": one["path"], "source": f"sha256:{one['sha256']}"}
        for step in steps
        for one in step["inputs"]
        if one["parameter"] in ("clicks", "qrels", "dev_qrels", "displayed") or _taught_by(step, one)
    ]
    return _filled(
        {
            "test collection": _filled(
                {"name": track.collection or track.name, "source": track.guidelines, "topics": topics}
            ),
            "training data": training,
        }
    )
