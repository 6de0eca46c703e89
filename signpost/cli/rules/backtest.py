"""`signpost rules backtest`."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from signpost.cli.edge import counted, json_option, print_json, print_table, settings
from signpost.cli.rules.common import FOLDER
from signpost.cli.rules.mutants import jobs_option, progress_bar
from signpost.errors import CallerError
from signpost.settings import SHIPPED_RULES

if TYPE_CHECKING:
    from signpost.backtest import Comparison, Difference, History

PARTIAL = "Stored cases keep each field's latest statement; what rested on statements replaced since is not compared."


class BadRecording(CallerError):
    """Recorded events that cannot be replayed."""


@click.command
@click.option("--against", type=FOLDER, required=True, help="The new rulebook.")
@click.option("--rulebook", type=FOLDER, default=SHIPPED_RULES, help="The old one; by default, the shipped one.")
@click.option("--events", "files", type=click.File("rb"), multiple=True, help="Recorded CloudEvents; may be repeated.")
@click.option("--stored", is_flag=True, help="Replay what the database knows of each case.")
@click.option("--tenant", default="demo", show_default=True, help="Whose cases, with --stored.")
@click.option(
    "--days", type=click.IntRange(0, 3650), default=60, show_default=True, help="Followed after the last event."
)
@click.option("--examples", type=click.IntRange(0, 1000), default=3, show_default=True, help="Of each rule and kind.")
@click.option("--fail-on", default="", help="Exit with 1 where there are differences of these kinds: lost,added")
@jobs_option
@json_option
def backtest(
    against: Path,
    rulebook: Path,
    files: tuple[IO[bytes], ...],
    stored: bool,
    tenant: str,
    days: int,
    examples: int,
    fail_on: str,
    jobs: int,
    as_json: bool,
) -> None:
    """Replay recorded events through two rulebooks and show how the advice differs: added, lost, earlier, later,
    ending at another time, of another priority, due at another time, reworded.

    \b
    Examples:
      signpost rules backtest --against new-rules --events events.json
      signpost rules backtest --rulebook rules --against new-rules --stored --tenant acme
      signpost rules backtest --against new-rules --events events.json --fail-on lost,added --json
    """
    from signpost.backtest import KINDS
    from signpost.backtest import backtest as compare
    from signpost.case.instant import DAY
    from signpost.rulebook import load

    fatal = [kind.strip() for kind in fail_on.split(",") if kind.strip()]
    if unknown := [kind for kind in fatal if kind not in KINDS]:
        raise click.BadParameter(f"no kind {', '.join(unknown)}; there are: {', '.join(KINDS)}", param_hint="--fail-on")
    if stored == bool(files):
        raise click.UsageError("say what to replay: --events FILE, or --stored")
    histories = _stored(tenant) if stored else recorded(files)
    old, new = load(rulebook), load(against)
    with progress_bar("cases", None, quiet=as_json) as advance:
        found = compare(
            old, new, histories, patience=days * DAY, examples=examples, jobs=jobs, progress=lambda: advance("")
        )
    if not found.cases:
        raise BadRecording("nothing was replayed: there is no case" + (f" of tenant {tenant!r}" if stored else ""))
    _show(found, stored, as_json)
    if any(counts[kind] for counts in found.counts.values() for kind in fatal):
        raise SystemExit(1)


def recorded(files: tuple[IO[bytes], ...]) -> "Iterator[History]":
    """The histories in files of CloudEvents. Raises BadRecording with every event that is wrong."""
    import time

    from schemas import Refused, load_event
    from signpost.backtest import histories_of
    from signpost.cli.send import read_items
    from signpost.ingress import strict_json

    events, wrong = [], []
    now = time.time_ns() // 1000
    for item in (item for file in files for item in read_items(getattr(file, "name", "-"), file.read())):
        try:
            events.append(load_event(strict_json.loads(item.body), tenant="backtest", now=now))
        except Refused as refused:
            wrong += [f"{item.place} {problem}" for problem in refused.problems]
    if wrong:
        raise BadRecording("\n".join(wrong))
    return histories_of(events)


def _stored(tenant: str) -> "Iterator[History]":
    """The histories of a tenant's stored cases."""
    from signpost.backtest import history_of_case
    from signpost.case import Case
    from signpost.storage import open_store

    with open_store(settings().database_url) as store:
        for row in store.cases(tenant):
            if (history := history_of_case(row.key, Case.from_json(row.state))).said:
                yield history


def _show(found: "Comparison", stored: bool, as_json: bool) -> None:
    from signpost.backtest import KINDS
    from signpost.case.instant import format_instant

    if as_json:
        counts = {rule: dict(kinds) for rule, kinds in sorted(found.counts.items())}
        examples = [asdict(one) | {"at": format_instant(one.at)} for one in found.examples]
        print_json({"cases": found.cases, "advice": found.advice, "counts": counts, "examples": examples})
        return
    kinds = [kind for kind in KINDS if any(counts[kind] for counts in found.counts.values())]
    if kinds:
        rows = ((rule, *(str(counts[kind] or "") for kind in kinds)) for rule, counts in sorted(found.counts.items()))
        print_table(("rule", *kinds), rows)
    for one in sorted(found.examples, key=lambda one: (one.rule, list(KINDS).index(one.kind))):
        click.echo(_line(one))
    different = sum(counts.total() for counts in found.counts.values())
    click.echo(f"{counted(found.cases, 'case')}, {found.advice} pieces of advice, {counted(different, 'difference')}")
    if stored:
        click.echo(PARTIAL)


def _line(one: "Difference") -> str:
    head = f"{one.kind}: {one.rule}@{one.subject} of {one.case}"
    return f"{head}: {one.detail}" if "\n" not in one.detail else "\n    ".join([head, *one.detail.splitlines()])
