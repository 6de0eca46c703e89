"""`signpost up`: the whole system in one process tree, with what it needs made first."""

import contextlib
import fcntl
import os
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from signpost.cli.edge import settings
from signpost.cli.first_run import prepare
from signpost.cli.processes import GUNICORN
from signpost.cli.supervisor import Program, Supervisor
from signpost.errors import CallerError, MisconfiguredError, TransientError
from signpost.repeats import Repeats
from signpost.setting_kinds import Bind, mask_passwords
from signpost.settings import Settings

PATIENCE: Final = 60.0
"""Seconds to wait for servers at the start, and for the system to become ready."""
PAUSE_FIRST, PAUSE_MOST = 0.5, 8.0
INTAKE_GRACE: Final = 40.0
WORKER_GRACE: Final = 25.0
"""Longer than the processes' own bounds, so that none is killed in the middle of its last batch."""


class AlreadyTaken(CallerError):
    """Another system runs in this folder or at this address."""


@click.command
@click.option("--advisors", type=click.IntRange(1, 64), default=1, show_default=True, help="How many advisors to run.")
def up(advisors: int) -> None:
    """Start everything here and keep it running until Ctrl-C: intake, advisor, clock and relay.

    Without settings it needs no server: database and queue are one SQLite file in .signpost, and a tenant `demo` with
    an API key and two sources is made on the first run. With SIGNPOST_DATABASE_URL and SIGNPOST_BROKER_URL it runs on
    PostgreSQL and RabbitMQ.

    \b
    Examples:
      signpost up
      SIGNPOST_HTTP_BIND=127.0.0.1:9000 signpost up
    """
    chosen = settings()
    _check_engine(chosen.engine)
    url = f"http://{_reachable(chosen.http_bind)}"
    with _alone(chosen.data_dir):
        _check_free(chosen.http_bind)
        if "SIGNPOST_TENANTS" not in os.environ and prepare(chosen.data_dir, chosen.tenants, url):
            _say(f"made tenant demo and its keys in {chosen.data_dir}")
        _lay_out(chosen)
        supervisor = Supervisor(_stages(advisors), _environment(chosen), _say)
        code = supervisor.run(lambda: _is_ready(url), lambda: _tell(chosen, url), PATIENCE)
    _say("stopped")
    sys.exit(code)


def _stages(advisors: int) -> list[list[Program]]:
    """The intake stops first, so that nothing new comes in while the workers finish."""
    names = ["advisor"] if advisors == 1 else [f"advisor-{number}" for number in range(1, advisors + 1)]
    workers = [Program(name, _worker(name.partition("-")[0]), WORKER_GRACE) for name in (*names, "clock", "relay")]
    return [[Program("intake", (sys.executable, *GUNICORN), INTAKE_GRACE)], workers]


def _worker(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "signpost", name)


def _environment(settings: Settings) -> dict[str, str]:
    """What the processes find: ours, and lines for people where a person is watching."""
    readable = settings.log_format == "auto" and sys.stderr.isatty()
    return {**os.environ, "PYTHONUNBUFFERED": "1", **({"SIGNPOST_LOG_FORMAT": "text"} if readable else {})}


@contextlib.contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Nobody else runs in this data folder while we do; the system lets go of the lock when we die."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyTaken(f"another `signpost up` runs on {data_dir}; SIGNPOST_DATA_DIR names another") from None
        yield


def _check_engine(setting: str) -> None:
    """Before anything starts. Raises CallerError."""
    from signpost.engine import choose_engine

    choose_engine(setting)


def _check_free(bind: Bind) -> None:
    family = socket.AF_INET6 if ":" in bind.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(bind)
        except OSError as error:
            raise AlreadyTaken(f"cannot listen on {bind}: {error.strerror}; SIGNPOST_HTTP_BIND names another") from None


def _lay_out(settings: Settings) -> None:
    """Bring the tables and the exchanges into place, waiting for servers that are still starting."""
    deadline, pause, lines = time.monotonic() + PATIENCE, PAUSE_FIRST, Repeats()
    while True:
        try:
            _upgrade(settings)
            return
        except MisconfiguredError:
            raise
        except TransientError as away:
            if time.monotonic() > deadline:
                raise
            if lines.is_due(str(away)):
                _say(f"waiting up to {PATIENCE:.0f} s: {away}")
            time.sleep(pause)
            pause = min(pause * 2, PAUSE_MOST)


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


def _tell(settings: Settings, url: str) -> None:
    command = "signpost" if shutil.which("signpost") else min(sys.argv[0], os.path.relpath(sys.argv[0]), key=len)
    lines = (
        "",
        click.style(f"Signpost is ready at {url}", fg="green", bold=True),
        f"  database {mask_passwords(settings.database_url)}",
        f"  broker   {mask_passwords(settings.broker_url)}",
        "In a second terminal:",
        f"  {command} tail --follow     watch the advice as it comes",
        "  make demo                   play three candidates' journeys",
        f"  {command} send FILE         send your own CloudEvents",
        "Ctrl-C stops it; nothing is lost.",
        "",
    )
    click.echo("\n".join(lines), err=True)


def _say(text: str) -> None:
    # The terminal may be closed
    with contextlib.suppress(OSError):
        click.echo(f"{click.style('signpost ', bold=True)}| {text}", err=True)


def _reachable(bind: Bind) -> Bind:
    """Where a client on this machine finds it: every address means this one too."""
    return Bind({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind.host, bind.host), bind.port)
