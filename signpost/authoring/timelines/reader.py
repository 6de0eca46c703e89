"""Reads timelines from YAML: events and expectations at virtual times. Reports every malformed line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from signpost.authoring.timelines.expectations import SHAPES, check_value
from signpost.case.event import Event
from signpost.case.fold import CUSTOM
from signpost.case.instant import parse_instant
from signpost.ingress.event_types import meant_by_author
from signpost.rulebook.strays import RULES, SUFFIXES, kind_of
from signpost.rulebook.values import parse_duration
from signpost.schemas import EVENT_SCHEMAS, written_offsets
from signpost.schemas import Problem as DataProblem
from signpost.schemas.custom import NONE_DECLARED, OwnKinds, check_custom
from signpost.schemas.own_places import hints_for_misplaced
from signpost.schemas.problems import problems_of
from signpost.suggestions import IS_MISSING, is_misspelt, meant, stand_in
from signpost.yaml_files.problems import FileError, Position, Problems
from signpost.yaml_files.reader import Node, parse, read_bytes

TENANT = "timeline"
SOURCE = "timeline"
TIMELINE_KEYS = ("name", "start", "candidate", "params", "events", "expect")
TIMELINES_FOLDER = "timelines"
"""A folder of this name contains only timelines and SURVIVORS_FILE."""
SURVIVORS_FILE = "survivors.yaml"
"""Accepted survivors of a mutation run; not a timeline file."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event and when it arrives (microseconds)."""

    at: int
    event: Event
    position: Position


@dataclass(frozen=True, slots=True)
class Expectation:
    """The advice expected at an instant: one kind of expectation with its value."""

    at: int
    label: str
    kind: str
    value: Any
    position: Position


@dataclass(slots=True)
class Timeline:
    """One timeline; arrivals and expectations are sorted by virtual time."""

    name: str
    candidate: str
    params: Mapping[str, Mapping[str, Any]]
    position: Position
    start: int = 0
    arrivals: list[Arrival] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)


class TimelineError(FileError):
    """The files contain no timelines or malformed ones."""


def find_timelines(paths: Sequence[Path], own: OwnKinds | None = None) -> list[Timeline]:
    """All timelines in the given files and folders. `own`: the fields that the rulebook declares; None: unchecked.

    Raises TimelineError if one is malformed or there is none.
    """
    problems = Problems()
    timelines: list[Timeline] = []
    _report_strays(paths, problems)
    for file, required in _files(paths).values():
        timelines += _read_file(file, problems, own, required=required)
    if not timelines and not problems.found:
        problems.add(
            "R002",
            Position(", ".join(map(str, paths)) or ".", 1, 1),
            "no timeline is here",
            "give files or folders with `timelines:`",
        )
    if problems.found:
        raise TimelineError(problems.found)
    return timelines


def _files(paths: Sequence[Path]) -> dict[Path, tuple[Path, bool]]:
    """Where each file really is -> how it was reached first, and whether it must hold timelines. A file that several
    paths reach counts once."""
    files: dict[Path, tuple[Path, bool]] = {}
    for path in paths:
        if not path.is_dir():
            files.setdefault(path.resolve(), (path, True))
            continue
        for file in sorted(path.rglob("*.yaml")):
            if file.name != SURVIVORS_FILE:
                files.setdefault(file.resolve(), (file, file.parent.name == TIMELINES_FOLDER))
    return files


def _report_strays(paths: Sequence[Path], problems: Problems) -> None:
    """Report files in a folder of timelines that end in `.yml`, which nothing reads."""
    for folder in (path for path in paths if path.is_dir()):
        for file in sorted(one for one in folder.rglob("*") if one.suffix.lower() in SUFFIXES):
            if file.suffix != ".yaml" and file.parent.name == TIMELINES_FOLDER and file.is_file():
                where = Position(str(file), 1, 1)
                problems.add("R007", where, "this file is not read", f"call it {file.stem}.yaml")


