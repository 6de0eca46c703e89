"""An installation in a folder for tests of the doctor: broken on purpose, examined, and mended by printed commands."""

import contextlib
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from signpost.cli import main
from signpost.doctor import Line, Site, Status, examine, read_site_settings
from signpost.messaging import connect
from signpost.storage import open_store
from tests.support.rulebooks import FEW_RULES
from tests.support.workers_kit import System

MAX_COMMANDS = 4
PROCESSES = ("advisor", "clock", "relay", "deliverer", "intake")


@dataclass
class Installation:
    """`environ`: the variables of its shell; `options`: of its `Site`; `processes`: what a started process does;
    `stack`: what is undone at the end."""

    folder: Path
    environ: dict[str, str]
    options: dict[str, Any] = field(default_factory=dict)
    processes: dict[str, Callable[[], None]] = field(default_factory=dict)
    stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def lines(self, check: str) -> list[Line]:
        """Return what the doctor finds with one check."""
        settings, lines = read_site_settings(self.environ)
        if check == "settings" or settings is None:
            return lines
        site = Site(settings, self.environ, **self.options)
        try:
            return [line for line in examine(site, [check]) if line.check == check]
        finally:
            site.close()

    def worst(self, check: str) -> Line:
        """Return the worst line of a check."""
        return self.lines(check)[0]

    def mend(self, check: str) -> None:
        """Run what the doctor prints for a check, one line after the other, as a person does."""
        for _ in range(MAX_COMMANDS):
            bad = [line for line in self.lines(check) if is_bad(line)]
            if not bad:
                return
            assert bad[0].finding.command, bad
            self.run(bad[0].finding.command)

    def run(self, commands: str) -> None:
        """Run a printed line as a shell in which these variables are set."""
        for command in commands.replace("; ", " && ").split(" && "):
            words = shlex.split(command)
            if words[0] == "unset":
                del self.environ[words[1]]
            elif words[0] == "export":
                name, _, value = words[1].partition("=")
                self.environ[name] = self.environ[value[1:]] if value.startswith("$") else value
            elif words[0] == "signpost":
                self.signpost(*words[1:])
            else:
                subprocess.run(
                    ["bash", "-c", command],
                    env={**os.environ, **self.environ},
                    check=True,
                    capture_output=True,
                    timeout=60,
                )

    def signpost(self, *arguments: str) -> str:
        """Run a command of Signpost in this process, or what a started process does."""
        if arguments[0] in PROCESSES:
            self.processes[arguments[0]]()
            return ""
        result = CliRunner(env=dict.fromkeys(_ours(os.environ)) | self.environ).invoke(main, arguments)
        assert result.exit_code == 0, f"signpost {shlex.join(arguments)}: {result.output}"
        return result.output

    def system(self) -> System:
        """Return its store and broker with workers that run step by step; close both afterwards."""
        settings, _ = read_site_settings(self.environ)
        assert settings is not None
        store, broker = open_store(settings.database_url), connect(settings.broker_url)
        return System(store, broker, settings.database_url, settings.broker_url, Site(settings).clock())


def _ours(environ: Mapping[str, str]) -> list[str]:
    return [name for name in environ if name.startswith("SIGNPOST_")]


def variables(folder: Path, **more: str) -> dict[str, str]:
    """Return the settings of an installation in a folder."""
    return {
        "SIGNPOST_DATA_DIR": str(folder),
        "SIGNPOST_RULES": str(FEW_RULES),
        "SIGNPOST_URL": "http://127.0.0.1:1",
        "SIGNPOST_ENGINE": "compiled",
        **more,
    }


def is_bad(line: Line) -> bool:
    """Return whether a line names a fault."""
    return line.finding.status in (Status.FAILED, Status.WARNING)
