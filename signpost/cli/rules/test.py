"""`signpost rules test`."""

import sys
from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import json_option, print_json
from signpost.cli.rules.common import FOLDER, place
from signpost.settings import SHIPPED_RULES


@click.command
@click.argument("paths", type=click.Path(exists=True, path_type=Path), nargs=-1)
@click.option(
    "--rulebook", "folder", type=FOLDER, help="The rulebook; by default the first folder given, or the shipped one."
)
@click.option("--engine", type=click.Choice(["compiled", "durable_rules"]), default="compiled", show_default=True)
@json_option
def test(paths: tuple[Path, ...], folder: Path | None, engine: str, as_json: bool) -> None:
    """Run timelines against a rulebook, in virtual time. Exit code 1 where an expectation is not met.

    PATHS are files of timelines or folders with such. Finding none is an error.

    \b
    Examples:
      signpost rules test rules
      signpost rules test --rulebook rules my-timelines.yaml
    """
    from signpost.timelines import run_timelines

    paths = paths or (SHIPPED_RULES,)
    folder = folder or next((path for path in paths if path.is_dir()), SHIPPED_RULES)
    with _Counting(quiet=as_json) as advance:
        result = run_timelines(paths, folder, engine=engine, progress=advance)
    if as_json:
        failures = [_failure(one) for one in result.failures]
        print_json({"timelines": result.timelines, "expectations": result.expectations, "failures": failures})
    else:
        for failure in result.failures:
            click.echo(failure)
        counts = f"{result.timelines} timelines, {result.expectations} expectations"
        click.echo(f"{counts}, {len(result.failures)} failed")
    if result.failures or not result.expectations:
        raise SystemExit(1)


class _Counting:
    """A running count on a terminal while timelines run."""

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._count = 0

    def __enter__(self) -> Any:
        return self._advance

    def __exit__(self, *_: object) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def _advance(self, timeline: Any) -> None:
        self._count += 1
        if self._shown:
            click.echo(f"\r\033[K{self._count} {timeline.name}"[:100], nl=False, err=True)


def _failure(failure: Any) -> dict[str, Any]:
    return {**place(failure.position), "timeline": failure.timeline, "message": failure.message}
