"""`signpost rules test`."""

from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import json_option, print_json
from signpost.cli.rules.common import FOLDERS, PATHS, place
from signpost.cli.rules.junit import write_junit
from signpost.cli.rules.mutants import cache_option, jobs_option, mutate, progress_bar, report_json, show_report
from signpost.settings import SHIPPED_RULES

SOURCES = "sources.yaml"
"""What every rulebook has."""


@click.command
@click.argument("paths", type=PATHS, nargs=-1)
@click.option(
    "--rulebook", "folder", type=FOLDERS, help="The rulebook; by default the one that PATHS lie in, or the shipped one."
)
@click.option(
    "--engine",
    type=click.Choice(["compiled", "durable_rules"]),
    default="compiled",
    show_default=True,
    help="What evaluates the rules; mutants are always compiled.",
)
@click.option("--mutate", "mutating", is_flag=True, help="Change each rule in small ways and list what nobody notices.")
@click.option("--rule", "only", multiple=True, metavar="ID", help="Mutate this rule only; may be repeated.")
@click.option("--min-score", type=click.FloatRange(0, 100), help="Fail where fewer per cent of the mutants are killed.")
@jobs_option
@cache_option
@click.option("--junit", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write JUnit XML here.")
@json_option
def test(
    paths: tuple[tuple[Path, ...], ...],
    folder: tuple[Path, ...] | None,
    engine: str,
    mutating: bool,
    only: tuple[str, ...],
    min_score: float | None,
    jobs: int,
    cache: bool,
    junit: Path | None,
    as_json: bool,
) -> None:
    """Run timelines against a rulebook, in virtual time. Exit code 1 where an expectation is not met, 2 where a file is
    malformed.

    PATHS are files of timelines or folders with such; `ours:DIR` are the timelines of the shipped rules and of DIR,
    against both. Finding none is an error.

    With --mutate each rule is changed in one small way at a time: a condition dropped or negated, a threshold shifted
    by a second, an escalation removed. A change that no timeline notices survives, and is listed. One that makes no
    difference to anybody can be accepted in timelines/survivors.yaml, with its reason.

    \b
    Examples:
      signpost rules test rules
      signpost rules test ours:my-rules
      signpost rules test --rulebook rules my-timelines.yaml
      signpost rules test rules --mutate --rule withdraw-promptly
      signpost rules test rules --mutate --min-score 100 --junit report.xml
    """
    from signpost.authoring.timelines import run_timelines

    if not mutating and (only or min_score is not None):
        raise click.UsageError("--rule and --min-score go with --mutate")
    files = tuple(path for given in paths for path in given) or (SHIPPED_RULES,)
    folder = folder or next((given for given in paths if len(given) > 1), None) or (_rulebook_around(files),)
    with progress_bar("timelines", None, quiet=as_json) as advance:
        result = run_timelines(files, folder, engine=engine, progress=lambda timeline: advance(timeline.name))
    report = mutate(folder, files, result, only=only, jobs=jobs, cache=cache, quiet=as_json) if mutating else None
    _show(result, report, folder, as_json=as_json)
    if junit is not None:
        write_junit(junit, result, report, folder)
    if result.failures or not result.expectations or (report is not None and _falls_short(report, min_score)):
        raise SystemExit(1)


def _rulebook_around(paths: tuple[Path, ...]) -> Path:
    """The first folder given that is a rulebook, or that lies in one, like rules/timelines; else the shipped one."""
    near = (place for path in paths for place in (path, *path.parents[:2], *path.absolute().parents[:2]))
    return next((place for place in near if (place / SOURCES).is_file()), SHIPPED_RULES)


def _falls_short(report: Any, min_score: float | None) -> bool:
    return bool(report.stale) or (min_score is not None and report.score < min_score)


def _show(result: Any, report: Any, folder: tuple[Path, ...], *, as_json: bool) -> None:
    if as_json:
        failures = [_failure(one) for one in result.failures]
        document = {"timelines": result.timelines, "expectations": result.expectations, "failures": failures}
        print_json(document | ({"mutants": report_json(report, folder)} if report is not None else {}))
        return
    for failure in result.failures:
        click.echo(failure)
    click.echo(result.summary)
    if report is not None:
        show_report(report, folder)


def _failure(failure: Any) -> dict[str, Any]:
    return {**place(failure.position), "timeline": failure.timeline, "message": failure.message}
