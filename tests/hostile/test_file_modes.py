"""Files of a system are private to its account, even in a folder that everybody can read. Real processes."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.private_servers import free_port, wait_until
from tests.support.rulebooks import FEW_RULES

ROOT = Path(__file__).parents[2]
SIGNPOST = (sys.executable, "-m", "signpost")
GUNICORN = (sys.executable, "-m", "gunicorn", "-c", "python:signpost.services.intake.gunicorn_conf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that exists and that every account can read."""
    path = tmp_path / "data"
    path.mkdir()
    path.chmod(0o755)
    return path


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")}
    own = {"DATA_DIR": str(folder), "HTTP_BIND": f"127.0.0.1:{free_port()}", "RULES": str(FEW_RULES)}
    return kept | {f"SIGNPOST_{name}": value for name, value in own.items()}


def readable_by_others(folder: Path) -> dict[str, str]:
    """Path -> mode of everything in the folder that another account may read, write or enter."""
    modes = {str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode) for path in folder.rglob("*")}
    assert modes, "something was written"
    return {name: oct(mode) for name, mode in modes.items() if mode & 0o077}


def umask_of(pid: int) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("Umask:"))


def tree(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from tree(int(child))


def test_commands_write_private_files(folder: Path) -> None:
    for command in ("db upgrade", "topology apply", "tenants add acme", "consumers list"):
        arguments = [*SIGNPOST, *command.split()]
        subprocess.run(arguments, env=environment(folder), umask=0, check=False, capture_output=True)
        assert readable_by_others(folder) == {}, command
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755, "the folder itself belongs to the operator"


@pytest.mark.long
def test_up_and_each_of_its_processes_write_private_files(folder: Path) -> None:
    environ = environment(folder)
    subprocess.run([*SIGNPOST, "db", "upgrade"], env=environ, umask=0, check=True, capture_output=True)
    (folder / "signpost.db").chmod(0o644)  # as an earlier version left it
    log = folder.parent / "up.log"
    with log.open("wb") as output:
        up = subprocess.Popen([*SIGNPOST, "up"], env=environ, umask=0, stdout=output, stderr=output)
    try:
        wait_until(lambda: "Signpost is ready" in log.read_text() or up.poll() is not None, "signpost up is ready")
        events = subprocess.check_output([sys.executable, ROOT / "examples/play.py", "--print"], env=environ)
        subprocess.run([*SIGNPOST, "send", "-"], env=environ, input=events, check=True, capture_output=True)
        assert {path.name for path in folder.iterdir()} >= {"signpost.db", "signpost.db-wal", "signpost.db-shm"}
        assert readable_by_others(folder) == {}
        umasks = {umask_of(pid) for pid in tree(up.pid)}
        assert umasks == {"0077"}
    finally:
        up.terminate()
        up.wait(90)
    assert readable_by_others(folder) == {}


def test_gunicorn_alone_has_the_same_umask(folder: Path) -> None:
    environ = environment(folder)
    for command in ("db upgrade", "topology apply", "tenants add acme"):
        subprocess.run([*SIGNPOST, *command.split()], env=environ, umask=0, check=True, capture_output=True)
    log = folder.parent / "intake.log"
    with log.open("wb") as output:
        intake = subprocess.Popen([*GUNICORN], env=environ, umask=0, stdout=output, stderr=output)
    try:
        wait_until(lambda: len(list(tree(intake.pid))) > 1 or intake.poll() is not None, "a worker runs")
        assert intake.poll() is None, log.read_text()
        assert {umask_of(pid) for pid in tree(intake.pid)} == {"0077"}
    finally:
        intake.terminate()
        intake.wait(90)


def test_rule_files_stay_readable_because_people_share_them(folder: Path) -> None:
    rules = folder / "rules"
    command = [*SIGNPOST, "rules", "schema", str(rules)]
    rules.mkdir()
    subprocess.run(command, env=environment(folder), umask=0o022, check=True, capture_output=True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in rules.rglob("*") if path.is_file()} == {0o644}
