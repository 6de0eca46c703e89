"""`signpost rules backtest`."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from signpost.cli.edge import counted, json_option, print_json, print_table, settings
from signpost.cli.rules.common import FILE, FOLDERS, load_with
from signpost.cli.rules.mutants import jobs_option, progress_bar
from signpost.cli.send import Item, stream_items
from signpost.errors import CallerError
from signpost.settings import SHIPPED_RULES

if TYPE_CHECKING:
    from signpost.authoring.backtest import Comparison, Difference, Histories, History
    from signpost.case import Event
    from signpost.rulebook import Rulebook

PARTIAL = "Stored cases keep each field's latest statement; what rested on statements replaced since is not compared."


SHOWN = 20
"""Problems of a recording that are listed; the rest are counted."""


class BadRecording(CallerError):
    """Recorded events that cannot be replayed."""


@click.command
@click.option("--against", type=FOLDERS, required=True, help="The new rulebook.")
@click.option("--rulebook", type=FOLDERS, default=SHIPPED_RULES, help="The old one; by default, the shipped one.")
@click.option("--events", "files", type=click.File("rb"), multiple=True, help="Recorded CloudEvents; may be repeated.")
@click.option("--stored", is_flag=True, help="Replay what the database knows of each case.")
@click.option("--tenant", default="demo", show_default=True, help="Whose cases, with --stored.")
@click.option("--params", type=FILE, help="Parameters of both rulebooks (YAML: rule, parameter, value).")
@click.option("--against-params", type=FILE, help="Those of the new rulebook instead.")
@click.option(
    "--until",
    default="60d",
    show_default=True,
    help="How long each case is followed after its last event; or up to an instant, whatever was said later left out.",
)
@click.option("--examples", type=click.IntRange(0, 1000), default=3, show_default=True, help="Of each rule and kind.")
@click.option("--fail-on", default="", help="Exit with 1 where there are differences of these kinds: lost,added")
@jobs_option
@json_option
def backtest(
    against: tuple[Path, ...],
    rulebook: tuple[Path, ...],
    files: tuple[IO[bytes], ...],
    stored: bool,
    tenant: str,
    params: Path | None,
    against_params: Path | None,
    until: str,
    examples: int,
    fail_on: str,
    jobs: int,
    as_json: bool,
) -> None:
    """Replay recorded events through two rulebooks and show how the advice differs: added, lost, superseded by other
    advice, earlier, later, ending at another time, of another priority, due at another time, reworded.

    Recorded files hold one JSON object, an array of them, or one a line, in the order in which they arrived. The exit
    code is 0 whether or not there are differences.

    With --json: {old, new (versions), cases, advice (pieces, by the old rulebook), counts: {rule: {kind: number}},
    examples: [{kind, case, rule, subject, at, detail}]}.

    \b
    Examples:
      signpost rules backtest --against new-rules --events events.json
      signpost rules backtest --rulebook rules --against new-rules --stored --tenant acme
      signpost rules backtest --against rules --against-params params.yaml --events events.json
      signpost rules backtest --against new-rules --events events.json --fail-on lost,added --json
    """
    from signpost.authoring.backtest import backtest as compare

    fatal = _kinds(fail_on)
    if stored == bool(files):
        raise click.UsageError("say what to replay: --events FILE, or --stored")
    patience, end = _horizon(until)
    old, new = load_with(rulebook, params), load_with(against, against_params or params)
    histories, total = _histories(files, tenant)
    if end is not None:
        histories = (one.up_to(end) for one in histories if one.steps[0][0] <= end)
    with progress_bar("cases", total, quiet=as_json) as advance:
        found = compare(old, new, histories, patience=patience, examples=examples, jobs=jobs, progress=advance)
    if not found.cases:
        raise BadRecording("nothing was replayed: there is no case" + (f" of tenant {tenant!r}" if stored else ""))
    _show(found, (old, new), stored, as_json)
    if any(counts[kind] for counts in found.counts.values() for kind in fatal):
        raise SystemExit(1)


def _kinds(fail_on: str) -> list[str]:
    from signpost.authoring.backtest import KINDS

    kinds = [kind.strip() for kind in fail_on.split(",") if kind.strip()]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise click.BadParameter(f"no kind {', '.join(unknown)}; there are: {', '.join(KINDS)}", param_hint="--fail-on")
    return kinds


def _horizon(until: str) -> tuple[int, int | None]:
    """How long a case is followed after its last event, and the instant at which all end (microseconds)."""
    from signpost.case.instant import parse_instant
    from signpost.rulebook.values import parse_duration

    duration = parse_duration(until)
    if duration is not None and not duration.business_days:
        return duration.total, None
    try:
        return 0, parse_instant(until)
    except ValueError:
        said = f"{until!r} is neither; write 60d, or 2026-03-02T09:00:00Z"
        raise click.BadParameter(said, param_hint="--until") from None


def _histories(files: tuple[IO[bytes], ...], tenant: str) -> "tuple[Iterable[History], int | None]":
    """Those of recorded events, or else the stored ones; and how many, where that is known beforehand."""
    if not files:
        return _stored(tenant), None
    histories = recorded(files)
    return histories, len(histories)


def recorded(files: Iterable[IO[bytes]]) -> "Histories":
    """The histories in files of CloudEvents. Raises BadRecording with what is wrong, each with its place."""
    from signpost.authoring.backtest import histories_of

    wrong: list[str] = []
    items = (item for file in files for item in stream_items(getattr(file, "name", "-"), file))
    histories = histories_of(_valid(items, time.time_ns() // 1000, wrong))
    if wrong:
        more = [f"and {len(wrong) - SHOWN} more problems"] if len(wrong) > SHOWN else []
        raise BadRecording("\n".join([*wrong[:SHOWN], *more]))
    return histories


def _valid(items: Iterable[Item], now: int, wrong: list[str]) -> "Iterator[Event]":
    """The events that the intake would accept; what is wrong with the others is added to `wrong`."""
    from signpost.ingress import strict_json
    from signpost.schemas import InvalidEvent, load_event

    for item in items:
        try:
            yield load_event(strict_json.loads(item.body), tenant="backtest", now=now, own=None)
        except InvalidEvent as refused:
            wrong += [f"{item.place}: {problem}" for problem in refused.problems]
        except CallerError as error:
            wrong.append(f"{item.place}: {error}")


def _stored(tenant: str) -> "Iterator[History]":
    """The histories of a tenant's stored cases."""
    from signpost.authoring.backtest import history_of_case
    from signpost.case import Case
    from signpost.storage import open_store

    with open_store(settings().database_url) as store:
        for row in store.cases(tenant):
            if (history := history_of_case(row.key, Case.from_json(row.state))).steps:
                yield history


