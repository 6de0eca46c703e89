"""`signpost rules explain` as rule authors and operators call it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from signpost.advice.case_set import CaseSet
from signpost.case import Event
from signpost.case.instant import from_datetime
from signpost.cli import main
from signpost.storage import CaseRow, open_store
from tests.support.databases import migrate
from tests.support.rulebooks import RULES, shipped_engine

START = "2026-03-02T09:00:00Z"
DEADLINE = "2026-03-12T09:00:00Z"
WITHDRAWING = RULES / "timelines" / "withdrawing.yaml"


def call(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["rules", "explain", *map(str, arguments)], env=env)


def event(number: int, candidate: str, type_: str, **data: object) -> dict[str, object]:
    head = {"specversion": "1.0", "source": "board", "time": START, "subject": candidate}
    return {**head, "id": str(number), "type": f"signpost.{type_}.v1", "data": data}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "events.json"
    events = [
        event(1, "c-1", "offer.extended", offer="acme", respond_by=DEADLINE),
        event(2, "c-2", "offer.extended", offer="o"),
    ]
    path.write_text(json.dumps(events), "utf-8")
    return path


def test_a_timeline_at_a_virtual_time() -> None:
    result = call("withdraw-promptly@offer/acme", "--timeline", WITHDRAWING, "--at", "73h")
    assert result.exit_code == 0, result.output
    assert "withdraw-promptly@offer/acme at 2026-03-05T15:00:00Z: holds, high" in result.output
    assert "becomes urgent 2026-03-06T14:00:00Z" in result.output
    assert "would change if there were no offer/globex" in result.output


def test_recorded_events_of_one_of_several_people(recording: Path) -> None:
    asked = ("respond-before-deadline", "--events", recording, "--at", START)
    assert "c-1, c-2" in call(*asked).output
    [one] = json.loads(call(*asked, "--candidate", "c-1", "--json").output)
    assert (one["holds"], one["next"]) == (False, {"at": "2026-03-09T09:00:00Z", "change": "starts"})


def test_what_takes_the_place_of_advice_is_named_with_its_subject(tmp_path: Path) -> None:
    salary = {"amount": "80000", "currency": "USD", "per": "year"}
    letter = {"salary": {**salary, "amount": "70000"}}
    events = [
        event(1, "c-1", "offer.extended", offer="acme", salary=salary),
        event(2, "c-1", "offer.letter_received", offer="acme", letter=letter),
    ]
    (tmp_path / "events.json").write_text(json.dumps(events), "utf-8")
    result = call("review-letter@offer/acme", "--events", tmp_path / "events.json", "--at", START)
    assert "suppressed by letter-differs@offer/acme" in result.output


def test_only_what_was_known_by_then_counts() -> None:
    result = call("withdraw-promptly@offer/acme", "--timeline", WITHDRAWING, "--at", "1h")
    assert "does not hold" in result.output
    assert "globex" not in result.output


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A database in which north and south know of one candidate."""
    url = f"sqlite:///{tmp_path}/signpost.db"
    migrate(url)
    now = from_datetime(datetime.now(UTC))  # the command asks what holds at present
    with open_store(url) as store, store.transaction() as transaction:
        for tenant in ("north", "south"):
            said = Event(tenant, "s", "1", "offer.extended", now, "c-1", {"offer": "acme"})
            case_set = CaseSet(shipped_engine(), tenant, {})
            case_set.handle(said, now)
            transaction.lock_cases([(tenant, "c-1")])
            known = case_set.cases["c-1"]
            transaction.save_cases([CaseRow(tenant, "c-1", known.case.to_json(), known.advice_state)])
    return {"SIGNPOST_DATABASE_URL": url, "SIGNPOST_DATA_DIR": str(tmp_path)}


def test_a_stored_candidate(env: dict[str, str]) -> None:
    found = call("ask-response-deadline@offer/acme", "--candidate", "c-1", "--tenant", "north", env=env).output
    assert "holds, high" in found
    assert "consumers received it as rec_" in found
    assert "would change if offer/acme respond_by became known" in found
    for missing in (("--candidate", "c-9"), ("--candidate", "c-1", "--tenant", "west")):
        result = call("ask-response-deadline", *missing, env=env)
        assert result.exit_code == 2
        assert "no facts are known" in result.output


