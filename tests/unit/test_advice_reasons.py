"""Which facts a recommendation gives as its reasons: of alternatives those that hold, of places the home as well, and
what the rule itself defines."""

from pathlib import Path
from typing import Any

from signpost.advice import advise
from signpost.case import Case, Event
from signpost.case.instant import HOUR, parse_instant
from signpost.engine import CompiledEngine
from signpost.rulebook import load

NOW = parse_instant("2026-03-02T09:00:00Z")
HEAD = "rule:\n  source: a\n  priority: low\n  title: T\n  message: M\n"


def engine_of(folder: Path, body: str) -> CompiledEngine:
    """The engine of one rule."""
    (folder / "sources.yaml").write_text("articles: {a: A}\n")
    (folder / "topic.yaml").write_text(HEAD + body)
    return CompiledEngine(load(folder))


def event(type_: str, hour: int = 0, **data: Any) -> Event:
    return Event("t", "s", f"{type_}-{hour}", type_, NOW + hour * HOUR, "c-1", data)


def offer(type_: str = "offer.extended", hour: int = 0, **data: Any) -> Event:
    return event(type_, hour, offer="o", **data)


def reasons(engine: CompiledEngine, *events: Event, now: int = NOW) -> list[dict[str, Any]]:
    """Why the rule is advised."""
    [change] = advise(engine, Case().fold(*events), b"", tenant="t", key="c-1", now=now).changes
    return list(change.data["explanation"]["because"])


def because(engine: CompiledEngine, *events: Event, now: int = NOW) -> dict[str, Any]:
    return {one["fact"]: one["value"] for one in reasons(engine, *events, now=now)}


EITHER = "  about: offer\n  when: {stage: open, any of: [{title: Cook}, {workplace: remote}]}\n"


def test_of_alternatives_those_that_hold_are_the_reason(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, EITHER)
    found = because(engine, offer(title="Chef", workplace="remote"))
    assert found == {"offer/o stage": "open", "offer/o workplace": "remote"}


def test_when_no_alternative_holds_any_longer_all_of_them_are_the_reason(tmp_path: Path) -> None:
    engine, case = engine_of(tmp_path, EITHER), Case().fold(offer(title="Chef", workplace="remote"))
    first = advise(engine, case, b"", tenant="t", key="c-1", now=NOW)
    case = case.fold(offer("offer.updated", 1, workplace="onsite"))
    [change] = advise(engine, case, first.advice_state, tenant="t", key="c-1", now=NOW + HOUR).changes
    found = {one["fact"]: one["value"] for one in change.data["explanation"]["because"]}
    assert change.change == "resolved"
    assert found == {"offer/o stage": "open", "offer/o title": "Chef", "offer/o workplace": "onsite"}


def test_an_alternative_about_a_day_holds_in_the_zone_of_the_reader(tmp_path: Path) -> None:
    """In Auckland the second of March is over, in London it is not."""
    body = "  about: offer\n  when: {stage: open, any of: [{start_date: passed}, {title: Cook}]}\n"
    events = (
        offer(title="Cook", start_date="2026-03-02"),
        event("candidate.preferences", time_zone="Pacific/Auckland"),
    )
    found = because(engine_of(tmp_path, body), *events, now=NOW + 9 * HOUR)
    assert found == {"offer/o stage": "open", "offer/o start_date": "2026-03-02", "offer/o title": "Cook"}


def test_that_a_place_is_away_depends_on_the_home(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, "  about: offer\n  when: {stage: open, away: true}\n")
    home = event("candidate.preferences", region="Texas", country="US")
    found = because(engine, offer(location={"region": "Ohio", "country": "US"}), home)
    assert found == {
        "offer/o stage": "open",
        "offer/o away": True,
        "candidate/c-1 region": "Texas",
        "candidate/c-1 country": "US",
    }


def test_what_a_rule_defines_is_its_own_value(tmp_path: Path) -> None:
    body = """  about: offer
  params: {lead: 2d}
  define: {ready_on: lead before start_date}
  when: {stage: open, ready_on: known}
"""
    assert reasons(engine_of(tmp_path, body), offer(start_date="2026-05-04"))[1:] == [
        {"fact": "ready_on of this rule", "value": "2026-05-02", "unknown": False, "event": None}
    ]


def test_what_a_rule_defines_may_be_called_like_a_field_of_another_kind(tmp_path: Path) -> None:
    """Only that field has to do with the home."""
    body = """  about: interview
  params: {lead: 2h}
  define: {away: lead before starts_at}
  when: {stage: upcoming, away: known}
"""
    events = (
        event("interview.scheduled", interview="i", starts_at="2026-03-03T09:00:00Z"),
        event("candidate.preferences", region="Texas", country="US"),
    )
    found = because(engine_of(tmp_path, body), *events)
    assert found["away of this rule"] == "2026-03-03T07:00:00Z"
    assert not [fact for fact in found if fact.startswith("candidate/")]


def test_a_duration_is_written_as_in_rules(tmp_path: Path) -> None:
    body = """  about: offer
  params: {usual: 2w}
  define: {notice: [candidate's notice_period_days, usual]}
  when: {stage: open, start_date: within notice}
"""
    found = because(engine_of(tmp_path, body), offer(start_date="2026-03-05"))
    assert found["notice of this rule"] == "14d"


def test_that_a_time_is_unknown_is_a_reason(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, "  about: offer\n  when: {stage: open, respond_by: unknown}\n")
    assert reasons(engine, offer())[1:] == [
        {"fact": "offer/o respond_by", "value": None, "unknown": True, "event": None}
    ]


def test_a_fact_names_the_event_that_stated_it(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, "  about: offer\n  when: {title: known}\n")
    [found] = reasons(engine, offer(), offer("offer.updated", 1, title="Cook"), now=NOW + 2 * HOUR)
    assert found["event"] == {"source": "s", "id": "offer.updated-1", "time": "2026-03-02T10:00:00Z"}


def test_what_a_rule_asks_after_a_relation_is_of_its_subject_again(tmp_path: Path) -> None:
    engine = engine_of(tmp_path, "  about: offer\n  when: {any interview: {stage: upcoming}, title: known}\n")
    interview = event("interview.scheduled", interview="i", starts_at="2026-03-03T09:00:00Z")
    found = because(engine, offer(title="Cook"), interview)
    assert list(found) == ["interview/i upcoming_until", "offer/o title"]
