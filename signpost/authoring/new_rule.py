"""Writes a new rule and its timeline to the files of a topic, which can be new. The texts come from `skeleton`."""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Final

from signpost.authoring.editor import RULE_SCHEMA, TIMELINE_SCHEMA, sources_in
from signpost.authoring.skeleton import rule_text, timeline_text
from signpost.authoring.timelines.reader import TIMELINES_FOLDER
from signpost.errors import CallerError
from signpost.rulebook.acts import read_acts
from signpost.rulebook.folders import OTHER_FILES, Folders, files_in, folders_of, is_topic
from signpost.rulebook.rule import RULE_ID
from signpost.rulebook.sources import FILE
from signpost.suggestions import meant
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node, read

EXAMPLE_ACTS: Final = {"candidate": "decide", "employer": "tell candidate"}
"""Whom a rule addresses -> the act to begin with."""
TOPIC: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class NewRule:
    """What to write. `topic`: the file, by default named like the rule. `source`: by default the first article of the
    last folder with articles."""

    name: str
    about: str
    audience: str
    topic: str | None = None
    source: str | None = None


def write_rule(folders: Folders, new: NewRule) -> tuple[Path, Path]:
    """Add the rule and its timeline to the last folder of a rulebook; returns both files.

    Raises CallerError, and writes nothing, if a name is malformed, the rule exists, or a file cannot be extended.
    """
    topic = new.topic or new.name.partition(".")[0]
    if not RULE_ID.fullmatch(new.name):
        raise CallerError(
            f"{new.name!r} is not a rule id: use lower-case letters and hyphens, like ask-response-deadline"
        )
    if not TOPIC.fullmatch(topic) or f"{topic}.yaml" in OTHER_FILES:
        raise CallerError(f"{topic!r} is not a topic: use lower-case letters and hyphens, like before-accepting")
    if (new.audience, new.about) == ("employer", "candidate"):
        hint = "choose --about offer, interview or application"
        raise CallerError(f"a rule for employers cannot be about the candidate; {hint}")
    folder = folders_of(folders)[-1]
    _check_unused(folders, new.name)
    acts = acts_to_choose(folders, new.audience)
    rule = rule_text(new.name, new.about, new.audience, _source(folders, new.source), acts)
    timeline = timeline_text(new.name, new.about)
    files = folder / f"{topic}.yaml", folder / TIMELINES_FOLDER / f"{topic}.yaml"
    texts = _with_rule(files[0], rule), _with_timeline(files[1], timeline)
    for path, text in zip(files, texts, strict=True):
        _write(path, text)
    return files


def acts_to_choose(folders: Folders, audience: str) -> list[str]:
    """What the rulebook lets a rule write as its act, in order of the file; those that replace others are left out. The
    first is one to begin with."""
    acts = read_acts(folders, Problems())
    harmless = [phrase for phrase in acts.phrases() if not acts.known[phrase.partition(" ")[0]].replaces]
    return sorted(harmless, key=lambda phrase: phrase != EXAMPLE_ACTS[audience])


def _check_unused(folders: Folders, name: str) -> None:
    for path in files_in(folders):
        root = _root(path)
        if is_topic(path) and name in root.value:
            where = root.key_position(name)
            raise CallerError(f"the rule {name} already exists: {where.file}:{where.line}; choose another name")


def _source(folders: Folders, source: str | None) -> str:
    files = [file for folder in folders_of(folders) if (file := folder / FILE).is_file()]
    if not files:
        folder = folders_of(folders)[-1]
        raise CallerError(f"{folder} is not a rulebook: it has no {FILE}, which declares the articles behind the rules")
    path, articles = files[-1], sources_in(folders, Problems()).articles
    if not articles:
        raise CallerError(f"{path} declares no article; add the one behind your rule under `articles:`")
    if source is not None and source not in articles:
        raise CallerError(f"{path} has no article {source!r}; {meant(source, articles)}".removesuffix("; "))
    # An article of one's own is nearer than a shipped one
    own = sources_in(path.parent, Problems()).articles
    return source or next(iter(own or articles))


def _root(path: Path) -> Node:
    """The mapping in a file. Raises CallerError if the file has another shape."""
    problems = Problems()
    root = read(path, str(path), problems)
    if root is None or not isinstance(root.value, dict):
        reason = problems.found[0] if problems.found else f"{path}: the file must be a mapping"
        raise CallerError(f"{reason}; correct this file first")
    return root


def _with_rule(path: Path, rule: str) -> str:
    if path.exists():
        return f"{path.read_text('utf-8').rstrip()}\n\n{rule}"
    return _header(path.parent, RULE_SCHEMA, "") + rule


def _with_timeline(path: Path, timeline: str) -> str:
    if not path.exists():
        return f"{_header(path.parent.parent, TIMELINE_SCHEMA, '../')}timelines:\n{indent(timeline, '  ')}"
    listed = _root(path).value.get("timelines")
    text = path.read_text("utf-8").rstrip()
    items = listed.value if listed is not None and isinstance(listed.value, list) else []
    lines = text.splitlines()
    column = items[-1].position.column - 3 if items else -1
    if column < 0 or not lines[items[-1].position.line - 1][column:].startswith("- "):
        form = "a timeline can be added only to `timelines:` with lines that start with `- name:`"
        raise CallerError(f"{path}: {form}; choose another --topic")
    return f"{text}\n\n{indent(timeline, ' ' * column)}"


def _header(folder: Path, schema: str, prefix: str) -> str:
    """The line that tells editors where the schema is, if the folder has it."""
    return f"# yaml-language-server: $schema={prefix}{schema}\n" if (folder / schema).is_file() else ""


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CallerError(f"cannot write {path}: {error.strerror}") from error