def test_a_tenant_that_does_not_exist_is_said(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "tenants.yaml").write_text("tenants: {north: {api_keys: []}}", "utf-8")
    asked = ("ask-response-deadline", "--candidate")
    result = call(*asked, "c-1", "--tenant", "nort", env=env)
    assert (result.exit_code, result.stderr) == (2, "signpost: there is no tenant 'nort'; did you mean north?\n")
    assert (
        "`signpost candidates` lists those that are known" in call(*asked, "c-9", "--tenant", "north", env=env).stderr
    )


def test_in_another_folder_it_says_where_to_run_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("ask-response-deadline", "--candidate", "c-1")
    assert result.exit_code == 2
    assert f"there is no folder {tmp_path}/.signpost with a database; run this command in the folder" in result.output


def test_what_consumers_were_told_is_left_out_at_another_time(env: dict[str, str]) -> None:
    asked = ("ask-response-deadline@offer/acme", "--candidate", "c-1", "--tenant", "north", "--json")
    [now], [then] = (json.loads(call(*asked, *at, env=env).output) for at in ((), ("--at", "0h")))
    assert (now["told"]["state"], then["told"]) == ("active", None)
    assert (then["at"] < now["at"], then["holds"]) == (True, True)


def test_a_stored_candidate_is_explained_by_what_the_tenant_chose(env: dict[str, str], tmp_path: Path) -> None:
    text = "tenants: {north: {api_keys: [], disabled: [ask-response-deadline]}, south: {api_keys: []}}"
    (tmp_path / "tenants.yaml").write_text(text, "utf-8")
    asked = ("ask-response-deadline", "--candidate", "c-1")
    refused = call(*asked, "--tenant", "north", env=env).output
    assert "there is no rule 'ask-response-deadline'" in refused
    assert "; the rules are those of SIGNPOST_RULES (ours); name others with" in refused
    assert "holds, high" in call(*asked, "--tenant", "south", env=env).output


def test_a_timeline_is_explained_under_its_own_parameters(tmp_path: Path) -> None:
    text = f"""
timelines:
  - name: "sooner: by parameter"
    start: {START}
    params: {{respond-before-deadline: {{normal_before: 8d}}}}
    events:
      - {{at: 0h, type: offer.extended, offer: acme, respond_by: "{DEADLINE}"}}
    expect:
      - {{at: 1h, excludes: [respond-before-deadline@offer/acme]}}
"""
    path = tmp_path / "one.yaml"
    path.write_text(text, "utf-8")
    result = call("respond-before-deadline", "--timeline", f"{path}:sooner: by parameter", "--at", "49h")
    assert ": holds, normal" in result.output, result.output
    assert "does not hold" in call("respond-before-deadline", "--timeline", path, "--at", "47h").output
    path.write_text(text + text.partition("timelines:")[2].replace("sooner: by parameter", "later"), "utf-8")
    shown = call("respond-before-deadline", "--timeline", path, "--at", "47h").output
    assert f"using the first of 2 timelines: sooner: by parameter; another: --timeline {path}:later\n" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ask-respond-deadline", "--timeline", WITHDRAWING), "did you mean ask-response-deadline"),
        (("withdraw-promptly@offer/none", "--timeline", WITHDRAWING), "it has: offer/acme"),
        (("withdraw-promptly", "--timeline", WITHDRAWING, "--at", "soon"), "is neither an instant nor a duration"),
        (("withdraw-promptly", "--timeline", f"{WITHDRAWING}:nobody wrote this"), "has no timeline"),
        (("withdraw-promptly",), "name a case beside the rule: --candidate ID"),
    ],
)
def test_what_cannot_be_explained_is_said_with_what_there_is(arguments: tuple[str, ...], said: str) -> None:
    result = call(*arguments)
    assert result.exit_code == 2 or result.exit_code == 1
    assert said in result.output
