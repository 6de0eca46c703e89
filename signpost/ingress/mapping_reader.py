"""Reads a vendor's mapping file strictly: every problem in one pass, each with file, line, column and a suggestion."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from signpost.ingress.expression_reader import NOTHING, ExpressionReader
from signpost.ingress.expressions import Amount, Expression, Formats, Text
from signpost.ingress.mapping import Custom, EventMapping, EventTemplate, Group, Handshake, Pings, Sample, Vendor
from signpost.ingress.signatures import ALGORITHMS, ENCODINGS, KEYS, PART, PLACES, SCHEMES, UNITS, Scheme
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.reading import schema_loader
from signpost.suggestions import meant
from signpost.yaml_files.problems import FileError, Problems
from signpost.yaml_files.reader import Node, read

FILE: Final = (
    "title", "attested", "fetch", "signature", "success", "event", "pings", "handshake", "formats", "employer",
    "custom", "words", "shapes", "events", "ignored", "samples", "speaks_ours",
)  # fmt: skip
EVENT_KEYS: Final = ("on", "when", "let", "require", "each", "subject", "emit")
TELLING: Final = ("type", "id", "subject", "when", "time", "data", "terms", "only_with_terms", "each")
OPTIONS: Final = tuple(option.name for option in fields(Scheme))


class MappingError(FileError):
    """A mapping file that cannot be used."""


def load_mapping(file: Path, samples: Path | None = None) -> Vendor:
    """The vendor of a mapping file, named as the file is; its samples lie in `samples`, by itself the folder of that
    name under `samples/` beside the file. Raises MappingError."""
    problems = Problems()
    root = read(file, file.name, problems)
    vendor = (
        _MappingReader(problems, file, samples or file.parent / "samples" / file.stem).vendor(root) if root else None
    )
    if vendor is None or problems.found:
        raise MappingError(problems.found)
    return vendor


class _MappingReader(ExpressionReader):
    """One reading of one file."""

    def __init__(self, problems: Problems, file: Path, samples: Path) -> None:
        super().__init__(problems)
        self._file, self._samples = file, samples
        self._shapes: dict[str, Node] = {}

    def vendor(self, root: Node) -> Vendor:
        """The whole file."""
        said = self.members(root, "a mapping", FILE, ("title", "attested", "signature", "samples"))
        words = self.members(said["words"], "words") if "words" in said else {}
        self.words = {name: self.table(node) for name, node in words.items()}
        self._shapes = self.members(said["shapes"], "shapes") if "shapes" in said else {}
        return Vendor(
            name=self._file.stem,
            title=self.text(said.get("title"), "title"),
            attested=self.text(said.get("attested"), "attested"),
            fetch=self.text(said.get("fetch"), "fetch"),
            scheme=self._scheme(said.get("signature")),
            success=self._success(said.get("success")),
            event=self.expression(said["event"]) if "event" in said else None,
            pings=self._pings(said.get("pings")),
            handshake=self._handshake(said.get("handshake")),
            formats=self._formats(said.get("formats")),
            employer=self._employer(said.get("employer")),
            custom=self._custom(said.get("custom")),
            mappings=self._readings(said.get("events")),
            ignored=self._ignored(said.get("ignored")),
            samples=self._samples_of(said.get("samples")),
            speaks_ours=self._flag(said.get("speaks_ours")),
            file=self._file,
        )

    def _flag(self, node: Node | None) -> bool:
        if node is not None and not isinstance(node.value, bool):
            self.problems.add("R006", node.position, "this must be true or false")
        return node is not None and node.value is True

    def _one_of(self, node: Node | None, words: Iterable[str], what: str) -> str:
        text, known = self.text(node, what), tuple(words)
        if node is not None and text not in known:
            self.problems.add("R013", node.position, f"{text!r} is no {what}", meant(text, known))
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
        said = self.members(node, "signature", ("scheme", *OPTIONS), ("scheme",))
        chosen = SCHEMES[self._one_of(said.pop("scheme", None), SCHEMES, "scheme")]
        scheme = replace(chosen, **{name: self._option(name, inner) for name, inner in said.items()})
        wrong = [text for text in scheme.messages if not PART.search(text) or "{" in PART.sub("", text)]
        place, _, name = scheme.timestamp.partition(":")
        if wrong or (scheme.timestamp and (place not in PLACES or not name)):
            hint = "messages are made of {body}, {timestamp}, {header:NAME}, {member:PATH}, {raw:NAME}; a timestamp is "
            self.problems.add(
                "R022", node.position, "this signs nothing", hint + "header:NAME, member:PATH or item:PREFIX"
            )
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
        said = self.members(node, "formats", ("unit", "month_first", "zone")) if node else {}
        zone = self.text(said.get("zone"), "zone")
        unit = self._one_of(said.get("unit"), UNITS, "unit")
        return Formats(unit, self._flag(said.get("month_first")), self._zone(said, zone) if zone else None)

    def _zone(self, said: Mapping[str, Node], name: str) -> ZoneInfo | None:
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            self.problems.add("R021", said["zone"].position, f"{name!r} is no time zone", "like Europe/Paris")
            return None

    def _pings(self, node: Node | None) -> Pings:
        said = self.members(node, "pings", ("events", "bodies", "unsigned")) if node else {}
        bodies = said["bodies"].plain() if "bodies" in said else []
        return Pings(self.texts(said.get("events"), "events"), tuple(bodies), self._flag(said.get("unsigned")))

    def _handshake(self, node: Node | None) -> Handshake | None:
        if node is None:
            return None
        said = self.members(node, "handshake", ("header", "status"), ("header",))
        return Handshake(self.text(said.get("header"), "header"), self._success(said.get("status")))

    def _employer(self, node: Node | None) -> dict[str, Expression]:
        if node is None:
            return {}
        return {
            name: self.expression(inner)
            for name, inner in self.members(node, "employer", ("id", "name"), ("id",)).items()
        }

    def _custom(self, node: Node | None) -> Custom | None:
        if node is None:
            return None
        said = self.members(node, "custom", ("in", "keys", "value", "money"), ("in", "value"))
        money = self.expression(said["money"]) if "money" in said else None
        parts = [self.expression(said[name]) if name in said else NOTHING for name in ("in", "value")]
        keys = self.texts(said.get("keys"), "keys")
        return Custom(parts[0], keys, parts[1], money if isinstance(money, Amount) else None)

    def _ignored(self, node: Node | None) -> dict[str, str]:
        said = self.members(node, "ignored") if node else {}
        return {name: self.text(inner, "the reason") for name, inner in said.items()}

    def _readings(self, node: Node | None) -> dict[str, EventMapping]:
        if node is None:
            return {}
        if not isinstance(node.value, list):
            self.problems.add("R006", node.position, "events must be a list")
            return {}
        found: dict[str, EventMapping] = {}
        for inner in node.value:
            said = self.members(inner, "an event", EVENT_KEYS, ("on", "emit"))
            mapping = self._reading(said)
            for name in self.texts(said.get("on"), "on"):
                if name in found:
                    self.problems.add("R004", inner.position, f"{name!r} is read twice", "keep one, or join them")
                found[name] = mapping
        return found

    def _reading(self, said: Mapping[str, Node]) -> EventMapping:
        let = self.expressions(said.get("let"), "let")
        require = self.texts(said.get("require"), "require")
        for name in require:
            if name not in let:
                self.problems.add("R023", said["require"].position, f"let has no {name!r}", meant(name, let))
        groups = self._groups(said.get("emit"), said.get("subject"))
        return EventMapping(self.condition(said.get("when")), let, require, self._each(said.get("each")), groups)

    def _each(self, node: Node | None) -> tuple[str, Expression] | None:
        said = list(self.expressions(node, "each").items())
        if node is not None and len(said) != 1:
            self.problems.add("R006", node.position, "each must have one name, and the path of a list")
        return said[0] if said else None

    def _groups(self, node: Node | None, subject: Node | None) -> tuple[Group, ...]:
        nodes = [] if node is None else node.value if isinstance(node.value, list) else [node]
        return tuple(self._group(inner, subject) for inner in nodes)

    def _group(self, node: Node, subject: Node | None) -> Group:
        if not isinstance(node.value, str):
            return Group({}, (self._template(node, subject),))
        if node.value not in self._shapes:
            self.problems.add("R023", node.position, f"no shape {node.value!r}", meant(node.value, self._shapes))
            return Group({}, ())
        said = self.members(self._shapes[node.value], "a shape", ("let", "emit"), ("emit",))
        templates = said["emit"].value if "emit" in said and isinstance(said["emit"].value, list) else []
        return Group(
            self.expressions(said.get("let"), "let"), tuple(self._template(inner, subject) for inner in templates)
        )

    def _template(self, node: Node, subject: Node | None) -> EventTemplate:
        said = self.members(node, "a telling", TELLING, ("type", "id"))
        kind = self._one_of(said.get("type"), EVENT_SCHEMAS, "event of ours")
        about = said.get("subject", subject)
        if about is None:
            self.problems.add("R011", node.position, "nobody is named", "say subject, here or with the event")
        self._check_fields(kind, said)
        return EventTemplate(
            type=kind,
            id=self.template(said["id"]) if "id" in said else Text(()),
            subject=self.expression(about) if about else NOTHING,
            when=self.condition(said.get("when")),
            time=self.expression(said["time"]) if "time" in said else None,
            data=self.expressions(said.get("data"), "data"),
            terms=self.expressions(said.get("terms"), "terms"),
            only_with_terms=self._flag(said.get("only_with_terms")),
            each=self._each(said.get("each")),
        )

    def _check_fields(self, kind: str, said: Mapping[str, Node]) -> None:
        known = schema_loader(EVENT_SCHEMAS[kind]).fields
        for node in (said[part] for part in ("data", "terms") if part in said):
            for name in _names(node):
                if name not in known:
                    at = node.key_position(name)
                    self.problems.add("R020", at, f"{kind} has no field {name!r}", meant(name, known))
                    node.value.pop(name)
        for name, (_, field) in known.items():
            if field.required and name not in _names(said.get("data")) and "type" in said:
                self.problems.add("R011", said["type"].position, f"{kind} needs {name!r} in its data")

    def _samples_of(self, node: Node | None) -> tuple[Sample, ...]:
        if node is None or not isinstance(node.value, list):
            return ()
        return tuple(self._sample(inner) for inner in node.value)

    def _sample(self, node: Node) -> Sample:
        said = self.members(node, "a sample", ("file", "attested", "headers", "gives"), ("file", "attested", "gives"))
        file = self._samples / self.text(said.get("file"), "file")
        if "file" in said and not file.is_file():
            self.problems.add("R023", said["file"].position, f"there is no {file.name} in {self._samples.name}/")
        headers = {name: self.text(inner, name) for name, inner in self._headers(said)}
        gives = self.texts(said.get("gives"), "gives")
        for one in gives:
            if one not in EVENT_SCHEMAS:
                self.problems.add(
                    "R013", said["gives"].position, f"{one!r} is no event of ours", meant(one, EVENT_SCHEMAS)
                )
        return Sample(file, self.text(said.get("attested"), "attested"), headers, gives)

    def _headers(self, said: Mapping[str, Node]) -> Iterable[tuple[str, Node]]:
        return self.members(said["headers"], "headers").items() if "headers" in said else ()


def _names(node: Node | None) -> list[str]:
    return list(node.value) if node is not None and isinstance(node.value, dict) else []
