"""`signpost rules load-report`: prints the load of a rulebook on its readers. The replay itself is in authoring."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import IO, TYPE_CHECKING, Any

import click

from signpost.cli.edge import count_noun, echo, json_option, no_tenant, print_json, print_table
from signpost.cli.rules.backtest import PARTIAL, BadRecording, horizon, load_histories
from signpost.cli.rules.common import FILE, FOLDERS, load_with, or_shipped
from signpost.cli.rules.mutants import progress_bar

if TYPE_CHECKING:
    from signpost.authoring.backtest import History
    from signpost.authoring.load_report import LoadReport, ReaderLoad, RuleLoad

UNITS = (("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000))


@click.command("load-report")
@click.argument("folder", type=FOLDERS, required=False)
@click.option("--events", "files", type=click.File("rb"), multiple=True, help="Recorded CloudEvents; repeatable.")
@click.option("--stored", is_flag=True, help="Replay the cases in the database.")
@click.option("--tenant", default="demo", show_default=True, help="Tenant of the cases, with --stored.")
@click.option("--params", type=FILE, help="Parameters of the rulebook (YAML: rule, parameter, value).")
@click.option(
    "--until",
    default="60d",
    show_default=True,
    help="Duration after the last event of a journey, or an instant: later events are then left out.",
)
@click.option("--top", type=click.IntRange(0, 1000), default=10, show_default=True, help="Lines of each list.")
@json_option
def load_report(
    folder: tuple[Path, ...] | None,
    files: tuple[IO[bytes], ...],
    stored: bool,
    tenant: str,
    params: Path | None,
    until: str,
    top: int,
    as_json: bool,
) -> None:
    """Replay journeys and show how much the rulebook in FOLDER asks of its readers: before, with each change of a
    recommendation as a message, and after, with agendas. The journeys are recorded events, stored cases, or without
    either the timelines in FOLDER.

    It lists the rules that cause most messages, the rules whose advice is held longest or is never on a card in time
    (it ends, or passes its last useful instant, while it is held), and the readers with most agendas.

    With --json: {rulebook (version), journeys, readers: [{audience, readers, weeks, before, after: {per_week,
    items_per_week, first_hour: {mean, most}, at_once: {mean, most}}}], rules: [{rule, recommendations, messages,
    agendas, held, longest_s, never}], loads: [{journey, audience, employer, weeks, before, after: {messages, items,
    first_hour, at_once}}]}. Items are recommendations before, and cards after.

    \b
    Examples:
      signpost rules load-report
      signpost rules load-report my-rules --events events.json
      signpost rules load-report rules --stored --tenant acme --json
    """
    from signpost.authoring.load_report import load_report as measure
    from signpost.engine import CompiledEngine

    if stored and files:
        raise click.UsageError("choose what to replay: --events FILE, or --stored, or neither")
    horizon_us, end = horizon(until)
    folders = or_shipped(folder)
    rulebook = load_with(folders, params)
    journeys, total = _journeys(folders, files, stored, tenant)
    if end is not None:
        journeys = ((name, one.up_to(end)) for name, one in journeys if one.steps[0][0] <= end)
    with progress_bar("journeys", total, quiet=as_json) as advance:
        report = measure(CompiledEngine(rulebook), _counted(journeys, advance), patience=horizon_us)
    if not report.journeys:
        of_tenant = no_tenant(tenant) or f"no case of tenant {tenant!r}"
        raise BadRecording(f"nothing to replay: {of_tenant if stored else 'no case'}")
    if as_json:
        print_json({"rulebook": rulebook.version, **_document(report, top)})
        return
    _show(report, top)
    never, advised = (
        sum(getattr(rule, name) for rule in report.rules.values()) for name in ("never", "recommendations")
    )
    echo(
        f"{count_noun(report.journeys, 'journey')}, {count_noun(len(report.readers), 'reader')}, rulebook "
        f"{rulebook.version}; {never} of {count_noun(advised, 'recommendation')} never on a card in time"
    )
    if stored:
        echo(PARTIAL)


def _journeys(
    folder: tuple[Path, ...], files: tuple[IO[bytes], ...], stored: bool, tenant: str
) -> "tuple[Iterable[tuple[str, History]], int | None]":
    """The journeys with their names, and their number if it is known in advance."""
    if stored or files:
        histories, total = load_histories(files, tenant)
        return ((one.key, one) for one in histories), total
    from signpost.authoring.backtest import histories_of
    from signpost.authoring.timelines import find_timelines
    from signpost.rulebook.own_fields import declared_kinds

    timelines = find_timelines(folder, declared_kinds(folder))
    events = ((one.name, [arrival.event for arrival in one.arrivals]) for one in timelines)
    return ((name, one) for name, found in events for one in histories_of(found)), len(timelines)


def _counted(
    journeys: "Iterable[tuple[str, History]]", advance: Callable[[str], None]
) -> "Iterator[tuple[str, History]]":
    for journey in journeys:
        yield journey
        advance(journey[0])


def _document(report: "LoadReport", top: int) -> dict[str, Any]:
    return {
        "journeys": report.journeys,
        "readers": [_summary(audience, loads) for audience, loads in _by_audience(report)],
        "rules": [{"rule": name, **_rule_document(rule)} for name, rule in _by_messages(report)],
        "loads": [_load_document(load) for load in _heaviest(report)[:top]],
    }


def _summary(audience: str, loads: "Sequence[ReaderLoad]") -> dict[str, Any]:
    weeks = sum(load.weeks for load in loads)
    found: dict[str, Any] = {"audience": audience, "readers": len(loads), "weeks": round(weeks, 1)}
    for name, ways in (("before", [load.before for load in loads]), ("after", [load.after for load in loads])):
        found[name] = {
            "per_week": round(sum(way.messages for way in ways) / weeks, 2),
            "items_per_week": round(sum(way.items for way in ways) / weeks, 2),
            "first_hour": _mean_and_most([way.first_hour for way in ways]),
            "at_once": _mean_and_most([way.at_once for way in ways]),
        }
    return found


def _mean_and_most(values: Sequence[int]) -> dict[str, float]:
    return {"mean": round(fmean(values), 2), "most": max(values)}


def _rule_document(rule: "RuleLoad") -> dict[str, Any]:
    found = asdict(rule)
    return {**found, "longest_s": found.pop("longest") // 1_000_000}


def _load_document(load: "ReaderLoad") -> dict[str, Any]:
    reader = {"audience": load.reader.audience, "employer": load.reader.employer or None}
    loads = {"before": asdict(load.before), "after": asdict(load.after)}
    return {"journey": load.journey, **reader, "weeks": round(load.weeks, 1), **loads}


def _by_audience(report: "LoadReport") -> "list[tuple[str, list[ReaderLoad]]]":
    found: dict[str, list[ReaderLoad]] = {}
    for load in report.readers:
        found.setdefault(load.reader.audience, []).append(load)
    return sorted(found.items())


def _by_messages(report: "LoadReport") -> "list[tuple[str, RuleLoad]]":
    return sorted(report.rules.items(), key=lambda pair: (-pair[1].messages, -pair[1].agendas, pair[0]))


def _by_holding(report: "LoadReport") -> "list[tuple[str, RuleLoad]]":
    held = [(name, rule) for name, rule in report.rules.items() if rule.held or rule.never]
    return sorted(held, key=lambda pair: (-pair[1].never, -pair[1].longest, -pair[1].held, pair[0]))


def _heaviest(report: "LoadReport") -> "list[ReaderLoad]":
    return sorted(
        report.readers, key=lambda load: (-load.after.messages, -load.before.messages, load.journey, load.reader)
    )


def _show(report: "LoadReport", top: int) -> None:
    print_table(
        ("readers", "number", "for each of them", "before: recommendations", "after: agendas"),
        (row for audience, loads in _by_audience(report) for row in _rows(_summary(audience, loads))),
    )
    if rules := _by_messages(report)[:top]:
        print_table(
            ("rules with most messages", "recommendations", "messages before", "agendas after"),
            ((name, *map(str, (one.recommendations, one.messages, one.agendas))) for name, one in rules),
        )
    if held := _by_holding(report)[:top]:
        print_table(
            ("rules never on a card in time, or held longest", "never in time", "held", "longest"),
            ((name, str(one.never or ""), str(one.held), _time(one.longest)) for name, one in held),
        )
    if loads := _heaviest(report)[:top]:
        columns = ("readers with most agendas", "reader", "at once", "first hour", "messages")
        print_table(columns, map(_load_row, loads))


def _rows(summary: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    before, after = summary["before"], summary["after"]
    rows = [
        ("messages a week", before["per_week"], after["per_week"]),
        ("new items a week", before["items_per_week"], after["items_per_week"]),
        ("messages in the first hour", *(_spread(way["first_hour"]) for way in (before, after))),
        ("most items at one time", *(_spread(way["at_once"]) for way in (before, after))),
    ]
    for number, (name, *values) in enumerate(rows):
        reader = (summary["audience"], str(summary["readers"])) if number == 0 else ("", "")
        yield (*reader, name, *map(str, values))


def _spread(found: dict[str, float]) -> str:
    return f"{found['mean']:.1f} on average, at most {found['most']}"


def _load_row(load: "ReaderLoad") -> tuple[str, ...]:
    before, after = load.before, load.after
    pairs = (
        (before.at_once, after.at_once),
        (before.first_hour, after.first_hour),
        (before.messages, after.messages),
    )
    reader = " ".join(filter(None, (load.reader.audience, load.reader.employer)))
    return (load.journey, reader, *(f"{one} -> {other}" for one, other in pairs))


def _time(duration: int) -> str:
    """`2d3h`, of microseconds."""
    parts = []
    for unit, size in UNITS:
        number, duration = divmod(duration, size)
        parts += [f"{number}{unit}"] if number else []
    return "".join(parts[:2])
