"""The questions that a candidate can be asked, by field of the vocabulary, as `questions.yaml` declares them. It reads
that file and knows no case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from signpost.errors import BugError
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import read

FILE: Final = Path(__file__).parent / "questions.yaml"


@dataclass(frozen=True, slots=True)
class PossibleAnswer:
    """One answer: its text, and the event that states it.

    `type`: short type of the event. `data`: its data without the id of its subject. `fill`: the path in the data of a
    value of the person's own, () if there is none.
    """

    text: str
    type: str
    data: Mapping[str, Any]
    fill: tuple[str, ...] = ()

    def data_with(self, subject: Mapping[str, Any], value: Any = None) -> dict[str, Any]:
        """The data of the event about a subject (`{"offer": "o-1"}`), with the person's value filled in."""
        return {**subject, **self.data, **(_nest(self.fill, value) if self.fill else {})}


@dataclass(frozen=True, slots=True)
class Ask:
    """The question about a field. `given`: what must be known of the same entity for it to make sense."""

    kind: str
    name: str
    text: str
    answers: tuple[PossibleAnswer, ...]
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Redirect:
    """A field that the questions about other fields, (kind, name), answer; `part`: as this part of their value."""

    fields: tuple[tuple[str, str], ...]
    part: str = ""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A field that no question is about."""

    reason: str


Entry = Ask | Redirect | NotAsked


@cache
def entries() -> Mapping[str, Mapping[str, Entry]]:
    """Kind of entity -> field -> its entry. Raises BugError if the file is broken."""
    problems = Problems()
    node = read(FILE, FILE.name, problems)
    if node is None or problems.found:
        raise BugError(f"{FILE.name} cannot be read: {'; '.join(problem.message for problem in problems.found)}")
    document = node.plain()
    events = document.pop("events")
    return {
        kind: {name: _entry(kind, name, entry, events[kind]) for name, entry in fields.items()}
        for kind, fields in document.items()
    }


def asks(kind: str, name: str) -> Iterator[tuple[Ask, str]]:
    """The questions that answer a field, each with the part of its value that the field is ("" for all of it)."""
    entry = entries().get(kind, {}).get(name)
    if isinstance(entry, Ask):
        yield entry, ""
    elif isinstance(entry, Redirect):
        for other_kind, other in entry.fields:
            found = entries()[other_kind][other]
            if isinstance(found, Ask):
                yield found, entry.part


def _entry(kind: str, name: str, entry: Mapping[str, Any], event: str) -> Entry:
    if "not asked" in entry:
        return NotAsked(entry["not asked"])
    if "asked as" in entry:
        names = entry["asked as"] if isinstance(entry["asked as"], list) else [entry["asked as"]]
        return Redirect(tuple(_qualify(kind, other) for other in names), entry.get("part", ""))
    default = entry.get("event", event)
    answers = tuple(_answer(name, answer, default) for answer in entry["answers"])
    return Ask(kind, name, entry["ask"], answers, entry.get("given", {}))


def _answer(name: str, answer: Mapping[str, Any], event: str) -> PossibleAnswer:
    data = answer.get("data", _nest(tuple(name.split(".")), answer["value"]) if "value" in answer else {})
    fill = tuple(answer["fill"].split(".")) if "fill" in answer else ()
    return PossibleAnswer(answer["say"], answer.get("event", event), data, fill)


def _qualify(kind: str, name: str) -> tuple[str, str]:
    """A field of this kind, or, as `candidate.notice_period`, of another."""
    other, _, rest = name.partition(".")
    return (other, rest) if other == "candidate" else (kind, name)


def _nest(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    nested = value
    for name in reversed(path):
        nested = {name: nested}
    return dict(nested)
