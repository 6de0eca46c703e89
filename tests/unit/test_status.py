"""`signpost status` on an embedded installation: what it shows, and that one part that fails hides no other."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from signpost.case.instant import HOUR, MINUTE, SECOND
from signpost.cli.status import lines_of
from signpost.dead_letters import Choice, DeadLetterQueue, Listing
from signpost.doctor import Site, status
from signpost.doctor.check_rules import versions_in_use
from signpost.doctor.site import wall_clock
from signpost.doctor.status import StatusReader
from signpost.kept_files import KeptFiles
from signpost.messaging import Message
from signpost.messaging.message import EXCHANGE, FAILED_AT, REASON
from signpost.messaging.topology import ADVISOR, UNROUTED
from signpost.names import DEAD, EVENTS
from signpost.settings import read_settings
from signpost.storage import DeliveryRow, head_revision
from signpost.tenants.live import kept_tenants
from signpost.tenants.live_rulebooks import kept_rules
from tests.support.installations import Installation, variables
from tests.support.workers_kit import START, System, event, message


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path, variables(tmp_path))
    for command in ("db upgrade", "topology apply"):
        made.signpost(*command.split())
    return made


@pytest.fixture
def system(installation: Installation) -> Iterator[System]:
    made = installation.system()
    with contextlib.closing(made.store), contextlib.closing(made.broker):
        yield made


@pytest.fixture
def reader(installation: Installation) -> Iterator[StatusReader]:
    site = Site(read_settings(installation.environ))
    yield StatusReader(site)
    site.close()


def dead_letter(reason: str, id: str) -> Message:
    sent = message(event("offer.extended", id, id=id, offer="o-1"))
    headers = {EXCHANGE: EVENTS, REASON: reason, FAILED_AT: "2026-03-02T10:00:00Z"}
    return replace(sent, exchange=DEAD, headers={**sent.headers, **headers})


def refused(id: str, at: int) -> DeliveryRow:
    problems = json.dumps([{"pointer": "/salary", "detail": "is no amount"}]).encode()
    return DeliveryRow(id, "acme", "greens", at, "refused", problems, b"[]", 2, b"{}", b"{}", None, True)


def kept(installation: Installation) -> KeptFiles:
    settings = read_settings(installation.environ)
    return kept_rules(settings.state_dir, settings.rules, settings.tenants)


def test_an_idle_installation_fits_on_a_screen(installation: Installation) -> None:
    lines = installation.signpost("status").splitlines()
    assert len(lines) < 25
    assert max(map(len, lines)) <= 120
    assert lines[0].startswith("Signpost ")
    assert f"tables {head_revision()}; rulebook in force: none announced" in lines[1]
    assert "running    no process is seen from here" in lines
    assert "outbox     0 waiting messages" in lines
    assert "clock      0 due cases" in lines


def test_a_version_that_was_replaced_is_not_in_force_any_more(system: System) -> None:
    now = wall_clock()
    system.store.announce_rulebooks(["before"], now - 30 * SECOND, as_newest=True)
    assert versions_in_use(system.store, now) == {"before"}
    system.store.announce_rulebooks(["after", "own acme"], now - 20 * SECOND, as_newest=True)
    assert versions_in_use(system.store, now) == {"before", "after", "own"}, "of a process that has not announced again"
    system.store.announce_rulebooks(["after", "own acme"], now, as_newest=False)
    assert versions_in_use(system.store, now) == {"after", "own"}
    assert versions_in_use(system.store, now + 61 * SECOND) == set()


def test_what_happens_is_shown(installation: Installation, system: System, reader: StatusReader) -> None:
    now = wall_clock()
    system.handle(event("offer.extended", offer="o-1"))
    system.send(event("offer.extended", "c-2", offer="o-2"), dead_letter("quota: 5 of 5", "d-1"))
    system.store.announce_rulebooks(["here"], now, as_newest=True)
    waiting = message(event("offer.extended", offer="o-1"))
    with system.store.transaction() as tx:
        tx.enqueue([waiting], tenant="acme", case_key="c-1", now=now - HOUR, leased_until=0)
    system.store.deliveries.add(refused("dlv_1", now - MINUTE), [])
    kept(installation).mark_refused(["topic.yaml:1:1: broken"])
    found = reader.read()
    assert found["problems"] == {}
    assert {"queue": ADVISOR, "waiting": 1, "consumers": 0} in found["queues"]
    assert found["outbox"]["waiting"] == 1
    assert 3_600 <= found["outbox"]["oldest_s"] < 3_700
    assert "here" in found["rulebooks"]
    assert found["migration"] == {"revision": head_revision(), "wanted": head_revision()}
    assert found["last"]["webhooks"] == {"hour": 1, "day": 1}
    assert found["last"]["cases"] == {"hour": 1, "day": 1}
    [dead] = found["dead_letters"]
    assert (dead["queue"], dead["number"]) == (DEAD, 1)
    assert [(group["reason"], group["kind"], group["number"]) for group in dead["groups"]] == [("quota", "sender", 1)]
    assert [one["what"] for one in found["errors"]] == ["rules refused", "webhook refused"]
    assert found["errors"][1]["text"] == "dlv_1 of source greens: /salary: is no amount"
    text = "\n".join(lines_of(found))
    assert "dead       1 in signpost.dead: 1 quota (sender)" in text
    assert "webhook refused: dlv_1 of source greens: /salary: is no amount" in text


def test_what_rules_and_tenants_file_share_is_refused_once(installation: Installation) -> None:
    settings = read_settings(installation.environ)
    of_tenants = kept_tenants(settings.state_dir, settings.tenants, settings.rules)
    for refusing, shown in (
        (["fields.yaml:3:1: odd"], ["rules refused: fields.yaml:3:1: odd"]),
        (["tenants.yaml:1:1: x"], ["rules refused: fields.yaml:3:1: odd", "tenants file refused: tenants.yaml:1:1: x"]),
    ):
        kept(installation).mark_refused(["fields.yaml:3:1: odd"])
        of_tenants.mark_refused(refusing)
        errors = json.loads(installation.signpost("status", "--json"))["errors"]
        assert [f"{one['what']}: {one['text']}" for one in errors] == shown


def test_a_webhook_to_no_source_is_shown_without_an_id(system: System, reader: StatusReader) -> None:
    problems = json.dumps([{"pointer": "", "detail": "no source is called 'acmee'"}]).encode()
    row = DeliveryRow("dlv_1", "", "", system.now, "unsigned", problems, b"[]", 2, b"null", b"{}", None, False)
    system.store.deliveries.add(row, [])
    [error] = reader.read()["errors"]
    assert (error["what"], error["text"]) == ("webhook unsigned", "no source is called 'acmee'")


def test_the_source_that_was_meant_is_suggested(
    installation: Installation, system: System, reader: StatusReader
) -> None:
    installation.signpost("tenants", "add", "acme")
    installation.signpost(*["sources", "add", "acme-jobs", "--tenant", "acme", "--vendor", "greenhouse"])
    problems = json.dumps([{"pointer": "", "detail": "no source is called 'acme-job'"}]).encode()
    row = DeliveryRow("dlv_1", "", "", system.now, "unsigned", problems, b"[]", 2, b"null", b"{}", None, False)
    system.store.deliveries.add(row, [])
    [error] = reader.read()["errors"]
    assert error["text"] == "no source is called 'acme-job'; did you mean acme-jobs?"


def test_advice_in_the_embedded_queue_is_no_dead_letter(system: System, reader: StatusReader) -> None:
    """The embedded queue has no consumers of advice: readers use the feed."""
    system.handle(event("offer.extended", offer="o-1", at=(system.now - START) / HOUR - 1))
    assert system.broker.queue_depth(UNROUTED) > 0
    found = reader.read()
    assert found["dead_letters"] == []
    assert not [line for line in lines_of(found) if line.startswith("dead")]


def test_due_cases_and_running_advisors_are_shown(system: System, reader: StatusReader) -> None:
    with contextlib.closing(system.broker.consumer(ADVISOR, 1)):
        found = reader.read()
    assert found["running"] == [{"role": "advisor", "number": 1, "by": "its consumers"}]
    assert found["clock"] == {"due": 0, "lag_s": None}


def test_dead_letters_are_read_again_only_if_their_number_changes(
    system: System, reader: StatusReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    browse = DeadLetterQueue.browse

    def counted(queue: DeadLetterQueue, choice: Choice) -> Listing:
        reads.append(queue.name)
        return browse(queue, choice)

    monkeypatch.setattr(DeadLetterQueue, "browse", counted)
    system.send(dead_letter("quota", "d-1"))
    for _ in range(2):
        assert reader.read()["dead_letters"][0]["groups"][0]["number"] == 1
    system.send(dead_letter("quota", "d-2"))
    assert reader.read()["dead_letters"][0]["groups"][0]["number"] == 2
    assert len(reads) == 2
    monkeypatch.setattr(status, "MAX_BROWSED", 1)
    assert reader.read()["dead_letters"] == [{"queue": DEAD, "number": 2, "groups": []}]


def test_a_part_that_cannot_be_read_says_why_and_hides_no_other(tmp_path: Path) -> None:
    made = Installation(tmp_path, variables(tmp_path))
    document = json.loads(made.signpost("status", "--json"))
    assert set(document["problems"]) == {"database", "broker"}
    assert document["versions_here"]["python"]
    text = made.signpost("status")
    assert f"not read   database: there is no database {tmp_path / 'signpost.db'}; run this in the folder where" in text
    assert "or set SIGNPOST_DATA_DIR" in text
    assert not (tmp_path / "signpost.db").exists()


def test_a_part_that_does_not_end_is_given_up(reader: StatusReader, monkeypatch: pytest.MonkeyPatch) -> None:
    end = threading.Event()
    monkeypatch.setattr(status, "PART_BOUND_S", 0.1)
    monkeypatch.setattr(reader, "_intake", lambda: end.wait(60) and {})
    found = reader.read()
    end.set()
    assert found["problems"]["intake"] == "no answer within 0.1 s"


def test_it_is_drawn_again_until_an_interrupt(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) >= 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("signpost.cli.status.time.sleep", sleep)
    assert installation.signpost("status", "--watch", "--json").count('"problems"') == 2
    assert pauses == [2, 2]
    assert installation.signpost("status", "--watch", "7").count("outbox") == 1
    assert pauses == [2, 2, 7]
