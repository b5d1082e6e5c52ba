"""`rerankkit reproduce`."""

import json
import math
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rerankkit.cli.places import LookedIn, Output, SideFile
from rerankkit.errors import InputError
from rerankkit.io.cells import escaped

if TYPE_CHECKING:
    from rerankkit.run import Run

LEAST = 0.99
"""Kendall's tau above which a run counts as reproduced."""


@click.command(short_help="Make an output again from its side file, and tell whether it is the same.")
@click.argument("side_file", metavar="SIDEFILE", type=SideFile())
@click.option("--qrels", type=click.Path(path_type=Path), help="Also compare measures.")
@click.option(
    "--measures", multiple=True, default=["nDCG@10 RR@10"], show_default=True, help="As ir_measures names them."
)
@click.option("--baseline", type=click.Path(path_type=Path), help="A run: also tell which share of the gain is there.")
@click.option("--least-tau", type=click.FloatRange(-1, 1), default=LEAST, show_default=True, help="Below, exit code 1.")
@click.option("--anyway", is_flag=True, help="Run it although inputs have changed.")
@click.option(
    "--root", type=LookedIn(), help="The folder whose tree the command may read, instead of the one named above."
)
@click.option("--allow-outside", is_flag=True, help="Let it read inputs anywhere.")
@click.option("--allow-hub", is_flag=True, help="Let it load models from the Hugging Face hub.")
@click.option("--keep", type=Output("either"), help="Where the new output is kept; nowhere by default.")
@click.option(
    "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="On stdout."
)
@click.pass_context
def command(
    context: click.Context,
    side_file: Path,
    qrels: Path | None,
    measures: tuple[str, ...],
    baseline: Path | None,
    least_tau: float,
    anyway: bool,
    root: Path | None,
    allow_outside: bool,
    allow_hub: bool,
    keep: Path | None,
    form: str,
) -> None:
    """Run the command of a side file again, into a temporary folder, and compare.

    A run is identical, or compared by Kendall's tau over the union, RBO and, with --qrels, by the differences of
    measures, their RMSE over queries and the effect ratio; a checkpoint by its weights, an index by its number of
    documents. Scores are computed anew, none comes from a store. Exit code 0: reproduced; 1: not, or inputs have
    changed; 2: inputs are gone, or the command is refused.

    The side file may be a stranger's. Only commands that write indexes, topics, runs and checkpoints are run, in an
    isolated Python and an empty folder, their outputs redirected; the whole command is printed first. Every input needs
    a hash in the side file, and must lie in the folder where the command ran, which holds the side file and lies in the
    current folder; --root names another. Models of the hub need --allow-hub.

    \b
    Examples:
      rerankkit reproduce runs/bert.txt.meta.json
      rerankkit reproduce runs/bert.txt.meta.json --qrels qrels.txt --baseline runs/bm25.txt
      rerankkit reproduce runs/models/bert-distilled --output json
      rerankkit reproduce ~/downloads/theirs/runs/bert.txt.meta.json --root ~/downloads/theirs
    """
    from rerankkit.check.rerun import (
        bounds_of,
        changed_inputs,
        clean_environment,
        inputs_within,
        isolated,
        other_packages,
        run_again,
    )
    from rerankkit.cli.replay import Rewriting
    from rerankkit.provenance import read_side_file

    if baseline is not None and qrels is None:
        raise InputError("--baseline has no measures to compare", "Give --qrels too")
    place, record = read_side_file(side_file)
    bounds = bounds_of(record, place, root, allow_outside)
    with tempfile.TemporaryDirectory() as temporary:
        inputs = inputs_within(record, bounds, place)
        made = Path(os.path.realpath(temporary), "made")
        made.mkdir()
        replay = Rewriting(record, bounds, inputs, made, keep, allow_hub).replay()
        click.echo(replay.shown(record["command"]), err=True)
        found: dict[str, Any] = {
            "command": record["command"],
            "changed": [one.path for one in changed_inputs(record, inputs)],
            "packages": list(other_packages(record)),
        }
        if not found["changed"] or anyway:
            words = [*(["-q"] if os.environ.get("RERANKKIT_QUIET") else []), *replay.words]
            command_line = isolated(words, [str(Path(click.__file__).absolute().parents[1])])
            run_again(command_line, clean_environment(allow_hub), made.with_name("work"), replay.output)
            found |= _compared(place, record, replay.output)
            if "identical" not in found:
                original = place.parent / record["output"]["path"]
                found |= _runs(original, replay.output, (qrels, measures, baseline))
    click.echo(json.dumps(found, indent=2) if form == "json" else "\n".join(map(escaped, _lines(found))))
    good = found.get("identical") or found.get("tau", -2) >= least_tau
    context.exit(int(bool(found["changed"]) or not good))


