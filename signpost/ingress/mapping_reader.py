"""Reads a vendor's mapping file strictly: reports all problems at once with file, line, column and a suggestion."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.ingress.expression_reader import NOTHING
from signpost.ingress.expressions import Expression, Text
from signpost.ingress.formats import Formats
from signpost.ingress.mapping import (
    EventMapping,
    EventTemplate,
    Group,
    Handshake,
    Pings,
    Sample,
    Vendor,
)
from signpost.ingress.part_reader import TURNS, PartReader
from signpost.ingress.signatures import ALGORITHMS, ENCODINGS, KEYS, PART, PLACES, SCHEMES, UNITS, Scheme
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.reading import schema_loader
from signpost.suggestions import meant
from signpost.yaml_files.problems import FileError, Problems
from signpost.yaml_files.reader import Node, read

FILE_KEYS: Final = (
    "title", "attested", "fetch", "signature", "success", "event", "pings", "handshake", "formats", "employer",
    "custom", "words", "order", "occurrence", "shapes", "events", "ignored", "samples", "speaks_ours",
)  # fmt: skip
EVENT_KEYS: Final = ("on", "when", "let", "require", "each", "subject", "emit")
_TOUCHING: Final = re.compile(r"\}\{(?!timestamp\})")
TEMPLATE_KEYS: Final = (
    "type", "id", "subject", "when", "time", "as_of", "opening", "data", "terms", "only_with_terms", "each",
)  # fmt: skip
SCHEME_KEYS: Final = tuple(option.name for option in fields(Scheme))


class MappingError(FileError):
    """A mapping file has problems; the message lists each with its position."""


def load_mapping(file: Path, samples: Path | None = None) -> Vendor:
    """Return the vendor of a mapping file, named after the file. Raises MappingError.

    `samples` is the folder of its samples; the default is `samples/NAME/` beside the file.
    """
    problems = Problems()
    root = read(file, file.name, problems)
    vendor = (
        _MappingReader(problems, file, samples or file.parent / "samples" / file.stem).vendor(root) if root else None
    )
    if vendor is None or problems.found:
        raise MappingError(problems.found)
    return vendor


class _MappingReader(PartReader):
    """Reads one file."""

    def __init__(self, problems: Problems, file: Path, samples: Path) -> None:
        super().__init__(problems)
        self._file, self._samples = file, samples
        self._shapes: dict[str, Node] = {}

    def vendor(self, root: Node) -> Vendor:
        """Read the whole file."""
        members = self.members(root, "a mapping", FILE_KEYS, ("title", "attested", "signature", "samples"))
        words = self.members(members["words"], "words") if "words" in members else {}
        self.words = {name: self.table(node) for name, node in words.items()}
        self._shapes = self.members(members["shapes"], "shapes") if "shapes" in members else {}
        return Vendor(
            name=self._file.stem,
            title=self.text(members.get("title"), "title"),
            attested=self.text(members.get("attested"), "attested"),
            fetch=self.text(members.get("fetch"), "fetch"),
            scheme=self._scheme(members.get("signature")),
            success=self._success(members.get("success")),
            event=self.expression(members["event"]) if "event" in members else None,
            pings=self._pings(members.get("pings")),
            handshake=self._handshake(members.get("handshake")),
            formats=self._formats(members.get("formats")),
            employer=self.employer(members.get("employer")),
            custom=self.custom(members.get("custom")),
            mappings=self._mappings(members.get("events")),
            ignored=self._ignored(members.get("ignored")),
            samples=self._samples_of(members.get("samples")),
            order=self.order(members.get("order")),
            occurrence=self.expression(members["occurrence"]) if "occurrence" in members else None,
            speaks_ours=self._flag(members.get("speaks_ours")),
            file=self._file,
        )

    def _flag(self, node: Node | None) -> bool:
        if node is not None and not isinstance(node.value, bool):
            self.problems.add("R006", node.position, "this must be true or false")
        return node is not None and node.value is True

    def _one_of(self, node: Node | None, words: Iterable[str], what: str) -> str:
        text, known = self.text(node, what), tuple(words)
        if node is not None and text not in known:
            self.problems.add("R013", node.position, f"{text!r} is not a known {what}", meant(text, known))
        return text if text in known else known[0]

    def _success(self, node: Node | None) -> int:
        if node is None:
            return 202
        if not isinstance(node.value, int) or not 200 <= node.value <= 299:
            self.problems.add("R021", node.position, "success must be a status from 200 to 299")
            return 202
        return node.value

    def _scheme(self, node: Node | None) -> Scheme:
        if node is None:
            return SCHEMES["body"]
        members = self.members(node, "signature", ("scheme", *SCHEME_KEYS), ("scheme",))
        chosen = SCHEMES[self._one_of(members.pop("scheme", None), SCHEMES, "scheme")]
        scheme = replace(chosen, **{name: self._option(name, inner) for name, inner in members.items()})
        invalid = [text for text in scheme.messages if not PART.search(text) or "{" in PART.sub("", text)]
        place, _, name = scheme.timestamp.partition(":")
        if invalid or (scheme.timestamp and (place not in PLACES or not name)):
            hint = "messages consist of {body}, {timestamp}, {header:NAME}, {member:PATH}, {raw:NAME}; a timestamp is "
            self.problems.add(
                "R022", node.position, "this scheme signs nothing", hint + "header:NAME, member:PATH or item:PREFIX"
            )
        for text in filter(_TOUCHING.search, scheme.messages):
            hint = "write a separator between them; only {timestamp}, which is canonical, may follow a part directly"
            self.problems.add("R022", node.position, f"parts of the message {text!r} touch", hint)
        return scheme

    def _option(self, name: str, node: Node) -> Any:
        if name == "wrapped":
            return self._flag(node)
        if name in ("messages", "needs"):
            return self.texts(node, name)
        words = {"algorithm": ALGORITHMS, "encoding": ENCODINGS, "unit": UNITS, "key": KEYS}.get(name)
        if words is not None:
            return self._one_of(node, words, name)
        text = self.text(node, name)
        return text.lower() if name == "header" else text

    def _formats(self, node: Node | None) -> Formats:
        members = self.members(node, "formats", ("unit", "month_first", "zone")) if node else {}
        zone = self.text(members.get("zone"), "zone")
        unit = self._one_of(members.get("unit"), UNITS, "unit")
        return Formats(unit, self._flag(members.get("month_first")), self._zone(members, zone) if zone else None)

    def _zone(self, members: Mapping[str, Node], name: str) -> ZoneInfo | None:
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            self.problems.add(
                "R021",
                members["zone"].position,
                f"{name!r} is not a time zone",
                "write an IANA name, like Europe/Paris",
            )
            return None

    def _pings(self, node: Node | None) -> Pings:
        members = self.members(node, "pings", ("events", "bodies", "unsigned")) if node else {}
        bodies = members["bodies"].plain() if "bodies" in members else []
        return Pings(self.texts(members.get("events"), "events"), tuple(bodies), self._flag(members.get("unsigned")))

    def _handshake(self, node: Node | None) -> Handshake | None:
        if node is None:
            return None
        members = self.members(node, "handshake", ("header", "status"), ("header",))
        return Handshake(self.text(members.get("header"), "header"), self._success(members.get("status")))

    def _ignored(self, node: Node | None) -> dict[str, str]:
        members = self.members(node, "ignored") if node else {}
        return {name: self.text(inner, "the reason") for name, inner in members.items()}

    def _mappings(self, node: Node | None) -> dict[str, EventMapping]:
        if node is None:
            return {}
        if not isinstance(node.value, list):
            self.problems.add("R006", node.position, "events must be a list")
            return {}
        found: dict[str, EventMapping] = {}
        for inner in node.value:
            members = self.members(inner, "an event", EVENT_KEYS, ("on", "emit"))
            mapping = self._mapping(members)
            for name in self.texts(members.get("on"), "on"):
                if name in found:
                    self.problems.add("R004", inner.position, f"{name!r} is mapped twice", "keep one, or join them")
                found[name] = mapping
        return found

    def _mapping(self, members: Mapping[str, Node]) -> EventMapping:
        let = self.expressions(members.get("let"), "let")
        require = self.texts(members.get("require"), "require")
        for name in require:
            if name not in let:
                self.problems.add(
                    "R023",
                    members["require"].position,
                    f"require names {name!r}, which let does not define",
                    meant(name, let),
                )
        groups = self._groups(members.get("emit"), members.get("subject"))
        return EventMapping(self.condition(members.get("when")), let, require, self._each(members.get("each")), groups)

    def _each(self, node: Node | None) -> tuple[str, Expression] | None:
        pairs = list(self.expressions(node, "each").items())
        if node is not None and len(pairs) != 1:
            self.problems.add("R006", node.position, "each must have one name with the path of a list")
        return pairs[0] if pairs else None

    def _groups(self, node: Node | None, subject: Node | None) -> tuple[Group, ...]:
        nodes = [] if node is None else node.value if isinstance(node.value, list) else [node]
        return tuple(self._group(inner, subject) for inner in nodes)

    def _group(self, node: Node, subject: Node | None) -> Group:
        if not isinstance(node.value, str):
            return Group({}, (self._template(node, subject),))
        if node.value not in self._shapes:
            self.problems.add(
                "R023", node.position, f"there is no shape {node.value!r}", meant(node.value, self._shapes)
            )
            return Group({}, ())
        members = self.members(self._shapes[node.value], "a shape", ("let", "emit"), ("emit",))
        templates = members["emit"].value if "emit" in members and isinstance(members["emit"].value, list) else []
        return Group(
            self.expressions(members.get("let"), "let"), tuple(self._template(inner, subject) for inner in templates)
        )

    def _template(self, node: Node, subject: Node | None) -> EventTemplate:
        members = self.members(node, "an emitted event", TEMPLATE_KEYS, ("type", "id"))
        kind = self._one_of(members.get("type"), EVENT_SCHEMAS, "event type")
        about = members.get("subject", subject)
        if about is None:
            self.problems.add("R011", node.position, "the event has no subject", "set subject here or beside emit")
        if "type" in members and members["type"].value == kind:
            self._check_fields(kind, members)
        return EventTemplate(
            type=kind,
            id=self.template(members["id"]) if "id" in members else Text(()),
            subject=self.expression(about) if about else NOTHING,
            when=self.condition(members.get("when")),
            time=self.expression(members["time"]) if "time" in members else None,
            data=self.expressions(members.get("data"), "data"),
            terms=self.expressions(members.get("terms"), "terms"),
            only_with_terms=self._flag(members.get("only_with_terms")),
            each=self._each(members.get("each")),
            as_of=self.expression(members["as_of"]) if "as_of" in members else None,
            turn=TURNS[self._one_of(members.get("opening"), TURNS, "opening")],
        )

    def _check_fields(self, kind: str, members: Mapping[str, Node]) -> None:
        known = schema_loader(EVENT_SCHEMAS[kind]).fields
        for node in (members[part] for part in ("data", "terms") if part in members):
            for name in _names(node):
                if name not in known:
                    at = node.key_position(name)
                    self.problems.add("R020", at, f"{kind} has no field {name!r}", meant(name, known))
                    node.value.pop(name)
        for name, (_, field) in known.items():
            if field.required and name not in _names(members.get("data")):
                self.problems.add("R011", members["type"].position, f"{kind} needs {name!r} in its data")

    def _samples_of(self, node: Node | None) -> tuple[Sample, ...]:
        if node is None or not isinstance(node.value, list):
            return ()
        return tuple(self._sample(inner) for inner in node.value)

    def _sample(self, node: Node) -> Sample:
        members = self.members(
            node, "a sample", ("file", "attested", "headers", "gives"), ("file", "attested", "gives")
        )
        file = self._samples / self.text(members.get("file"), "file")
        if "file" in members and not file.is_file():
            self.problems.add("R023", members["file"].position, f"there is no {file.name} in {self._samples.name}/")
        headers = {name: self.text(inner, name) for name, inner in self._headers(members)}
        gives = self.texts(members.get("gives"), "gives")
        for name in gives:
            if name not in EVENT_SCHEMAS:
                self.problems.add(
                    "R013", members["gives"].position, f"{name!r} is not a known event type", meant(name, EVENT_SCHEMAS)
                )
        return Sample(file, self.text(members.get("attested"), "attested"), headers, gives)

    def _headers(self, members: Mapping[str, Node]) -> Iterable[tuple[str, Node]]:
        return self.members(members["headers"], "headers").items() if "headers" in members else ()


def _names(node: Node | None) -> list[str]:
    return list(node.value) if node is not None and isinstance(node.value, dict) else []