def _read_file(path: Path, problems: Problems, own: OwnKinds | None, *, required: bool) -> list[Timeline]:
    if not path.is_file():
        problems.add("R002", Position(str(path), 1, 1), "there is no such file")
        return []
    data = read_bytes(path, str(path), problems)
    if data is None or not (required or data.lstrip().startswith(b"timelines:") or b"\ntimelines:" in data):
        return []
    root = parse(data, str(path), problems)
    if root is None:
        return []
    if (
        not isinstance(root.value, dict)
        or set(root.value) != {"timelines"}
        or not isinstance(root.value["timelines"].value, list)
    ):
        hint = f"it holds rules: move it out of {TIMELINES_FOLDER}/" if kind_of(path)[0] == RULES else ""
        problems.add("R006", root.position, "a timeline file is `timelines:` with a list", hint)
        return []
    timelines = [_TimelineReader(problems, own).timeline(node) for node in root.value["timelines"].value]
    _refuse_repeats(timelines, problems)
    return timelines


def _refuse_repeats(timelines: Sequence[Timeline], problems: Problems) -> None:
    """Report a name that two timelines of a file have: commands select one by its name, as FILE:NAME."""
    first: dict[str, Timeline] = {}
    for one in timelines:
        other = first.setdefault(one.name, one)
        if one.name and other is not one:
            message = f"the timeline {one.name!r} stands already at line {other.position.line}"
            problems.add("R012", one.position, message, "give it another name")


