"""The one typed table of settings, read once at a process's edge. Nothing below an edge imports this module."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from signpost.errors import CallerError
from signpost.setting_kinds import Bind, address, bind, choice, database, masked, number, path, queue, seconds, token
from signpost.suggestions import did_you_mean

PREFIX: Final = "SIGNPOST_"
TESTS: Final = "SIGNPOST_TEST_"
"""Variables of the tests: none of ours, and none of our business."""
FILE: Final = "_FILE"
CLIENT_FILE: Final = "client.env"
"""In the data folder: what the commands that talk to a running system take when nothing else is said."""
NO_SETTINGS: Final = {
    "SIGNPOST_PORT": "unset it; the port is part of SIGNPOST_HTTP_BIND=HOST:PORT, and docker compose takes INTAKE_PORT",
    "SIGNPOST_HOST": "unset it; the host is part of SIGNPOST_HTTP_BIND=HOST:PORT",
}
"""Variables that people expect -> what to do instead."""
SHIPPED_RULES: Final = (Path(__file__).parent / "rules").resolve()
OURS: Final = "ours"
"""SHIPPED_RULES in a list of folders."""


def rule_folders(value: str) -> tuple[Path, ...]:
    """`ours:DIR`: folders of rules, each of which adds to those before. Raises ValueError."""
    names = value.split(":")
    if not all(names):
        raise ValueError("must be folders with `:` between them, like ours:my-rules")
    if len(set(names)) < len(names):
        raise ValueError("names a folder twice")
    return tuple(SHIPPED_RULES if name == OURS else path(name) for name in names)


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the table. `default` is the text that would be written in the environment; it may name earlier
    settings in braces."""

    kind: Callable[[str], Any]
    default: str
    help: str
    secret: bool = False
    client: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting as one may print it: secrets and passwords masked. `origin`: environment, file, client file or
    default."""

    name: str
    value: str
    origin: str
    default: str
    help: str


class SettingsError(CallerError):
    """Some settings are wrong; `problems` names every one."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _is(kind: Callable[[str], Any], default: str, about: str, *, secret: bool = False, client: bool = False) -> Any:
    return field(metadata={"setting": Setting(kind, default, about, secret, client)})


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """Every setting, typed. The environment variable is SIGNPOST_ and the name in capitals."""

    data_dir: Path = _is(path, ".signpost", "folder for what an embedded system keeps")
    database_url: str = _is(
        database, "sqlite:///{data_dir}/signpost.db", "postgresql://USER@HOST/NAME, or sqlite:///FILE", secret=True
    )
    broker_url: str = _is(
        queue,
        "{embedded_queue}",
        "amqp://USER:PASSWORD@HOST/VHOST, or sqlite:///FILE for the queue embedded in a database file",
        secret=True,
    )
    tenants: Path = _is(path, "{data_dir}/tenants.yaml", "file of tenants, their API keys and sources")
    rules: tuple[Path, ...] = _is(
        rule_folders,
        OURS,
        "folders of rules, each adding to those before: `ours` (shipped), DIR, ours:DIR",
    )
    engine: str = _is(
        choice("auto", "durable_rules", "compiled"),
        "auto",
        "what evaluates the rules; auto: durable_rules where it can be imported, else compiled",
    )
    partitions: int = _is(number(1, 64), "1", "queues that events are spread over, one advisor working on each")
    http_bind: Bind = _is(bind, "127.0.0.1:8080", "address that the intake listens on")
    http_processes: int = _is(number(1, 64), "1", "processes of the intake")
    http_threads: int = _is(number(1, 256), "8", "threads in each of them: requests in progress at one time")
    max_body_bytes: int = _is(number(1_000, 16_000_000), "1000000", "longest request body, in bytes")
    rate_per_second: int = _is(
        number(0, 1_000_000), "1000", "events and requests that a tenant may send in a second, all processes; 0: any"
    )
    rate_burst: int = _is(number(1, 10_000_000), "10000", "events and requests that a tenant may send at once")
    publish_timeout: float = _is(seconds(0.1, 60), "5", "seconds until a publish without a confirm counts as failed")
    batch_size: int = _is(number(1, 5_000), "200", "most events in one transaction of the advisor")
    prefetch: int = _is(number(1, 2_000), "400", "most unacknowledged messages that the broker hands to one advisor")
    outbox_lease: float = _is(
        seconds(1, 3_600), "30", "seconds that a process has for publishing what it committed, until the relay does"
    )
    clock_interval: float = _is(seconds(0.05, 60), "1", "seconds between two looks for cases that are due")
    reload_interval: float = _is(
        seconds(0.1, 3_600), "1", "seconds between two looks for changed rules or tenants; SIGHUP asks for one at once"
    )
    reevaluate_per_second: int = _is(
        number(1, 10_000), "200", "cases that one clock evaluates anew in a second after the rules have changed"
    )
    delivery_days: int = _is(
        number(0, 365), "7", "days for which webhooks are kept to be looked at and replayed; 0: their bodies never"
    )
    log_level: str = _is(choice("debug", "info", "warning", "error"), "info", "how much is logged")
    log_format: str = _is(choice("auto", "text", "json"), "auto", "auto: text on a terminal, JSON lines elsewhere")
    url: str = _is(address, "http://127.0.0.1:8080", "where send and tail find the intake", client=True)
    api_key: str = _is(token, "", "the API key that they use", secret=True, client=True)

    def __repr__(self) -> str:
        shown = (f"{name}={_printable(name, str(getattr(self, name)))}" for name in TABLE)
        return f"Settings({', '.join(shown)})"


