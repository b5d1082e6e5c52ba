"""TREC's topics: `<top>` with `<num>` and `<title>`, and the XML of later tracks.

    <top> <num> Number: 051 <title> Topic: text <desc> … </top>
    <topic number="1"> <query>text</query> … </topic>

A topic's id is its `number` attribute or `<num>`, its text the `<title>`, the `<query>`, the `<text>`, a summary where
there is none of these, or what stands in a `<topic>` without fields. Other fields are left out.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rerankkit.errors import InputError
from rerankkit.io.lines import read_text
from rerankkit.io.markup import Tag, Text, tokens

log = logging.getLogger(__name__)

RECORDS = ("top", "topic", "query")
"""What a topic is wrapped in; `<query>` only where it is in no other."""
NUMBERS = ("num", "number", "id", "qid", "topicid", "topic_id", "query_id")
"""The fields and attributes that hold a topic's id."""
TEXTS = ("title", "query", "text", "content")
SUMMARY = "summary"
SURE = ("num", "title", "desc", "narr")
"""Tags that begin a field even in the midst of a line of text."""
LARGEST = 8 << 20
"""Bytes of a file of topics: 300,000 short ones."""
MOST_TAGS = 10_000
"""Tags of a topic, or between two topics."""
EXPECTED = 'Expected: <top> <num> Number: 1 <title> text </top>, or <topic number="1"><query>text</query></topic>'
OPERATOR = re.compile(r"\s*#[a-z]+[0-9]*(?::[^()\s]*)?\(")
"""How a query in Indri's language begins."""


@dataclass
class _Topic:
    """A topic that is being read: where it began, its id from an attribute, and its fields with their lines."""

    line: int
    wrap: str
    number: str = ""
    fields: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    direct: list[str] = field(default_factory=list)


def read_trec_topics(path: str | Path) -> Iterator[tuple[int, str, str]]:
    """Line, id and text of every topic; the id without leading zeros and Microblog's `MB`, as Anserini reads it.

    Raises InputError with the line for a file that is cut, a topic without id or text, and what belongs to no topic.
    """
    return _Reader(path).topics()


