"""What lies in a folder's tree."""

from pathlib import Path

import pytest

from rerankkit.check.tree import Tree, links


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("project/runs", "project2"):
        Path(folder).mkdir(parents=True)
    return tmp_path


def test_the_root_is_the_current_folder_where_the_other_lies_in_it(here, monkeypatch):
    assert Tree.of(Path("project/runs")).root == here
    assert Tree.of(Path()).root == here
    monkeypatch.chdir("project2")
    assert Tree.of(Path("../project/runs")).root == here / "project/runs"


def test_dots_and_links_are_followed(here):
    tree = Tree(here / "project")
    Path("project/out").symlink_to("../project2")
    Path("project/in").symlink_to("runs")
    Path("project/loop").symlink_to("loop")
    held = {name: tree.holds(Path(name)) for name in ("project", "project/runs/x", "project/in/x", "project/loop")}
    assert held == dict.fromkeys(held, True)
    left = {name: tree.holds(Path(name)) for name in ("project2", "project/../x", "project/out/x", "/etc/passwd", ".")}
    assert left == dict.fromkeys(left, False)


def test_links_are_found_at_any_depth_and_not_followed(here):
    Path("project/runs/deep").mkdir()
    Path("project/runs/deep/one").symlink_to("/etc")
    Path("project/two").symlink_to("nothing")
    assert set(links(Path("project"))) == {Path("project/runs/deep/one"), Path("project/two")}
