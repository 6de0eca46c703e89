"""Runs checks: each within its bound, none hides another, and what one needs comes before it."""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from signpost.doctor.check_settings import settings_problems
from signpost.doctor.checks import CHECKS, SETTINGS, Check
from signpost.doctor.finding import Finding, Line, Status, by_severity, failed, ok, skipped
from signpost.doctor.site import Site
from signpost.errors import CallerError, MisconfiguredError, SignpostError
from signpost.settings import Settings, read_settings
from signpost.settings_reader import SettingsError
from signpost.suggestions import meant

NAMES: Final = (SETTINGS, *CHECKS)
_DENIED: Final = "permission denied"


class NoSuchCheck(CallerError):
    """There is no check of this name."""


def read_site_settings(environ: Mapping[str, str]) -> tuple[Settings | None, list[Line]]:
    """The settings, and a line for each problem; None if they cannot be read."""
    try:
        return read_settings(environ), [Line(SETTINGS, ok("every setting is valid"))]
    except SettingsError as error:
        return None, [Line(SETTINGS, finding) for finding in settings_problems(error)]


def check_names(names: Iterable[str]) -> None:
    """Raise NoSuchCheck for an unknown name."""
    for name in names:
        if name not in NAMES:
            raise NoSuchCheck(f"there is no check {name!r}; {meant(name, NAMES)}")


def examine(site: Site, only: Collection[str] = ()) -> list[Line]:
    """The lines of all checks, or of some and of those that keep these from looking; the worst first."""
    found: dict[str, list[Finding]] = {}
    for name in _in_order(only or CHECKS):
        found[name] = list(_run(site, CHECKS[name], found))
    shown = {name: list(findings) for name, findings in found.items() if not only or name in only or _fails(findings)}
    return by_severity(Line(name, finding) for name, findings in shown.items() for finding in findings)


def _in_order(names: Iterable[str]) -> list[str]:
    """Names of checks and of all that they need."""
    wanted, todo = set[str](), [name for name in names if name in CHECKS]
    while todo:
        name = todo.pop()
        wanted.add(name)
        todo += [need for need in CHECKS[name].needs if need not in wanted]
    return [name for name in CHECKS if name in wanted]


def _fails(findings: Collection[Finding]) -> bool:
    return _has(Status.FAILED, findings) or _has(Status.SKIPPED, findings)


def _has(status: Status, findings: Collection[Finding]) -> bool:
    return any(finding.status == status for finding in findings)


def _run(site: Site, check: Check, found: Mapping[str, list[Finding]]) -> Iterator[Finding]:
    if any(_fails(found[need]) for need in check.needs):
        causes = [name for name in _in_order(check.needs) if _has(Status.FAILED, found[name])]
        yield skipped(f"cannot be checked before this is mended: {', '.join(causes or check.needs)}")
        return
    findings: list[Finding] = []
    thread = threading.Thread(target=_collect, args=(site, check, findings), daemon=True)
    thread.start()
    thread.join(check.bound_s)
    if thread.is_alive():
        text = f"no answer within {check.bound_s:g} s"
        yield failed(text, step="see whether the server is frozen, or the machine overloaded, then check again")
        return
    yield from findings


def _collect(site: Site, check: Check, findings: list[Finding]) -> None:
    """Run a check; its errors are findings. Whatever it meets, the others go on."""
    try:
        findings.extend(check.run(site))
    except MisconfiguredError as error:
        denied = _DENIED in str(error)
        text = f"cannot be checked: {error}"
        findings.append(skipped(text, "check it with the settings of a user who may") if denied else failed(text))
    except SignpostError as error:
        findings.append(failed(str(error), step="check again; if it stays, the other lines say what fails"))
    except Exception as error:
        text = f"the check itself fails: {type(error).__name__}: {error}"
        findings.append(failed(text, step="report this as a bug of Signpost"))
