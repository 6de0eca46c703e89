"""What the commands of `signpost rules` share."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from signpost.rulebook import Rulebook

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def place(position: Any) -> dict[str, Any]:
    """Where something stands, for programs."""
    return {"file": position.file, "line": position.line, "column": position.column}


def load_with(folder: Path, file: Path | None) -> "Rulebook":
    """The rulebook in a folder, with the parameters that a YAML file sets: rule, parameter, value.

    Raises RulebookError with every problem of both.
    """
    from signpost.rulebook import RulebookError, load
    from signpost.tenants.overrides import RuleOverrides
    from signpost.yaml_files.problems import Problems
    from signpost.yaml_files.reader import read

    rulebook = load(folder)
    if file is None:
        return rulebook
    problems = Problems()
    node = read(file, str(file), problems)
    choices = RuleOverrides({}, (), {})
    if node is not None and isinstance(node.value, dict):
        for body in node.value.values():
            if not isinstance(body.value, dict):
                problems.add("R006", body.position, "a rule must hold parameters and their values")
        choices = RuleOverrides(node.value, (), node.keys or {})
    elif node is not None:
        problems.add("R006", node.position, "the file must hold rules and their parameters")
    if not problems.found:
        choices.check(rulebook, problems)
    if problems.found:
        raise RulebookError(problems.found)
    return load(folder, choices.plain_params())
