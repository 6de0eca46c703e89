"""Places, quiet hours and digests at the edges of what people write and of what clocks do."""

from datetime import UTC, time
from zoneinfo import ZoneInfo

from signpost.case.instant import NEVER, format_instant, parse_instant
from signpost.facts.likeness import same_place
from signpost.facts.places import same_region
from signpost.facts.policy import Policy

BERLIN, APIA = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")


def test_places_in_two_regions_are_two() -> None:
    assert not same_place({"region": "Ohio"}, {"region": "Texas"})


def test_the_points_of_a_longer_abbreviation_part_its_words() -> None:
    assert same_region("Rh.Pf.", "Rh. Pf.")


def test_quiet_hours_that_meet_when_clocks_go_forward_go_on() -> None:
    """In Berlin there is no 02:50 on this day: it is 03:50, when those that begin at 03:15 have begun."""
    policy = Policy(quiet_hours=(time(3, 15), time(2, 50)), zone=BERLIN)
    until = policy.quiet_until(parse_instant("2026-03-29T01:50:00Z"))
    assert format_instant(until) == "2026-03-30T00:50:00Z"


def test_quiet_hours_that_end_after_the_calendar_delay_nothing() -> None:
    assert Policy(quiet_hours=(time(22), time(7)), zone=UTC).quiet_until(NEVER) == NEVER


def test_a_digest_of_a_day_that_a_zone_leaves_out_comes_on_the_day_after() -> None:
    """Samoa had no Friday 30 December 2011."""
    policy = Policy(digest=(4, time(8)), zone=APIA)
    found = policy.next_digest(parse_instant("2011-12-31T07:00:00+14:00"))
    assert found == parse_instant("2011-12-31T08:00:00+14:00")
