"""Checks settings and the machine: what needs neither broker nor database."""

import os
import re
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from signpost.doctor.commands import quoted, then
from signpost.doctor.finding import Finding, failed, ok, or_ok, warning
from signpost.doctor.site import Site
from signpost.engine import AUTO, choose_engine
from signpost.errors import CallerError
from signpost.settings_reader import SettingsError

MIN_FILES: Final = 256
INTAKE_FILES: Final = 4_096 + 128
"""What an intake raises its limit to: connections, and the files of the process itself."""
_VARIABLE: Final = re.compile(r"(SIGNPOST_\w+)")
_MEANT: Final = re.compile(r"did you mean (SIGNPOST_\w+)\?")


def settings_problems(error: SettingsError) -> Iterator[Finding]:
    """A line for each problem of the settings."""
    for problem in error.problems:
        yield failed(problem, *_mend_setting(problem))


def _mend_setting(problem: str) -> tuple[str, str]:
    """The command and the step for a problem: without the variable, the default counts."""
    variables = _VARIABLE.findall(problem)
    if not variables or "must be set" in problem:
        return "", "set it, for example export SIGNPOST_BROKER_URL=amqp://USER:PASSWORD@HOST/VHOST"
    if found := _MEANT.search(problem):
        return f'export {found[1]}="${variables[0]}"; unset {variables[0]}', ""
    return f"unset {variables[0]}", "or set it as the line says; without it, its default counts"


def folders(site: Site) -> Iterator[Finding]:
    """Folders to which processes write."""
    wanted = {"SIGNPOST_STATE_DIR": site.settings.state_dir}
    if site.database_file is not None:
        wanted = {"SIGNPOST_DATABASE_URL": site.database_file.parent, **wanted}
    for setting, folder in wanted.items():
        yield _folder(setting, folder)


def _folder(setting: str, folder: Path) -> Finding:
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not existing.is_dir():
        aside = then(quoted("mv", existing, f"{existing}.old"), quoted("mkdir", "-p", "-m", "700", folder))
        return failed(f"{existing} is no folder ({setting})", aside)
    if not os.access(existing, os.W_OK | os.X_OK):
        return failed(f"{existing} cannot be written ({setting})", quoted("sudo", "chown", "-R", os.getuid(), existing))
    return ok(f"{folder} can be written ({setting})")


def disk(site: Site) -> Iterator[Finding]:
    """Free space under these folders."""
    places = [site.settings.state_dir, *([site.database_file] if site.database_file else [])]
    seen = set()
    for place in places:
        existing = next(each for each in (place, *place.absolute().parents) if each.exists())
        if (device := existing.stat().st_dev) not in seen:
            seen.add(device)
            yield _disk(site, existing)


def _disk(site: Site, place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    text = f"{free / 1e6:,.0f} MB are free under {place}"
    largest = f"du -x -d 2 -h {quoted(place)} | sort -h | tail -n 20"
    if free < site.limits.free_failed:
        return failed(f"{text}; writing fails soon", step=f"free space; `{largest}` shows what takes it")
    if free < site.limits.free_warning:
        return warning(text, step=f"free space; `{largest}` shows what takes it")
    return ok(text)


def open_files(site: Site) -> Iterator[Finding]:
    """The limit of open files of this shell, which its processes inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    text = (
        f"{'any number of' if soft == unlimited else soft} open files, at most {'any' if hard == unlimited else hard}"
    )
    if soft != unlimited and soft < MIN_FILES:
        command = f"ulimit -S -n {INTAKE_FILES if hard == unlimited else min(INTAKE_FILES, hard)}"
        yield failed(f"{text}; a process needs {MIN_FILES}", command, "then start the processes in this shell")
    elif hard != unlimited and hard < INTAKE_FILES:
        step = (
            f"raise the limit where the intake is started: LimitNOFILE={INTAKE_FILES} in its unit, `ulimits` in compose"
        )
        yield warning(f"{text}; an intake holds fewer than 4,096 connections", step=step)
    else:
        yield ok(text)


def engine(site: Site) -> Iterator[Finding]:
    """Whether the engine that is asked for can be imported."""
    try:
        choice = choose_engine(site.settings.engine)
    except CallerError as error:
        yield failed(str(error), f"export SIGNPOST_ENGINE={AUTO}")
        return
    yield ok(f"{choice.name}: {choice.reason}")


def secrets(site: Site) -> Iterator[Finding]:
    """Secrets that everybody knows, because they are examples or defaults."""
    yield from or_ok(_known_secrets(site), "no setting has a secret of an example")


def _known_secrets(site: Site) -> Iterator[Finding]:
    urls = {"SIGNPOST_BROKER_URL": site.settings.broker_url, "SIGNPOST_DATABASE_URL": site.settings.database_url}
    for setting, url in urls.items():
        user, password, host = _login(url)
        if (user, password) in DEFAULT_LOGINS and host not in LOOPBACK:
            yield failed(f"{setting} has the default password of {user}, and {host} is another machine", "", CHANGE)
        elif password.upper() in PLACEHOLDERS:
            yield failed(f"{setting} has the password of an example", "", CHANGE)
    key = site.settings.api_key
    if key and (key.upper() in PLACEHOLDERS or len(key) < MIN_KEY):
        yield failed(f"SIGNPOST_API_KEY is no API key: it has {len(key)} characters", "unset SIGNPOST_API_KEY", NEW_KEY)


def _login(url: str) -> tuple[str, str, str]:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or ""), parts.hostname or ""


DEFAULT_LOGINS: Final = (("guest", "guest"), ("postgres", "postgres"), ("signpost", "signpost"))
LOOPBACK: Final = ("", "localhost", "127.0.0.1", "::1")
PLACEHOLDERS: Final = ("PASSWORD", "SECRET", "CHANGEME", "CHANGE-ME", "CHANGE_ME", "OLD", "XXX", "API_KEY", "KEY")
MIN_KEY: Final = 16
CHANGE: Final = (
    "give this user another password, and write it into the setting; deploy/prepare.py does both in containers"
)
NEW_KEY: Final = "`signpost tenants rotate NAME` makes one"
