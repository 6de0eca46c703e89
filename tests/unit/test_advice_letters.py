"""What the candidate sends to an employer has the employer's times; what the candidate reads has the candidate's."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from signpost.advice import advise
from signpost.advice.addressing import addressee
from signpost.advice.agenda import agenda_document, agendas
from signpost.case import Case, Event
from signpost.case.instant import parse_instant
from signpost.engine import CompiledEngine
from signpost.facts.clock import Clock, letter_clock_of
from signpost.facts.entity import Entity
from signpost.facts.vocabulary import KINDS
from signpost.rulebook import load
from signpost.rulebook.texts import render
from tests.support.rulebooks import shipped_engine
from tests.unit.test_zones import sent

NOW = parse_instant("2026-03-25T09:00:00Z")
ALDER, BIRCH = {"id": "alder", "name": "Alder"}, {"id": "birch", "name": "Birch"}
PACIFIC = {"time_zone": "America/Los_Angeles"}
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    return shipped_engine()


def home(zone: str = "Europe/Berlin") -> Event:
    return sent(1, "candidate.preferences", {"time_zone": zone}, "2026-03-01T09:00:00Z")


def alder(respond_by: str, time: str = "2026-03-24T09:00:00Z", **employer: str) -> Event:
    return sent(2, "offer.extended", {"offer": "o", "employer": ALDER | employer, "respond_by": respond_by}, time)


def birch(starts_at: str, **employer: str) -> Event:
    data = {"interview": "i", "employer": BIRCH | employer, "starts_at": starts_at}
    return sent(3, "interview.scheduled", data, "2026-03-24T10:00:00Z")


SIGNED = sent(4, "offer.letter_signed", {"offer": "o"}, "2026-03-24T11:00:00Z")


def changes(engine: CompiledEngine, *events: Event, state: bytes = b"", now: int = NOW) -> dict[str, dict[str, Any]]:
    found = advise(engine, Case().fold(*events), state, tenant="t", key="c-1", now=now).changes
    return {one.rule: one.data for one in found}


def cards(engine: CompiledEngine, *events: Event) -> list[dict[str, Any]]:
    """The cards of the candidate."""
    basis = advise(engine, Case().fold(*events), b"", tenant="t", key="c-1", now=NOW).basis
    found = agendas(basis, engine.rulebook.policy, tenant="t", key="c-1", now=NOW)
    [agenda] = [one for one in found.values() if one.reader.audience == "candidate"]
    shown: list[dict[str, Any]] = agenda_document(agenda, basis, NOW)["cards"]
    return shown


def draft(data: dict[str, Any]) -> str:
    return "\n".join(part for one in data["drafts"] for part in (one["title"], one["body"]))


def asked_by(engine: CompiledEngine, *events: Event) -> tuple[str, str]:
    """What the candidate reads and what the employer reads of the request for more time."""
    data = changes(engine, *events, birch("2026-03-31T23:00:00Z"))["ask-for-more-time"]
    return data["message"], draft(data)


def test_a_draft_has_the_times_of_the_employer_and_the_message_those_of_the_candidate(engine: CompiledEngine) -> None:
    message, letter = asked_by(engine, home(), alder("2026-03-27T17:00:00-07:00", **PACIFIC))
    assert "by Saturday, 28 March 2026, 01:00, and" in message
    assert "You asked for it by Friday, 27 March 2026, 17:00 (America/Los_Angeles)." in letter
    assert "Could I let you know by Monday, 6 April 2026 instead?" in letter


def test_the_title_of_a_draft_has_them_too(engine: CompiledEngine) -> None:
    accepted = alder("2026-03-27T17:00:00-07:00")
    data = changes(engine, home(), accepted, SIGNED, birch("2026-03-31T16:00:00-07:00", **PACIFIC))
    cancelled = data["cancel-other-interviews"]
    assert "on Wednesday, 1 April 2026, 01:00 you are expected" in cancelled["message"]
    assert cancelled["drafts"][0]["title"] == "Our interview on Tuesday, 31 March 2026"
    assert "on Tuesday, 31 March 2026, 16:00 (America/Los_Angeles)." in cancelled["drafts"][0]["body"]


def test_a_deadline_that_was_stated_as_a_day_stays_that_day_in_a_draft(engine: CompiledEngine) -> None:
    message, letter = asked_by(engine, home(), alder("2026-03-27", **PACIFIC))
    assert "Saturday, 28 March 2026, 07:59" in message
    assert "You asked for it by the end of Friday, 27 March 2026 (America/Los_Angeles)." in letter


@pytest.mark.parametrize(
    ("zone", "employer", "words"),
    [
        ("America/Los_Angeles", PACIFIC, "Friday, 27 March 2026, 17:00."),
        ("America/Vancouver", PACIFIC, "Friday, 27 March 2026, 17:00."),
        ("America/Los_Angeles", {}, "Friday, 27 March 2026, 17:00."),
        ("America/Denver", PACIFIC, "Friday, 27 March 2026, 17:00 (America/Los_Angeles)."),
        ("America/Denver", {}, "Friday, 27 March 2026, 17:00 (UTC-07:00)."),
    ],
)
def test_a_draft_names_the_zone_unless_both_have_the_same_time(
    engine: CompiledEngine, zone: str, employer: dict[str, str], words: str
) -> None:
    _, letter = asked_by(engine, home(zone), alder("2026-03-27T17:00:00-07:00", **employer))
    assert f"You asked for it by {words}" in letter


def test_a_draft_names_the_candidates_zone_where_nobody_knows_the_employers(engine: CompiledEngine) -> None:
    message, letter = asked_by(engine, home(), alder("2026-03-27T16:00:00Z"))
    assert "by Friday, 27 March 2026, 17:00, and" in message
    assert "You asked for it by Friday, 27 March 2026, 17:00 (Europe/Berlin)." in letter


@pytest.mark.parametrize(("employer", "name"), [({}, "UTC-07:00"), (PACIFIC, "America/Los_Angeles")])
def test_a_draft_names_the_employers_zone_where_nobody_knows_the_candidates(
    engine: CompiledEngine, employer: dict[str, str], name: str
) -> None:
    _, letter = asked_by(engine, alder("2026-03-27T17:00:00-07:00", **employer))
    assert f"Friday, 27 March 2026, 17:00 ({name})." in letter


def test_a_zone_that_is_learned_later_renders_the_draft_again(engine: CompiledEngine) -> None:
    events = [home(), alder("2026-03-27T17:00:00-07:00"), birch("2026-03-31T23:00:00Z")]
    before = advise(engine, Case().fold(*events), b"", tenant="t", key="c-1", now=NOW)
    told = sent(5, "application.submitted", {"application": "a", "employer": ALDER | PACIFIC}, "2026-03-24T12:00:00Z")
    after = changes(engine, *events, told, state=before.advice_state, now=NOW + 1)
    assert "17:00 (America/Los_Angeles)" in draft(after["ask-for-more-time"])
    assert after["ask-for-more-time"]["change"] == "updated"


def test_an_offset_that_is_stated_later_renders_the_draft_again(engine: CompiledEngine) -> None:
    """Every value stays as it was; only which of two offsets was written last changes."""
    stated = {"offer": "o", "employer": ALDER, "respond_by": "2026-03-27T01:00:00-07:00"}  # at night days have times
    extended = sent(2, "offer.extended", {"offer": "o"}, "2026-03-24T09:00:00-04:00")
    events = [home(), sent(5, "offer.updated", stated, "2026-03-24T09:00:00Z"), extended, birch("2026-03-31T23:00:00Z")]
    before = advise(engine, Case().fold(*events), b"", tenant="t", key="c-1", now=NOW)
    [raised] = [one.data for one in before.changes if one.rule == "ask-for-more-time"]
    assert "by Monday, 6 April 2026, 04:00 (UTC-04:00) instead?" in draft(raised)
    again = sent(6, "offer.updated", stated, "2026-03-24T14:00:00Z")
    after = changes(engine, *events, again, state=before.advice_state, now=NOW + 1)
    assert "by Monday, 6 April 2026, 01:00 (UTC-07:00) instead?" in draft(after["ask-for-more-time"])


def test_the_joined_letter_has_the_times_of_the_employer_and_its_list_those_of_the_candidate(
    engine: CompiledEngine,
) -> None:
    events = [home(), alder("2026-03-27T17:00:00-07:00", **PACIFIC), birch("2026-03-31T23:00:00Z")]
    [card] = [one for one in cards(engine, *events) if one["kind"] == "write-to-employer"]
    assert len(card["recommendations"]) > 1
    assert "You asked for my answer by Friday, 27 March 2026, 17:00 (America/Los_Angeles)" in draft(card)
    assert any("answer later than Saturday, 28 March 2026, 01:00" in step for step in card["steps"])


# Rules of one's own

OWN = {
    "sources": "articles: {a: An article}",
    "acts": "acts: {ask: {means: Ask., with: [employer]}, plan: {means: Plan.}}",
    "agenda": """
        policy:
          {max_cards: 3, quiet_hours: none, digest: none, settling_time: 60s, endings_wait: 6h, last_chance: 24h,
          topics_off: none}
        cards:
          meeting:
            {acts: [ask], per: employer, title: Write, message: "{{ day }}; {{ times | listed }}; {{ due }}",
            drafts: {letter: {title: "{{ day }}", body: "{{ times | listed }}; {{ due }}"}}}""",
    "own": """
        ask-who:
          {about: interview, act: ask employer, source: a, priority: normal, message: M, when: {stage: scheduled},
          due: starts_at, title: Ask who comes}
        ask-where:
          {about: interview, act: ask employer, source: a, priority: normal, message: M, when: {stage: scheduled},
          title: Ask where}
        plan:
          {about: candidate, act: plan, source: a, priority: low, title: Plan, message: "{{ interview.starts_at }}",
          when: {any interview: {stage: scheduled}},
          drafts: {greeting: {title: Hello, body: "{{ interview.salutation }}, {{ interview.starts_at }}"}}}""",
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> CompiledEngine:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in OWN.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return CompiledEngine(load(folder))


INTERVIEW = birch("2026-03-31T16:00:00-07:00", **PACIFIC)


def test_the_times_of_a_card_are_the_employers_in_its_drafts(own: CompiledEngine) -> None:
    [card] = [one for one in cards(own, home(), INTERVIEW) if one["kind"] == "meeting"]
    there = "Tuesday, 31 March 2026, 16:00 (America/Los_Angeles)"
    here = "Wednesday, 1 April 2026, 01:00"
    assert card["message"] == f"Wednesday, 1 April 2026; {here}; {here}"
    assert draft(card) == f"Tuesday, 31 March 2026\n{there}; {there}"


def test_a_rule_about_the_candidate_writes_to_the_relation_that_it_greets(own: CompiledEngine) -> None:
    data = changes(own, home(), INTERVIEW)["plan"]
    assert data["message"] == "Wednesday, 1 April 2026, 01:00"
    assert draft(data).endswith(", Tuesday, 31 March 2026, 16:00 (America/Los_Angeles)")


# The clock


def offer(**offsets: int) -> Entity:
    known = Entity("offer", "o")
    for order, (name, offset) in enumerate(offsets.items()):
        known.set(name, NOW, (order, "s", name), offset)
    return known


def test_an_offset_of_the_candidate_does_not_say_where_the_employer_is() -> None:
    """The candidate accepted from Berlin what was written in California."""
    clock = letter_clock_of(offer(respond_by=-420, accepted_at=60), BERLIN, KINDS)
    assert [str(clock.local(NOW, offset)) for offset in (-420, 60, None)] == ["2026-03-25 02:00:00-07:00"] * 3


def test_an_offset_that_is_the_candidates_own_time_is_the_candidates_zone_all_year() -> None:
    summer = parse_instant("2026-07-01T09:00:00Z")
    clock = letter_clock_of(offer(respond_by=60), BERLIN, KINDS)
    assert clock.local(summer) == clock.local(summer, 60)
    assert render("{{ at }}", {"at": clock.local(summer)}) == "Wednesday, 1 July 2026, 11:00"


def test_what_only_the_candidate_knows_does_not_say_where_the_employer_is() -> None:
    assert letter_clock_of(offer(acceptance_planned_at=540), BERLIN, KINDS) == Clock(BERLIN)


def test_a_letter_to_nobody_known_names_the_candidates_zone() -> None:
    candidate = Entity("candidate", "c-1", {"resigned_at": NOW}, {"resigned_at": (1, "", "")}, {"resigned_at": 60})
    assert letter_clock_of(candidate, BERLIN, KINDS) == Clock(BERLIN)
    unknown = letter_clock_of(candidate, None, KINDS).local(NOW, 60)
    assert render("{{ at }}", {"at": unknown}) == "Wednesday, 25 March 2026, 10:00 (UTC+01:00)"


def test_a_draft_is_for_whom_it_greets() -> None:
    mine, other = offer(), Entity("interview", "i")
    related = {"other": [other], "none": []}
    assert addressee(mine, related, [("salutation", ""), ("other", "salutation")]) is mine
    assert addressee(mine, related, [("other", "salutation")]) is other
    assert addressee(mine, related, [("none", "salutation"), ("other", "starts_at")]) is mine
