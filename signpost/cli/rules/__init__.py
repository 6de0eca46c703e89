"""`signpost rules`: tools for rule authors, one module per command."""

import click

from signpost.cli.rules.backtest import backtest
from signpost.cli.rules.check import check
from signpost.cli.rules.coverage import coverage
from signpost.cli.rules.explain import explain
from signpost.cli.rules.load_report import load_report
from signpost.cli.rules.new import new
from signpost.cli.rules.schema import schema
from signpost.cli.rules.test import test


@click.group
def rules() -> None:
    """Write, check, test and explain the rules of a rulebook."""


for command in (new, check, test, coverage, explain, backtest, load_report, schema):
    rules.add_command(command)
