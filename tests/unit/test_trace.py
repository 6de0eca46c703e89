"""`signpost trace` on an embedded installation: the life of an id, what it waits for, and what cannot be known."""

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from signpost.case.event import Event
from signpost.case.instant import HOUR, MINUTE, SECOND, parse_instant
from signpost.cli import main
from signpost.cli.trace import duration
from signpost.doctor import Site
from signpost.doctor.trace import NotFound, NotReadable, Tracer
from signpost.messaging import Message
from signpost.messaging.message import EXCHANGE, FAILED_AT, REASON
from signpost.messaging.topology import ADVISOR
from signpost.names import DEAD, EVENTS
from signpost.schemas import full_type
from signpost.settings import read_settings
from signpost.storage import DeliveryRow
from signpost.storage.usage import Usage
from tests.support.installations import Installation, variables
from tests.support.workers_kit import System, event, few_engines, message

NAME = "Adelheid Untraceable"
SOURCE = "greenhouse/greens"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    made = Installation(folder, variables(folder))
    for command in ("db upgrade", "topology apply"):
        made.signpost(*command.split())
    return folder


@pytest.fixture
def installation(prepared: Path, tmp_path: Path) -> Installation:
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    return Installation(tmp_path, variables(tmp_path))


@pytest.fixture
def system(installation: Installation) -> Iterator[System]:
    made = installation.system()
    made.engines = few_engines()
    with contextlib.closing(made.store), contextlib.closing(made.broker):
        yield made


@pytest.fixture
def traced(installation: Installation) -> Iterator[Any]:
    site = Site(read_settings(installation.environ))

    def trace(name: str, **more: Any) -> dict[str, Any]:
        [life] = Tracer(site, **more).trace(name)["lives"]
        return life  # type: ignore[no-any-return]

    yield trace
    site.close()


def offer(now: int, id: str = "gh-1", **more: Any) -> Event:
    at = (now - parse_instant("2026-03-02T09:00:00Z")) / HOUR - 1
    made = event("offer.extended", id=id, at=at, offer="o-1", employer={"id": "acme"}, candidate_name=NAME, **more)
    return replace(made, source=SOURCE)


def received(system: System, event: Event, *, before: int = SECOND, status: str = "accepted") -> None:
    shown = [{"type": full_type(event.type), "id": event.id, "subject": event.subject}]
    events = json.dumps(shown if status == "accepted" else []).encode()
    problems = b"[]" if status == "accepted" else json.dumps([{"pointer": "/name", "detail": NAME}]).encode()
    row = DeliveryRow(
        "dlv_1", "acme", "greens", system.now - before, status, problems, events, 2, b"{}", b"{}", None, True
    )
    system.store.deliveries.add(row, [event] if status == "accepted" else [])


def steps(life: dict[str, Any]) -> list[str]:
    return [step["step"] for step in life["steps"]]


def test_a_webhook_is_followed_to_its_advice(installation: Installation, system: System, traced: Any) -> None:
    sent = offer(system.now)
    received(system, sent)
    system.handle(sent)
    life = traced("dlv_1")
    assert (life["kind"], life["tenant"]) == ("webhook", "acme")
    names = steps(life)
    assert names[:3] == ["received", "translated", "folded"]
    assert {"advice", "published", "standing"} <= set(names)
    assert any(text.startswith("the agenda for candidate c-1, which has news since") for text in life["waits_for"])
    folded = life["steps"][2]
    assert (folded["event"], folded["source"], folded["case"], folded["after_s"]) == ("gh-1", SOURCE, "c-1", 1.0)
    raised = next(step for step in life["steps"] if step["step"] == "advice")
    row = system.store.recommendation("acme", raised["recommendation"])
    assert row is not None
    assert (row.rule, row.sequence, row.change) == (raised["rule"], raised["sequence"], "raised")
    assert "its evidence names the event" in raised["text"]
    assert "unrouted" not in names, "the embedded queue has no consumers of advice"
    assert "consumers add" not in str(life["waits_for"])
    output = installation.signpost("trace", "dlv_1")
    assert "+1.0 s" in output
    assert raised["recommendation"] in output
    assert NAME not in output + json.dumps(life)


