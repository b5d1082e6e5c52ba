"""The page written: the template with its parts, in one file that asks for nothing from elsewhere."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib import resources
from pathlib import Path

from rerankkit import __version__
from rerankkit.evaluate.page import tables, verdicts
from rerankkit.evaluate.page.material import Material
from rerankkit.evaluate.page.payload import Record
from rerankkit.evaluate.study import Study
from rerankkit.files import whole_file

SCRIPTS = ("drawing", "figures", "queries", "sheet", "teacher", "learning", "page")
PLACE = re.compile("@([a-z-]+)@")


def write_report(material: Material, record: Record, path: str | Path) -> None:
    """Writes the report, whole or not at all; the record is the material's payload."""
    text = page(material, record).encode("utf-8", "replace")  # a name or a text may hold what UTF-8 lacks
    with whole_file(path, binary=True) as file:
        file.write(text)


def page(material: Material, record: Record) -> str:
    """The report as HTML."""
    study = material.study
    script = '"use strict";\n{\n' + "\n".join(part(f"{name}.js") for name in SCRIPTS) + "}\n"
    style = filled(part("page.css"), {"dark": part("dark.css")})
    counts = len(material.qrels), len(study.evaluations), len(study.baseline.values)
    return filled(
        part("page.html"),
        {
            "version": __version__,
            "style": style,
            "style-hash": digest(style),
            "script": script,
            "script-hash": digest(script),
            "data": embedded(record),
            "title": escape(title_of(study)),
            "heading": heading_of(study),
            "facts": "{:,} judged queries, {} runs, {} measures".format(*counts),
            "base": escape(study.baseline.name),
            "verdict": verdicts.verdicts(study),
            "warnings": verdicts.warnings(study.warnings),
            "table": tables.comparison(study),
            "runs": tables.runs(study),
            "how": part("how.html"),
            "made": f"<pre>{escape(material.made)}</pre>" if material.made else "",
        },
    )


def title_of(study: Study) -> str:
    """The runs' names, or how many they are where they are more than two."""
    return " against ".join(_sides(study))


def heading_of(study: Study) -> str:
    """The same as HTML."""
    return " against ".join(verdicts.named(side) for side in _sides(study))


def _sides(study: Study) -> list[str]:
    systems = [system.name for system in study.systems]
    return [" and ".join(systems) if len(systems) < 3 else f"{len(systems)} runs", study.baseline.name]


def part(name: str) -> str:
    """A file of this folder."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def filled(template: str, parts: Mapping[str, str]) -> str:
    """The template with its `@names@` replaced, in one pass: what is put in is not looked at again."""
    return PLACE.sub(lambda match: parts[match[1]], template)


def digest(text: str) -> str:
    """The text's hash as a Content-Security-Policy names it: no other script or style runs."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def embedded(record: Record) -> str:
    """The record as JSON that no text in it can end: a browser sees neither a tag nor a comment."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
