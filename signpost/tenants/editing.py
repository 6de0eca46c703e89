"""Edits the tenants file: keeps comments and formatting, and never writes a file that would not load."""

import os
import stat
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from signpost.errors import CallerError
from signpost.tenants.loading import TenantsError, load_tenants
from signpost.tenants.reader import SPEAKS_OURS
from signpost.yaml_files.problems import Problem, Problems
from signpost.yaml_files.reader import parse, read_bytes


class CannotEdit(CallerError):
    """The requested change does not fit the file."""


class TenantsFile:
    """An open tenants file; nothing is written before `save`."""

    def __init__(self, path: Path) -> None:
        """Read the file; a missing file is empty. Raises CannotEdit if it is not a YAML mapping."""
        self.path = path
        self._edited: set[str] = set()
        """The sources that must be in order when the file is saved."""
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
        self._edited.add(name)
        self._add("sources", name, fields)

    def secrets(self, source: str) -> list[str]:
        """The references to a source's secrets, the oldest first. Raises CannotEdit for an unknown source."""
        return _texts(self._member("sources", source).get("secrets"))

    def set_secrets(self, source: str, references: list[str]) -> None:
        """Replace the references to a source's secrets."""
        self._member("sources", source)["secrets"] = _flow(references)

    def switch(self, source: str, *, on: bool) -> bool:
        """Switch a source on or off; False if it is already so. Raises CannotEdit for an unknown source."""
        body = self._member("sources", source)
        if bool(body.get("disabled", False)) is not on:
            return False
        if on:
            del body["disabled"]
            self._edited.add(source)
        else:
            body["disabled"] = True
        return True

    def remove_source(self, source: str) -> list[str]:
        """Remove a source; returns the references to its secrets. The other sources of its tenant keep the ids that
        they have, whichever is the first now. Raises CannotEdit for an unknown source."""
        references, known = self.secrets(source), self._part("sources")
        numbering = [name for name, body in known.items() if _is_numbering_for(body, known[source].get("tenant"))]
        if numbering[:1] == [source]:
            for name in numbering[1:2]:
                known[name].setdefault("ids", "own")
        del known[source]
        return references

    def keys(self, tenant: str) -> list[str]:
        """A tenant's API keys as in the file, the oldest first. Raises CannotEdit for an unknown tenant."""
        return _texts(self._member("tenants", tenant).get("api_keys"))

    def set_keys(self, tenant: str, keys: list[str]) -> None:
        """Replace a tenant's API keys. Raises CannotEdit for an unknown tenant."""
        self._member("tenants", tenant)["api_keys"] = _flow(keys)

    def remove_tenant(self, tenant: str) -> None:
        """Remove a tenant. Raises CannotEdit for an unknown one, the last one, and one with sources."""
        self._member("tenants", tenant)
        sources = [name for name, body in (self._document.get("sources") or {}).items() if _is_of(body, tenant)]
        if sources:
            raise CannotEdit(f"{tenant} has sources: {', '.join(sources)}; remove them first: signpost sources remove")
        if len(self._part("tenants")) == 1:
            raise CannotEdit(f"{tenant} is the only tenant; add another first: signpost tenants add NAME")
        del self._part("tenants")[tenant]

    def save(self, environ: Mapping[str, str]) -> None:
        """Write the file atomically, a new one with mode 0600. Raises CannotEdit if it cannot be written or, with all
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
        # In containers another account edits the same file, so its mode stays
        mode = stat.S_IMODE(self.path.stat().st_mode) if self.path.exists() else 0o600
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text.getvalue())
        try:
            load_tenants(draft, environ, strict=self._edited)
        except TenantsError as error:
            draft.unlink()
            reasons = "\n".join(map(_without_position, error.problems))
            raise CannotEdit(f"{self.path} would be invalid:\n{reasons}") from None
        draft.replace(self.path)

    def _member(self, part: str, name: str) -> Any:
        known = self._part(part)
        if name not in known:
            raise CannotEdit(f"there is no {part[:-1]} {name!r}; there are: {', '.join(known) or 'none'}")
        if not isinstance(known[name], CommentedMap):
            raise CannotEdit(f"{part}.{name} in {self.path} must be a mapping")
        return known[name]

    def _part(self, part: str) -> Any:
        if self._document.get(part) is None:
            self._document[part] = CommentedMap()
        return self._document[part]

    def _add(self, part: str, name: str, body: Mapping[str, Any]) -> None:
        known = self._part(part)
        if name in known:
            raise CannotEdit(f"there is already {part.removesuffix('s')} {name!r}")
        known[name] = CommentedMap({key: _flow(value) for key, value in body.items()})


def _without_position(problem: Problem) -> str:
    """A problem of the draft, whose positions nobody can look at."""
    hint = f" ({problem.suggestion})" if problem.suggestion else ""
    return f"{problem.code} {problem.message}{hint}"


def _is_of(body: Any, tenant: Any) -> bool:
    return isinstance(body, Mapping) and body.get("tenant") == tenant


def _is_numbering_for(body: Any, tenant: Any) -> bool:
    """Whether it is a source of the tenant whose vendor numbers candidates for itself."""
    return _is_of(body, tenant) and body.get("vendor") != SPEAKS_OURS


def _texts(value: Any) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []


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
