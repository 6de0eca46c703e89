"""`signpost rules explain`: prints why a rule holds or not. The explanation itself is made in signpost/explain."""

import re
import shlex
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click

from signpost.cli.edge import KNOWN_CANDIDATES, echo, json_option, no_tenant, parse_moment, print_json, settings
from signpost.cli.rules.common import FOLDERS
from signpost.errors import CallerError
from signpost.printable import escape_document
from signpost.settings import written_folders

if TYPE_CHECKING:
    from signpost.authoring.backtest import History
    from signpost.explain import Explanation
    from signpost.explain.explanation import AdviceState
    from signpost.rulebook import Rulebook

_NAME = re.compile(r"(?P<rule>[^@]+)(?:@(?P<subject>[a-z]+/.+))?", re.DOTALL)
_MARKS = {"yes": ("yes", "green"), "no": ("no", "red"), "unknown": ("unknown", "yellow")}


class NothingKnown(CallerError):
    """No such case, or the recorded events do not determine it."""


class _Subject(NamedTuple):
    """A history and its rulebook. `advice_state`: what consumers received; `start`: the origin of `--at 36h`."""

    history: "History"
    rulebook: "Rulebook"
    advice_state: bytes
    start: int


@click.command
@click.argument("advice", metavar="RULE[@KIND/ID]")
@click.option("--candidate", help="The candidate; with --events only if they are about several candidates.")
@click.option("--tenant", default="demo", show_default=True, help="Tenant of a stored case.")
@click.option("--events", "file", type=click.File("rb"), help="Use the case of a file of CloudEvents.")
@click.option("--timeline", help="Use the case of a timeline: FILE or FILE:NAME.")
@click.option("--at", "at", help="An instant, or a duration since the first event, e.g. 36h; default: now.")
@click.option("--rulebook", "folder", type=FOLDERS, help="Default: SIGNPOST_RULES with the overrides of the tenant.")
@json_option
def explain(
    advice: str,
    candidate: str | None,
    tenant: str,
    file: IO[bytes] | None,
    timeline: str | None,
    at: str | None,
    folder: tuple[Path, ...] | None,
    as_json: bool,
) -> None:
    """Explain why a rule holds for a subject or not: each condition with the facts that decide it, when the result
    changes without new events, and which single facts would change it. Without a subject: for all subjects.

    \b
    Examples:
      signpost rules explain give-notice@offer/acme --candidate maria
      signpost rules explain give-notice --events events.json --at 2026-03-02T09:00:00Z
      signpost rules explain withdraw-promptly@offer/acme --timeline rules/timelines/withdrawing.yaml --at 73h
    """
    from signpost.engine import CompiledEngine
    from signpost.explain import UnknownRule, explain_all
    from signpost.explain import explain as explain_one

    named = _NAME.fullmatch(advice)
    sources = [source for source in (file, timeline) if source is not None]
    if named is None or len(sources) > 1 or (candidate is None and not sources):
        raise click.UsageError("name a case beside the rule: --candidate ID, --events FILE or --timeline FILE")
    source = _source(candidate, tenant, file, timeline, folder)
    now = _instant(at, source.start)
    engine, case, key = CompiledEngine(source.rulebook), source.history.case(now), source.history.key
    advice_state = source.advice_state if at is None else b""
    try:
        if named["subject"]:
            found = [explain_one(engine, case, key, named["rule"], named["subject"], now, advice_state)]
        else:
            found = explain_all(engine, case, key, named["rule"], now, advice_state)
    except UnknownRule as error:
        if folder is not None:
            raise
        used = f"the rules are those of SIGNPOST_RULES ({written_folders(settings().rules)})"
        raise UnknownRule(f"{error}; {used}; name others with --rulebook, like ours:my-rules") from None
    if as_json:
        print_json(found)
    elif not found:
        echo(f"{named['rule']}: the case of {key} has no subject of this rule")
    for one in found if not as_json else ():
        _show(one)


def _source(
    candidate: str | None, tenant: str, file: IO[bytes] | None, timeline: str | None, folder: tuple[Path, ...] | None
) -> _Subject:
    if timeline is not None:
        return _of_timeline(timeline, folder)
    return _of_events(file, candidate, folder) if file is not None else _load_stored(tenant, candidate or "", folder)


def _load_stored(tenant: str, candidate: str, folder: tuple[Path, ...] | None) -> _Subject:
    from signpost.authoring.backtest import history_of_case
    from signpost.case import Case
    from signpost.storage import open_store
    from signpost.tenants.rulebooks import load_rulebooks

    chosen = settings()
    with open_store(chosen.database_url) as store:
        row = store.case(tenant, candidate)
    history = None if row is None else history_of_case(row.key, Case.from_json(row.state))
    if row is None or history is None or not history.steps:
        unknown = f"no facts are known about candidate {candidate!r} of tenant {tenant!r}\n  {KNOWN_CANDIDATES}"
        raise NothingKnown(no_tenant(tenant) or unknown)
    rulebook = load_rulebooks(folder or chosen.rules, chosen.tenants).of(tenant)
    return _Subject(history, rulebook, row.advice, history.steps[0][0])


