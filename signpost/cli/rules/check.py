"""`signpost rules check`."""

from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import counted, json_option, print_json
from signpost.cli.rules.common import FOLDER, place
from signpost.settings import SHIPPED_RULES


@click.command
@click.argument("folder", type=FOLDER, default=SHIPPED_RULES, required=False)
@json_option
def check(folder: Path, as_json: bool) -> None:
    """Load the rulebook in FOLDER strictly and list every problem with its place; exit code 1 where there is one.

    \b
    Example:
      signpost rules check rules
    """
    from signpost.rulebook import find_problems

    rulebook, problems = find_problems(folder)
    found = sorted(set(problems.found))
    if as_json:
        print_json({"rules": len(rulebook.rules), "problems": [_problem(one) for one in found]})
    else:
        for one in found:
            click.echo(one)
        verdict = counted(len(found), "problem") if found else f"no problem; version {rulebook.version}"
        click.echo(f"{len(rulebook.rules)} rules, {verdict}")
    if found:
        raise SystemExit(1)


def _problem(problem: Any) -> dict[str, Any]:
    return {
        **place(problem.position),
        "code": problem.code,
        "message": problem.message,
        "suggestion": problem.suggestion,
    }
