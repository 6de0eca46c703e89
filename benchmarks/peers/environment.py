"""Runs the programs of this folder in their own environment, `make bench` makes it."""

import os
import subprocess
from pathlib import Path
from typing import Final

from signpost.errors import CallerError

ROOT: Final = Path(__file__).parents[2]
PYTHON: Final = ROOT / ".venv/bench/bin/python"
"""Its packages come before those of Signpost's own environment, which it sees too."""


RESULT: Final = "RESULT "
"""The beginning of the line that a program prints for us; libraries print banners."""


def run_peer(name: str, *arguments: str, timeout_s: float = 600) -> str:
    """The result that a program prints. Raises CallerError if it fails or its environment is missing."""
    if not PYTHON.exists():
        raise CallerError(f"{PYTHON.relative_to(ROOT)} is missing; `make bench` installs it")
    command = [str(PYTHON), "-m", f"benchmarks.peers.{name}", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
    )
    if done.returncode:
        raise CallerError(f"{name} failed with exit code {done.returncode}: {done.stderr[-2000:]}")
    [result] = [line for line in done.stdout.splitlines() if line.startswith(RESULT)]
    return result.removeprefix(RESULT)