def _of_events(file: IO[bytes], candidate: str | None, folder: tuple[Path, ...] | None) -> _Subject:
    from signpost.cli.rules.backtest import read_histories
    from signpost.rulebook import load

    histories = {history.key: history for history in read_histories((file,))}
    key = candidate or (next(iter(histories)) if len(histories) == 1 else "")
    if not histories:
        raise NothingKnown("the file contains no events")
    if key not in histories:
        keys = [*histories][:20]
        more = f" and {len(histories) - len(keys)} more" if len(histories) > len(keys) else ""
        raise NothingKnown(f"choose a case with --candidate; the events are about {', '.join(keys)}{more}")
    return _Subject(histories[key], load(folder or settings().rules), b"", histories[key].steps[0][0])


def _of_timeline(name: str, folder: tuple[Path, ...] | None) -> _Subject:
    """The timeline of a name, or the first of the file; with the parameters that it sets."""
    from signpost.authoring.backtest import History
    from signpost.authoring.timelines import find_timelines
    from signpost.case import Case
    from signpost.rulebook import load

    colons = [place for place, letter in enumerate(name) if letter == ":" and Path(name[:place]).exists()]
    path, wanted = (name[: colons[0]], name[colons[0] + 1 :]) if colons else (name, "")
    timelines = find_timelines([Path(path)])
    one = next((one for one in timelines if wanted in ("", one.name)), None)
    if one is None:
        names = "".join(f"\n  {one.name}" for one in timelines)
        raise NothingKnown(f"{path} has no timeline {wanted!r}; it has:{names}")
    if not wanted and len(timelines) > 1:
        other = shlex.quote(f"{path}:{timelines[1].name}")
        echo(f"using the first of {len(timelines)} timelines: {one.name}; another: --timeline {other}", err=True)
    history = History(one.candidate, tuple((arrival.at, Case.of(arrival.event)) for arrival in one.arrivals))
    return _Subject(history, load(folder or settings().rules, one.params), b"", one.start)


def _instant(at: str | None, start: int) -> int:
    import time

    return time.time_ns() // 1000 if at is None else parse_moment(at, start, "--at")


def _show(explanation: "Explanation") -> None:
    one = escape_document(explanation)
    subject = f"{one['subject']['kind']}/{one['subject']['id']}"
    verdict = click.style(f"holds, {one['priority']}", "green") if one["holds"] else click.style("does not hold", "red")
    echo(f"{click.style(one['rule'] + '@' + subject, bold=True)} at {one['at']}: {verdict}")
    for reason in one["because"]:
        _print_reason(reason, 1)
    if one["suppressed_by"]:
        names = [name if "@" in name else f"{name}@{subject}" for name in one["suppressed_by"]]
        echo(f"  suppressed by {', '.join(names)}")
    if one["told"]:
        echo(f"  {_describe_state(one['told'])}")
    for name in ("due", "valid_until"):
        if one[name]:
            echo(f"  {name.replace('_', ' ')}: {one[name]}")
    change = one["next"]
    echo(f"  next: {change['change']} {change['at']}" if change else "  next: no change without new events")
    for fact in one["if_changed"]:
        echo(f"  would change {fact['words']}")
    for arrival in one["if_there_were"]:
        such = f" with {', '.join(arrival['such_that'])}" if arrival["such_that"] else ""
        echo(f"  would change if there were {arrival['entity']}{such}")
    if not one["complete"]:
        echo("  this case is too large to try every single change")


def _describe_state(state: "AdviceState") -> str:
    """The advice as consumers received it."""
    if state["state"] == "active":
        return f"consumers received it as {state['id']}"
    if state["by"]:
        return f"consumers did not receive it: {state['state']} by {state['by']}"
    return f"a consumer answered {state['id']}: {state['state']}" + (
        f" until {state['until']}" if state["until"] else ""
    )


def _print_reason(reason: Any, depth: int) -> None:
    word, colour = _MARKS[reason["answer"]]
    seen = "; ".join(map(_fact, reason["seen"]))
    turns = f" (turns {reason['turns']})" if reason["turns"] else ""
    text = f"{reason['of']}: all of" if reason["of"] else reason["condition"]
    echo(f"{'  ' * depth}{click.style(f'{word:8}', colour)}{text}{turns}{f'   [{seen}]' if seen else ''}")
    for part in reason["parts"]:
        _print_reason(part, depth + 1)


def _fact(fact: Any) -> str:
    event = f", by event {fact['event']['id']} of {fact['event']['source']}" if fact["event"] else ""
    return f"{fact['fact']}: {'unknown' if fact['unknown'] else _value(fact['value'])}{event}"


def _value(value: Any) -> str:
    import orjson

    return value if isinstance(value, str) else orjson.dumps(value).decode()
