"""A command group that imports a command on its first call, so that help is fast and commands are independent."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

from signpost.cli.failures import report_errors


class LazyGroup(click.Group):
    """`commands_at`: command -> ("module:attribute", one line of help)."""

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the table."""
        return list(self._at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None if it is unknown."""
        if cmd_name not in self._at:
            return None
        module, _, attribute = self._at[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the help text without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._at.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; report its errors as messages."""
        with report_errors():
            return super().invoke(ctx)
