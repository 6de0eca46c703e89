"""`signpost rules coverage`: prints the timelines and the mutation score of each rule."""

from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import echo, json_option, print_json, print_table
from signpost.cli.rules.common import FOLDERS, or_shipped, place
from signpost.cli.rules.mutants import cache_option, jobs_option, mutate, place_in


@click.command
@click.argument("folder", type=FOLDERS, required=False)
@jobs_option
@cache_option
@json_option
def coverage(folder: tuple[Path, ...] | None, jobs: int, cache: bool, as_json: bool) -> None:
    """Show for each rule in FOLDER its place, the number of timelines and expectations that name it, and its mutation
    score: the percentage of its mutants that they kill. Failing timelines do not count.

    \b
    Examples:
      signpost rules coverage rules
      signpost rules coverage rules --json
    """
    from signpost.authoring.timelines import run_timelines

    folders = or_shipped(folder)
    result = run_timelines(folders, folders)
    report = mutate(folders, folders, result, jobs=jobs, cache=cache, quiet=as_json)
    timelines = [outcome.timeline for outcome in result.outcomes if not outcome.failures]
    rows = [_to_row(verdict, timelines, folders) for verdict in report.verdicts]
    if as_json:
        print_json({"score": report.score, "rules": rows})
        return
    columns = ("rule", "place", "timelines", "expectations", "mutants", "accepted", "score")
    print_table(columns, map(_cells, rows))
    uncovered = sum(not row["timelines"] for row in rows)
    echo(f"{len(rows)} rules, {uncovered} without a timeline, score {report.score:.1f}")


def _to_row(verdict: Any, timelines: list[Any], folder: tuple[Path, ...]) -> dict[str, Any]:
    from signpost.authoring.timelines.coverage import about

    naming = about(verdict.rule, timelines)
    return {
        "rule": verdict.rule,
        **place_in(verdict.position, folder),
        "timelines": [{"name": timeline.name, **place(timeline.position)} for timeline, _ in naming],
        "expectations": sum(len(expectations) for _, expectations in naming),
        "mutants": verdict.mutants,
        "accepted": len(verdict.accepted),
        "score": verdict.score,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    counts = (len(row["timelines"]), row["expectations"], row["mutants"], row["accepted"])
    return (row["rule"], f"{row['file']}:{row['line']}", *map(str, counts), f"{row['score']:.1f}")
