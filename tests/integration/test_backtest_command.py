"""`signpost rules backtest` as its users call it: files of events, stored cases, and what it refuses."""

import json
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner, Result

from signpost.case import Case, Event
from signpost.case.instant import parse_instant
from signpost.cli import main
from signpost.storage import CaseRow, open_store, upgrade
from tests.rulebooks import RULES

TIME = "2026-03-02T09:00:00Z"
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "board",
    "type": "signpost.offer.extended.v1",
    "time": TIME,
    "subject": "c-1",
    "data": {"offer": "acme", "employer": {"id": "acme", "name": "Acme"}},
}


@pytest.fixture
def other(tmp_path: Path) -> Path:
    folder = Path(copytree(RULES, tmp_path / "rules"))
    path = folder / "before-accepting.yaml"
    path.write_text(path.read_text("utf-8").replace("Never sign in a rush", "Take your time"), "utf-8")
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps(EVENT) + "\n" + json.dumps(EVENT | {"id": "2", "subject": "c-2"}) + "\n", "utf-8")
    return path


def call(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["rules", "backtest", "--jobs", "1", *map(str, arguments)], env=env)


def test_recorded_events_are_compared_rule_by_rule_with_examples(other: Path, recording: Path) -> None:
    result = call("--against", other, "--events", recording)
    assert result.exit_code == 0, result.output
    assert "ask-response-deadline" in result.output
    assert "- You have an offer from Acme" in result.output
    assert "2 cases" in result.output
    assert "2 differences" in result.output


def test_differences_can_fail_a_build(other: Path, recording: Path) -> None:
    assert call("--against", other, "--events", recording, "--fail-on", "reworded").exit_code == 1
    assert call("--against", other, "--events", recording, "--fail-on", "lost,added").exit_code == 0


def test_programs_read_counts_and_examples(other: Path, recording: Path) -> None:
    found = json.loads(call("--against", other, "--events", recording, "--json", "--examples", 1).output)
    assert found["cases"] == 2
    assert found["counts"] == {"ask-response-deadline": {"reworded": 2}}
    [example] = found["examples"]
    assert (example["kind"], example["subject"], example["at"]) == ("reworded", "offer/acme", TIME)


def test_stored_cases_are_replayed(other: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/signpost.db"
    upgrade(url)
    said = Event("acme", "s", "1", "offer.extended", parse_instant(TIME), "c-1", {"offer": "o"})
    state = Case().fold(said).to_json()
    with open_store(url) as store, store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1"), ("globex", "c-2")])
        transaction.save_cases([CaseRow("acme", "c-1", state), CaseRow("globex", "c-2", state)])
    env = {"SIGNPOST_DATABASE_URL": url}
    result = call("--against", other, "--stored", "--tenant", "acme", env=env)
    assert "1 case," in result.output
    assert "latest statement" in result.output
    assert call("--against", other, "--stored", "--tenant", "nobody", env=env).exit_code != 0


def test_what_cannot_be_replayed_is_named(other: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps([EVENT, EVENT | {"time": "yesterday", "type": "signpost.offer.lost.v1"}]), "utf-8")
    result = call("--against", other, "--events", path)
    assert result.exit_code != 0
    said = result.output
    assert "[1] /time" in said
    assert "[1] /type" in said
    assert call("--against", other).exit_code == 2
    assert call("--against", other, "--events", path, "--fail-on", "worse").exit_code == 2
