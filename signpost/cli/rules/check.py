"""`signpost rules check`: prints the problems of a rulebook. The checks themselves are in authoring."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from signpost.cli.edge import count_noun, echo, json_option, print_json
from signpost.cli.rules.common import FOLDERS, or_shipped, place


@click.command
@click.argument("folder", type=FOLDERS, required=False)
@click.option(
    "--tenants",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A tenants file: also check the rule overrides of its tenants.",
)
@click.option(
    "--today",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="DAY",
    help="Reference day for the reviews of norms, e.g. 2026-11-22; default: today.",
)
@click.option(
    "--max-age",
    type=click.IntRange(0),
    default=365,
    show_default=True,
    help="Days after which the review of a norm is stale.",
)
@click.option("--ends", "show_ends", is_flag=True, help="Also list how each rule ends by time alone.")
@click.option("--cards", "show_cards", is_flag=True, help="Also list the card of the agenda that each rule joins.")
@click.option("--strict", is_flag=True, help="Count warnings as problems.")
@json_option
def check(
    folder: tuple[Path, ...] | None,
    tenants: Path | None,
    today: datetime | None,
    max_age: int,
    show_ends: bool,
    show_cards: bool,
    strict: bool,
    as_json: bool,
) -> None:
    """Check the rulebook in FOLDER, or in several (ours:DIR), without facts, and list each problem with its place;
    without FOLDER, the shipped rules, whatever SIGNPOST_RULES says. Exit code 1 if there is a problem.

    Besides errors of loading it finds conditions that never hold or are redundant, unreachable priorities and values,
    rules that others always suppress or contradict, rules without an end, texts that can fail or be empty, and rules
    without a timeline.
    A harmless finding is a warning.

    \b
    Examples:
      signpost rules check rules
      signpost rules check ours:my-rules
      signpost rules check rules --strict --max-age 180
      signpost rules check rules --ends
      signpost rules check rules --cards
      signpost rules check rules --tenants .signpost/tenants.yaml
    """
    from signpost.authoring.inspection import inspect
    from signpost.rulebook.ends import ends_of
    from signpost.yaml_files.problems import in_folder

    day = today or datetime.now(UTC)
    folders = or_shipped(folder)
    rulebook, found = inspect(folders, day.date(), max_age=max_age, tenants=tenants)
    found = in_folder(found, folders[0])
    ends = {rule.id: ends_of(rule) or [f"never: {rule.lasting}"] for rule in rulebook.rules.values()}
    joining = {name: rulebook.card_of(rule) for name, rule in rulebook.rules.items()}
    cards = {name: card and card.name for name, card in joining.items()}
    warnings = [one for one in found if one.is_warning]
    problems = [one for one in found if not one.is_warning]
    if as_json:
        findings = {"problems": list(map(_to_json, problems)), "warnings": list(map(_to_json, warnings))}
        own = {kind: list(fields) for kind, fields in rulebook.vocabulary.own.items() if fields}
        print_json(
            {
                "rules": len(rulebook.rules),
                "version": rulebook.version,
                "own_fields": own,
                "reworded": {rule.id: rule.reworded for rule in rulebook.rules.values() if rule.reworded},
                "ends": ends,
                "cards": cards,
                **findings,
            }
        )
    else:
        for name, found_ends in ends.items() if show_ends else ():
            click.echo(f"{name}: {'; '.join(found_ends)}")
        for name, card in cards.items() if show_cards else ():
            click.echo(f"{name}: {card or 'a card of its own'}")
        for one in (*problems, *warnings):
            echo(one)
        echo(_verdict(rulebook, len(problems), len(warnings)))
    if problems or (strict and warnings):
        raise SystemExit(1)


def _verdict(rulebook: Any, problems: int, warnings: int) -> str:
    """`77 rules, no problem, 2 warnings; version 0123456789ab`."""
    own = sum(map(len, rulebook.vocabulary.own.values()))
    parts = [count_noun(len(rulebook.rules), "rule"), *([count_noun(own, "own field")] if own else [])]
    reworded = sum(bool(rule.reworded) for rule in rulebook.rules.values())
    parts += [f"{reworded} reworded"] if reworded else []
    parts += [count_noun(problems, "problem") if problems else "no problem"]
    parts += [count_noun(warnings, "warning")] if warnings else []
    return ", ".join(parts) + ("" if problems else f"; version {rulebook.version}")


def _to_json(problem: Any) -> dict[str, Any]:
    return {
        **place(problem.position),
        "code": problem.code,
        "message": problem.message,
        "suggestion": problem.suggestion,
    }