class _Reader:
    """Reads a file's topics, a token at a time."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._topic: _Topic | None = None
        self._open = ""
        self._outside: Tag | None = None
        self._unclosed = self._summaries = self._tags = 0

    def topics(self) -> Iterator[tuple[int, str, str]]:
        """The topics in their order."""
        for token in tokens(read_text(self._path, LARGEST), self._path):
            if isinstance(token, Text):
                self._take_text(token)
                continue
            self._tags += 1
            if self._tags > MOST_TAGS:
                raise self._error(token.line, f"more than {MOST_TAGS:,} tags in a topic")
            if self._ends_topic(token):
                yield self._finished(token)
                if not token.closes:
                    self._begin(token)
            elif self._topic is None:
                self._outside_topics(token)
            else:
                self._inside(self._topic, token)
        if self._topic is not None:
            raise self._error(
                self._topic.line, "the file ends inside the topic that begins here", "The file may be cut"
            )
        if self._unclosed:
            log.warning("%s: %d topics end without </top>, where the next begins", self._path, self._unclosed)
        if self._summaries:
            log.warning("%s: %d topics have no title: their summary is the query", self._path, self._summaries)

    def _error(self, line: int, problem: str, remedy: str = EXPECTED) -> InputError:
        return InputError(problem, remedy, self._path, line)

    def _ends_topic(self, tag: Tag) -> bool:
        """Whether the tag ends the topic at hand: it closes it, or begins another."""
        if self._topic is None or tag.name not in RECORDS:
            return False
        if tag.closes:
            return tag.name == self._topic.wrap and tag.name != self._open
        if tag.name == "query" or tag.name != self._topic.wrap:
            return False
        return tag.name == "top" or tag.begins_line or not self._open

    def _begin(self, tag: Tag) -> None:
        numbers = {tag.attributes[name].strip() for name in NUMBERS if name in tag.attributes}
        if len(numbers) > 1:
            raise self._error(tag.line, f"a topic of two numbers: {tag.written[:80]}")
        self._topic = _Topic(tag.line, tag.name, next(iter(numbers), ""))
        self._open = ""
        self._outside = None

    def _outside_topics(self, tag: Tag) -> None:
        """Begins a topic; other tags wrap all topics, or describe them."""
        if tag.name in RECORDS:
            if tag.closes:
                raise self._error(tag.line, f"{tag.written} without <{tag.name}>")
            if tag.empty:
                raise self._error(tag.line, f"a topic without a text: {tag.written[:80]}")
            self._begin(tag)
        elif tag.name in (*NUMBERS, "title"):
            raise self._error(tag.line, f"{tag.written[:80]} belongs to no topic")
        else:
            self._outside = None if tag.closes or tag.empty else tag

    def _inside(self, topic: _Topic, tag: Tag) -> None:
        """Begins or ends a field, or takes the tag as a part of the open one's text."""
        if tag.closes:
            self._close(tag)
        elif self._begins_field(tag):
            self._field(topic, tag)
        elif self._open:
            topic.fields[self._open][1].append(tag.written)

    def _begins_field(self, tag: Tag) -> bool:
        if not self._open or tag.name in SURE or tag.begins_line:
            return True
        return self._open not in TEXTS and tag.name in (*NUMBERS, *TEXTS, SUMMARY)

    def _close(self, tag: Tag) -> None:
        if tag.name == self._open:
            self._open = ""
        elif self._open in (*TEXTS, *NUMBERS):
            remedy = f"Remove the tag, or write &lt;{tag.written[1:-1]}&gt; if it is text"
            raise self._error(tag.line, f"{tag.written} inside <{self._open}>", remedy)

    def _field(self, topic: _Topic, tag: Tag) -> None:
        """Begins a field."""
        if tag.name in topic.fields and tag.name in (*NUMBERS, *TEXTS):
            raise self._error(tag.line, f"a second <{tag.name}> in the topic that begins in line {topic.line}")
        topic.fields[tag.name] = tag.line, []
        self._open = "" if tag.empty else tag.name

    def _take_text(self, text: Text) -> None:
        if self._topic is not None and self._open:
            self._topic.fields[self._open][1].append(text.text)
        elif not text.text or text.text.isspace():
            return
        elif self._topic is None:
            if self._outside is None:
                raise self._stray(text, "text outside of topics")
        elif self._topic.wrap == "top" or self._topic.fields:
            raise self._stray(text, "text in no field of its topic")
        else:
            self._topic.direct.append(text.text)

    def _stray(self, text: Text, what: str) -> InputError:
        before = len(text.text) - len(text.text.lstrip())
        line = text.line + text.text.count("\n", 0, before)
        return self._error(line, f"{what}: {text.text.strip()[:80]!r}")

    def _finished(self, end: Tag) -> tuple[int, str, str]:
        """Line, id and text of the topic that the tag ends."""
        topic = self._topic
        assert topic is not None
        self._unclosed += not end.closes
        self._topic, self._open, self._tags = None, "", 0
        return topic.line, self._number(topic), self._text(topic)

    def _number(self, topic: _Topic) -> str:
        found = {name: " ".join("".join(topic.fields[name][1]).split()) for name in NUMBERS if name in topic.fields}
        numbers = {re.sub(r"(?i)^number\s*:\s*", "", text) for text in found.values()} | {topic.number}
        numbers.discard("")
        if len(numbers) != 1:
            problem = (
                f"a topic of two numbers: {', '.join(sorted(numbers))[:80]}" if numbers else "a topic without number"
            )
            raise self._error(topic.line, problem)
        (number,) = numbers
        number = re.sub(r"^MB(?=[0-9]+$)", "", number)  # TREC Microblog's qrels have no prefix
        return number.lstrip("0") or "0" if number.isascii() and number.isdigit() else number

    def _text(self, topic: _Topic) -> str:
        named = [name for name in TEXTS if name in topic.fields]
        if len(named) > 1:
            problem = f"a topic with both <{named[0]}> and <{named[1]}>"
            raise self._error(topic.line, problem, "Keep the one that is to be searched")
        if not named and SUMMARY in topic.fields:
            self._summaries += 1
            named = [SUMMARY]
        if named:
            text = "".join(topic.fields[named[0]][1])
        elif topic.direct and not topic.fields.keys() - NUMBERS:
            text = "".join(topic.direct)
        else:
            has = ", ".join(f"<{name}>" for name in topic.fields) or "nothing"
            raise self._error(topic.line, f"a topic without title: it has {has[:80]}")
        if OPERATOR.match(text):
            raise self._error(topic.line, f"a query in Indri's language: {text.strip()[:80]!r}", "Write plain words")
        return re.sub(r"^\s*Topic\s*:", "", text) if topic.wrap == "top" else text
