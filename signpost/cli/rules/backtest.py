"""`signpost rules backtest`: compares the advice of two rulebooks. The comparison itself is in authoring."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from signpost.cli.edge import count_noun, echo, json_option, no_tenant, print_json, print_table, settings
from signpost.cli.rules.common import FILE, FOLDERS, load_with, or_shipped
from signpost.cli.rules.mutants import jobs_option, progress_bar
from signpost.cli.send import Item, stream_items
from signpost.errors import CallerError

if TYPE_CHECKING:
    from signpost.authoring.backtest import (
        AgendaComparison,
        AgendaDifference,
        Comparison,
        Difference,
        Histories,
        History,
        Published,
    )
    from signpost.case import Event
    from signpost.rulebook import Rulebook

PARTIAL = "Stored cases hold only the latest value of each field; advice from replaced values is not compared."


MAX_PROBLEMS = 20
"""How many problems of recorded events are listed; the others are counted."""


class BadRecording(CallerError):
    """Recorded events that cannot be replayed."""


@click.command
@click.option("--against", type=FOLDERS, required=True, help="The new rulebook.")
@click.option("--rulebook", type=FOLDERS, help="The old rulebook; default: the shipped one.")
@click.option("--events", "files", type=click.File("rb"), multiple=True, help="Recorded CloudEvents; repeatable.")
@click.option("--stored", is_flag=True, help="Replay the cases in the database.")
@click.option("--tenant", default="demo", show_default=True, help="Tenant of the cases, with --stored.")
@click.option("--params", type=FILE, help="Parameters of both rulebooks (YAML: rule, parameter, value).")
@click.option("--against-params", type=FILE, help="Parameters of the new rulebook instead.")
@click.option(
    "--until",
    default="60d",
    show_default=True,
    help="Duration after the last event of a case, or an instant: later events are then left out.",
)
@click.option(
    "--examples", type=click.IntRange(0, 1000), default=3, show_default=True, help="Examples of each rule and kind."
)
@click.option("--fail-on", default="", help="Exit with 1 if there are differences of these kinds, e.g. lost,added.")
@jobs_option
@json_option
def backtest(
    against: tuple[Path, ...],
    rulebook: tuple[Path, ...] | None,
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

    A file contains one JSON object, an array of objects, or JSON lines, in the order of arrival. Differences alone do
    not change the exit code 0.

    The agendas that both publish are compared too: how many messages and cards, and which card is first.

    With --json: {old, new (versions), cases, advice (pieces, by the old rulebook), counts: {rule: {kind: number}},
    examples: [{kind, case, rule, subject, at, detail}], agendas: {old, new: {messages, cards}, cases (that differ),
    first_cards (cases with another first card), examples: [{case, audience, employer, old, new, first_card}]}}.

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
        raise click.UsageError("choose what to replay: --events FILE, or --stored")
    horizon_us, end = horizon(until)
    old, new = load_with(or_shipped(rulebook, "--rulebook "), params), load_with(against, against_params or params)
    histories, total = load_histories(files, tenant)
    if end is not None:
        histories = (one.up_to(end) for one in histories if one.steps[0][0] <= end)
    with progress_bar("cases", total, quiet=as_json) as advance:
        found = compare(old, new, histories, patience=horizon_us, examples=examples, jobs=jobs, progress=advance)
    if not found.cases:
        of_tenant = no_tenant(tenant) or f"no case of tenant {tenant!r}"
        raise BadRecording(f"nothing to replay: {of_tenant if stored else 'no case'}")
    _show(found, (old, new), stored, as_json)
    if any(counts[kind] for counts in found.counts.values() for kind in fatal):
        raise SystemExit(1)


def _kinds(fail_on: str) -> list[str]:
    from signpost.authoring.backtest import KINDS

    kinds = [kind.strip() for kind in fail_on.split(",") if kind.strip()]
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise click.BadParameter(
            f"unknown kind {', '.join(unknown)}; the kinds are: {', '.join(KINDS)}", param_hint="--fail-on"
        )
    return kinds


def horizon(until: str) -> tuple[int, int | None]:
    """Microseconds after the last event of a case, and the instant at which all cases end (None: no common end)."""
    from signpost.case.instant import parse_instant
    from signpost.rulebook.values import parse_duration

    duration = parse_duration(until)
    if duration is not None and not duration.business_days:
        return duration.total, None
    try:
        return 0, parse_instant(until)
    except ValueError:
        problem = f"{until!r} is neither a duration nor an instant; write 60d, or 2026-03-02T09:00:00Z"
        raise click.BadParameter(problem, param_hint="--until") from None


def load_histories(files: tuple[IO[bytes], ...], tenant: str) -> "tuple[Iterable[History], int | None]":
    """The histories of recorded events or of stored cases, and their number if it is known in advance."""
    if not files:
        return _load_stored(tenant), None
    histories = read_histories(files)
    return histories, len(histories)


def read_histories(files: Iterable[IO[bytes]]) -> "Histories":
    """The histories in files of CloudEvents. Raises BadRecording with each problem and its place."""
    from signpost.authoring.backtest import histories_of

    problems: list[str] = []
    items = (item for file in files for item in stream_items(getattr(file, "name", "-"), file))
    histories = histories_of(_valid(items, time.time_ns() // 1000, problems))
    if problems:
        more = [f"and {len(problems) - MAX_PROBLEMS} more problems"] if len(problems) > MAX_PROBLEMS else []
        raise BadRecording("\n".join([*problems[:MAX_PROBLEMS], *more]))
    return histories


def _valid(items: Iterable[Item], now: int, problems: list[str]) -> "Iterator[Event]":
    """The events that the intake would accept; the problems of the others are appended to `problems`."""
    from signpost.ingress import strict_json
    from signpost.schemas import InvalidEvent, load_event

    for item in items:
        try:
            yield load_event(strict_json.loads(item.body), tenant="backtest", now=now, own=None)
        except InvalidEvent as error:
            problems += [f"{item.place}: {problem}" for problem in error.problems]
        except CallerError as error:
            problems.append(f"{item.place}: {error}")


def _load_stored(tenant: str) -> "Iterator[History]":
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
    _show_agendas(found.agendas)
    different = sum(counts.total() for counts in found.counts.values())
    echo(
        f"{count_noun(found.cases, 'case')}, {count_noun(found.advice, 'piece')} of advice, "
        f"{count_noun(different, 'difference')} between {old} and {new}"
    )
    if stored:
        echo(PARTIAL)


def _document(found: "Comparison") -> dict[str, object]:
    from signpost.case.instant import format_instant

    counts = {rule: dict(kinds) for rule, kinds in sorted(found.counts.items())}
    examples = [asdict(one) | {"at": format_instant(one.at)} for one in found.examples]
    agendas = _agendas_document(found.agendas)
    return {"cases": found.cases, "advice": found.advice, "counts": counts, "examples": examples, "agendas": agendas}


def _agendas_document(found: "AgendaComparison") -> dict[str, object]:
    return {
        "old": asdict(found.old),
        "new": asdict(found.new),
        "cases": found.cases,
        "first_cards": found.first_cards,
        "examples": [_agenda_document(one) for one in found.examples],
    }


def _agenda_document(one: "AgendaDifference") -> dict[str, object]:
    from signpost.case.instant import format_instant

    first = one.first_card and {**asdict(one.first_card), "at": format_instant(one.first_card.at)}
    reader = {"audience": one.reader.audience, "employer": one.reader.employer or None}
    return {"case": one.case, **reader, "old": asdict(one.old), "new": asdict(one.new), "first_card": first}


def _show_differences(found: "Comparison") -> None:
    """Print the counts by rule and in total, then examples."""
    from signpost.authoring.backtest import KINDS

    total: Counter[str] = sum(found.counts.values(), Counter())
    kinds = [kind for kind in KINDS if total[kind]]
    if kinds:
        lines = [*sorted(found.counts.items()), ("all", total)][: None if len(found.counts) > 1 else 1]
        print_table(("rule", *kinds), ((rule, *(str(counts[kind] or "") for kind in kinds)) for rule, counts in lines))
    for one in sorted(found.examples, key=lambda one: (one.rule, list(KINDS).index(one.kind))):
        echo(_line(one))


def _line(one: "Difference") -> str:
    head = f"{one.kind}: {one.rule}@{one.subject} of {one.case}"
    return f"{head}: {one.detail}" if "\n" not in one.detail else "\n    ".join([head, *one.detail.splitlines()])


def _show_agendas(found: "AgendaComparison") -> None:
    """Print how the agendas differ, if they do: examples, then all."""
    for one in found.examples:
        echo(_agenda_line(one))
    old, new = (_counts(one) for one in (found.old, found.new))
    if found.cases:
        echo(
            f"agendas: {new}; before, {old}; {count_noun(found.cases, 'case')} with a difference, "
            f"{found.first_cards} of them with another first card"
        )


def _counts(one: "Published") -> str:
    return f"{count_noun(one.messages, 'message')} and {count_noun(one.cards, 'card')}"


def _agenda_line(one: "AgendaDifference") -> str:
    from signpost.case.instant import format_instant

    employer = f" {one.reader.employer}" if one.reader.employer else ""
    parts = [] if one.old == one.new else [f"{_counts(one.new)}; before, {_counts(one.old)}"]
    if first := one.first_card:
        old, new = (json.dumps(title, ensure_ascii=False) if title else "no card" for title in (first.old, first.new))
        parts.append(f"first card from {format_instant(first.at)} {new}; before, {old}")
    return f"agenda of {one.case} for the {one.reader.audience}{employer}: " + "; ".join(parts)
