"""`signpost doctor`: prints what is wrong with an installation and what mends it. The checks are in signpost/doctor."""

import os
import sys
from typing import TYPE_CHECKING

import click

from signpost.cli.edge import echo, json_option, print_json
from signpost.cli.failures import FAILED

if TYPE_CHECKING:
    from signpost.doctor import Line

ROLES = ("intake", "advisor", "clock", "relay", "deliverer", "migrations", "all")
COLOURS = {"failed": "red", "warning": "yellow", "skipped": "blue", "ok": "green"}


@click.command
@click.option("--only", multiple=True, metavar="NAME", help="Run this check alone; repeatable.")
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default=None,
    help="Whose settings these are; default: by the name of the user, else of all.",
)
@click.option("--list", "show_list", is_flag=True, help="List the checks with the time that each may take.")
@json_option
def doctor(only: tuple[str, ...], role: str | None, show_list: bool, as_json: bool) -> None:
    """Check settings, files, broker, database and rules of this installation, the worst first. Changes nothing.

    Each line that is not ok has the command that mends it, or the step to take. Run it where the settings of the
    processes apply; in a container: docker compose exec intake signpost doctor. A check that gets no answer ends after
    its bound and hides no other.

    Exit code 1 if a check failed, 0 if all are ok or warnings.

    \b
    Examples:
      signpost doctor
      signpost doctor --only topology --only queues
      signpost doctor --json
    """
    from signpost.doctor import Site, Status, by_severity, check_names, examine, read_site_settings, summary
    from signpost.doctor.checks import SETTINGS

    check_names(only)
    if show_list:
        _show_checks()
        return
    settings, lines = read_site_settings(os.environ)
    if settings is not None:
        site = Site(settings, role=role or "")
        lines = [*(lines if not only or SETTINGS in only else []), *examine(site, only)]
    lines = by_severity(lines)
    if as_json:
        print_json({"summary": summary(lines), "checks": [line.to_document() for line in lines]})
    else:
        _print(lines)
        echo(summary(lines))
    if any(line.finding.status == Status.FAILED for line in lines):
        sys.exit(FAILED)


def _show_checks() -> None:
    from signpost.doctor.checks import CHECKS

    for check in CHECKS.values():
        echo(f"{check.name:17} {check.about}, within {check.bound_s:g} s")


def _print(lines: "list[Line]") -> None:
    """A line for each finding, the mending below it; the same text on a terminal and elsewhere, there with colours."""
    for line in lines:
        finding = line.finding
        echo(f"{click.style(f'{finding.status:8}', fg=COLOURS[finding.status])} {line.check:17} {finding.text}")
        if finding.command:
            echo(f"{'':26} run: {click.style(finding.command, bold=True)}")
        if finding.step:
            echo(f"{'':26} {'then' if finding.command else 'do'}: {finding.step}")