def _compared(place: Path, record: dict[str, Any], again: Path) -> dict[str, Any]:
    """What hashes tell; of a folder, whether the files that matter are the same, and which others are not."""
    from rerankkit.check.history import RANKING
    from rerankkit.digests import content, digest, digest_whole

    if not again.is_dir():
        if digest_whole(again) == record["output"]["sha256"]:
            return {"identical": True}
        if record["verb"] not in RANKING:
            return {"identical": False}
        return {} if (place.parent / record["output"]["path"]).is_file() else {"identical": False, "original": "gone"}
    now = {path.relative_to(again).as_posix(): digest(path).sha256 for path in content(again)}
    then = record["output"].get("files", {})
    differ = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    if any(name.startswith("segments_") for name in now):  # Lucene names its parts anew each time
        return {"identical": "rerankkit.json" not in differ, "compared": "number of documents"}
    weights = [name for name in now if name.endswith((".safetensors", ".bin", ".onnx"))]
    same = not set(weights or now).intersection(differ)
    return {"identical": same, "compared": "weights" if weights else "files", "differ": differ}


def _runs(original: Path, again: Path, how: tuple[Path | None, tuple[str, ...], Path | None]) -> dict[str, Any]:
    """The agreement of two runs that are not the same byte by byte."""
    from rerankkit.evaluate import reproduction
    from rerankkit.trec import read_qrels, read_run

    first, second = read_run(original), read_run(again)
    found = asdict(reproduction.orders(first, second))
    found["scores_differ_by"] = _farthest(first, second)
    qrels, measures, baseline = how
    if qrels is not None:
        low = None if baseline is None else read_run(baseline)
        found["measures"] = [
            {name: None if value != value else value for name, value in asdict(one).items()}
            for one in reproduction.measures(first, second, read_qrels(qrels), measures, low)
        ]
    return found


def _farthest(first: "Run", second: "Run") -> float:
    """The greatest difference of a score that both have."""
    farthest = 0.0
    for qid in first:
        if qid in second:
            scores = dict(second[qid])
            farthest = max([farthest, *(abs(score - scores.get(docid, score)) for docid, score in first[qid])])
    return farthest


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"changed since: {path}" for path in found["changed"]] + [
        f"other package: {one}" for one in found["packages"]
    ]
    if "identical" in found:
        what = found.get("compared", "output")
        lines.append(f"{what}: {'identical' if found['identical'] else 'not the same'}")
        if found.get("differ"):
            lines.append(f"files that differ: {', '.join(found['differ'])}")
        if found.get("original"):
            lines.append("the original is gone: how far it is from the new one cannot be told")
    elif "tau" in found:
        lines.append(f"{found['queries']} queries of both runs, {found['lacking']} of one alone")
        lines.append(f"Kendall's tau (union): mean {found['tau']:.6f}, least {found['least_tau']:.6f}")
        lines.append(f"RBO: mean {found['rbo']:.6f}, least {found['least_rbo']:.6f}")
        lines.append(f"scores differ by at most {found['scores_differ_by']:.6g}")
    for one in found.get("measures", ()):
        ratio = one["effect_ratio"]
        told = f", effect ratio {ratio:.4f}" if ratio is not None and math.isfinite(ratio) else ""
        change = f"{one['original']:.4f} then, {one['reproduced']:.4f} now, RMSE {one['rmse']:.4f}"
        lines.append(f"{one['measure']}: {change}{told}")
    return lines