class _TimelineReader:
    def __init__(self, problems: Problems, own: OwnKinds | None) -> None:
        self.problems, self.own = problems, own
        self.start = 0
        self.start_text = ""
        self.candidate = "c-1"

    def timeline(self, node: Node) -> Timeline:
        if not self._mapping(node, TIMELINE_KEYS, ("name", "start", "events", "expect")):
            return Timeline("", "c-1", {}, node.position)
        self.start = self._instant(node.value["start"])
        self.start_text = str(node.value["start"].value)
        self.candidate = str(node.value["candidate"].value) if "candidate" in node.value else "c-1"
        name = str(node.value["name"].value)
        timeline = Timeline(name, self.candidate, self._params(node), node.position, self.start)
        for number, item in enumerate(self._list(node.value["events"])):
            arrival = self._arrival(item, number)
            if arrival is not None:
                timeline.arrivals.append(arrival)
        for item in self._list(node.value["expect"]):
            timeline.expectations += self._expectations(item)
        if node.value["expect"].value == []:
            self.problems.add("R002", node.position, f"the timeline {timeline.name!r} expects nothing")
        timeline.arrivals.sort(key=lambda arrival: arrival.at)
        timeline.expectations.sort(key=lambda expectation: expectation.at)
        return timeline

    def _params(self, node: Node) -> Mapping[str, Mapping[str, Any]]:
        """Overrides of rule parameters: rule -> parameter -> value."""
        block = node.value.get("params")
        if block is None:
            return {}
        if not isinstance(block.value, dict) or not all(isinstance(rule.value, dict) for rule in block.value.values()):
            self.problems.add("R006", block.position, "params is a mapping of rules to {parameter: value}")
            return {}
        return {rule: values.plain() for rule, values in block.value.items()}

    def _arrival(self, node: Node, number: int) -> Arrival | None:
        if not self._mapping(node, None, ("at", "type")):
            return None
        type_ = str(node.value["type"].value)
        if type_ not in EVENT_SCHEMAS:
            self.problems.add(
                "R013", node.value["type"].position, f"there is no event {type_!r}", meant_by_author(type_)
            )
            return None
        data = {
            key: value.plain()
            for key, value in node.value.items()
            if key not in ("at", "type", "sent", "id", "subject")
        }
        at = self._time(node.value["at"])
        sent = self._time(node.value["sent"]) if "sent" in node.value else at
        id = str(node.value["id"].value) if "id" in node.value else f"e-{number + 1}"
        subject = str(node.value["subject"].value) if "subject" in node.value else self.candidate
        try:
            loaded = EVENT_SCHEMAS[type_]().load(data)
        except ValidationError as error:
            misplaced = hints_for_misplaced(type_, self.own or NONE_DECLARED)
            for problem in problems_of(EVENT_SCHEMAS[type_](), error.messages_dict, "", misplaced=misplaced):
                self._invalid_field(type_, node, problem)
            return None
        if CUSTOM in loaded and self.own is not None:
            loaded[CUSTOM] = self._custom(type_, node.value[CUSTOM], self.own)
        offsets = written_offsets({"time": self.start_text, "data": data})
        return Arrival(
            sent, Event(TENANT, SOURCE, id, type_, at, subject, dict(loaded), offsets=offsets), node.position
        )

    def _invalid_field(self, type_: str, node: Node, problem: DataProblem) -> None:
        """Report a problem of an event at the field that its pointer names."""
        name = problem.pointer.split("/")[1] if problem.pointer else ""
        if name not in node.value and is_misspelt(name, node.value, (*EVENT_SCHEMAS[type_]().fields, "at", "type")):
            return  # reported as the field that is not known
        where = node.key_position(name) if name in node.value else node.position
        field = problem.pointer[1:].replace("/", ".")
        self.problems.add("R021", where, f"{type_}: {field and field + ' '}{problem.message}")

    def _custom(self, type_: str, node: Node, own: OwnKinds) -> dict[str, Any]:
        """The values of the fields that the rulebook declares."""
        found: list[DataProblem] = []
        custom = check_custom(node.plain(), own, type_.partition(".")[0], found)
        for problem in found:
            name = problem.pointer.split("/")[3]
            self.problems.add("R021", node.key_position(name), f"{type_}: {name} {problem.message}")
        return custom

    def _expectations(self, node: Node) -> list[Expectation]:
        if not self._mapping(node, ("at", *SHAPES), ("at",)):
            return []
        at, label = self._time(node.value["at"]), str(node.value["at"].value)
        expectations = [
            Expectation(at, label, key, value.plain(), value.position)
            for key, value in node.value.items()
            if key in SHAPES and check_value(key, value, self.problems)
        ]
        if node.value.keys() <= {"at"}:
            self.problems.add(
                "R002",
                node.position,
                "this expectation expects nothing",
                "say includes, excludes, exactly, priority, due or because",
            )
        return expectations

    def _mapping(self, node: Node, known: tuple[str, ...] | None, required: tuple[str, ...]) -> bool:
        if not isinstance(node.value, dict):
            self.problems.add("R006", node.position, "a mapping is expected here")
            return False
        stands_for = stand_in(node.value, known or node.value, required)
        for key in node.value:
            if known is not None and key not in known:
                hint = IS_MISSING.format(stands_for[key]) if key in stands_for else meant(key, known)
                self.problems.add("R010", node.key_position(key), f"there is no key {key!r} here", hint)
        missing = [key for key in required if key not in node.value]
        for key in missing:
            if key not in stands_for.values() and not is_misspelt(key, node.value, known or ()):
                self.problems.add("R011", node.position, f"{key!r} is missing")
        return not missing

    def _list(self, node: Node) -> list[Node]:
        if not isinstance(node.value, list):
            self.problems.add("R006", node.position, "a list is expected here")
            return []
        return node.value

    def _instant(self, node: Node) -> int:
        try:
            return parse_instant(str(node.value))
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            self.problems.add("R021", node.position, message, hint)
            return 0

    def _time(self, node: Node) -> int:
        """A virtual time, given as a duration since the start."""
        duration = parse_duration(str(node.value))
        if duration is None or duration.business_days:
            self.problems.add(
                "R021", node.position, f"{node.value!r} is no virtual time", "write for example 90m, 36h or 5d1h"
            )
            return self.start
        return self.start + duration.total
