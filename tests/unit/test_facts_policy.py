"""The policy of an agenda: quiet hours, digests and preferences at their edges."""

from datetime import UTC, time
from zoneinfo import ZoneInfo

import pytest

from signpost.case.instant import DAY, HOUR, MINUTE, format_instant, parse_instant
from signpost.facts.policy import MAX_CARDS, Policy

BERLIN = ZoneInfo("Europe/Berlin")


def quiet(begin: str, end: str, at: str, zone: ZoneInfo | None = None) -> str:
    hours = (time.fromisoformat(begin), time.fromisoformat(end))
    return format_instant(Policy(quiet_hours=hours, zone=zone or UTC).quiet_until(parse_instant(at)))


@pytest.mark.parametrize(
    ("begin", "end", "at", "until"),
    [
        ("22:00", "07:00", "2026-03-02T21:59:59Z", "2026-03-02T21:59:59Z"),
        ("22:00", "07:00", "2026-03-02T22:00:00Z", "2026-03-03T07:00:00Z"),
        ("22:00", "07:00", "2026-03-03T06:59:59Z", "2026-03-03T07:00:00Z"),
        ("22:00", "07:00", "2026-03-03T07:00:00Z", "2026-03-03T07:00:00Z"),
        ("12:00", "13:00", "2026-03-02T12:30:00Z", "2026-03-02T13:00:00Z"),
        ("12:00", "13:00", "2026-03-02T13:00:00Z", "2026-03-02T13:00:00Z"),
        ("12:00", "13:00", "2026-03-02T02:30:00Z", "2026-03-02T02:30:00Z"),
    ],
)
def test_quiet_hours_end_at_their_end(begin: str, end: str, at: str, until: str) -> None:
    assert quiet(begin, end, at) == until


def test_quiet_hours_are_those_of_the_zone_and_of_its_day() -> None:
    assert quiet("00:00", "07:00", "2026-03-02T23:30:00Z", BERLIN) == "2026-03-03T06:00:00Z"
    assert quiet("22:00", "23:30", "2026-03-02T22:00:00Z", BERLIN) == "2026-03-02T22:30:00Z"
    assert Policy().quiet_until(5) == 5


@pytest.mark.parametrize(
    ("weekday", "at", "digest"),
    [
        (None, "2026-03-02T07:59:00Z", "2026-03-02T08:00:00Z"),
        (None, "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"),
        (None, "2026-03-02T08:00:01Z", "2026-03-03T08:00:00Z"),
        (0, "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"),
        (0, "2026-03-02T09:00:00Z", "2026-03-09T08:00:00Z"),
        (4, "2026-03-02T09:00:00Z", "2026-03-06T08:00:00Z"),
    ],
)
def test_the_next_digest(weekday: int | None, at: str, digest: str) -> None:
    policy = Policy(digest=(weekday, time(8)))
    assert format_instant(policy.next_digest(parse_instant(at))) == digest


def test_without_digests_news_comes_at_once() -> None:
    assert Policy().next_digest(5) == 5


def test_what_holds_where_nobody_stated_anything() -> None:
    """As docs/writing-rules.md says."""
    policy = Policy()
    assert (policy.max_cards, policy.settling_time, policy.endings_wait) == (3, MINUTE, 6 * HOUR)
    assert (policy.last_chance, policy.topics_off, policy.zone) == (DAY, frozenset(), UTC)


def test_a_candidates_preferences_come_first() -> None:
    policy = Policy(max_cards=5, settling_time=7)
    assert policy.with_preferences({"has_family": True}) is policy
    stated = {"agenda_topics_off": ["pay"], "agenda_quiet_hours": "22:00 to 07:00"}
    own = policy.with_preferences(stated)
    assert (own.max_cards, own.settling_time, own.topics_off) == (5, 7, frozenset({"pay"}))
    assert own.quiet_hours == (time(22), time(7))


@pytest.mark.parametrize(("stated", "cards"), [(0, 1), (1, 1), (2.0, 2), (20, 20), (MAX_CARDS + 1, 20)])
def test_a_candidate_has_one_card_at_least_and_twenty_at_most(stated: float, cards: int) -> None:
    assert Policy().with_preferences({"agenda_max_cards": stated}).max_cards == cards


def test_the_zone_of_a_reader() -> None:
    policy = Policy()
    assert policy.in_zone(UTC) is policy
    assert policy.in_zone(BERLIN).zone == BERLIN
