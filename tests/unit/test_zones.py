"""Days are days, and instants have the zone of the reader: from what a sender writes to the texts."""

from datetime import datetime
from random import Random
from typing import Any

import orjson
import pytest

from signpost.advice import advise
from signpost.advice.variables import to_context
from signpost.case import Case, Event
from signpost.case.instant import parse_instant
from signpost.facts.facts import Facts, facts_of
from signpost.rulebook.texts import ENVIRONMENT, render, to_local_time
from signpost.schemas import dump_event, dump_offsets, load_event, load_own_event
from tests.support.generators import random_events, random_facts
from tests.support.rulebooks import shipped_engine

NOW = parse_instant("2026-11-24T12:00:00Z")
ENGINE = shipped_engine()
FILTERS = ("", "| day", "| deadline", "| short_deadline")
ACME = {"id": "acme", "name": "Acme"}


def sent(number: int, short: str, data: dict[str, Any], time: str = "2026-11-24T12:00:00Z") -> Event:
    """An event as a sender's document brings it to the advisor."""
    document = {"specversion": "1.0", "id": f"d{number}", "source": "h", "type": f"signpost.{short}.v1", "time": time}
    taken = load_event({**document, "subject": "c-1", "data": data}, tenant="acme", now=NOW)
    return load_own_event(orjson.loads(orjson.dumps(dump_event(taken) | dump_offsets(taken))))


def offer(respond_by: str, time: str = "2026-11-24T12:00:00Z", **employer: str) -> Event:
    return sent(1, "offer.extended", {"offer": "o", "employer": ACME | employer, "respond_by": respond_by}, time)


def facts(*events: Event) -> Facts:
    stored = Case.from_json(Case().fold(*events).to_json())
    return facts_of(stored, "c-1", ENGINE.rulebook.vocabulary)


def shown(name: str, known: Facts, kind: str = "offer", *, private: bool = True, filter: str = "") -> str:
    """A field of the first entity of a kind as a text shows it."""
    entity = known.of_kind(kind)[0]
    clock = known.clock(entity, private=private)
    local = to_local_time(entity.values[name], "instant", clock, entity.offsets.get(name))
    return ENVIRONMENT.from_string(f"{{{{ value {filter} }}}}").render(value=local)


def advice(rule: str, *events: Event, now: int = NOW) -> dict[str, Any]:
    advised = advise(ENGINE, Case().fold(*events), b"", tenant="acme", key="c-1", now=now)
    [data] = [change.data for change in advised.changes if change.data["rule"] == rule]
    return data


CALIFORNIAN = "2026-11-26T17:00:00-08:00"


def test_an_instant_is_shown_in_the_offset_that_its_sender_wrote() -> None:
    emitted = advice("respond-before-deadline", offer(CALIFORNIAN))
    assert emitted["title"] == "Answer Acme by Thursday, 26 November, 17:00 (UTC-08:00)"
    assert "Thursday, 26 November 2026, 17:00 (UTC-08:00)" in emitted["message"]
    assert emitted["due"] == "2026-11-27T01:00:00Z"


def test_a_candidate_reads_instants_in_their_own_zone_without_its_name() -> None:
    home = sent(2, "candidate.preferences", {"time_zone": "Europe/Berlin"})
    emitted = advice("respond-before-deadline", offer(CALIFORNIAN), home)
    assert emitted["title"] == "Answer Acme by Friday, 27 November, 02:00"


def test_an_instant_in_utc_says_so() -> None:
    assert shown("respond_by", facts(offer("2026-11-27T01:00:00Z"))) == "Friday, 27 November 2026, 01:00 (UTC)"


def test_a_milestone_keeps_the_offset_of_its_event() -> None:
    known = facts(offer(CALIFORNIAN, time="2026-11-24T00:30:00+09:00"))
    assert shown("extended_at", known, filter="| day").startswith("Tuesday, 24 November 2026")
    assert "(UTC+09:00)" in shown("extended_at", known, filter="| day")


@pytest.mark.parametrize(
    ("short", "data", "field"),
    [
        ("employment.resigned", {}, "resigned_at"),
        ("employment.started", {"offer": "o"}, "new_job_started_at"),
        ("candidate.discussed", {"with": "family"}, "discussed_family_at"),
        ("contact.logged", {"offer": "o", "by": "candidate", "channel": "phone"}, "at"),
        ("interview.thanked", {"interview": "i", "channel": "email"}, "thanked_at"),
        ("application.withdrawn", {"application": "a"}, "withdrawn_at"),
    ],
)
def test_every_milestone_keeps_the_offset_of_its_event(short: str, data: dict[str, Any], field: str) -> None:
    known = facts(sent(1, short, data, time="2026-11-23T17:00:00-08:00"))
    entities = [known.candidate, *(one for kind in known.entities.values() for one in kind)]
    [entity] = [one for one in entities if field in one.values]
    assert (entity.values[field], entity.offsets[field]) == (parse_instant("2026-11-24T01:00:00Z"), -480)


