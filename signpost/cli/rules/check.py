"""`signpost rules check`."""

from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import counted, json_option, print_json
from signpost.cli.rules.common import FOLDER, place
from signpost.settings import SHIPPED_RULES


@click.command
@click.argument("folder", type=FOLDER, default=SHIPPED_RULES, required=False)
@click.option(
    "--tenants",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A tenants file: check what its tenants set and disable as well.",
)
@json_option
def check(folder: Path, tenants: Path | None, as_json: bool) -> None:
    """Load the rulebook in FOLDER strictly and list every problem with its place; exit code 1 where there is one.

    \b
    Examples:
      signpost rules check rules
      signpost rules check rules --tenants .signpost/tenants.yaml
    """
    from signpost.rulebooks import find_rulebook_problems

    rulebooks, found = find_rulebook_problems(folder, tenants)
    rulebook = rulebooks.default
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
