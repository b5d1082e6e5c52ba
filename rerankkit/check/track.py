"""A track's rules: what a run must be to be taken."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rerankkit.check.patterns import Pattern, Takes, character_class
from rerankkit.errors import InputError
from rerankkit.io.foreign import read_toml, shown

FOLDER = Path(__file__).with_name("tracks")
KINDS: dict[Any, str] = {str: "a text", int: "a whole number", bool: "true or false"}
LARGEST = 10**9


@dataclass(frozen=True)
class Track:
    """The rules; `topics` is how many there are, 0 where that is not known, and an empty `docid` allows any id."""

    name: str
    depth: int = 1000
    all_topics: bool = True
    topics: int = 0
    tag_length: int = 15
    tag_characters: str = "A-Za-z0-9_-"
    docid: str = ""
    runs_per_group: int = 0
    venue: str = ""
    year: int = 0
    collection: str = ""
    guidelines: str = ""
    _docid: Pattern = field(init=False, repr=False, compare=False)
    _tag: Takes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for one in fields(self):
            if one.init and type(getattr(self, one.name)) is not one.type:
                raise InputError(f"{one.name} is {shown(getattr(self, one.name))}", f"Expected {KINDS[one.type]}")
        if self.depth < 1 or self.tag_length < 1:
            raise InputError("depth and tag_length begin at 1", "Mend the track's settings")
        for name in ("topics", "runs_per_group", "year", "depth", "tag_length"):
            if not 0 <= getattr(self, name) <= LARGEST:
                raise InputError(f"{name} is out of range", f"Expected 0 to {LARGEST:,}")
        for name, kind in (("docid", Pattern), ("tag_characters", character_class)):
            try:
                object.__setattr__(self, "_docid" if name == "docid" else "_tag", kind(getattr(self, name)))
            except InputError as error:
                raise InputError(f"{name}: {error.problem}", error.remedy) from error

    def takes_tag(self, tag: str) -> bool:
        """Whether a run may bear the tag."""
        return 1 <= len(tag) <= self.tag_length and all(map(self._tag, tag))

    def takes_docid(self, docid: str) -> bool:
        """Whether a document may have the id."""
        return not self.docid or self._docid.matches(docid)


def track_names() -> list[str]:
    """The tracks that `--track` knows by name."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_track(name: str) -> Track:
    """The track of a name, or of a settings file's path; InputError for unknown names and settings."""
    path = Path(name) if name.endswith(".toml") else FOLDER / f"{name}.toml"
    if not path.is_file() or not (name.endswith(".toml") or name in track_names()):
        raise InputError(
            f"no track named {name!r}", f"Known: {', '.join(track_names())}; or your own rules: --track FILE.toml"
        )
    settings = read_toml(path, "a track's settings")
    known = {one.name for one in fields(Track) if one.init}
    for setting in settings:
        if setting not in known:
            raise InputError(f"no setting named {setting[:80]!r}", f"Known: {', '.join(sorted(known))}", path)
    if "name" not in settings:
        raise InputError("the track has no name", 'Add: name = "…"', path)
    try:
        return Track(**settings)
    except InputError as error:
        raise InputError(error.problem, error.remedy, path) from error