def test_the_acceptance_keeps_the_offset_of_the_event_that_accepted() -> None:
    accepted = sent(2, "offer.accepted", {"offer": "o"}, time="2026-11-23T20:30:00-08:00")
    known = facts(offer("2026-11-30T12:00:00Z", time="2026-11-22T12:00:00Z"), accepted)
    assert shown("accepted_at", known) == "Monday, 23 November 2026, 20:30 (UTC-08:00)"


def test_a_day_alone_is_due_at_its_end_where_the_sender_is_and_says_so() -> None:
    emitted = advice("respond-before-deadline", offer("2026-11-26", time="2026-11-24T04:00:00-08:00"))
    assert emitted["title"] == "Answer Acme by the end of Thursday, 26 November (UTC-08:00)"
    assert emitted["due"] == "2026-11-27T07:59:59Z"


def test_a_day_alone_ends_in_the_zone_that_is_told_of_the_employer() -> None:
    emitted = advice("respond-before-deadline", offer("2026-11-26", time_zone="America/Los_Angeles"))
    assert emitted["due"] == "2026-11-27T07:59:59Z"
    assert "the end of Thursday, 26 November 2026 (America/Los_Angeles)" in emitted["message"]


@pytest.mark.parametrize(
    ("respond_by", "words"),
    [
        ("2026-11-27T00:00:00-08:00", "Friday, 27 November, 00:00 (UTC-08:00)"),
        ("2026-11-26T21:00:00-08:00", "Thursday, 26 November, 21:00 (UTC-08:00)"),
        ("2026-11-26T23:59:00-08:00", "the end of Thursday, 26 November (UTC-08:00)"),
    ],
)
def test_a_title_promises_no_day_that_is_not_whole(respond_by: str, words: str) -> None:
    assert advice("respond-before-deadline", offer(respond_by))["title"] == f"Answer Acme by {words}"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-03-07T03:30:00-05:00", "Saturday, 7 March 2026, 03:30"),
        ("2026-03-07T00:00:00-05:00", "Saturday, 7 March 2026"),
        ("2026-03-07T05:00:00-05:00", "Saturday, 7 March 2026"),
    ],
)
def test_a_time_in_the_small_hours_is_said_as_a_time(at: str, words: str) -> None:
    home = sent(2, "candidate.preferences", {"time_zone": "America/New_York"})
    held = sent(3, "interview.scheduled", {"interview": "i", "starts_at": at})
    assert shown("starts_at", facts(home, held), "interview", filter="| day") == words


def test_an_employer_reads_in_its_own_zone_and_never_in_the_candidates() -> None:
    home = sent(2, "candidate.preferences", {"time_zone": "Asia/Tokyo"})
    emitted = facts(offer("2026-11-27T01:00:00Z", time_zone="America/New_York"), home)
    assert shown("respond_by", emitted, private=False) == "Thursday, 26 November 2026, 20:00 (America/New_York)"
    untold = facts(offer(CALIFORNIAN), home)
    assert shown("respond_by", untold, private=False) == "Thursday, 26 November 2026, 17:00 (UTC-08:00)"


def test_an_employers_zone_counts_wherever_the_employer_is_named() -> None:
    submitted = sent(2, "application.submitted", {"application": "a", "employer": ACME})
    known = facts(submitted, offer(CALIFORNIAN, time_zone="America/New_York"))
    assert str(known.clock(known.of_kind("application")[0], private=False).zone) == "America/New_York"


def test_what_only_the_candidate_knows_sets_no_zone_for_the_employer() -> None:
    planned = sent(2, "offer.withdrawal_planned", {"offer": "o"}, time="2026-11-24T21:01:00+09:00")
    before, after = facts(offer(CALIFORNIAN)), facts(offer(CALIFORNIAN), planned)
    for private, changes in ((False, False), (True, True)):
        zones = {str(known.clock(known.of_kind("offer")[0], private=private).zone) for known in (before, after)}
        assert (len(zones) == 2) is changes


@pytest.mark.parametrize(
    ("respond_by", "words"),
    [
        ("2026-11-26T17:00:00+01:00", "Thursday, 26 November 2026, 17:00 (Europe/Berlin)"),
        ("2026-11-26T17:00:00+02:00", "Thursday, 26 November 2026, 17:00 (UTC+02:00)"),
        ("2026-07-01T17:00:00+01:00", "Wednesday, 1 July 2026, 17:00 (UTC+01:00)"),
        ("2026-07-01T17:00:00+02:00", "Wednesday, 1 July 2026, 17:00 (Europe/Berlin)"),
    ],
)
def test_an_offset_that_the_employers_zone_has_then_is_named_by_the_zone(respond_by: str, words: str) -> None:
    """So one card does not show two names of one zone."""
    assert shown("respond_by", facts(offer(respond_by, time_zone="Europe/Berlin"))) == words


