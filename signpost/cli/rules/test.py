"""`signpost rules test`: runs timelines and mutants, and prints their results. The runners are in authoring."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import echo, json_option, print_json
from signpost.cli.rules.common import FOLDERS, PATHS, SOURCES, TIMELINES, or_shipped, place
from signpost.cli.rules.junit import write_junit
from signpost.cli.rules.mutants import cache_option, jobs_option, mutate, progress_bar, report_json, show_report
from signpost.settings import SHIPPED_RULES
from signpost.yaml_files.problems import FileError


@click.command
@click.argument("paths", type=PATHS, nargs=-1)
@click.option(
    "--rulebook", "folder", type=FOLDERS, help="The rulebook; default: the one that contains PATHS, or the shipped one."
)
@click.option(
    "--engine",
    type=click.Choice(["compiled", "durable_rules"]),
    default="compiled",
    show_default=True,
    help="Engine of the timelines; mutants always use compiled.",
)
@click.option("--mutate", "mutating", is_flag=True, help="Also run mutants of each rule and list the survivors.")
@click.option("--rule", "only", multiple=True, metavar="ID", help="Mutate only this rule; repeatable.")
@click.option("--min-score", type=click.FloatRange(0, 100), help="Fail if fewer per cent of the mutants are killed.")
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
    """Run timelines against a rulebook, in virtual time. Exit code 1 if an expectation is not met, 2 if a file is
    invalid.

    PATHS are files of timelines, or folders that contain them; `ours:DIR` are the timelines of the shipped rules and of
    DIR, against both. Finding none is an error.

    --mutate runs mutants: copies of a rule with one small change, for example a condition dropped or negated, a
    threshold shifted by a second, an escalation removed. A mutant that no timeline kills survives and is listed. List
    an equivalent mutant in timelines/survivors.yaml, with the reason.

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
        raise click.UsageError("--rule and --min-score require --mutate")
    files = tuple(path for given in paths for path in given) or or_shipped(folder and (SHIPPED_RULES,))
    named = folder or next((given for given in paths if len(given) > 1), None)
    folder = named or (_find_rulebook(files),)
    hint = _hint_at_own_rules(files) if named is None and folder == (SHIPPED_RULES,) else ""
    with progress_bar("timelines", None, quiet=as_json) as advance, _hint_at_error(hint):
        result = run_timelines(files, folder, engine=engine, progress=lambda timeline: advance(timeline.name))
    report = mutate(folder, files, result, only=only, jobs=jobs, cache=cache, quiet=as_json) if mutating else None
    _show(result, report, folder, as_json=as_json)
    if junit is not None:
        write_junit(junit, result, report, folder)
    if result.failures or not result.expectations or (report is not None and _is_below(report, min_score)):
        raise SystemExit(1)


def _find_rulebook(paths: tuple[Path, ...]) -> Path:
    """The first rulebook that is one of the paths or contains one, like rules/timelines; else the shipped one."""
    near = (place for path in paths for place in (path, *path.parents[:2], *path.absolute().parents[:2]))
    return next((place for place in near if (place / SOURCES).is_file()), SHIPPED_RULES)


def _hint_at_own_rules(paths: tuple[Path, ...]) -> str:
    """How to run timelines outside every rulebook against the rules of their folder too; "" for shipped timelines."""
    if all(path.resolve().is_relative_to(SHIPPED_RULES) for path in paths):
        return ""
    places = (place for path in paths for place in (path / TIMELINES, path, *path.parents))
    own = next((place.parent for place in places if place.name == TIMELINES and place.is_dir()), "DIR")
    return f"the timelines were checked against the shipped rules alone; with rules of your own: --rulebook ours:{own}"


@contextmanager
def _hint_at_error(hint: str) -> Iterator[None]:
    try:
        yield
    except FileError:
        if hint:
            echo(hint, err=True)
        raise


def _is_below(report: Any, min_score: float | None) -> bool:
    return bool(report.stale) or (min_score is not None and report.score < min_score)


def _show(result: Any, report: Any, folder: tuple[Path, ...], *, as_json: bool) -> None:
    if as_json:
        failures = [_failure(one) for one in result.failures]
        document = {"timelines": result.timelines, "expectations": result.expectations, "failures": failures}
        print_json(document | ({"mutants": report_json(report, folder)} if report is not None else {}))
        return
    for failure in result.failures:
        echo(failure)
    echo(result.summary)
    if report is not None:
        show_report(report, folder)


def _failure(failure: Any) -> dict[str, Any]:
    return {**place(failure.position), "timeline": failure.timeline, "message": failure.message}
