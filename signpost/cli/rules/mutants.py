"""What the commands that mutate share: running with a progress bar, and showing what came of it."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import counted, print_table
from signpost.cli.rules.common import place

if TYPE_CHECKING:
    from signpost.rulebook.folders import Folders

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    help="How many processes; by default, one for each core.",
)
cache_option = click.option(
    "--cache/--no-cache", default=True, help="Keep outcomes in your cache folder (XDG_CACHE_HOME), or run all."
)


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where outcomes are kept: beside the user's other caches, never among the rules. None without a home."""
    # The XDG specification: a relative path is invalid and ignored
    for base in (environ.get("XDG_CACHE_HOME", ""), os.path.expanduser("~/.cache")):
        if os.path.isabs(base):
            return Path(base) / "signpost" / "mutants"
    return None


def mutate(
    folder: "Folders",
    paths: Sequence[Path],
    result: Any,
    *,
    only: Sequence[str] = (),
    jobs: int,
    cache: bool,
    quiet: bool,
) -> Any:
    """Try the mutants on the timelines that passed: the report of `signpost.authoring.mutation`."""
    from signpost.authoring.mutation.cache import Cache
    from signpost.authoring.mutation.plan import make_plan
    from signpost.authoring.mutation.run import run_mutants

    plan = make_plan(folder, paths, result, only)
    kept = Cache(cache_folder(os.environ) if cache else None)
    with progress_bar("mutants", len(plan.tasks), quiet=quiet) as advance:
        return run_mutants(plan.tasks, plan.accepted, jobs=jobs, cache=kept, progress=advance)


@contextmanager
def progress_bar(title: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A bar on a terminal's standard error; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda name: bar.update(task, advance=1, description=f"{title}: {name}"[:60])


def show_report(report: Any, folder: "Folders") -> None:
    """The table of rules, then every survivor and every stale entry with its place."""
    print_table(("rule", "mutants", "killed", "accepted", "survive", "score"), map(_row, report.verdicts))
    for verdict in report.verdicts:
        for mutant in verdict.survivors:
            click.echo(f"{_place(mutant.position, folder)}: {verdict.rule}: survives: {mutant.description}")
    for entry in report.stale:
        click.echo(f"{entry.position}: {entry.rule}: {entry.mutant} does not survive; remove the entry")
    survivors = sum(len(verdict.survivors) for verdict in report.verdicts)
    mutants = counted(sum(verdict.mutants for verdict in report.verdicts), "mutant")
    known = f", {counted(report.cached, 'rule')} as before" if report.cached else ""
    click.echo(
        f"{mutants} of {counted(len(report.verdicts), 'rule')}{known}: {survivors} survive, score {report.score:.1f}"
    )


def report_json(report: Any, folder: "Folders") -> dict[str, Any]:
    """The same for programs."""
    return {
        "score": report.score,
        "rules": [_verdict_json(verdict, folder) for verdict in report.verdicts],
        "stale": [{**place(one.position), "rule": one.rule, "mutant": one.mutant} for one in report.stale],
    }


def _row(verdict: Any) -> tuple[str, ...]:
    counts = (verdict.mutants, len(verdict.killed), len(verdict.accepted), len(verdict.survivors))
    return (verdict.rule, *map(str, counts), f"{verdict.score:.1f}")


def _verdict_json(verdict: Any, folder: "Folders") -> dict[str, Any]:
    return {
        "rule": verdict.rule,
        **placed(verdict.position, folder),
        "mutants": verdict.mutants,
        "killed": len(verdict.killed),
        "score": verdict.score,
        "accepted": [_mutant_json(mutant, folder) for mutant in verdict.accepted],
        "survivors": [_mutant_json(mutant, folder) for mutant in verdict.survivors],
    }


def _mutant_json(mutant: Any, folder: "Folders") -> dict[str, Any]:
    return {**placed(mutant.position, folder), "mutant": mutant.description}


def placed(position: Any, folder: "Folders") -> dict[str, Any]:
    """Where something of a rulebook stands, for programs."""
    from signpost.rulebook.folders import folders_of

    return place(position.below(folders_of(folder)[0]))


def _place(position: Any, folder: "Folders") -> str:
    found = placed(position, folder)
    return f"{found['file']}:{found['line']}:{found['column']}"
