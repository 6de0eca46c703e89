"""Own fields: `fields.yaml`, which declares fields of offers, interviews, applications and candidates."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from signpost.facts.vocabulary import KINDS, Field, Vocabulary
from signpost.rulebook.conditions import RESERVED as RESERVED_IN_TEXTS
from signpost.rulebook.folders import Folders, folders_of, name_of
from signpost.rulebook.schema_values import DRAFT, JsonSchema
from signpost.rulebook.strays import strays_in
from signpost.schemas.custom import NAME, OwnKinds
from signpost.schemas.fields import Boolean, Choice, Integer, Kind, Line, Number
from signpost.schemas.formats import Date, Instant
from signpost.schemas.money import Money
from signpost.suggestions import is_misspelt, meant
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node, read, read_bytes

FILE: Final = "fields.yaml"
OWNERS: Final = ("offer", "interview", "application", "candidate")
KEYS: Final = ("type", "label", "visible_to", "choices")
VISIBLE_TO: Final = ("candidate", "employer")


class OwnDate(Date):
    """A day of any year, such as one of birth: no period is counted from it."""

    years = range(1, 10000)


TYPES: Final[Mapping[str, type[Kind]]] = {
    "text": Line,
    "number": Number,
    "boolean": Boolean,
    "money": Money,
    "date": OwnDate,
    "instant": Instant,
    "days": Integer,
    "choice": Choice,
}
REQUIRED: Final = {
    "type": f"write type: {', '.join([*TYPES][:-1])} or {[*TYPES][-1]}",
    "visible_to": "write visible_to: employer if that employer knows the value, else visible_to: candidate",
}
"""Required key -> what to write where it is missing."""
_OF_CANDIDATE: Final = {**REQUIRED, "visible_to": "write visible_to: candidate"}
"""Likewise of the candidate's fields, which no employer sees."""
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CAMEL_CASE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEY: Final = re.compile(r"(?<!\w)(\w[\w -]{0,80})[\"']? ?:")
MAX_NUMBER: Final = 1_000_000_000


def _parts(name: str) -> tuple[str, ...]:
    """Of `benefits.health`: the group, and the whole name as engines write it."""
    return (name.partition(".")[0], name.replace(".", "_")) if "." in name else ()


RESERVED: Final = (
    {*RESERVED_IN_TEXTS, "id", "for", "letter_differences", "other", "others"}
    | {word for kind in KINDS.kinds for word in (kind, f"{kind}s")}
    | {part for _, fields in KINDS.items() for name in fields for part in _parts(name)}
)
"""Names that conditions and texts use for other values."""


def read_own_fields(folders: Folders, problems: Problems) -> Vocabulary:
    """The built-in vocabulary with the fields that the folders declare. Adds all problems to `problems`."""
    reader = _Reader(problems)
    for file in own_field_files(folders):
        before = len(problems.found)
        reader.file(read(file, name_of(file, folders), problems))
        if len(problems.found) > before:
            problems.fields.update(_names_in(file))
    for stray in (one for one in strays_in(folders) if one.kind == FILE):
        stray.report(name_of(stray.path, folders), problems)
        problems.fields.update(_names_in(stray.path))
    return KINDS.with_own({kind: [field for field, _ in fields.values()] for kind, fields in reader.declared.items()})


def declared_kinds(folders: Folders) -> OwnKinds | None:
    """What checks own values in timelines; None (unchecked) where the declarations have a problem of their own."""
    problems = Problems()
    vocabulary = read_own_fields(folders, problems)
    return None if problems.found else vocabulary.own_kinds


def _names_in(file: Path) -> set[str]:
    """Every name that a file with problems may declare: what follows from them in rules is not reported."""
    text = (read_bytes(file, "", Problems()) or b"").decode(errors="replace")
    return set(map(_as_name, _KEY.findall(text)))


def own_field_files(folders: Folders) -> list[Path]:
    """The `fields.yaml` files of the folders."""
    return [file for folder in folders_of(folders) if (file := folder / FILE).is_file()]


def field_file_schema() -> JsonSchema:
    """JSON Schema of `fields.yaml`, for editors. The reader checks more and is authoritative."""
    properties: JsonSchema = {
        "type": {"enum": list(TYPES), "description": "The type of its values; days: a number of days."},
        "label": {"type": "string", "minLength": 1, "description": "The label for readers; default: the name."},
        "visible_to": {"enum": list(VISIBLE_TO), "description": "employer: the employer knows the value too."},
        "choices": {"type": "array", "items": {"type": "string", "pattern": f"^{_WORD.pattern}$"}, "minItems": 1},
    }
    field = {"type": "object", "properties": properties, "required": list(REQUIRED), "additionalProperties": False}
    by_name = {"type": "object", "patternProperties": {f"^{NAME.pattern}$": field}, "additionalProperties": False}
    kinds = {"type": "object", "properties": dict.fromkeys(OWNERS, by_name), "additionalProperties": False}
    return {
        "$schema": DRAFT,
        "title": "Signpost own fields",
        "type": "object",
        "properties": {"fields": kinds},
        "required": ["fields"],
        "additionalProperties": False,
    }


