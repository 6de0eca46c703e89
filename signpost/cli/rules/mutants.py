"""What the commands with mutants share: running them with a progress bar, and printing the report."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from signpost.cli.edge import count_noun, echo, print_table
from signpost.cli.rules.common import place

if TYPE_CHECKING:
    from signpost.rulebook.folders import Folders

jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=lambda: os.cpu_count() or 1,
    help="Number of processes; default: one per core.",
)
cache_option = click.option(
    "--cache/--no-cache", default=True, help="Cache results in your cache folder (XDG_CACHE_HOME), or run all mutants."
)


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """The folder of cached results: among the caches of the user, never in the rulebook. None without a home."""
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
    """Run the mutants on the passing timelines. Returns the report of `signpost.authoring.mutation`."""
    from signpost.authoring.mutation.cache import Cache
    from signpost.authoring.mutation.plan import make_plan
    from signpost.authoring.mutation.run import run_mutants

    plan = make_plan(folder, paths, result, only)
    results = Cache(cache_folder(os.environ) if cache else None)
    with progress_bar("mutants", len(plan.tasks), quiet=quiet) as advance:
        return run_mutants(plan.tasks, plan.accepted, jobs=jobs, cache=results, progress=advance)


@contextmanager
def progress_bar(title: str, total: int | None, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A progress bar on standard error if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda name: bar.update(task, advance=1, description=f"{title}: {name}"[:60])


def show_report(report: Any, folder: "Folders") -> None:
    """Print the table of rules, then all survivors and stale entries with their places."""
    print_table(("rule", "mutants", "killed", "accepted", "survive", "score"), map(_row, report.verdicts))
    for verdict in report.verdicts:
        for mutant in verdict.survivors:
            echo(f"{_place(mutant.position, folder)}: {verdict.rule}: survives: {mutant.description}")
    for entry in report.stale:
        echo(f"{entry.position}: {entry.rule}: {entry.mutant} does not survive; remove the entry")
    survivors = sum(len(verdict.survivors) for verdict in report.verdicts)
    mutants = count_noun(sum(verdict.mutants for verdict in report.verdicts), "mutant")
    cached = f", {count_noun(report.cached, 'rule')} from the cache" if report.cached else ""
    rules = count_noun(len(report.verdicts), "rule")
    echo(f"{mutants} of {rules}{cached}: {survivors} survive, score {report.score:.1f}")


def report_json(report: Any, folder: "Folders") -> dict[str, Any]:
    """The report as a JSON document."""
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
        **place_in(verdict.position, folder),
        "mutants": verdict.mutants,
        "killed": len(verdict.killed),
        "score": verdict.score,
        "accepted": [_mutant_json(mutant, folder) for mutant in verdict.accepted],
        "survivors": [_mutant_json(mutant, folder) for mutant in verdict.survivors],
    }


def _mutant_json(mutant: Any, folder: "Folders") -> dict[str, Any]:
    return {**place_in(mutant.position, folder), "mutant": mutant.description}


def place_in(position: Any, folder: "Folders") -> dict[str, Any]:
    """A position in a rulebook as fields of a JSON document."""
    from signpost.rulebook.folders import folders_of

    return place(position.below(folders_of(folder)[0]))


def _place(position: Any, folder: "Folders") -> str:
    found = place_in(position, folder)
    return f"{found['file']}:{found['line']}:{found['column']}"
