"""Edits the tenants file: keeps comments and formatting, and never writes a file that would not load."""

import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from signpost.errors import CallerError
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import parse, read_bytes


class CannotEdit(CallerError):
    """The requested change does not fit the file."""


class TenantsFile:
    """An open tenants file; nothing is written before `save`."""

    def __init__(self, path: Path) -> None:
        """Read the file; a missing file is empty. Raises CannotEdit if it is not a YAML mapping."""
        self.path = path
        self._yaml = YAML()
        self._yaml.preserve_quotes = True
        self._yaml.width = 4096
        try:
            document = self._yaml.load(_checked_text(path)) if path.exists() else None
        except (YAMLError, ValueError) as error:  # ValueError: dates that do not exist
            raise CannotEdit(f"{path} cannot be read as YAML: {error}") from None
        self._document = document if document is not None else CommentedMap()
        if not isinstance(self._document, CommentedMap):
            raise CannotEdit(f"{path} must be a mapping with tenants and sources")

    def names(self, part: str) -> list[str]:
        """The names in `tenants` or `sources`."""
        return list(self._part(part))

    def add_tenant(self, name: str, key_hash: str) -> None:
        """Add a tenant with one API key. Raises CannotEdit if the name is taken."""
        self._add("tenants", name, {"api_keys": [key_hash]})

    def add_source(self, name: str, fields: Mapping[str, Any]) -> None:
        """Add a source. Raises CannotEdit if the name is taken."""
        self._add("sources", name, fields)

    def secrets(self, source: str) -> list[str]:
        """The references to a source's secrets, the oldest first. Raises CannotEdit for an unknown source."""
        known = self._part("sources")
        if source not in known:
            raise CannotEdit(f"there is no source {source!r}; there are: {', '.join(known) or 'none'}")
        references = known[source].get("secrets", [])
        return list(map(str, references)) if isinstance(references, list) else []

    def set_secrets(self, source: str, references: list[str]) -> None:
        """Replace the references to a source's secrets."""
        self._part("sources")[source]["secrets"] = _flow(references)

    def save(self, environ: Mapping[str, str]) -> None:
        """Write the file atomically with mode 0600. Raises CannotEdit if it cannot be written or, with all
        problems, if it would not load."""
        try:
            self._save(environ)
        except OSError as error:
            raise CannotEdit(
                f"{self.path} cannot be written: {error.strerror}; nothing was changed. Make the file and its folder"
                " writable, or set SIGNPOST_TENANTS to another file"
            ) from None

    def _save(self, environ: Mapping[str, str]) -> None:
        text = StringIO()
        self._yaml.dump(self._document, text)
        draft = self.path.with_name(f".{self.path.name}.new")
        draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text.getvalue())
        try:
            load_tenants(draft, environ)
        except TenantsError as error:
            draft.unlink()
            reasons = "\n".join(f"{problem.code} {problem.message}" for problem in error.problems)
            raise CannotEdit(f"{self.path} would be invalid:\n{reasons}") from None
        draft.replace(self.path)

    def _part(self, part: str) -> Any:
        if self._document.get(part) is None:
            self._document[part] = CommentedMap()
        return self._document[part]

    def _add(self, part: str, name: str, body: Mapping[str, Any]) -> None:
        known = self._part(part)
        if name in known:
            raise CannotEdit(f"there is already {part.removesuffix('s')} {name!r}")
        known[name] = CommentedMap({key: _flow(value) for key, value in body.items()})


def _checked_text(path: Path) -> str:
    """The text of the file. Raises CannotEdit if loading would refuse it as YAML."""
    problems = Problems()
    data = read_bytes(path, str(path), problems)
    if data:
        parse(data, str(path), problems, secret=True)
    reasons = [str(problem) for problem in problems.found if problem.code != "R002"]
    if data is None or reasons:
        raise CannotEdit("\n".join(reasons))
    return data.decode("utf-8-sig")


def _flow(value: Any) -> Any:
    """The value with lists and mappings on one line."""
    if isinstance(value, list):
        node: Any = CommentedSeq(value)
    elif isinstance(value, dict):
        node = CommentedMap(value)
    else:
        return value
    node.fa.set_flow_style()
    return node
