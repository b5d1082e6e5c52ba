"""The page as a file."""

import base64
import hashlib
import json
import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rerankkit.evaluate.page.payload import payload
from rerankkit.evaluate.page.writing import SCRIPTS, embedded, filled, page, write_report


class Tags(HTMLParser):
    """The tags, and what stands in scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open = ""
        self.inside: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.open = (dict(attrs).get("id") or tag) if tag in ("script", "style") else ""

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open:
            self.inside[self.open] = self.inside.get(self.open, "") + data


def test_the_data_cannot_end_their_script(material):
    given = material()
    record = payload(given)
    tags = Tags(page(given, record))
    assert json.loads(tags.inside["data"]) == json.loads(json.dumps(record))
    assert [tag for tag, _ in tags.found].count("script") == 2
    assert not [tag for tag, _ in tags.found if tag in ("img", "b", "iframe", "object")]


def test_the_page_asks_for_nothing_from_elsewhere(material):
    given = material()
    text = page(given, payload(given))
    tags = Tags(text)
    asked = [value for _, attributes in tags.found for name, value in attributes.items() if name in ("src", "href")]
    assert asked == ["data:,", "#content"]
    assert "@import" not in tags.inside["style"]
    assert "url(" not in tags.inside["style"]
    policy = next(attributes["content"] for _, attributes in tags.found if "http-equiv" in attributes)
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(tags.inside[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_what_is_put_in_is_not_looked_at_again():
    assert filled("@a@ @b@", {"a": "@b@", "b": "x"}) == "@b@ x"
    with pytest.raises(KeyError):
        filled("@unknown@", {})


def test_json_within_html():
    text = embedded({"a": "</script><!--&\u2028\ud83d"})
    assert not re.search("[<>&]", text)
    assert json.loads(text) == {"a": "</script><!--&\u2028\ud83d"}


def test_the_package_brings_every_part_of_the_page():
    root = Path(__file__).parents[3]
    patterns = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    folder = root / "rerankkit" / "evaluate" / "page"
    parts = {path.name for path in folder.iterdir() if path.is_file() and path.suffix != ".py"}
    brought = {path.name for pattern in patterns["rerankkit.evaluate.page"] for path in folder.glob(pattern)}
    assert brought == parts
    assert {f"{name}.js" for name in SCRIPTS} == {name for name in parts if name.endswith(".js")}


def test_the_same_material_is_the_same_file(material, tmp_path):
    paths = [tmp_path / "one.html", tmp_path / "two.html"]
    for path in paths:
        given = material()
        write_report(given, payload(given), path)
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert "rerankkit compare &#x27;a &amp; b&#x27;" in first.decode()
    assert sorted(tmp_path.iterdir()) == paths