class _Reader(FieldReader):
    """`declared`: kind -> name -> the field and its position."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(problems)
        self.declared: dict[str, dict[str, tuple[Field, Position]]] = {kind: {} for kind in OWNERS}

    def file(self, root: Node | None) -> None:
        if root is None:
            return
        for key, node in self.members(root, FILE, ("fields",)).items():
            for kind, fields in self.members(node, key, OWNERS).items():
                for name, body in self.members(fields, f"the fields of {kind}").items():
                    self._field(kind, name, fields.key_position(name), body)

    def _field(self, kind: str, name: str, where: Position, node: Node) -> None:
        before = len(self.problems.found)
        hints = _OF_CANDIDATE if kind == "candidate" else REQUIRED
        body = self.members(node, f"the field {name}", KEYS, REQUIRED, hints)
        self._check_name(kind, name, where)
        type_ = self._word(body.get("type"), TYPES, "type")
        visible_to = self._word(body.get("visible_to"), VISIBLE_TO, "visible_to")
        choices = self._choices(type_, name, where, body.get("choices")) if not _has_near(node, "choices") else ()
        label = self._label(body.get("label"))
        if kind == "candidate" and visible_to == "employer":
            message = f"{name} is the candidate's, and no employer can see the candidate's own fields"
            self.problems.add("R021", body["visible_to"].position, message, "write visible_to: candidate")
        if type_ and visible_to and (choices or type_ != "choice") and len(self.problems.found) == before:
            own = _kind(type_, choices)
            field = Field(name, type_, choices, visible_to == "candidate", label, own, meaning=_sentence(label or name))
            self.declared[kind][name] = (field, where)

    def _check_name(self, kind: str, name: str, where: Position) -> None:
        if not NAME.fullmatch(name):
            hint = "use lower-case letters, digits and underscores, like probation_period"
            self.problems.add("R012", where, f"a field cannot be called {name!r}", hint)
        elif name in KINDS[kind]:
            hint = "it is shipped: if you mean the same, use it and remove this line; else choose another name"
            self.problems.add("R012", where, f"{kind} has a field {name!r} already", hint)
        elif name in RESERVED:
            self.problems.add("R012", where, f"{name!r} has a meaning in rules already", "choose another name")
        elif name in self.declared[kind]:
            self.problems.add("R012", where, f"{kind}.{name} is declared already at {self.declared[kind][name][1]}")

    def _word(self, node: Node | None, known: Iterable[str], what: str) -> str | None:
        if node is None:
            return None
        if not isinstance(node.value, str) or node.value not in known:
            message = f"{what} cannot be {node.plain()!r}"
            self.problems.add("R013", node.position, message, meant(str(node.plain()), known))
            return None
        return node.value

    def _choices(self, type_: str | None, name: str, where: Position, node: Node | None) -> tuple[str, ...]:
        if (node is not None) != (type_ == "choice"):
            if type_ is not None:
                message = f"the field {name}: `choices` goes with type: choice, and is needed there"
                self.problems.add("R011", node.position if node else where, message)
            return ()
        if node is None:
            return ()
        words = node.plain()
        if not isinstance(words, list) or not words or not all(map(_is_word, words)):
            self._report_choices(node)
            return ()
        if len(set(words)) < len(words):
            self.problems.add("R004", node.position, "a choice is repeated", "keep one")
        return tuple(words)

    def _report_choices(self, node: Node) -> None:
        """Say once what the choices of a field can be, also of those that YAML reads as booleans or numbers."""
        items = node.value if isinstance(node.value, list) else []
        places = {item.position for item in items}
        self.problems.found[:] = [one for one in self.problems.found if one.position not in places]
        hint = "a choice has letters, digits, _ and -, and is neither known nor unknown"
        if any(isinstance(item.value, bool | int) for item in items):
            hint = 'write words like yes, on and 1 in quotes: choices: ["yes", "no"]'
        self.problems.add("R006", node.position, "choices must be a list of words", hint)

    def _label(self, node: Node | None) -> str:
        if node is not None and (not isinstance(node.value, str) or not node.value.strip()):
            self.problems.add("R006", node.position, "label must be a text")
        return node.value if node is not None and isinstance(node.value, str) else ""


def _has_near(node: Node, key: str) -> bool:
    """Whether a declaration has a misspelt key, which is reported as such."""
    return isinstance(node.value, dict) and key not in node.value and is_misspelt(key, node.value, KEYS)


def _as_name(text: str) -> str:
    """The name that rules probably use for a field declared as `text`: `Probation period` or
    `ProbationPeriod` -> `probation_period`."""
    return re.sub(r"[^a-z0-9]+", "_", _CAMEL_CASE.sub("_", text).lower())


def _is_word(value: object) -> bool:
    """Whether conditions can use the value as a choice."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None and value not in ("known", "unknown")


def _sentence(label: str) -> str:
    """The meaning of a field with this label: `probation_period` -> `Probation period.`"""
    words = label.replace("_", " ")
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."


def _kind(type_: str, choices: tuple[str, ...]) -> Kind:
    if type_ == "choice":
        return Choice(*choices)
    if type_ == "number":
        return Number(minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    return TYPES[type_]()