def test_business_days_count_where_the_reader_is() -> None:
    """Wednesday evening in California, which is Thursday in UTC."""
    application = {"application": "a-1", "employer": {"id": "birch", "name": "Birch"}}
    held = {"interview": "i", **application, "starts_at": "2026-03-04T17:00:00-08:00", "final": True}
    events = [
        sent(1, "interview.scheduled", held, time="2026-03-02T17:30:00-08:00"),
        sent(2, "interview.completed", {"interview": "i"}, time="2026-03-04T17:30:00-08:00"),
    ]
    emitted = advice("move-quickly", *events, now=parse_instant("2026-03-09T18:00:00-07:00"))
    assert "Wednesday, 4 March 2026 (UTC-08:00)" in emitted["message"]


def test_equal_instants_in_different_offsets_are_equal_facts() -> None:
    one, other = facts(offer(CALIFORNIAN)), facts(offer("2026-11-27T02:00:00+01:00"))
    assert one.of_kind("offer")[0].values == other.of_kind("offer")[0].values


def test_a_case_that_was_stored_without_offsets_is_read() -> None:
    stored = orjson.dumps(
        {
            "events": [[NOW, "h", "d1"]],
            "facts": {"offer": {"o": {"extended": [0, True], "respond_by": [0, "2026-11-27T01:00:00Z"]}}},
        }
    )
    known = facts_of(Case.from_json(stored), "c-1", ENGINE.rulebook.vocabulary)
    assert shown("extended_at", known) == "Tuesday, 24 November 2026, 12:00 (UTC)"


def test_the_order_of_two_offsets_of_one_instant_does_not_matter() -> None:
    first, second = offer(CALIFORNIAN), sent(1, "offer.extended", {"offer": "o", "respond_by": "2026-11-27T01:00:00Z"})
    assert Case().fold(first, second).to_json() == Case().fold(second, first).to_json()


def test_a_text_that_looks_like_an_instant_stays_as_it_is() -> None:
    stated = {"offer": "o", "title": "2026-11-26T17:00:00-08:00"}
    assert facts(sent(1, "offer.extended", stated)).of_kind("offer")[0].values["title"] == stated["title"]
    wrong = {"offer": "o", "title": "2026-99-99T99:00:00+99:99"}
    assert facts(sent(1, "offer.extended", wrong)).of_kind("offer")[0].values["title"] == wrong["title"]


def test_a_zone_never_moves_a_start_date() -> None:
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles", "UTC"):
        home = sent(2, "candidate.preferences", {"time_zone": zone})
        dated = sent(3, "offer.updated", {"offer": "o", "start_date": "2027-04-01"})
        known = facts(offer(CALIFORNIAN), home, dated)
        value = known.of_kind("offer")[0].values["start_date"]
        assert ENVIRONMENT.from_string("{{ value | day }}").render(value=value) == "Thursday, 1 April 2027"


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", None])
def test_a_day_that_was_stated_without_saying_where_is_shown_as_that_day(zone: str | None) -> None:
    """A mapping dates the event at the first instant of the day anywhere."""
    home = [sent(2, "candidate.preferences", {"time_zone": zone})] if zone else []
    known = facts(offer(CALIFORNIAN, time="2026-11-24T00:00:00+14:00"), *home)
    assert shown("extended_at", known) == "Tuesday, 24 November 2026"


def test_every_instant_in_a_text_is_in_the_candidates_zone_or_names_its_own() -> None:
    random, named, own = Random(5), 0, 0
    for _ in range(600):
        known = random_facts(random, ENGINE.rulebook.vocabulary)
        for entity in [known.candidate, *(entity for kind in known.entities.values() for entity in kind)]:
            for private in (True, False):
                clock = known.clock(entity, private=private)
                fields = ENGINE.rulebook.vocabulary[entity.kind]
                for name in (name for name in entity.values if fields[name].type == "instant"):
                    local = to_local_time(entity.values[name], "instant", clock, entity.offsets.get(name))
                    if not isinstance(local, datetime):
                        continue
                    words = {render(f"{{{{ value {filter} }}}}", {"value": local}) for filter in FILTERS}
                    if private and known.zone is not None:
                        assert local.tzinfo is known.zone
                        assert not any("(" in text for text in words)
                        own += 1
                    else:
                        assert all(text.endswith(")") for text in words), words
                        named += 1
    assert named > 1000
    assert own > 100


def test_the_zone_of_display_never_changes_the_day_of_a_date() -> None:
    random, seen = Random(6), 0
    for _ in range(300):
        events = [event for event in random_events(random) if event.type != "candidate.preferences"]
        shown_days = []
        for zone in ("Pacific/Kiritimati", "America/Los_Angeles", None):
            home = [sent(99, "candidate.preferences", {"time_zone": zone})] if zone else []
            known = facts(*events, *home)
            entities = [known.candidate, *(entity for kind in known.entities.values() for entity in kind)]
            shown_days.append(
                [
                    render("{{ value | day }}", {"value": value})
                    for entity in entities
                    for name, value in to_context(
                        entity, known.clock(entity, private=True), ENGINE.rulebook.vocabulary
                    ).items()
                    if name in ("start_date", "last_day", "notice_by", "last_day_before", "word_by")
                ]
            )
        assert shown_days[0] == shown_days[1] == shown_days[2]
        seen += len(shown_days[0])
    assert seen > 100
