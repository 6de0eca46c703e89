"""Reads a vendor's mapping file strictly: reports all problems at once with file, line, column and a suggestion."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from signpost.ingress.delivery_reader import DeliveryReader
from signpost.ingress.event_types import meant_type
from signpost.ingress.expression_reader import NOTHING
from signpost.ingress.expressions import Text
from signpost.ingress.mapping import EventMapping, EventTemplate, Group, Loops, Vendor
from signpost.ingress.part_reader import TURNS
from signpost.schemas import EVENT_SCHEMAS
from signpost.schemas.own_places import OWN, TAKE_OWN
from signpost.schemas.reading import schema_loader
from signpost.suggestions import meant, nearest
from signpost.yaml_files.problems import FileError, Problems
from signpost.yaml_files.reader import Node, read

FILE_KEYS: Final = (
    "title", "attested", "fetch", "signature", "success", "event", "pings", "handshake", "formats", "employer",
    "custom", "words", "order", "occurrence", "shapes", "events", "ignored", "samples", "speaks_ours",
    "clock_skew", "retries",
)  # fmt: skip
EVENT_KEYS: Final = ("on", "when", "let", "require", "each", "subject", "emit")
TEMPLATE_KEYS: Final = (
    "type", "id", "subject", "when", "time", "as_of", "opening", "data", "terms", "only_with_terms", "each",
)  # fmt: skip


class MappingError(FileError):
    """A mapping file has problems; the message lists each with its position."""


def load_mapping(file: Path, samples: Path | None = None, *, with_samples: bool = True) -> Vendor:
    """Return the vendor of a mapping file, named after the file. Raises MappingError.

    `samples` is the folder of its samples; the default is `samples/NAME/` beside the file. `with_samples`: whether
    these files must exist.
    """
    problems = Problems()
    root = read(file, file.name, problems)
    reader = _MappingReader(problems, file, samples or file.parent / "samples" / file.stem, with_samples)
    vendor = reader.vendor(root) if root else None
    if vendor is None or problems.found:
        raise MappingError(problems.found)
    return vendor


class _MappingReader(DeliveryReader):
    """Reads one file."""

    def __init__(self, problems: Problems, file: Path, samples: Path, with_samples: bool) -> None:
        super().__init__(problems)
        self._file, self._samples, self._with_samples = file, samples, with_samples
        self._shapes: dict[str, Node] = {}

    def vendor(self, root: Node) -> Vendor:
        """Read the whole file."""
        members = self.members(root, "a mapping", FILE_KEYS, ("title", "attested", "signature", "samples"))
        words = self.members(members["words"], "words") if "words" in members else {}
        self.words = {name: self.table(node) for name, node in words.items()}
        self._shapes = self.members(members["shapes"], "shapes") if "shapes" in members else {}
        vendor = Vendor(
            name=self._file.stem,
            title=self.text(members.get("title"), "title"),
            attested=self.text(members.get("attested"), "attested"),
            fetch=self.text(members.get("fetch"), "fetch"),
            scheme=self.scheme(members.get("signature")),
            success=self.success(members.get("success")),
            event=self.expression(members["event"]) if "event" in members else None,
            pings=self.pings(members.get("pings")),
            handshake=self.handshake(members.get("handshake")),
            formats=self.formats(members.get("formats")),
            employer=self.employer(members.get("employer")),
            custom=self.custom(members.get("custom")),
            mappings=self._mappings(members.get("events")),
            ignored=self._ignored(members.get("ignored")),
            samples=self.samples(members.get("samples"), self._samples, must_exist=self._with_samples),
            order=self.order(members.get("order")),
            occurrence=self.expression(members["occurrence"]) if "occurrence" in members else None,
            speaks_ours=self.flag(members.get("speaks_ours")),
            clock_skew=self.clock_skew(members.get("clock_skew")),
            retries=self.retries(members.get("retries")),
            file=self._file,
        )
        return replace(vendor, places=tuple(self.places), words=tuple(self.word_places))

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

    def _each(self, node: Node | None) -> Loops:
        if node is not None and not _names(node):
            self.problems.add("R006", node.position, 'each must be names with the paths of lists, like {item: "*"}')
            return ()
        return tuple(self.expressions(node, "each").items())

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
        stated = members["type"].value if "type" in members else ""
        hint = meant_type(stated) if isinstance(stated, str) else ""
        kind = self.one_of(members.get("type"), EVENT_SCHEMAS, "event type", hint)
        about = members.get("subject", subject)
        if about is None:
            self.problems.add("R011", node.position, "the event has no subject", "set subject here or beside emit")
        if "type" in members and members["type"].value == kind:
            self._check_fields(kind, members)
        terms = self.expressions(members.get("terms"), "terms")
        return EventTemplate(
            type=kind,
            id=self.template(members["id"]) if "id" in members else Text(()),
            subject=self.expression(about) if about else NOTHING,
            when=self.condition(members.get("when")),
            time=self.expression(members["time"]) if "time" in members else None,
            data=self.expressions(members.get("data"), "data"),
            terms={name: one for name, one in terms.items() if not name.startswith(OWN)},
            only_with_terms=self.flag(members.get("only_with_terms")),
            each=self._each(members.get("each")),
            as_of=self.expression(members["as_of"]) if "as_of" in members else None,
            turn=TURNS[self.one_of(members.get("opening"), TURNS, "opening")],
            custom={name.removeprefix(OWN): one for name, one in terms.items() if name.startswith(OWN)},
        )

    def _check_fields(self, kind: str, members: Mapping[str, Node]) -> None:
        known = schema_loader(EVENT_SCHEMAS[kind]).fields
        for part, node in ((part, members[part]) for part in ("data", "terms") if part in members):
            for name in _names(node):
                is_own = part == "terms" and name.startswith(OWN)
                if name not in known and not (is_own and kind in TAKE_OWN):
                    at = node.key_position(name)
                    hint = (
                        f"events with fields of your own are {', '.join(TAKE_OWN)}"
                        if is_own
                        else _meant(name, known, takes_own=part == "terms" and kind in TAKE_OWN)
                    )
                    self.problems.add("R020", at, f"{kind} has no field {name!r}", hint)
                    node.value.pop(name)
        for name, (_, field) in known.items():
            if field.required and name not in _names(members.get("data")):
                self.problems.add("R011", members["type"].position, f"{kind} needs {name!r} in its data")


def _meant(name: str, known: Collection[str], *, takes_own: bool) -> str:
    """The field of an event, or of one's own, that was meant."""
    own = name.removeprefix("custom_").removeprefix("custom")
    if own and own != name:
        return f"a field of your own is {OWN}{own}"
    is_near = not takes_own or nearest(name, known)
    return "; ".join(filter(None, (meant(name, known), "" if is_near else f"a field of your own is {OWN}{name}")))


def _names(node: Node | None) -> list[str]:
    return list(node.value) if node is not None and isinstance(node.value, dict) else []
