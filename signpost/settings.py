"""The typed table of settings, read once at the edge of a process. Nothing below an edge imports this module."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from signpost.setting_kinds import (
    Bind,
    address,
    bind,
    choice,
    database,
    mask_passwords,
    networks,
    number,
    optional_bind,
    path,
    queue,
    seconds,
    token,
)
from signpost.settings_reader import PREFIX, Setting, SettingsReader

SHIPPED_RULES: Final = (Path(__file__).parent / "rules").resolve()
OURS: Final = "ours"
"""SHIPPED_RULES in a list of folders."""


def rule_folders(value: str) -> tuple[Path, ...]:
    """`ours:DIR`: folders of rules, each of which adds to those before. Raises ValueError."""
    names = value.split(":")
    if not all(names):
        raise ValueError("must be folders with `:` between them, like ours:my-rules")
    if any("," in name and not path(name).exists() for name in names):
        raise ValueError(f"separate folders by `:`: {':'.join(filter(None, re.split('[,: ]+', value)))}")
    folders = tuple(SHIPPED_RULES if name == OURS else path(name) for name in names)
    for name, folder in zip(names, folders, strict=True):
        if folders.count(folder) > 1:
            hint = f"; ./{OURS} is a folder of your own" if name == OURS else ""
            raise ValueError(f"names the folder {name} twice{hint}")
    return folders


def written_folders(folders: tuple[Path, ...]) -> str:
    """Folders of rules as `rule_folders` reads them."""
    return ":".join(OURS if folder == SHIPPED_RULES else str(folder) for folder in folders)


@dataclass(frozen=True, slots=True)
class PrintableSetting:
    """A setting with secrets and passwords mask_passwords. `origin`: environment, file, client file or default."""

    name: str
    value: str
    origin: str
    default: str
    help: str


def _setting(
    kind: Callable[[str], Any], default: str, about: str, *, secret: bool = False, client: bool = False
) -> Any:
    return field(metadata={"setting": Setting(kind, default, about, secret, client)})


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """All settings, typed. The environment variable is SIGNPOST_ and the name in capitals."""

    data_dir: Path = _setting(path, ".signpost", "folder for the database, keys and secrets of an embedded system")
    database_url: str = _setting(
        database, "sqlite:///{data_dir}/signpost.db", "postgresql://USER@HOST/NAME, or sqlite:///FILE", secret=True
    )
    broker_url: str = _setting(
        queue,
        "{embedded_queue}",
        "amqp://USER:PASSWORD@HOST/VHOST, or sqlite:///FILE for the queue embedded in a database file",
        secret=True,
    )
    tenants: Path = _setting(
        path, "{data_dir}/tenants.yaml", "file of tenants, their API keys and sources", client=True
    )
    vendors: Path = _setting(
        path,
        "{data_dir}/vendors",
        "folder of your own mapping files of vendors, beside those that Signpost has",
        client=True,
    )
    rules: tuple[Path, ...] = _setting(
        rule_folders,
        OURS,
        "folders of rules, each adding to those before: `ours` (shipped), DIR, ours:DIR",
        client=True,
    )
    state_dir: Path = _setting(
        path,
        "{data_dir}/state",
        "folder for copies of the last valid rules and tenants, with which a process starts while the files are faulty",
        client=True,
    )
    engine: str = _setting(
        choice("auto", "durable_rules", "compiled"),
        "auto",
        "engine that evaluates the rules; auto: durable_rules if it is installed, else compiled",
    )
    partitions: int = _setting(number(1, 64), "1", "number of queues that share the events, one advisor for each")
    http_bind: Bind = _setting(bind, "127.0.0.1:8080", "address on which the intake listens")
    http_processes: int = _setting(number(1, 64), "1", "number of intake processes")
    http_threads: int = _setting(number(1, 256), "8", "threads of each intake process: its concurrent requests")
    http_waiting: int = _setting(
        number(1, 2000),
        "200",
        "requests of one tenant that may wait for changes in each intake process; beyond them, the oldest is answered",
    )
    request_timeout: float = _setting(
        seconds(0.5, 60), "10", "seconds within which a request must arrive, from its first byte to its last"
    )
    drain_seconds: float = _setting(
        seconds(0, 30),
        "0",
        "seconds for which an intake that was asked to stop says 503 on /readyz and goes on serving",
    )
    trusted_proxies: str = _setting(
        networks,
        "",
        "addresses or networks of proxies whose header `X-Forwarded-Proto` the intake believes: ADDRESS,NETWORK/BITS",
    )
    http_analyses: int = _setting(
        number(1, 64),
        "3",
        "explanations, forecasts and simulations that each intake process runs at once, each in a child process",
    )
    max_body_bytes: int = _setting(number(1_000, 16_000_000), "1000000", "maximum size of a request body, in bytes")
    rate_per_second: int = _setting(
        number(0, 1_000_000),
        "1000",
        "rate limit of a tenant: events and requests per second, across all processes; 0: no limit",
    )
    rate_burst: int = _setting(number(1, 10_000_000), "10000", "burst limit of a tenant: events and requests at once")
    max_cases_per_tenant: int = _setting(
        number(0, 999_999_999_999), "1000000", "cases of a tenant from which on no event begins a case; 0: no limit"
    )
    max_bytes_per_tenant: int = _setting(
        number(0, 999_999_999_999), "50000000000", "the same for the bytes that a tenant stores; 0: no limit"
    )
    publish_timeout: float = _setting(
        seconds(0.1, 60), "5", "seconds after which a publish without a confirm counts as failed"
    )
    batch_size: int = _setting(number(1, 5_000), "200", "maximum number of events in one transaction of an advisor")
    prefetch: int = _setting(number(1, 2_000), "400", "maximum number of unacknowledged messages of one advisor")
    outbox_lease: float = _setting(
        seconds(1, 3_600),
        "30",
        "seconds after which the relay publishes what another process committed and did not publish",
    )
    clock_interval: float = _setting(seconds(0.05, 60), "1", "seconds between two queries for cases that are due")
    reload_interval: float = _setting(
        seconds(0.1, 3_600), "1", "seconds between two checks for changed rules or tenants; SIGHUP requests one at once"
    )
    reevaluate_per_second: int = _setting(
        number(1, 10_000), "200", "cases that one clock re-evaluates per second after a change of the rules"
    )
    questions: str = _setting(
        choice("off", "on"), "off", "whether workers publish the questions to candidates to `signpost.questions`"
    )
    delivery_days: int = _setting(
        number(0, 365), "7", "days for which webhooks are stored for inspection and replay; 0: without their bodies"
    )
    feed_days: int = _setting(
        number(0, 36_500),
        "90",
        "days for which the feed keeps changes; it always keeps the last change of active advice; 0: no limit",
    )
    ended_advice_days: int = _setting(
        number(0, 36_500), "365", "days for which a recommendation that has ended can be read; 0: no limit"
    )
    seen_event_days: int = _setting(
        number(0, 36_500),
        "400",
        "days after which the repeat of an event counts as a new event; 0: never",
    )
    dead_letter_days: int = _setting(
        number(0, 3_650), "30", "days after which dead letters and unrouted advice are deleted; 0: never"
    )
    dead_letter_messages: int = _setting(
        number(0, 10_000_000), "100000", "latest dead letters that each queue keeps, older ones are deleted; 0: all"
    )
    endpoint_networks: str = _setting(
        networks,
        "",
        "networks of your own in which endpoints of webhooks may be, also over http: ADDRESS,NETWORK/BITS; all others "
        "must be public, over https",
    )
    endpoint_timeout: float = _setting(
        seconds(1, 60), "15", "seconds within which the receiver of a webhook must have answered"
    )
    endpoints_at_once: int = _setting(
        number(1, 1_000), "64", "webhooks that one deliverer sends at once; at most 8 of them to one endpoint"
    )
    endpoint_disable_days: int = _setting(
        number(1, 90), "3", "days of failures without a success after which an endpoint is disabled"
    )
    endpoint_attempt_days: int = _setting(
        number(1, 365), "7", "days for which attempts at webhooks are kept, with the beginning of each response"
    )
    log_level: str = _setting(
        choice("debug", "info", "warning", "error"),
        "info",
        "lowest level that is logged: debug, info, warning or error",
    )
    log_format: str = _setting(
        choice("auto", "text", "json"), "auto", "format of log lines; auto: text on a terminal, JSON lines elsewhere"
    )
    traces: str = _setting(
        choice("off", "otlp"),
        "off",
        "whether processes record OpenTelemetry spans; otlp: sent over HTTP as the variables `OTEL_EXPORTER_...` say",
    )
    metrics_bind: Bind | None = _setting(
        optional_bind,
        "",
        "address at which every process serves `/metrics`, `/livez` and `/readyz`, for your own network only; empty: "
        "only the intake does, on its usual address",
    )
    url: str = _setting(address, "http://127.0.0.1:8080", "address at which commands reach the intake", client=True)
    api_key: str = _setting(token, "", "API key that these commands use", secret=True, client=True)

    def __repr__(self) -> str:
        printable = (f"{name}={_printable(name, str(getattr(self, name)))}" for name in TABLE)
        return f"Settings({', '.join(printable)})"


TABLE: Final[dict[str, Setting]] = {one.name: one.metadata["setting"] for one in fields(Settings)}
NAMES: Final = {PREFIX + name.upper(): name for name in TABLE}


def read_settings(environ: Mapping[str, str], *, client_file: bool = True) -> Settings:
    """The settings of an environment. `client_file`: whether what a running system left counts. Raises SettingsError
    with all problems."""
    return Settings(**SettingsReader(TABLE, environ, client_file=client_file).values())


def show_settings(environ: Mapping[str, str]) -> list[PrintableSetting]:
    """All settings of an environment, printable. Raises SettingsError."""
    reader = SettingsReader(TABLE, environ)
    reader.values()
    return [
        PrintableSetting(
            variable, _printable(name, reader.texts[name]), reader.origins[name], _default(name), TABLE[name].help
        )
        for variable, name in NAMES.items()
    ]


def _default(name: str) -> str:
    described = {"broker_url": "the queue embedded in the database file", "rules": "the rules that came with Signpost"}
    return described.get(name, TABLE[name].default)


def _printable(name: str, value: str) -> str:
    if not TABLE[name].secret or not value:
        return value
    return mask_passwords(value) if "://" in value else "********"