def _show(found: "Comparison", rulebooks: "tuple[Rulebook, Rulebook]", stored: bool, as_json: bool) -> None:
    old, new = (rulebook.version for rulebook in rulebooks)
    if as_json:
        print_json({"old": old, "new": new, **_document(found)})
        return
    _show_differences(found)
    different = sum(counts.total() for counts in found.counts.values())
    click.echo(
        f"{counted(found.cases, 'case')}, {counted(found.advice, 'piece')} of advice, "
        f"{counted(different, 'difference')} between {old} and {new}"
    )
    if stored:
        click.echo(PARTIAL)


def _document(found: "Comparison") -> dict[str, object]:
    from signpost.case.instant import format_instant

    counts = {rule: dict(kinds) for rule, kinds in sorted(found.counts.items())}
    examples = [asdict(one) | {"at": format_instant(one.at)} for one in found.examples]
    return {"cases": found.cases, "advice": found.advice, "counts": counts, "examples": examples}


def _show_differences(found: "Comparison") -> None:
    """Counts rule by rule and in all, then examples."""
    from signpost.authoring.backtest import KINDS

    total: Counter[str] = sum(found.counts.values(), Counter())
    kinds = [kind for kind in KINDS if total[kind]]
    if kinds:
        lines = [*sorted(found.counts.items()), ("all", total)][: None if len(found.counts) > 1 else 1]
        print_table(("rule", *kinds), ((rule, *(str(counts[kind] or "") for kind in kinds)) for rule, counts in lines))
    for one in sorted(found.examples, key=lambda one: (one.rule, list(KINDS).index(one.kind))):
        click.echo(_line(one))


def _line(one: "Difference") -> str:
    head = f"{one.kind}: {one.rule}@{one.subject} of {one.case}"
    return f"{head}: {one.detail}" if "\n" not in one.detail else "\n    ".join([head, *one.detail.splitlines()])
