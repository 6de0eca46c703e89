"""Reads a table of settings from an environment: variables, files of secrets, the client file, defaults."""

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from signpost.errors import CallerError
from signpost.suggestions import did_you_mean

PREFIX: Final = "SIGNPOST_"
TESTS: Final = "SIGNPOST_TEST_"
"""Prefix of the variables that belong to the tests."""
FILE: Final = "_FILE"
CLIENT_FILE: Final = "client.env"
"""File in the data folder: where the system of this folder runs and on which files, as defaults of commands."""
NO_SETTINGS: Final = {
    "SIGNPOST_PORT": "unset it; the port is part of SIGNPOST_HTTP_BIND=HOST:PORT, and docker compose takes INTAKE_PORT",
    "SIGNPOST_HOST": "unset it; the host is part of SIGNPOST_HTTP_BIND=HOST:PORT",
}
"""Variable that people expect -> what to do instead."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the table. `default`: the text as in the environment, with earlier settings in braces. `client`: the
    client file can set it."""

    kind: Callable[[str], Any]
    default: str
    help: str
    secret: bool = False
    client: bool = False


class SettingsError(CallerError):
    """Some settings are invalid; `problems` lists all of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class SettingsReader:
    """Reads the settings of one environment."""

    def __init__(self, table: Mapping[str, Setting], environ: Mapping[str, str], *, client_file: bool = True) -> None:
        """`table`: the settings by name, in the order in which their defaults need each other. `client_file`: whether
        it is read."""
        self._table, self._environ, self._reads_client_file = table, environ, client_file
        self._names = {PREFIX + name.upper(): name for name in table}
        self.problems: list[str] = []
        self.texts: dict[str, str] = {}
        """Name -> the text as given, or the default."""
        self.origins: dict[str, str] = {}
        """Name -> environment, file, client file or default."""
        self._values: dict[str, Any] = {}
        self._client: dict[str, str] = {}

    def values(self) -> dict[str, Any]:
        """Name -> value. Raises SettingsError with all problems."""
        variables = sorted(self._environ)
        self.problems += [self._unknown(variable) for variable in variables if self._is_unknown(variable)]
        for variable, name in self._names.items():
            self._read(variable, name)
            if name == "data_dir" and self._reads_client_file:
                self._client = _client_defaults(Path(self.texts["data_dir"]))
        if self.problems:
            raise SettingsError(self.problems)
        return self._values

    def _read(self, variable: str, name: str) -> None:
        setting = self._table[name]
        self.texts[name], self.origins[name] = self._text(variable, name)
        try:
            self._values[name] = setting.kind(self.texts[name])
        except ValueError as error:
            given = "" if setting.secret else f" (is {self.texts[name]!r})"
            self.problems.append(f"{variable}: {error}{given}")

    def _text(self, variable: str, name: str) -> tuple[str, str]:
        setting = self._table[name]
        if setting.secret and variable + FILE in self._environ:
            if variable in self._environ:
                self.problems.append(f"{variable} and {variable}{FILE} are both set; keep one")
            return self._from_file(variable + FILE), "file"
        if variable in self._environ:
            return self._environ[variable].strip(), "environment"
        if setting.client and variable in self._client:
            return self._client[variable], "client file"
        return setting.default.format(**self.texts, embedded_queue=self._embedded_queue()), "default"

    def _from_file(self, variable: str) -> str:
        file = self._environ[variable]
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{variable}: cannot read {file!r}: {getattr(error, 'strerror', None) or error}")
            return ""

    def _embedded_queue(self) -> str:
        """The queue in the database file; a database server has none."""
        database_url = str(self._values.get("database_url", "sqlite:///none"))
        return database_url if database_url.startswith("sqlite") else ""

    def _is_unknown(self, variable: str) -> bool:
        if not variable.startswith(PREFIX) or variable.startswith(TESTS) or variable in self._names:
            return False
        base = self._names.get(variable.removesuffix(FILE))
        return not (variable.endswith(FILE) and base and self._table[base].secret)

    def _unknown(self, variable: str) -> str:
        known = f"; {NO_SETTINGS[variable]}" if variable in NO_SETTINGS else did_you_mean(variable, self._known())
        return f"{variable}: no such setting{known or '; unset it'}"

    def _known(self) -> Iterable[str]:
        yield from self._names
        yield from (variable + FILE for variable, name in self._names.items() if self._table[name].secret)


def _client_defaults(data_dir: Path) -> dict[str, str]:
    """NAME=VALUE lines of the client file, quoted as for a shell; empty if it is missing or unreadable."""
    try:
        lines = (data_dir / CLIENT_FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): _unquote(value.strip()) for name, _, value in pairs}


def _unquote(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError:
        return text
    return words[0] if len(words) == 1 else text
