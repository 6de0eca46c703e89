"""`signpost rules backtest` as its users call it: files of events, stored cases, and what it refuses."""

import json
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner, Result

from examples.play import JOURNEYS, expand
from signpost.case import Case, Event
from signpost.case.instant import parse_instant
from signpost.cli import main
from signpost.storage import CaseRow, open_store
from tests.support.databases import migrate
from tests.support.rulebooks import RULES

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
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
    migrate(url)
    said = Event("acme", "s", "1", "offer.extended", parse_instant(TIME), "c-1", {"offer": "o"})
    state = Case().fold(said).to_json()
    with open_store(url) as store, store.transaction() as transaction:
        transaction.lock_cases([("acme", "c-1"), ("globex", "c-2")])
        transaction.save_cases([CaseRow("acme", "c-1", state), CaseRow("globex", "c-2", state)])
    env = {"SIGNPOST_DATABASE_URL": url, "SIGNPOST_DATA_DIR": str(tmp_path)}
    result = call("--against", other, "--stored", "--tenant", "acme", env=env)
    assert "1 case," in result.output
    assert "latest value of each field" in result.output
    (tmp_path / "tenants.yaml").write_text("tenants: {acme: {api_keys: []}}", "utf-8")
    refused = call("--against", other, "--stored", "--tenant", "acne", env=env)
    assert refused.exit_code == 2
    assert "nothing to replay: there is no tenant 'acne'; did you mean acme?" in refused.output


def test_what_cannot_be_replayed_is_named(other: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps([EVENT, EVENT | {"time": "yesterday", "type": "signpost.offer.lost.v1"}]), "utf-8")
    result = call("--against", other, "--events", path)
    assert result.exit_code != 0
    said = result.output
    assert f"{path}[1]: /time" in said
    assert f"{path}[1]: /type" in said
    path.write_text(json.dumps(EVENT) + '\n\n{"specversion": "1.0", "id": "a", "id": "b"}\n', "utf-8")
    assert f"{path}:3: the key" in call("--against", other, "--events", path).output
    path.write_text("\n".join(json.dumps(EVENT | {"id": str(id), "type": "x"}) for id in range(30)), "utf-8")
    assert "and 10 more problems" in call("--against", other, "--events", path).output
    path.write_text(json.dumps(EVENT) + "\n{nonsense\n", "utf-8")
    assert f"{path}:2: this line is not JSON" in call("--against", other, "--events", path).output
    assert call("--against", other).exit_code == 2
    assert call("--against", other, "--events", path, "--fail-on", "worse").exit_code == 2


def test_parameters_are_set_for_both_rulebooks_or_for_the_new_one(recording: Path, tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("thank-for-offer:\n  valid_for: 2d\n", "utf-8")
    both = call("--against", RULES, "--events", recording, "--params", params)
    assert "0 differences" in both.output
    new = json.loads(call("--against", RULES, "--events", recording, "--against-params", params, "--json").output)
    assert new["counts"] == {"thank-for-offer": {"ends earlier": 2}}
    assert new["old"] != new["new"]
    params.write_text("thank-for-offer:\n  valid_until: 2d\nthank: {}\n", "utf-8")
    result = call("--against", RULES, "--events", recording, "--params", params)
    assert result.exit_code != 0
    assert f"{params}:2:3: R052" in result.output
    assert f"{params}:3:1: R052" in result.output


def test_cases_are_followed_as_long_as_is_said(recording: Path, tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("thank-for-offer:\n  valid_for: 2d\n", "utf-8")
    common = ("--against", RULES, "--events", recording, "--against-params", params, "--until")
    assert "0 differences" in call(*common, "47h").output
    assert "2 differences" in call(*common, "49h").output
    assert "0 differences" in call(*common, "2026-03-04T08:59:59Z").output
    assert "2 differences" in call(*common, "2026-03-04T09:00:00Z").output
    assert "no case" in call(*common, "2026-03-01T09:00:00Z").output
    assert call(*common, "5bd").exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "rule", "kind"),
    [
        ("Never sign in a rush", "Take your time", "ask-response-deadline", "reworded"),
        pytest.param(
            "normal_before: 72h", "normal_before: 96h", "respond-before-deadline", "earlier", marks=pytest.mark.long
        ),
        pytest.param("valid_for: 3d", "valid_for: 1h", "thank-for-offer", "ends earlier", marks=pytest.mark.long),
    ],
)
def test_the_example_journeys_show_each_change(tmp_path: Path, old: str, new: str, rule: str, kind: str) -> None:
    folder = Path(copytree(RULES, tmp_path / "rules"))
    path = tmp_path / "events.json"
    said = [expand(file.read_text("utf-8"), NOW, "run") for file in sorted(JOURNEYS.glob("*.json"))]
    path.write_text(json.dumps([event for events in said for event in events]), "utf-8")
    assert "0 differences" in call("--against", folder, "--events", path).output
    topic = folder / "before-accepting.yaml"
    text = topic.read_text("utf-8")
    assert old in text
    topic.write_text(text.replace(old, new, 1), "utf-8")
    counts = json.loads(call("--against", folder, "--events", path, "--json").output)["counts"]
    assert counts.keys() == {rule}
    assert kind in counts[rule]
