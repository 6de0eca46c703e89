"""Reads `life.yaml`: how long offers, interviews and applications live when nobody says that they are over."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from signpost.case.instant import DAY
from signpost.facts.life import LIFE, Life
from signpost.rulebook.folders import Folders, folders_of, name_of
from signpost.rulebook.printing import duration_phrase
from signpost.rulebook.terms import Duration
from signpost.rulebook.values import parse_duration
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Position, Problems
from signpost.yaml_files.reader import read

FILE: Final = "life.yaml"
NAME: Final = "life"
"""The key of the file, and the name under which tenants override its parameters."""
PARAMS: Final = tuple(field.name for field in fields(Life))
_HINT: Final = "write a duration without business days, like 60d"


def read_life(folders: Folders, overrides: Mapping[str, Any], problems: Problems) -> Life:
    """The durations that the folders set, then those of a tenant. Adds all problems to `problems`."""
    life = LIFE
    for folder in folders_of(folders):
        file = folder / FILE
        root = read(file, name_of(file, folders), problems) if file.is_file() else None
        if root is not None:
            reader = FieldReader(problems)
            block = reader.members(root, FILE, (NAME,), (NAME,)).get(NAME)
            for name, node in (reader.members(block, NAME, PARAMS) if block else {}).items():
                life = _with_param(life, name, node.value, node.position, problems)
    for name, value in overrides.items():
        where = Position(str(folders_of(folders)[0]), 1, 1)
        if name not in PARAMS:
            problems.add("R052", where, f"{NAME} has no parameter {name!r} to override", f"it has {', '.join(PARAMS)}")
        else:
            life = _with_param(life, name, value, where, problems)
    return life


def _with_param(life: Life, name: str, value: object, where: Position, problems: Problems) -> Life:
    duration = parse_duration(value) if isinstance(value, str) else None
    if duration is None or duration.business_days or not duration.total:
        problems.add("R021", where, f"{NAME}.{name} is {value!r}, not a duration", _HINT)
        return life
    return replace(life, **{name: duration.total})


def life_params(life: Life) -> dict[str, str]:
    """The parameters as `life.yaml` writes them."""
    return {name: duration_phrase(Duration(*divmod(getattr(life, name), DAY))) for name in PARAMS}
