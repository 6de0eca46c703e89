"""Finds files that are part of a rulebook by what they hold, but have another name or place than is read."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from signpost.names import SUBJECTS
from signpost.rulebook.folders import OTHER_FILES, Folders, folders_of, is_topic, name_of
from signpost.suggestions import nearest
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import read_bytes

RULES: Final = "rules"
TIMELINES: Final = "timelines"
"""The key of a timeline file, and the folder in which it belongs."""
SUFFIXES: Final = (".yaml", ".yml")
_HEADS: Final = {
    "sources.yaml": {"articles", "norms"},
    "fields.yaml": {"fields"},
    "life.yaml": {"life"},
    "acts.yaml": {"acts"},
    "agenda.yaml": {"cards", "policy"},
}
"""The first keys of the files whose content cannot be mistaken."""
_HELD: Final = {
    "sources.yaml": "articles or norms",
    "fields.yaml": "own fields",
    "life.yaml": "the durations of life",
    "acts.yaml": "acts",
    "agenda.yaml": "cards or the policy of the agenda",
}
_HEAD: Final = re.compile(r"^([\w.-]+) *:", re.MULTILINE)
_RULE: Final = re.compile(rf"(?:^ +|[{{,] *)(?:about: *(?:{'|'.join(SUBJECTS)})\b|priority: *\S)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Stray:
    """A file that belongs to a rulebook and is not read as what it is. `kind`: RULES, TIMELINES or the name of the file
    that it should be; `heads`: its first keys."""

    path: Path
    kind: str
    heads: frozenset[str]
    message: str
    hint: str

    def report(self, name: str, problems: Problems) -> None:
        """Add the problem, and that its rules may exist."""
        problems.add("R007", Position(name, 1, 1), self.message, self.hint)
        if self.kind == RULES:
            problems.rules.update(self.heads)


def report_strays(folders: Folders, problems: Problems) -> list[Stray]:
    """All stray files of the folders themselves, as problems; own fields are those of `own_fields`."""
    strays = strays_in(folders)
    for stray in strays:
        if stray.kind != "fields.yaml":
            stray.report(name_of(stray.path, folders), problems)
    return strays


def strays_in(folders: Folders) -> list[Stray]:
    """The stray files of the folders themselves."""
    return [stray for folder in folders_of(folders) for stray in _strays_of(folder)]


def _strays_of(folder: Path) -> Iterator[Stray]:
    for path in sorted(one for one in folder.glob("*") if one.suffix.lower() in SUFFIXES):
        stray = _of_another_ending(path) if path.suffix != ".yaml" else _of_another_kind(path)
        if stray is not None:
            yield stray


def _of_another_ending(path: Path) -> Stray | None:
    kind, heads = kind_of(path)
    name = f"{path.stem}.yaml"
    if not kind and name not in OTHER_FILES:
        return None
    meant = kind if kind in OTHER_FILES else name
    where = f" and move it to {TIMELINES}/" if kind == TIMELINES else ""
    return Stray(
        path, meant if meant in OTHER_FILES else kind, heads, "this file is not read", f"call it {meant}{where}"
    )


def _of_another_kind(path: Path) -> Stray | None:
    """A file among the rules that holds something else."""
    if not is_topic(path):
        return None
    kind, heads = kind_of(path)
    if kind == TIMELINES:
        return Stray(path, kind, heads, "this is a timeline file", f"move it to {TIMELINES}/")
    if kind in OTHER_FILES:
        return Stray(path, kind, heads, f"{path.name} holds {_HELD[kind]}", _hint(path, kind))
    near = nearest(path.stem, [name.removesuffix(".yaml") for name in OTHER_FILES])
    if kind == RULES or not near or not heads:
        return None
    return Stray(path, f"{near}.yaml", heads, f"{path.name} holds no rule", _hint(path, f"{near}.yaml"))


def _hint(path: Path, name: str) -> str:
    return f"move them into {name}" if path.with_name(name).exists() else f"did you mean {name}?"


def kind_of(path: Path) -> tuple[str, frozenset[str]]:
    """What a file holds (RULES, TIMELINES, the name of a file of a rulebook, or "" for anything else), also if it is no
    valid YAML; and its first keys."""
    return _kind_of(read_bytes(path, "", Problems()) or b"")


@lru_cache(maxsize=64)
def _kind_of(data: bytes) -> tuple[str, frozenset[str]]:
    text = data.decode(errors="replace")
    heads = frozenset(_HEAD.findall(text))
    if heads == {TIMELINES}:
        return TIMELINES, heads
    if _RULE.search(text):
        return RULES, heads
    return next((name for name, own in _HEADS.items() if heads and heads <= own), ""), heads


def report_nested(folders: Folders, problems: Problems, of_tenants: Collection[Path] = ()) -> dict[Path, set[str]]:
    """Warn of rules in a folder within one of the folders: not a problem, since it can be the folder of a tenant. Those
    of known tenants are left out. Returns the rules that may exist, by their folder."""
    found: dict[Path, set[str]] = {}
    known = {one.resolve() for one in of_tenants}
    for folder in (one for one in folders_of(folders) if rules_below(one) is None):
        for inner in sorted(one for one in folder.glob("*/") if _is_part(one, folders)):
            for path in (one for one in sorted(inner.iterdir()) if one.suffix.lower() in SUFFIXES):
                kind, heads = kind_of(path)
                if kind == RULES:
                    found.setdefault(inner, set()).update(heads)
                    if inner.resolve() not in known:
                        message = f"this file is not read: rule files stand in {folder.name} itself"
                        problems.add("R008", Position(str(path), 1, 1), message, "move it there")
    return found


def rules_below(folder: Path) -> Path | None:
    """The only folder with rules within one that holds no file of a rulebook itself; None if there is none."""
    if not folder.is_dir() or any(folder.glob("*.yaml")):
        return None
    found = [one for one in sorted(folder.glob("*/")) if one.name != TIMELINES and _holds_rules(one)]
    return found[0] if len(found) == 1 else None


def _holds_rules(folder: Path) -> bool:
    return any(path.name in OTHER_FILES or kind_of(path)[0] == RULES for path in folder.glob("*.yaml"))


def _is_part(inner: Path, folders: Folders) -> bool:
    """Whether a folder within a folder of rules is neither that of its timelines nor one of rules itself."""
    is_own = inner in folders_of(folders) or any((inner / name).exists() for name in OTHER_FILES)
    return inner.is_dir() and inner.name != TIMELINES and not is_own
