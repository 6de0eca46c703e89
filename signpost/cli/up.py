"""`signpost up`: runs the whole system as one process tree, after preparing its files, tables and queues."""

import contextlib
import fcntl
import os
import shlex
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from signpost.cli.edge import count_noun, echo, settings
from signpost.cli.first_run import leave_for_clients, prepare
from signpost.cli.processes import GUNICORN
from signpost.cli.rules.common import near_folders
from signpost.cli.supervisor import Program, Supervisor
from signpost.errors import CallerError, MisconfiguredError, TransientError
from signpost.metrics.process import metrics_of_tree
from signpost.repeats import Repeats
from signpost.setting_kinds import Bind, mask_passwords
from signpost.settings import SHIPPED_RULES, Settings

OTHERS: Final = ("clock", "relay", "deliverer")
"""The workers beside the advisors."""
START_TIMEOUT_S: Final = 60.0
"""How long to wait for servers, and then for the system to become ready."""
MIN_PAUSE_S, MAX_PAUSE_S = 0.5, 8.0
INTAKE_GRACE_S: Final = 40.0
WORKER_GRACE_S: Final = 25.0
"""Longer than the processes take to stop, so that none is killed during its last batch."""


class AlreadyRunning(CallerError):
    """Another system uses this data folder or this address."""


class NoRules(CallerError):
    """The rules cannot be used, and no copy of their last valid content is kept."""


@click.command
@click.option("--advisors", type=click.IntRange(1, 64), default=1, show_default=True, help="Number of advisors.")
def up(advisors: int) -> None:
    """Start intake, advisor, clock, relay and deliverer, and keep them running until Ctrl-C.

    Without settings it needs no server: database and queue are one SQLite file in .signpost, and the first run creates
    a tenant `demo` with an API key and two sources. With SIGNPOST_DATABASE_URL and SIGNPOST_BROKER_URL it uses
    PostgreSQL and RabbitMQ.

    \b
    Examples:
      signpost up
      SIGNPOST_HTTP_BIND=127.0.0.1:9000 signpost up
    """
    chosen = settings(client_file=False)  # which an earlier system left
    _check_engine(chosen.engine)
    _check_rules(chosen)
    _check_tenants(chosen)
    url = f"http://{_to_reachable(chosen.http_bind)}"
    if not chosen.data_dir.exists():
        _check_free(chosen.http_bind)  # so that a start that fails leaves no folder
    with _lock(chosen.data_dir):
        _check_free(chosen.http_bind)
        _make_private(chosen.database_url)
        if "SIGNPOST_TENANTS" not in os.environ and prepare(chosen.data_dir, chosen.tenants):
            _log(f"created tenant demo and its keys in {chosen.data_dir}")
        leave_for_clients(chosen, url, os.environ)
        _prepare_servers(chosen)
        stop = threading.Event()
        with metrics_of_tree(chosen.metrics_bind, stop.is_set) as folder:
            supervisor = Supervisor(_stages(advisors), _environment(chosen), _log, folder, stop)
            code = supervisor.run(lambda: _is_ready(url), lambda: _print_ready(chosen, url), START_TIMEOUT_S)
    _log("stopped")
    sys.exit(code)


def _stages(advisors: int) -> list[list[Program]]:
    """The intake stops first, so that no new events arrive while the workers finish."""
    names = ["advisor"] if advisors == 1 else [f"advisor-{number}" for number in range(1, advisors + 1)]
    workers = [Program(name, _worker(name.partition("-")[0]), WORKER_GRACE_S) for name in (*names, *OTHERS)]
    return [[Program("intake", (sys.executable, *GUNICORN), INTAKE_GRACE_S)], workers]


def _worker(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "signpost", name)


def _environment(settings: Settings) -> dict[str, str]:
    """The environment of the processes; on a terminal they log text."""
    readable = settings.log_format == "auto" and sys.stderr.isatty()
    return {**os.environ, "PYTHONUNBUFFERED": "1", **({"SIGNPOST_LOG_FORMAT": "text"} if readable else {})}


