"""Reads `acts.yaml`: what advice can have a person do, and which acts take the place of others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from signpost.names import AUDIENCES
from signpost.rulebook.folders import ADDED, Folders, folders_of, name_of
from signpost.rulebook.typed_rule import Act, Reach
from signpost.suggestions import meant
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import Node, read

FILE: Final = "acts.yaml"
KEYS: Final = ("means", "by", "with", "replaces")
REACHES: Final = tuple(reach.value for reach in Reach)


@dataclass(frozen=True, slots=True)
class Acts:
    """Acts by name, in the order of the file. `counterparts`: whom each act can address; `doers`: the only audience
    that can do it, for those that not everybody can."""

    known: Mapping[str, Act] = field(default_factory=dict)
    counterparts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    doers: Mapping[str, str] = field(default_factory=dict)

    def phrases(self) -> dict[str, str]:
        """What a rule can write as its act -> its meaning: `ask employer`."""
        return {
            f"{name} {other}".strip(): self.meanings[name]
            for name in self.known
            for other in self.counterparts[name] or ("",)
        }

    def of(self, rule: Node, problems: Problems) -> Act | None:
        """The act that a rule declares, if any; reports an unknown one."""
        node = rule.value.get("act")
        if node is None:
            return None
        name, _, other = str(node.value).partition(" ")
        act, others = self.known.get(name), self.counterparts.get(name, ())
        if act is None or (other not in others if others else other):
            problems.add("R057", node.position, f"there is no act {node.value!r}", self._hint(str(node.value), name))
            return None
        reader, doer = _reader_of(rule), self.doers.get(name)
        if other == reader:
            message = f"the act {node.value!r} is one with the {other}, who reads the advice of this rule"
            problems.add("R057", node.position, message, f"audience: {next(one for one in AUDIENCES if one != other)}?")
            return None
        if doer and reader in AUDIENCES and doer != reader:
            message = f"the act {node.value!r} is one of the {doer}, and the {reader} reads the advice of this rule"
            problems.add("R057", node.position, message, f"audience: {doer}?")
            return None
        return Act(act.name, act.rank, act.replaces, other or None)

    def _hint(self, phrase: str, name: str) -> str:
        """What may be meant by an unknown phrase that starts with `name`."""
        if not self.known:
            return f"declare it in {FILE}, or use those of the shipped rules: {ADDED} for a folder DIR"
        ways = [f"{name} {other}" for other in self.counterparts.get(name, ())] or [name]
        return meant(phrase, ways if name in self.known else self.phrases()) or f"{FILE} lists the known ones"


def _reader_of(rule: Node) -> str:
    """Who reads the advice of a rule."""
    audience = rule.value.get("audience")
    return AUDIENCES[0] if audience is None else str(audience.value)


def read_acts(folders: Folders, problems: Problems) -> Acts:
    """The acts of all folders: those of a later folder follow those of the first. Adds all problems to `problems`."""
    reader = _Reader(problems)
    for folder in folders_of(folders):
        file = folder / FILE
        root = read(file, name_of(file, folders), problems) if file.is_file() else None
        if root is not None:
            reader.file(root)
    return Acts(reader.acts(), reader.counterparts, reader.meanings, reader.doers)


class _Reader(FieldReader):
    def __init__(self, problems: Problems) -> None:
        super().__init__(problems)
        self.counterparts: dict[str, tuple[str, ...]] = {}
        self.meanings: dict[str, str] = {}
        self.doers: dict[str, str] = {}
        self.replaces: dict[str, list[tuple[Reach, str, Position]]] = {}

    def file(self, root: Node) -> None:
        block = self.members(root, FILE, ("acts",), ("acts",)).get("acts")
        for name, node in (self.members(block, "acts") if block else {}).items():
            body = self.members(node, f"the act {name}", KEYS, ("means",))
            if name in self.meanings:
                self.problems.add("R012", node.position, f"the act {name} is declared already", "keep one")
            self.meanings[name] = self.text(body.get("means"), "means")
            if "by" in body:
                self._doer(name, body["by"])
            self.counterparts[name] = self.texts(body.get("with"), "with")
            self.replaces[name] = self._replaces(body["replaces"]) if "replaces" in body else []

    def _doer(self, name: str, node: Node) -> None:
        if node.value in AUDIENCES:
            self.doers[name] = node.value
        else:
            hint = meant(str(node.value), AUDIENCES)
            self.problems.add("R013", node.position, f"by cannot be {node.value!r}", hint)

    def _replaces(self, node: Node) -> list[tuple[Reach, str, Position]]:
        return [
            (Reach(reach), other.value, other.position)
            for reach, others in self.members(node, "replaces", REACHES).items()
            for other in (others.value if isinstance(others.value, list) else [others])
        ]

    def acts(self) -> dict[str, Act]:
        """An act replaces only acts after it, so that no two replace each other; of one act on two subjects, the later
        subject counts."""
        ranks = {name: rank for rank, name in enumerate(self.meanings)}
        for name, replaced in self.replaces.items():
            for reach, other, where in replaced:
                if other not in ranks:
                    self.problems.add("R058", where, f"there is no act {other!r}", meant(str(other), ranks))
                elif ranks[other] < ranks[name] or (other == name and reach != Reach.OTHER_SUBJECT):
                    hint = "an act replaces only acts further down"
                    self.problems.add("R058", where, f"{name} cannot replace {other}, which is not after it", hint)
        return {
            name: Act(name, ranks[name], tuple((reach, other) for reach, other, _ in self.replaces[name]))
            for name in ranks
        }
