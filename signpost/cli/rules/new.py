"""`signpost rules new`: writes a new rule with its timeline. The templates are in authoring."""

from pathlib import Path

import click

from signpost.cli.edge import echo
from signpost.cli.rules.common import FOLDERS, folders_to_write
from signpost.settings import OURS, SHIPPED_RULES


@click.command
@click.argument("name")
@click.argument("folder", type=FOLDERS, required=False)
@click.option("--topic", help="The file to add the rule to, without .yaml; default: a file with the name of the rule.")
@click.option(
    "--about",
    type=click.Choice(["offer", "interview", "application", "candidate"]),
    default="offer",
    show_default=True,
    help="Subject of a recommendation.",
)
@click.option(
    "--audience",
    type=click.Choice(["candidate", "employer"]),
    default="candidate",
    show_default=True,
    help="Recipient of the advice.",
)
@click.option("--source", metavar="ARTICLE", help="An article of sources.yaml; default: your first.")
def new(
    name: str, folder: tuple[Path, ...] | None, topic: str | None, about: str, audience: str, source: str | None
) -> None:
    """Write a rule NAME and its timeline into the rulebook in FOLDER as a starting point; both pass unchanged. Of
    several folders (ours:DIR) the last one gets them. Without FOLDER: the folders of SIGNPOST_RULES, or the shipped
    rules if they are in the current folder.

    \b
    Examples:
      signpost rules new ask-about-parking rules
      signpost rules new ask-about-parking rules --topic before-accepting --source before-accepting
      signpost rules new ask-about-parking ours:my-rules
    """
    from signpost.authoring.new_rule import NewRule, write_rule

    folders = folders_to_write(folder, "new NAME")
    rule, timeline = write_rule(folders, NewRule(name, about, audience, topic, source))
    echo(f"{rule}: rule {name} written")
    echo(f"{timeline}: its timeline written")
    echo("Next: replace the example condition and texts in both files, then run")
    names = ":".join(OURS if one == SHIPPED_RULES and len(folders) > 1 else str(one) for one in folders)
    echo(f"  signpost rules check {names}")
    echo(f"  signpost rules test {names}")