TABLE: Final[dict[str, Setting]] = {one.name: one.metadata["setting"] for one in fields(Settings)}
NAMES: Final = {PREFIX + name.upper(): name for name in TABLE}


def read_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment. Raises SettingsError with every problem at once."""
    return _SettingsReader(environ).settings()


def show_settings(environ: Mapping[str, str]) -> list[Shown]:
    """The table as it stands, printable. Raises SettingsError."""
    reader = _SettingsReader(environ)
    reader.settings()
    return [
        Shown(variable, _printable(name, reader.texts[name]), reader.origins[name], _default(name), TABLE[name].help)
        for variable, name in NAMES.items()
    ]


def _default(name: str) -> str:
    shown = {"broker_url": "the queue embedded in the database file", "rules": "the rules that came with Signpost"}
    return shown.get(name, TABLE[name].default)


def _printable(name: str, value: str) -> str:
    if not TABLE[name].secret or not value:
        return value
    return masked(value) if "://" in value else "********"


class _SettingsReader:
    """One reading of one environment."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []
        self.texts: dict[str, str] = {}
        self.origins: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._client: dict[str, str] = {}

    def settings(self) -> Settings:
        self.problems += [_unknown(variable) for variable in sorted(self._environ) if _is_unknown(variable)]
        for variable, name in NAMES.items():
            self._read(variable, name)
            if name == "data_dir":
                self._client = _client_defaults(Path(self.texts["data_dir"]))
        if self.problems:
            raise SettingsError(self.problems)
        return Settings(**self._values)

    def _read(self, variable: str, name: str) -> None:
        setting = TABLE[name]
        self.texts[name], self.origins[name] = self._text(variable, name)
        try:
            self._values[name] = setting.kind(self.texts[name])
        except ValueError as error:
            given = "" if setting.secret else f" (is {self.texts[name]!r})"
            self.problems.append(f"{variable}: {error}{given}")

    def _text(self, variable: str, name: str) -> tuple[str, str]:
        setting = TABLE[name]
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
        """The queue in the database's own file; a database server has none."""
        database_url = str(self._values.get("database_url", "sqlite:///none"))
        return database_url if database_url.startswith("sqlite") else ""


def _is_unknown(variable: str) -> bool:
    if not variable.startswith(PREFIX) or variable.startswith(TESTS) or variable in NAMES:
        return False
    base = NAMES.get(variable.removesuffix(FILE))
    return not (variable.endswith(FILE) and base and TABLE[base].secret)


def _unknown(variable: str) -> str:
    advice = f"; {NO_SETTINGS[variable]}" if variable in NO_SETTINGS else did_you_mean(variable, _known())
    return f"{variable}: there is no such setting{advice or '; unset it'}"


def _known() -> Iterable[str]:
    yield from NAMES
    yield from (variable + FILE for variable, name in NAMES.items() if TABLE[name].secret)


def _client_defaults(data_dir: Path) -> dict[str, str]:
    """NAME=VALUE lines of the client file; nothing where there is none or it is not ours to read."""
    try:
        lines = (data_dir / CLIENT_FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}
