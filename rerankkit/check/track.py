"""A track's rules: what a run must be to be taken."""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from rerankkit.errors import InputError

FOLDER = Path(__file__).with_name("tracks")


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

    def __post_init__(self) -> None:
        for field in fields(self):
            if type(getattr(self, field.name)) is not field.type:
                raise InputError(f"{field.name} is {getattr(self, field.name)!r}", f"Expected a {field.type}")
        if self.depth < 1 or self.tag_length < 1:
            raise InputError("depth and tag_length begin at 1", "Mend the track's settings")
        try:
            re.compile(self.docid), re.compile(f"[{self.tag_characters}]")
        except re.error as error:
            raise InputError(f"no pattern: {error}", "docid and tag_characters are regular expressions") from error

    def takes_tag(self, tag: str) -> bool:
        """Whether a run may bear the tag."""
        return re.fullmatch(f"[{self.tag_characters}]{{1,{self.tag_length}}}", tag) is not None

    def takes_docid(self, docid: str) -> bool:
        """Whether a document may have the id."""
        return not self.docid or re.fullmatch(self.docid, docid) is not None


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
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not TOML: {error}", "See the settings of rerankkit's own tracks", path) from error
    known = {field.name for field in fields(Track)}
    for setting in settings:
        if setting not in known:
            raise InputError(f"no setting named {setting!r}", f"Known: {', '.join(sorted(known))}", path)
    if "name" not in settings:
        raise InputError("the track has no name", 'Add: name = "…"', path)
    try:
        return Track(**settings)
    except InputError as error:
        raise InputError(error.problem, error.remedy, path) from error
