"""`signpost dead-letters` on an embedded system: what people and programs see, and what each command changes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from signpost.cli import main
from signpost.messaging import Message
from signpost.messaging.message import EXCHANGE, FAILED_AT, QUEUE, REASON
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.names import ADVICE, DEAD, EVENTS
from tests.support.workers_kit import System, event, message, open_system

NAME = "Ada Unspeakable"
FAULT = "a fault of Signpost, KeyError: at batch.py:9 run"


@pytest.fixture
def signpost(tmp_path: Path) -> Iterator[System]:
    url = f"sqlite:///{tmp_path / 'signpost.db'}"
    with open_system(url, url) as made:
        yield made


@pytest.fixture
def letters(signpost: System) -> System:
    """Three dead letters: two of acme beyond its quota, and an older one of globex by a fault of ours."""
    signpost.send(
        letter("globex", "g-1", FAULT, "2026-03-01T09:00:00Z"),
        letter("acme", "a-1", "quota: 5 of 5 cases", "2026-03-02T09:00:00Z"),
        letter("acme", "a-2", "quota: 5 of 5 cases", "2026-03-02T10:00:00Z"),
    )
    return signpost


def letter(tenant: str, id: str, reason: str, failed_at: str) -> Message:
    sent = message(event("offer.extended", id, id=id, tenant=tenant, offer="o-1", candidate_name=NAME))
    headers = {REASON: reason, QUEUE: ADVISOR, FAILED_AT: failed_at, EXCHANGE: EVENTS}
    return Message(DEAD, sent.routing_key, sent.body, id, {**sent.headers, **headers})


def run(folder: Path, *arguments: str, stdin: str = "", environ: dict[str, str] | None = None) -> Result:
    runner = CliRunner(env={"SIGNPOST_DATA_DIR": str(folder), **(environ or {})})
    return runner.invoke(main, ["dead-letters", *arguments], input=stdin)


def listed(folder: Path, *arguments: str) -> list[str]:
    result = run(folder, "list", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [item["message_id"] for item in json.loads(result.stdout)["items"]]


def test_the_list_is_by_reason_and_kind_and_then_by_letter(letters: System, tmp_path: Path) -> None:
    result = run(tmp_path, "list")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines() if line.strip()]
    assert result.exit_code == 0
    assert lines[0] == "signpost.dead: 3 dead letters"
    assert lines[1] == "number fault reason tenants oldest latest"
    assert lines[3] == "2 sender quota acme 2026-03-02 09:00:00 2026-03-02 10:00:00"
    assert lines[4] == "1 ours a fault of Signpost, KeyError globex 2026-03-01 09:00:00 2026-03-01 09:00:00"
    assert [line.split()[-1] for line in lines[7:]] == ["a-2", "a-1", "g-1"]
    assert lines[7].startswith("dl_")
    assert lines[7].endswith("2026-03-02 10:00:00 sender quota acme offer.extended a-2")
    assert letters.broker.queue_depth(DEAD) == 3


def test_a_list_says_when_it_shows_only_a_part(letters: System, tmp_path: Path) -> None:
    assert "The latest 1 of 3 are listed; --last lists more." in run(tmp_path, "list", "--last", "1").stdout
    shown = run(tmp_path, "list", "--examine", "2").stdout
    assert "Only the first 2 of about 3 messages were examined; --examine raises the limit." in shown
    document = json.loads(run(tmp_path, "list", "--examine", "2", "--json").stdout)
    assert (document["messages"], document["examined"], document["complete"]) == (3, 2, False)
    assert "--examine" not in run(tmp_path, "list").stdout


def test_every_filter_works_from_the_command_line(letters: System, tmp_path: Path) -> None:
    assert listed(tmp_path, "--reason", "quota") == ["a-2", "a-1"]
    assert listed(tmp_path, "--kind", "ours") == ["g-1"]
    assert listed(tmp_path, "--tenant", "globex") == ["g-1"]
    assert listed(tmp_path, "--type", "signpost.offer.extended.v1", "a-1", "g-1") == ["a-1", "g-1"]
    assert listed(tmp_path, "--type", "offer.accepted") == []
    assert listed(tmp_path, "--older-than", "1d") == ["a-2", "a-1", "g-1"]
    assert listed(tmp_path, "--newer-than", "1d") == []
    assert run(tmp_path, "list", "--older-than", "soon").exit_code == 2
    assert run(tmp_path, "list", "--kind", "nobody").exit_code == 2


def test_no_personal_data_is_listed(letters: System, tmp_path: Path) -> None:
    for arguments in (["list"], ["list", "--json"], ["requeue", "--all", "--json"]):
        result = run(tmp_path, *arguments)
        assert result.exit_code == 0
        assert "Unspeakable" not in result.output


def test_show_prints_the_content(letters: System, tmp_path: Path) -> None:
    result = run(tmp_path, "show", "a-1")
    assert result.exit_code == 0
    assert result.stdout.startswith("dl_")
    for text in ("quota: 5 of 5 cases", NAME, "2026-03-02T09:00:00Z", "signpost.advisor", "requeued     0 times"):
        assert text in result.stdout
    (document,) = json.loads(run(tmp_path, "show", "a-1", "--json").stdout)
    assert document["body"]["data"]["candidate_name"] == NAME
    assert document["headers"][REASON] == "quota: 5 of 5 cases"
    assert run(tmp_path, "show", document["id"]).stdout == result.stdout
    assert letters.broker.queue_depth(DEAD) == 3


def test_a_body_of_any_bytes_is_shown_and_obeys_no_terminal(signpost: System, tmp_path: Path) -> None:
    signpost.send(Message(DEAD, "0.acme.x", b"\xff\x1b]0;owned\x07", "odd\x1b[2J", {REASON: "not an event: x\x1b[31m"}))
    listing, shown = run(tmp_path, "list").stdout, run(tmp_path, "show", "odd\x1b[2J").stdout
    assert "\x1b" not in listing + shown
    assert "owned" in shown
    assert "owned" not in listing


@pytest.mark.parametrize("command", [["show"], ["requeue"], ["drop", "--yes"]])
def test_an_unknown_id_is_an_error_that_says_what_to_do(letters: System, tmp_path: Path, command: list[str]) -> None:
    result = run(tmp_path, *command, "none")
    assert result.exit_code == 2
    assert "no dead letter none among those examined; `signpost dead-letters list` shows their ids" in result.stderr
    assert letters.broker.queue_depth(DEAD) == 3


def test_a_requeued_event_is_processed(letters: System, tmp_path: Path) -> None:
    result = run(tmp_path, "requeue", "--reason", "quota", "--tenant", "acme")
    assert (result.exit_code, result.stdout) == (0, "2 dead letters requeued.\n")
    letters.work(2)
    assert "ask-response-deadline@offer/o-1" in letters.standing("a-1")
    assert listed(tmp_path) == ["g-1"]


def test_a_limit_says_that_more_match(letters: System, tmp_path: Path) -> None:
    result = run(tmp_path, "requeue", "--all", "--limit", "2")
    assert result.stdout == "2 dead letters requeued.\nMore match: repeat the command, or raise --limit.\n"
    assert json.loads(run(tmp_path, "requeue", "--all", "--json").stdout)["more"] is False


def test_what_stays_is_named_and_the_exit_code_says_so(signpost: System, tmp_path: Path) -> None:
    signpost.send(Message(DEAD, "nowhere.acme.x", b"no", "lost", {REASON: "not an event: x"}))
    result = run(tmp_path, "requeue", "--all")
    assert result.exit_code == 1
    assert result.stdout.startswith("0 of 1 dead letter requeued; these stay:\n  dl_")
    assert "no route: exchange signpost.events, routing key nowhere.acme.x" in result.stdout
    document = json.loads(run(tmp_path, "requeue", "--all", "--json").stdout)
    assert (document["requeued"], len(document["failed"])) == ([], 1)


@pytest.mark.parametrize("command", ["requeue", "drop"])
def test_a_change_needs_a_choice(letters: System, tmp_path: Path, command: str) -> None:
    result = run(tmp_path, command)
    assert result.exit_code == 2
    assert "name ids or filters, or --all for the whole queue" in result.stderr
    result = run(tmp_path, command, "--all", "--kind", "ours")
    assert result.exit_code == 2
    assert "--all takes neither ids nor filters" in result.stderr
    assert letters.broker.queue_depth(DEAD) == 3


def test_drop_asks_a_person_and_nobody_else(letters: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(tmp_path, "drop", "--kind", "sender", stdin="y\n")
    assert result.exit_code == 2
    assert "2 dead letters would be lost; add --yes to drop them unasked" in result.stderr
    monkeypatch.setattr("signpost.cli.dead_letters.is_terminal", lambda: True)
    result = run(tmp_path, "drop", "--kind", "sender", stdin="n\n")
    assert (result.exit_code, letters.broker.queue_depth(DEAD)) == (0, 3)
    assert result.stdout.endswith("Nothing is dropped.\n")
    result = run(tmp_path, "drop", "--kind", "sender", stdin="y\n")
    assert result.stdout.endswith("2 dead letters dropped.\n")
    assert run(tmp_path, "drop", "--all", "--yes").stdout == "1 dead letter dropped.\n"
    assert letters.broker.queue_depth(DEAD) == 0


def test_an_empty_result_says_so(signpost: System, tmp_path: Path) -> None:
    assert run(tmp_path, "list").stdout == "signpost.dead is empty.\n"
    assert run(tmp_path, "list", "--unrouted").stdout == "signpost.advice.unrouted is empty.\n"
    assert run(tmp_path, "drop", "--kind", "ours").stdout == "No dead letter matches.\n"
    signpost.send(letter("acme", "a-1", "quota: x", "2026-03-02T09:00:00Z"))
    assert run(tmp_path, "list", "--kind", "ours").stdout == "No dead letter of signpost.dead matches.\n"


def test_unrouted_advice_has_the_same_commands(signpost: System, tmp_path: Path) -> None:
    signpost.send(Message(ADVICE, "acme.candidate.t.high.raised", b'{"tenant": "acme"}', "adv-1"))
    document = json.loads(run(tmp_path, "list", "--unrouted", "--json").stdout)
    assert (document["queue"], document["items"][0]["kind"], document["groups"][0]["reason"]) == (
        UNROUTED, "consumer", "no consumer",
    )  # fmt: skip
    assert run(tmp_path, "drop", "--unrouted", "adv-1", "--yes").exit_code == 0
    assert signpost.broker.queue_depth(UNROUTED) == 0


def test_a_consumer_that_does_not_exist_and_two_queues_at_once(signpost: System, tmp_path: Path) -> None:
    result = run(tmp_path, "list", "--consumer", "none")
    assert result.exit_code == 2
    assert "no consumer 'none' has dead letters; `signpost consumers list` shows all consumers" in result.stderr
    assert run(tmp_path, "list", "--consumer", "a.b").exit_code == 2
    assert run(tmp_path, "list", "--consumer", "a", "--unrouted").exit_code == 2


def test_a_broker_out_of_reach_is_an_error_in_words(tmp_path: Path) -> None:
    environ = {
        "SIGNPOST_BROKER_URL": "amqp://guest:guest@127.0.0.1:1/none",
        "SIGNPOST_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    }
    result = run(tmp_path, "list", environ=environ)
    assert result.exit_code == 1
    assert result.stderr.startswith("signpost: ")
    assert "Traceback" not in result.stderr
