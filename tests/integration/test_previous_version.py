"""A rolling upgrade: processes of the version before work on the tables of this one, beside processes of this one."""

import ast
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from signpost.schemas import dump_event
from signpost.storage import StaleCursor
from signpost.workers.verification import check_cases
from tests.support.workers_kit import ENGINES, KINDS, System, event, store_plainly, system

ROOT = Path(__file__).parents[2]
PREVIOUS = (ROOT / "tests/data/previous-version").read_text(encoding="utf-8").split()[0]
"""A commit of this repository: what is in use before an upgrade."""
FIRST_EXPANDING = "v0016"
SHRINKING = ("drop_table", "drop_column", "drop_index", "drop_constraint", "alter_column", "rename_table")

WORK = """
import os, sys, orjson, signpost
from signpost.messaging import Bounds, connect
from signpost.schemas import load_own_event
from signpost.storage import open_store
from tests.support.workers_kit import System
assert signpost.__file__.startswith(os.getcwd())
database_url, broker_url = sys.argv[1:]
with open_store(database_url) as store:
    broker = connect(broker_url, bounds=Bounds(publish_timeout_s=60, connect_timeout_s=60, busy_timeout_s=30))
    made = System(store, broker, database_url, broker_url)
    for line in sys.stdin:
        made.handle(*map(load_own_event, orjson.loads(line)))
        made.case_clock().step()
        rows, cursor = store.feed("acme", limit=100_000)
        print(orjson.dumps([len(rows), cursor]).decode(), flush=True)
    broker.close()
"""


class Before:
    """A process of the version before on the tables of this one."""

    def __init__(self, folder: Path, made: System) -> None:
        environ = {**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}
        command = [sys.executable, "-c", WORK, made.database_url, made.broker_url]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=folder, env=environ, stdin=pipe, stdout=pipe, text=True)

    def work(self, *events: dict[str, object]) -> tuple[int, str]:
        """Let it handle events; the number of changes in its feed, and its cursor."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(orjson.dumps(events).decode() + "\n")
        self._process.stdin.flush()
        count, cursor = orjson.loads(self._process.stdout.readline())
        return count, cursor

    def end(self) -> None:
        """Wait until it has ended."""
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0


@pytest.fixture(scope="module")
def code_before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the version before."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    archive = subprocess.run(["git", "archive", PREVIOUS], cwd=ROOT, capture_output=True, timeout=60, check=False)
    if archive.returncode:
        pytest.skip(f"needs the history of this repository: {archive.stderr.decode(errors='replace').strip()}")
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="tar")
    return folder


@pytest.fixture(params=KINDS)
def upgraded(request: pytest.FixtureRequest) -> Iterator[System]:
    """A system on the tables of this version, embedded and on servers, which the version before has made."""
    with system(request.param, request) as made:
        store_plainly(made)
        yield made


def offers(*names: str) -> Iterator[dict[str, object]]:
    """An offer to each candidate, as documents."""
    for name in names:
        yield dump_event(event("offer.extended", name, offer="o-1", employer={"name": "Acme"}))


@pytest.mark.long
def test_both_versions_work_on_the_same_cases_in_turn(code_before: Path, upgraded: System) -> None:
    before = Before(code_before, upgraded)
    first, cursor = before.work(*offers("c-1", "c-2"))
    assert first > 0
    upgraded.handle(event("offer.declined", "c-1", at=1, offer="o-1"), event("offer.extended", "c-3", offer="o-1"))
    new = upgraded.store.feed("acme", cursor, limit=1000)[0]
    assert {row.case_key for row in new} == {"c-1", "c-3"}
    declined = dump_event(event("offer.declined", "c-3", at=2, offer="o-1"))
    last, _ = before.work(*offers("c-4"), declined)
    assert last > first + len(new)
    checked = list(check_cases(upgraded.store, ["acme"], ENGINES))
    assert [case.key for case in checked] == ["c-1", "c-2", "c-3", "c-4"]
    assert [problem for case in checked for problem in case.problems] == []
    upgraded.store.retention.prune_feed(upgraded.now + 1, (), 1000)
    with pytest.raises(StaleCursor):
        upgraded.store.feed("acme", cursor)
    assert before.work()[0] > 0
    before.end()


def test_a_migration_takes_nothing_away_that_the_version_before_uses() -> None:
    """What a version stops using, the next one removes: expand, then contract."""
    folder = ROOT / "signpost/storage/migrations/versions"
    for path in sorted(folder.glob("v*.py")):
        if path.stem >= FIRST_EXPANDING:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            [upgrade] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
            called = {node.attr for node in ast.walk(upgrade) if isinstance(node, ast.Attribute)}
            assert called.isdisjoint(SHRINKING), path.name
