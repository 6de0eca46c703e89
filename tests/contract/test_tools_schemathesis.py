"""`make contracts`: schemathesis with all checks and all phases on a running intake.

schemathesis_hooks.py says which refusals of valid data no schema can express. SIGNPOST_TEST_SEED varies the requests.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.case.instant import format_instant
from tests.support.intake_parts import NORTH_KEY
from tests.support.intake_process import intake_folder, running
from tests.support.workers_kit import HOUR, START, event, open_system

pytestmark = pytest.mark.contracts

TOOLS = Path(__file__).parent / "tools"
COMMAND = Path(sys.prefix) / "bin" / "schemathesis"
PHASES = ("Examples", "Coverage", "Fuzzing", "Stateful")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """An intake with the case that the examples of the document name."""
    folder = intake_folder(tmp_path)
    url = f"sqlite:///{folder / 'signpost.db'}"
    with open_system(url, url) as system:
        system.now = START + HOUR
        respond_by = format_instant(START + 100 * HOUR)
        system.handle(
            event("offer.extended", tenant="north", offer="acme-1", respond_by=respond_by),
            event("interview.scheduled", tenant="north", interview="i-1", starts_at="2026-03-20T09:00:00Z"),
        )
    with running(folder, SIGNPOST_RATE_PER_SECOND="0", SIGNPOST_HTTP_PROCESSES="1") as (address, _):
        yield address


def test_schemathesis_finds_nothing(address: str, tmp_path: Path) -> None:
    for name in ("schemathesis.toml", "schemathesis_hooks.py"):
        shutil.copy(TOOLS / name, tmp_path)
    options = ["--seed", os.environ.get("SIGNPOST_TEST_SEED", "1"), "--checks", "all"]
    key = f"Authorization: Bearer {NORTH_KEY}"
    command = [str(COMMAND), "run", f"{address}/openapi.json", "--header", key, "--no-color", *options]
    made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=1800)
    assert made.returncode == 0, made.stdout + made.stderr
    for phase in PHASES:
        assert re.search(f"✅ +{phase} ", made.stdout), made.stdout
    assert re.search(r"Selected: (\d{2,})/\1$", made.stdout, re.MULTILINE), made.stdout
    links = re.search(r"API Links: +(\d+) covered", made.stdout)
    assert links is not None
    # Which links are followed depends on what the intake has accepted before
    assert int(links[1]) > 0