@contextlib.contextmanager
def _lock(data_dir: Path) -> Iterator[None]:
    """Lock the data folder; the operating system releases the lock when this process dies."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"another `signpost up` uses {data_dir}; stop it, or set SIGNPOST_DATA_DIR to another folder"
            ) from None
        yield


def _make_private(database_url: str) -> None:
    """Make the files of an embedded database private: earlier versions created them with the umask of the shell."""
    if database_url.startswith("sqlite:///"):
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                Path(database_url.removeprefix("sqlite:///") + suffix).chmod(0o600)


def _check_engine(setting: str) -> None:
    """Raises CallerError for an engine that cannot run."""
    if setting != "auto":  # which never fails, and the import takes long
        from signpost.engine import choose_engine

        choose_engine(setting)


def _check_rules(settings: Settings) -> None:
    """Raises NoRules: once and in plain words, where each process would log it."""
    from signpost.tenants.live_rulebooks import kept_rules

    if kept_rules(settings.state_dir, settings.rules, settings.tenants).exists:
        return  # with which the processes start
    missing = [folder for folder in settings.rules if not folder.is_dir()]
    if missing:
        near = near_folders(os.environ.get("SIGNPOST_RULES", ""), missing[0])
        remedy = "start in the folder that has it, or correct SIGNPOST_RULES" + (f" ({near[2:]})" if near else "")
        raise NoRules(f"there is no folder {missing[0].absolute()}; {remedy}")
    if settings.rules != (SHIPPED_RULES,) or settings.tenants.exists():  # otherwise not worth the second that it takes
        _load_rules(settings)


def _load_rules(settings: Settings) -> None:
    from signpost.rulebook import RulebookError
    from signpost.tenants.rulebooks import load_rulebooks

    try:
        load_rulebooks(settings.rules, settings.tenants)
    except RulebookError as error:
        count = count_noun(len(error.problems), "problem")
        raise NoRules(
            f"{count} in the rules; nothing was started. Correct the files and start again:\n{error}"
        ) from None


def _check_tenants(settings: Settings) -> None:
    """Raises TenantsError: likewise."""
    from signpost.ingress.sources import source_problem
    from signpost.ingress.vendors import VENDORS
    from signpost.tenants.live import kept_tenants
    from signpost.tenants.loading import load_tenants

    kept = kept_tenants(settings.state_dir, settings.tenants, settings.rules)
    is_made = "SIGNPOST_TENANTS" not in os.environ and not settings.tenants.exists()
    if not kept.exists and not is_made:
        VENDORS.read_own(settings.vendors)
        load_tenants(settings.tenants, os.environ, source_problem, settings.rules)


def _check_free(bind: Bind) -> None:
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(bind)
        except OSError as error:
            raise AlreadyRunning(
                f"cannot listen on {bind}: {error.strerror}; start it with another address, like"
                " SIGNPOST_HTTP_BIND=127.0.0.1:8081; docs/settings.md explains it"
            ) from None


def _prepare_servers(settings: Settings) -> None:
    """Create tables and exchanges; waits for servers that are still starting."""
    deadline, pause, lines = time.monotonic() + START_TIMEOUT_S, MIN_PAUSE_S, Repeats()
    while True:
        try:
            _upgrade(settings)
            return
        except MisconfiguredError:
            raise
        except TransientError as error:
            if time.monotonic() > deadline:
                raise
            if lines.is_due(str(error)):
                _log(f"waiting up to {START_TIMEOUT_S:.0f} s for a server: {error}")
            time.sleep(pause)
            pause = min(pause * 2, MAX_PAUSE_S)


def _upgrade(settings: Settings) -> None:
    from signpost.messaging import connect
    from signpost.storage import upgrade

    upgrade(settings.database_url)
    broker = connect(settings.broker_url, partitions=settings.partitions, name="signpost up")
    try:
        broker.apply_topology()
    finally:
        broker.close()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _print_ready(settings: Settings, url: str) -> None:
    command = _own_command()
    if "SIGNPOST_DATA_DIR" in os.environ:  # another terminal would look into the default folder
        command = f"SIGNPOST_DATA_DIR={shlex.quote(os.environ['SIGNPOST_DATA_DIR'])} {command}"
    commands = {
        f"{command} tail --follow": "follow the advice",
        **({"make demo": "play the journeys of three candidates"} if _is_checkout() else {}),
        f"{command} send FILE": "send your own CloudEvents",
    }
    width = max(map(len, commands))
    lines = (
        "",
        click.style(f"Signpost is ready at {url}", fg="green", bold=True),
        f"  database {mask_passwords(settings.database_url)}",
        f"  broker   {mask_passwords(settings.broker_url)}",
        "In a second terminal:",
        *(f"  {one:{width}}  {purpose}" for one, purpose in commands.items()),
        "Ctrl-C stops it without losing data.",
        "",
    )
    echo("\n".join(lines), err=True)


def _is_checkout() -> bool:
    """Whether this is the folder of a clone, which has the make targets."""
    return Path("Makefile").is_file() and Path("examples", "play.py").is_file()


def _own_command() -> str:
    """What runs this program in another terminal."""
    if shutil.which("signpost"):
        return "signpost"
    if Path(sys.argv[0]).name == "__main__.py":
        return "python -m signpost"
    return min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len)


def _log(text: str) -> None:
    # The terminal may be closed
    with contextlib.suppress(OSError):
        echo(f"{click.style('signpost ', bold=True)}| {text}", err=True)


def _to_reachable(bind: Bind) -> Bind:
    """The address for clients on this machine: a wildcard address becomes the loopback address."""
    return Bind({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.host, bind.host), bind.port)
