"""Reads the guides in docs/: their fenced blocks, and the commands in them with the documented output."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from signpost.cli import main

DOCS = Path(__file__).parents[2] / "docs"
_FENCE = re.compile(r"^```([a-z]*) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r"\b[0-9a-f]{12}\b")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: ```` ```yaml sources ```` has the language `yaml` and the name `sources`."""

    language: str
    name: str
    text: str


def blocks(guide: str) -> list[Block]:
    """Return every fenced block of a guide, in order."""
    return [Block(*found) for found in _FENCE.findall((DOCS / guide).read_text("utf-8"))]


def commands(block: Block) -> Iterator[tuple[str, str]]:
    """Yield (command, documented output) of a `console` block."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def run(command: str) -> str:
    """Return the output of `signpost ...` in the current folder, with the exit code if it is not 0."""
    program, *arguments = shlex.split(command)
    assert program == "signpost", command
    result = CliRunner().invoke(main, arguments)
    return result.output + (f"exit code {result.exit_code}\n" if result.exit_code else "")


def comparable(output: str) -> list[str]:
    """Return the lines without surrounding space, empty lines and rulebook versions."""
    lines = (_VERSION.sub("VERSION", line).strip() for line in output.splitlines())
    return [line for line in lines if line]
