"""`signpost rules explain`."""

import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from signpost.cli.edge import json_option, print_json, settings
from signpost.cli.rules.common import FOLDER
from signpost.errors import CallerError
from signpost.settings import SHIPPED_RULES

if TYPE_CHECKING:
    from signpost.case import Case
    from signpost.explain import Explanation

_NAME = re.compile(r"(?P<rule>[^@]+)(?:@(?P<subject>[a-z]+/.+))?", re.DOTALL)
_MARKS = {"yes": ("yes", "green"), "no": ("no", "red"), "unknown": ("unknown", "yellow")}


class NothingKnown(CallerError):
    """There is no such case, or the recording does not say whose it is."""


class _Known(NamedTuple):
    """What is known of a person, each thing with when it came to be known (microseconds), and what was told of it.
    `start`: what `--at 36h` counts from."""

    key: str
    said: tuple[tuple[int, "Case"], ...]
    recorded: bytes
    start: int

    def case(self, now: int) -> "Case":
        """The case as it was known at an instant."""
        from signpost.case import Case

        known = Case()
        for at, said in self.said:
            known = known.join(said) if at <= now else known
        return known


@click.command
@click.argument("advice", metavar="RULE[@KIND/ID]")
@click.option("--candidate", help="Whose case; with --events only where they speak of several people.")
@click.option("--tenant", default="demo", show_default=True, help="Whose candidate, where the case is a stored one.")
@click.option("--events", "file", type=click.File("rb"), help="Take the case from a file of CloudEvents instead.")
@click.option("--timeline", help="Take the case from a timeline instead: FILE or FILE:NAME.")
@click.option("--at", "at", help="An instant, or a time like 36h since the first event; by default, now.")
@click.option("--rulebook", "folder", type=FOLDER, default=SHIPPED_RULES, help="By default, the shipped one.")
@json_option
def explain(
    advice: str,
    candidate: str | None,
    tenant: str,
    file: IO[bytes] | None,
    timeline: str | None,
    at: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Say why a rule holds of a subject or does not: each condition with the facts that decide it, when the answer
    changes if nobody says anything, and which single facts would change it. Without a subject, of all.

    \b
    Examples:
      signpost rules explain give-notice@offer/acme --candidate maria
      signpost rules explain give-notice --events events.json --at 2026-03-02T09:00:00Z
      signpost rules explain withdraw-promptly@offer/acme --timeline rules/timelines/withdrawing.yaml --at 73h
    """
    from signpost.engine import CompiledEngine
    from signpost.explain import explain as explain_one
    from signpost.explain import explain_all
    from signpost.rulebook import load

    named = _NAME.fullmatch(advice)
    sources = [source for source in (file, timeline) if source is not None]
    if named is None or len(sources) > 1 or (candidate is None and not sources):
        raise click.UsageError("say RULE@KIND/ID, and whose case: --candidate ID, --events FILE or --timeline FILE")
    known = _known(candidate, tenant, file, timeline)
    now = _instant(at, known.start)
    engine = CompiledEngine(load(folder))
    case, told = known.case(now), known.recorded if at is None else b""
    if named["subject"]:
        found = [explain_one(engine, case, known.key, named["rule"], named["subject"], now, told)]
    else:
        found = explain_all(engine, case, known.key, named["rule"], now, told)
    if as_json:
        print_json(found)
    elif not found:
        click.echo(f"{named['rule']}: the case of {known.key} has nothing that it speaks of")
    for one in found if not as_json else ():
        _show(one)


def _known(candidate: str | None, tenant: str, file: IO[bytes] | None, timeline: str | None) -> _Known:
    if timeline is not None:
        return _of_timeline(timeline)
    return _of_events(file, candidate) if file is not None else _stored(tenant, candidate or "")


def _stored(tenant: str, candidate: str) -> _Known:
    from signpost.backtest import history_of_case
    from signpost.case import Case
    from signpost.storage import open_store

    with open_store(settings().database_url) as store:
        row = store.case(tenant, candidate)
    if row is None or not (said := history_of_case(row.key, Case.from_json(row.state)).said):
        raise NothingKnown(f"nothing is known of candidate {candidate!r} of tenant {tenant!r}")
    return _Known(row.key, said, row.advice, said[0][0])


def _of_events(file: IO[bytes], candidate: str | None) -> _Known:
    from signpost.cli.rules.backtest import recorded

    histories = {history.key: history for history in recorded((file,))}
    key = candidate or (next(iter(histories)) if len(histories) == 1 else "")
    if key not in histories:
        raise NothingKnown(f"say whose case with --candidate; the events speak of {', '.join(histories)}")
    said = histories[key].said
    return _Known(key, said, b"", said[0][0])


def _of_timeline(name: str) -> _Known:
    from signpost.case import Case
    from signpost.timelines import find_timelines

    path, _, wanted = name.partition(":")
    timelines = [one for one in find_timelines([Path(path)]) if wanted in ("", one.name)]
    if not timelines:
        raise NothingKnown(f"{path} has no timeline called {wanted!r}")
    first = timelines[0]
    said = tuple((arrival.at, Case.of(arrival.event)) for arrival in first.arrivals)
    return _Known(first.candidate, said, b"", first.start)


def _instant(at: str | None, start: int) -> int:
    import time

    from signpost.case.instant import parse_instant
    from signpost.rulebook.values import parse_duration

    if at is None:
        return time.time_ns() // 1000
    if (duration := parse_duration(at)) is not None and not duration.business_days:
        return start + duration.total
    try:
        return parse_instant(at)
    except ValueError:
        raise click.BadParameter(
            f"{at!r} is no instant; write 2026-03-02T09:00:00Z, or 36h", param_hint="--at"
        ) from None


def _show(one: "Explanation") -> None:
    subject = f"{one['subject']['kind']}/{one['subject']['id']}"
    verdict = click.style(f"holds, {one['priority']}", "green") if one["holds"] else click.style("does not hold", "red")
    click.echo(f"{click.style(one['rule'] + '@' + subject, bold=True)} at {one['at']}: {verdict}")
    for reason in one["because"]:
        _show_reason(reason, 1)
    if one["suppressed_by"]:
        click.echo(f"  its place is taken by {', '.join(one['suppressed_by'])}")
    if one["told"]:
        click.echo(f"  consumers were told: {one['told']}")
    for name in ("due", "valid_until"):
        if one[name]:
            click.echo(f"  {name.replace('_', ' ')}: {one[name]}")
    coming = one["next"]
    click.echo(
        f"  next: {coming['change']} {coming['at']}" if coming else "  next: nothing, unless somebody says something"
    )
    for change in one["if_changed"]:
        values = " or ".join("unknown" if value is None else _value(value) for value in change["values"])
        click.echo(f"  would change if {change['fact']} were {values}")
    for arrival in one["if_there_were"]:
        such = f" with {', '.join(arrival['such_that'])}" if arrival["such_that"] else ""
        click.echo(f"  would change if there were {arrival['entity']}{such}")


def _show_reason(reason: Any, depth: int) -> None:
    word, colour = _MARKS[reason["answer"]]
    seen = "; ".join(map(_fact, reason["seen"]))
    turns = f" (turns {reason['turns']})" if reason["turns"] else ""
    text = f"{reason['of']}: all of" if reason["of"] else reason["condition"]
    click.echo(f"{'  ' * depth}{click.style(f'{word:8}', colour)}{text}{turns}{f'   [{seen}]' if seen else ''}")
    for part in reason["parts"]:
        _show_reason(part, depth + 1)


def _fact(fact: Any) -> str:
    event = f", by event {fact['event']['id']} of {fact['event']['source']}" if fact["event"] else ""
    return f"{fact['fact']}: {'unknown' if fact['unknown'] else _value(fact['value'])}{event}"


def _value(value: Any) -> str:
    import orjson

    return value if isinstance(value, str) else orjson.dumps(value).decode()