def test_event_recommendation_and_candidate_show_the_same_life(system: System, traced: Any) -> None:
    sent = offer(system.now)
    received(system, sent)
    system.handle(sent)
    of_event = traced("gh-1")
    assert steps(of_event) == steps(traced("dlv_1"))
    advice = next(step for step in of_event["steps"] if step["step"] == "advice")
    of_advice = traced(advice["recommendation"])
    assert of_advice["kind"] == "recommendation"
    assert [step["event"] for step in of_advice["steps"] if step["step"] == "folded"] == ["gh-1"]
    assert steps(of_advice)[0] == "received"
    changed = {step["recommendation"] for step in of_advice["steps"] if step["step"] == "advice"}
    assert changed == {advice["recommendation"]}
    assert advice["text"].partition(";")[0] in [step["text"] for step in of_advice["steps"]]
    of_candidate = traced("c-1")
    assert of_candidate["kind"] == "candidate"
    assert {"folded", "advice", "standing"} <= set(steps(of_candidate))
    with pytest.raises(NotFound):
        traced("gh-1", tenant="other")
    with pytest.raises(NotFound):
        traced("gh-1", source="another")


def test_what_ends_advice_is_followed_too(system: System, traced: Any) -> None:
    system.handle(offer(system.now))
    raised = {step["recommendation"] for step in traced("gh-1")["steps"] if step["step"] == "advice"}
    system.now += MINUTE
    end = replace(event("offer.declined", id="gh-2", at=(system.now - parse_instant("2026-03-02T09:00:00Z")) / HOUR,
                        offer="o-1"), source=SOURCE)  # fmt: skip
    system.handle(end)
    life = traced("gh-2")
    ended = {step["recommendation"]: step["status"] for step in life["steps"] if step["step"] == "advice"}
    assert raised & ended.keys()
    assert {ended[one] for one in raised & ended.keys()} != {"active"}
    assert any(step["at"] == next(s["at"] for s in life["steps"] if s["step"] == "folded") for step in life["steps"])


def test_an_event_in_the_queue_waits_for_an_advisor(system: System, traced: Any) -> None:
    sent = offer(system.now)
    received(system, sent)
    system.send(sent)
    usage = Usage(5, 1, 5, 0, system.now)
    system.store.usage.replace({"acme": usage})
    for name in ("dlv_1", "gh-1"):
        life = traced(name)
        assert steps(life) == ["received", "translated"]
        assert [one.partition(":")[0] for one in life["waits_for"]] == ["room", "an advisor"]
    system.store.usage.replace({})
    with contextlib.closing(system.broker.consumer(ADVISOR, 1)):
        assert traced("gh-1")["waits_for"] == ["its turn with the advisors: messages wait, 1 in signpost.advisor"]


def test_an_event_that_no_queue_has_is_called_unknown(system: System, traced: Any) -> None:
    received(system, offer(system.now))
    life = traced("gh-1")
    assert life["waits_for"] == []
    assert life["not_known"][0].startswith("what became of event gh-1")
    assert "SIGNPOST_SEEN_EVENT_DAYS" in life["not_known"][0]


def test_outbox_rows_say_whom_they_wait_for(system: System, traced: Any) -> None:
    sent = offer(system.now)
    with system.store.transaction() as tx:
        tx.enqueue([message(sent)], tenant="acme", case_key="c-1", now=system.now, leased_until=system.now)
    life = traced("gh-1")
    assert steps(life) == ["outbox"]
    assert life["waits_for"][0].startswith("a relay: none runs")
    system.handle(sent)
    change = next(step for step in traced("gh-1")["steps"] if step["step"] == "advice")
    waiting = replace(message(sent), message_id=f"{change['recommendation']}.{change['sequence']}")
    with system.store.transaction() as tx:
        tx.enqueue([waiting], tenant="acme", case_key="c-1", now=system.now, leased_until=system.now + HOUR)
    life = traced("gh-1")
    assert "published" not in steps(life)
    assert any(text.startswith("the process that leased the outbox rows") for text in life["waits_for"])


