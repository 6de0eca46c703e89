"""`signpost status`: one screen of what happens in an installation. It is read in signpost/doctor."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import count_noun, echo, json_option, print_json, settings
from signpost.printable import shorten

if TYPE_CHECKING:
    from signpost.doctor.status import Document

LATE_S = 60.0
MAX_TEXT = 160


@click.command
@click.option(
    "--watch",
    "interval",
    is_flag=False,
    flag_value="2",
    type=click.FloatRange(0.2, 3600),
    metavar="[SECONDS]",
    help="Draw it again every SECONDS (2) until Ctrl-C.",
)
@json_option
def status(interval: float | None, as_json: bool) -> None:
    """Show processes, queues, lags, versions and the last errors on one screen.

    It is cheap on a million cases; what cannot be read within 8 s says so. Run it where the settings of the processes
    apply, as `signpost doctor`, which says what to do.

    \b
    Examples:
      signpost status
      signpost status --watch
      signpost status --watch 10 --json
    """
    from signpost.doctor import Site
    from signpost.doctor.status import StatusReader

    site = Site(settings())
    reader = StatusReader(site)
    try:
        while True:
            _show(reader.read(), as_json, clear=interval is not None)
            if interval is None:
                return
            time.sleep(interval)
    except KeyboardInterrupt:
        echo()
    finally:
        site.close()


def _show(document: "Document", as_json: bool, *, clear: bool) -> None:
    if as_json:
        print_json(document)
        return
    text = "\n".join(lines_of(document))
    if clear:
        click.clear()
    echo(text)


def lines_of(document: "Document") -> Iterator[str]:
    """The lines of the screen."""
    yield from _versions(document)
    yield ""
    yield f"running    {_running(document)}"
    yield from _queues(document.get("queues", []))
    if "outbox" in document:
        yield f"outbox     {_waiting(document['outbox']['waiting'], 'waiting message', document['outbox']['oldest_s'])}"
        yield f"clock      {_waiting(document['clock']['due'], 'due case', document['clock']['lag_s'])}"
        yield from _endpoints(document["endpoints"])
        yield from _traffic(document)
    yield from _dead_letters(document.get("dead_letters", []))
    yield from _errors(document["errors"])
    for part, problem in document["problems"].items():
        yield f"{click.style('not read   ', fg='red')}{part}: {problem}"


def _endpoints(found: "Document | None") -> Iterator[str]:
    """What waits for endpoints of webhooks, and which do not work; nothing without endpoints."""
    if not found or not found["number"]:
        return
    words = [f"{found[state]} {state}" for state in ("failing", "disabled") if found[state]]
    state = click.style(f" ({', '.join(words)}: signpost endpoints list)", fg="red") if words else ""
    yield f"endpoints  {found['number']}{state}, {_waiting(found['waiting'], 'waiting message', found['oldest_s'])}"


def _versions(document: "Document") -> Iterator[str]:
    here = document.get("versions_here", {})
    parts = [f"Signpost {here['signpost']}", f"Python {here['python']}", f"engine {here['engine']}"] if here else []
    servers = [f"{one['product']} {one['version']}" for one in map(document.get, ("broker", "database")) if one]
    parts += dict.fromkeys(servers)
    yield click.style(", ".join(parts), bold=True) + f"  {document['at'][:19].replace('T', ' ')} UTC"
    if migration := document.get("migration"):
        is_current = migration["revision"] == migration["wanted"]
        needs = "" if is_current else click.style(f", this version needs {migration['wanted']}", fg="red")
        rulebooks = ", ".join(document["rulebooks"]) or "none announced within a minute"
        yield f"tables {migration['revision'] or 'none'}{needs}; rulebook in force: {rulebooks}"


def _running(document: "Document") -> str:
    found = []
    for one in document["running"]:
        number = f"{one['number']} " if one["number"] is not None and one["role"] != "up" else ""
        found.append(f"{number}{one['role']} (by {one['by']})")
    report = (document.get("intake") or {}).get("report")
    degraded = f"; the intake is {report['status']}" if report and report["status"] != "ok" else ""
    return (", ".join(found) or click.style("no process is seen from here", fg="yellow")) + degraded


def _queues(queues: list[dict[str, Any]]) -> Iterator[str]:
    for number, one in enumerate(queues):
        head = "queues" if not number else ""
        readers = f"  {count_noun(one['consumers'], 'consumer')}" if one["consumers"] is not None else ""
        yield f"{head:11}{one['queue']:30} {one['waiting']:>9,} waiting{readers}"


def _waiting(number: int, noun: str, age_s: float | None) -> str:
    text = f"{_counted(number)} {noun}{'' if number == 1 else 's'}"
    if age_s is None:
        return text
    return f"{text}, the first for " + click.style(f"{age_s:,.1f} s", fg="red" if age_s > LATE_S else None)


def _traffic(document: "Document") -> Iterator[str]:
    cases = document["cases"]
    yield f"cases      {'not measured yet' if cases is None else f'{cases:,}'}"
    names = {"cases": "cases evaluated", "webhooks": "webhooks", "advice": "changes of advice"}
    for number, (what, name) in enumerate(names.items()):
        last = {span: _counted(value) for span, value in document["last"][what].items()}
        yield f"{'last' if not number else '':11}{name:18} {last['hour']:>9} in an hour {last['day']:>9} in a day"


def _counted(number: int) -> str:
    from signpost.storage.inspection import LATEST

    return f"{number:,}{'+' if number >= LATEST else ''}"


def _dead_letters(queues: list[dict[str, Any]]) -> Iterator[str]:
    for number, one in enumerate(queues):
        groups = ", ".join(f"{group['number']} {group['reason']} ({group['kind']})" for group in one["groups"])
        reasons = f": {groups}" if groups else ""
        yield f"{'dead' if not number else '':11}{one['number']:,} in {one['queue']}{reasons}"


def _errors(errors: list[dict[str, Any]]) -> Iterator[str]:
    for number, one in enumerate(errors):
        at = (one["at"] or "")[:19].replace("T", " ")
        text = shorten(f"{at} {one['what']}: {one['text']}".strip(), MAX_TEXT)
        yield f"{'errors' if not number else '':11}{text}"
