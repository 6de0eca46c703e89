"""What the commands of `signpost rules` share: option types, positions, loading with parameters."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import echo, settings
from signpost.setting_kinds import path
from signpost.settings import OURS, SHIPPED_RULES, rule_folders, written_folders
from signpost.settings_reader import SettingsError
from signpost.suggestions import nearest

if TYPE_CHECKING:
    from signpost.rulebook import Rulebook
    from signpost.rulebook.folders import Folders


TIMELINES, SOURCES = "timelines", "sources.yaml"
"""The folder of a rulebook with its timelines; the file that identifies a rulebook."""


class _Folders(click.ParamType["tuple[Path, ...]"]):
    """One folder of rules, or `ours:DIR`: several of which each adds to those before. `files`: or a single file."""

    name = "folders"

    def __init__(self, *, files: bool = False) -> None:
        self.files = files

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Path, ...]:
        """The folders, all of which exist."""
        if not isinstance(value, str):
            return (value,) if isinstance(value, Path) else tuple(value)
        try:
            found = (Path(value),) if Path(value).exists() and value != OURS else rule_folders(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        for one in found:
            if not (one.is_dir() or (self.files and len(found) == 1 and one.is_file())):
                self.fail(self._fault(value, one), param, ctx)
        last = found[-1]
        if last.name == TIMELINES and (len(found) > 1 or not self.files) and not (last / SOURCES).is_file():
            name = f"{OURS}:{last.parent}" if len(found) > 1 else last.parent
            self.fail(f"{str(last)!r} has timelines, not rules; name the folder around it: {name}", param, ctx)
        return found

    def _fault(self, value: str, wrong: Path) -> str:
        """Why something is no folder, and what may be meant."""
        if wrong.is_file():
            around = wrong.parent.parent if wrong.parent.name == TIMELINES else wrong.parent
            names = [str(around) if name != OURS and path(name) == wrong else name for name in value.split(":")]
            return f"{str(wrong)!r} is a file; name the folder around it: {':'.join(names)}"
        if not wrong.is_absolute() and Path.cwd().parts[-len(wrong.parts) :] == wrong.parts:
            names = ["." if name == str(wrong) else name for name in value.split(":")]
            return f"there is no folder {str(wrong)!r} here: you are in it: {':'.join(names)}"
        what = f"{'file or ' if self.files else ''}folder {str(wrong)!r}"
        return f"there is no {what}{near_folders(value, wrong)}"


def near_folders(value: str, missing: Path) -> str:
    """The end of a message: what may be meant by folders of which one is missing; "" if nothing is near."""
    named = SHIPPED_RULES.resolve() if OURS in value.split(":") else None
    folders = [one for one in missing.parent.glob("*/") if one.resolve() != named]
    beside = sorted(one.name for one in folders if not one.name.startswith("."))
    near = nearest(missing.name, [*([OURS] if missing.name == str(missing) else ()), *beside])
    if not near:
        return ""
    names = [str(missing.with_name(near)) if name == str(missing) else name for name in value.split(":")]
    return f"; did you mean {':'.join(names)}?"


FOLDERS, PATHS = _Folders(), _Folders(files=True)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def folders_to_write(given: tuple[Path, ...] | None, command: str) -> tuple[Path, ...]:
    """The folders of which a command writes into the last: those given, or those of SIGNPOST_RULES. The shipped rules
    are written to only where they lie in the current folder, as in a checkout; elsewhere nobody means them."""
    folders = given or FOLDERS.convert(written_folders(settings().rules), None, None)
    if folders[-1] == SHIPPED_RULES != Path("rules").resolve():
        raise click.UsageError(f"name a folder: signpost rules {command} {OURS}:my-rules")
    return folders


def or_shipped(given: tuple[Path, ...] | None, option: str = "") -> tuple[Path, ...]:
    """The folders given, without any the shipped rules: then a line on standard error says how to name those of the
    running system, if it has others. `option`: what the command names them with."""
    if given is not None:
        return given
    with suppress(SettingsError):  # a command that needs no setting works with faulty ones
        used = settings().rules
        if used != (SHIPPED_RULES,):
            command = click.get_current_context().info_name
            names = written_folders(tuple(map(_from_here, used)))
            echo(f"the shipped rules alone; yours: signpost rules {command} {option}{names}", err=True)
    return (SHIPPED_RULES,)


def _from_here(folder: Path) -> Path:
    """A folder as one names it in the current folder."""
    inside = folder != SHIPPED_RULES and folder.is_relative_to(Path.cwd())
    return folder.relative_to(Path.cwd()) if inside else folder


def place(position: Any) -> dict[str, Any]:
    """A position as fields of a JSON document."""
    return {"file": position.file, "line": position.line, "column": position.column}


def load_with(folders: "Folders", file: Path | None) -> "Rulebook":
    """The rulebook of some folders with the parameters of a YAML file (rule, parameter, value).

    Raises RulebookError with all problems of both.
    """
    from signpost.rulebook import RulebookError, load
    from signpost.tenants.overrides import RuleOverrides
    from signpost.yaml_files.problems import Problems
    from signpost.yaml_files.reader import read

    rulebook = load(folders)
    if file is None:
        return rulebook
    problems = Problems()
    node = read(file, str(file), problems)
    overrides = RuleOverrides({}, (), {})
    if node is not None and isinstance(node.value, dict):
        for body in node.value.values():
            if not isinstance(body.value, dict):
                problems.add("R006", body.position, "a rule must be a mapping of parameters to values")
        overrides = RuleOverrides(node.value, (), node.keys or {})
    elif node is not None:
        problems.add("R006", node.position, "the file must be a mapping of rules to parameters")
    if not problems.found:
        overrides.check(rulebook, problems)
    if problems.found:
        raise RulebookError(problems.found)
    return load(folders, overrides.plain_params())