def test_dead_letters_are_found_and_requeued_by_the_printed_command(system: System, traced: Any) -> None:
    sent = message(offer(system.now))
    headers = {EXCHANGE: EVENTS, REASON: f"quota: {NAME}", FAILED_AT: "2026-03-02T10:00:00Z"}
    system.send(replace(sent, exchange=DEAD, headers={**sent.headers, **headers}))
    life = traced("gh-1")
    [letter] = life["steps"]
    assert (letter["step"], letter["reason"], letter["at"]) == ("dead letter", "quota", "2026-03-02T10:00:00Z")
    assert life["tenant"] == "acme"
    assert life["waits_for"] == [f"you: correct the cause, then `signpost dead-letters requeue {letter['letter']}`"]
    assert NAME not in json.dumps(life)
    assert system.broker.queue_depth(DEAD) == 1


def test_a_refused_webhook_waits_for_its_sender(system: System, traced: Any) -> None:
    received(system, offer(system.now), status="refused")
    life = traced("dlv_1")
    assert life["waits_for"] == [
        "its sender: the webhook was refused at /name; `signpost deliveries show dlv_1` says why"
    ]
    assert NAME not in json.dumps(life)


def test_a_case_that_was_merged_is_followed(system: System, traced: Any) -> None:
    system.handle(offer(system.now))
    at = (system.now - parse_instant("2026-03-02T09:00:00Z")) / HOUR
    system.handle(event("candidate.merged", id="m-1", at=at, into="c-2"))
    life = traced("gh-1")
    assert "case c-1 lives on as c-2" in [step["text"] for step in life["steps"]]
    assert "advice" in steps(life)
    assert {"gh-1", "m-1"} <= {step.get("event") for step in traced("c-2")["steps"]}


def test_only_the_last_events_of_a_candidate_are_shown(system: System, traced: Any) -> None:
    system.handle(offer(system.now), offer(system.now, "gh-2"))
    life = traced("c-1", last=1)
    assert steps(life).count("folded") == 1
    assert any("--last" in gap for gap in life["not_known"])


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("dlv_9", "SIGNPOST_DELIVERY_DAYS"),
        ("rec_9", "SIGNPOST_ENDED_ADVICE_DAYS"),
        ("gh-9", "SIGNPOST_SEEN_EVENT_DAYS"),
    ],
)
def test_what_is_not_stored_says_how_long_it_is_kept(installation: Installation, name: str, setting: str) -> None:
    result = CliRunner(env=installation.environ).invoke(main, ["trace", name])
    assert result.exit_code == 2
    assert f"nothing is stored of '{name}'" in result.output
    assert setting in result.output


def test_a_misspelt_tenant_is_said_to_be(installation: Installation) -> None:
    (installation.folder / "tenants.yaml").write_text("tenants: {acme: {api_keys: []}}")
    result = CliRunner(env=installation.environ).invoke(main, ["trace", "c-1", "--tenant", "acne"])
    assert (result.exit_code, result.output) == (2, "signpost: there is no tenant 'acne'; did you mean acme?\n")


def test_a_candidate_who_was_erased_is_said_to_be(system: System, traced: Any, installation: Installation) -> None:
    system.handle(offer(system.now), replace(event("candidate.erased", "c-1"), time=system.now))
    for tenant in ("", "acme"):
        life = traced("c-1", tenant=tenant)
        assert (life["kind"], life["tenant"], steps(life), life["waits_for"]) == ("candidate", "acme", ["erased"], [])
    with pytest.raises(NotFound):
        traced("c-1", tenant="other")
    shown = CliRunner(env=installation.environ).invoke(main, ["trace", "c-1"]).output
    assert "the candidate was erased; nothing from before is stored" in shown


def test_without_a_database_nothing_is_claimed(tmp_path: Path) -> None:
    site = Site(read_settings(variables(tmp_path)))
    with pytest.raises(NotReadable, match="there is no database"):
        Tracer(site).trace("gh-1")
    assert not list(tmp_path.glob("*.db"))


def test_many_dead_letters_are_not_browsed(system: System, traced: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signpost.doctor.trace_broker.MAX_BROWSED", 1)
    sent = offer(system.now)
    received(system, sent)
    system.handle(sent)
    system.send(*(Message(DEAD, "k", b"{}", f"d-{number}") for number in range(2)))
    assert any("2 messages of signpost.dead" in gap for gap in traced("gh-1")["not_known"])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0.0124, "+12 ms"), (3.44, "+3.4 s"), (61, "+1 min"), (3_660, "+1 h 1 min"), (183_600, "+2 d 3 h")],
)
def test_differences_are_readable(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
