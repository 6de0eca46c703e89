"""The variables of the texts of a card, each by its exact value: what is on the card, in which order, and for whom."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from signpost.advice.agenda import Reader, agendas
from signpost.advice.agenda.cards import Card
from signpost.advice.agenda.variables import CardVariables, Lead
from signpost.advice.case_set import CaseSet
from signpost.advice.wording import Words
from signpost.case.event import Event
from signpost.case.instant import FIRST_ANYWHERE, HOUR, parse_instant
from signpost.engine import CompiledEngine
from signpost.facts.policy import Policy
from signpost.rulebook import Rulebook, load
from tests.support.workers_kit import START, event

RULES = """
ask-start:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 5, when: {start_date: unknown},
  title: Ask for the day, item: which day you start, question: "When do I start?", point: start, opening: Thank you.}
ask-move:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 4, when: {start_date: unknown},
  title: Ask for room, item: whether it can move, question: "Can it move?", point: start, opening: Thank you.}
ask-again:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 3, when: {start_date: unknown},
  title: Ask again, question: ["Can it move?", "When do I start?"], opening: I ask again.}
ask-pay:
  {about: offer, act: ask employer, source: a, priority: urgent, message: M, weight: 2, when: {title: known},
  title: Ask for the pay, item: what they pay, question: "What do you pay?"}
ask-place:
  {about: offer, act: ask employer, source: a, priority: normal, message: M, weight: 1, point: start,
  when: {start_date: unknown, negotiable: true}, title: Ask for the place, item: where you work, question: "Where?"}
thank:
  {about: offer, act: thank employer, source: a, priority: normal, message: M, when: {stage: [open, accepted]},
  title: Thank them, item: Thank them at once}
plan: {about: candidate, act: plan, source: a, priority: low, title: Plan it, message: M, when: {has_family: true}}
prepare:
  {about: interview, act: prepare, source: a, priority: normal, message: M, when: {stage: scheduled},
  title: Prepare}
explain:
  {audience: employer, about: offer, act: plan, source: a, priority: low, message: M, title: Explain,
  when: {stage: [open, accepted]}}
follow:
  {about: application, act: plan, source: a, priority: low, title: Follow, message: M, when: {interviewed_at: known}}
meet:
  {audience: employer, about: interview, act: plan, source: a, priority: low, message: M, title: Meet,
  when: {stage: scheduled}}
"""
ACTS = """
acts:
  ask: {means: Ask., with: [employer]}
  thank: {means: Thank., with: [employer]}
  plan: {means: Plan.}
  prepare: {means: Prepare.}
"""
CARDS = """
policy:
  {max_cards: 3, quiet_hours: none, digest: none, settling_time: 60s, endings_wait: 6h, last_chance: 24h,
  topics_off: none}
cards:
  letter: {acts: [ask employer, thank employer], per: employer, title: Write,
  message: "{{ items }} {{ asked }} {{ openings }} {{ questions }}"}
"""
ACME, GLOBEX, HOOLI = ({"id": name.lower(), "name": name} for name in ("Acme", "Globex", "Hooli"))
CANDIDATE, EMPLOYER = Reader("candidate"), Reader("employer", "acme")


@pytest.fixture(scope="module")
def rulebook(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("rules")
    for name, text in {
        "sources": "articles: {a: An article}\n",
        "asking": RULES,
        "acts": ACTS,
        "agenda": CARDS,
    }.items():
        Path(folder, f"{name}.yaml").write_text(text, "utf-8")
    return load(folder)


class Variables:
    """The variables of one card with all that stands for a reader, or with what `only` names by rule or subject."""

    def __init__(self, rulebook: Rulebook, *events: Event) -> None:
        self.cases = CaseSet(CompiledEngine(rulebook), "acme", {})
        for one in events:
            self.cases.handle(one, START + HOUR)

    def card(self, *only: str, reader: Reader = CANDIDATE) -> CardVariables:
        basis, now = self.cases.find("c-1").basis, START + HOUR
        assert basis is not None
        cards = agendas(basis, Policy(max_cards=99), tenant="acme", key="c-1", now=now)[reader].cards
        items = [item for card in cards for item in card.items]
        chosen = tuple(item for item in items if not only or {item.rule.id, item.subject.id} & set(only))
        return CardVariables(Card("card", None, chosen), basis, now, private=reader.audience == "candidate")

    def of(self, name: str, *only: str, reader: Reader = CANDIDATE) -> Any:
        found = self.card(*only, reader=reader).named({name}, pytest.fail)
        assert list(found) == [name]
        return found[name]


def offer(name: str = "o", employer: dict[str, str] | None = ACME, **more: Any) -> Event:
    if employer:
        more["employer"] = employer
    return event("offer.extended", at=0, offer=name, **more)


def interview(name: str, starts_at: str | None, employer: dict[str, str] | None = ACME) -> Event:
    more: dict[str, Any] = {"employer": employer} if employer else {}
    if starts_at:
        more["starts_at"] = starts_at
    return event("interview.scheduled", at=0, id=name, interview=name, **more)


FAMILY = event("candidate.preferences", at=0, has_family=True)


def test_only_what_a_text_shows_is_made(rulebook: Rulebook) -> None:
    card = Variables(rulebook, offer()).card()
    words = Words("The title", "The message", ["a step"], [], None)
    calls: list[str] = []

    def render() -> Words:
        calls.append("once")
        return words

    found = card.named({"priority", "lead"}, render)
    assert sorted(found) == ["lead", "priority"]
    assert calls == [], "the words of the most pressing recommendation are rendered once a text shows them"
    lead = found["lead"]
    assert isinstance(lead, Lead)
    assert (lead.title, lead.message, lead.steps, calls) == ("The title", "The message", ["a step"], ["once"])


def test_questions_of_one_point_are_together_and_none_is_asked_twice(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer(title="Cook"))
    assert one.of("questions") == ["When do I start? Can it move?", "What do you pay?"]
    assert one.of("questions_in_words") == "two"
    assert one.of("asked") == ["which day you start, and whether it can move", "what they pay"]
    assert one.of("questions", "ask-again") == ["Can it move? When do I start?"]
    assert one.of("asked", "ask-again", "thank") == [], "without an item it asks with its title"
    assert one.of("questions", "ask-move", "ask-again") == ["Can it move?", "Can it move? When do I start?"]


def test_three_things_that_are_asked_together_are_one_line(rulebook: Rulebook) -> None:
    [line] = Variables(rulebook, offer(negotiable=True)).of("asked")
    assert line == "which day you start; whether it can move; and where you work"


def test_questions_without_a_point_are_points_of_their_own(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer("o", title="Cook", start_date="2026-05-04"), offer("p", title="Chef"))
    assert one.of("questions", "ask-pay") == ["What do you pay?"], "asked once, for both offers"
    assert len(one.card("ask-pay")._parts) == 2


def test_lines_are_in_the_order_of_weight_and_told_once(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer("o", title="Cook"), FAMILY)
    assert one.of("items") == ["Ask again", "Thank them at once", "Plan it"]
    lines = ["which day you start", "whether it can move", "Ask again", "what they pay", "Thank them at once"]
    assert [part.line for part in one.card("o")._parts] == lines
    assert one.of("others", "o") == [line for line in lines if line != "what they pay"]
    assert one.of("openings") == ["Thank you.", "I ask again."]
    two = Variables(rulebook, offer("o"), offer("p"))
    assert two.of("others", "ask-start") == [], "the line of the other offer only repeats it"


def test_acts_stages_and_positions_are_told_once_and_not_of_the_candidate(rulebook: Rulebook) -> None:
    accepted = event("offer.accepted", at=0.1, offer="q")
    one = Variables(rulebook, offer("o", title="Cook"), offer("p", title="Cook"), offer("q"), accepted, FAMILY)
    assert sorted(one.of("acts")) == ["ask", "plan", "thank"]
    assert sorted(one.of("stages")) == ["accepted", "open"]
    assert one.of("positions") == ["Cook"]
    assert (one.of("subjects"), one.of("subjects", "o"), one.of("subjects", "plan")) == (4, 1, 1)
    assert one.card()._values("has_family") == []


def test_offered_are_the_positions_of_open_offers(rulebook: Rulebook) -> None:
    offers = [
        offer(name, title=title) for name, title in {"o": "Cook", "p": "Chef", "q": "Waiter", "r": "Cook"}.items()
    ]
    one = Variables(rulebook, *offers, offer("s"), event("offer.accepted", at=0.1, offer="q"), FAMILY)
    assert sorted(one.of("offered")) == ["Chef", "Cook"]
    assert one.of("offered", "q", "s", "plan") == []


def test_missed_deadlines_are_those_of_open_offers_in_their_order(rulebook: Rulebook) -> None:
    ends = {"late": "09:30", "early": "09:10", "accepted": "09:20", "next": "10:01", "now": "10:00"}
    offers = [offer(name, respond_by=f"2026-03-02T{at}:00Z") for name, at in ends.items()]
    accepted = event("offer.accepted", at=0.1, offer="accepted")
    one = Variables(rulebook, *offers, offer("without"), accepted, FAMILY)
    assert [at.strftime("%H:%M") for at in one.of("missed_deadlines")] == ["09:10", "09:30", "10:00"]
    assert [at.strftime("%H:%M") for at in one.of("deadlines")] == ["10:01"]
    assert one.of("deadlines", "late", "without", "accepted", "plan") == []
    assert one.of("missed_deadlines", "next", "without", "accepted", "plan") == []


def test_interviewed_are_the_days_of_applications_that_wait_for_an_answer(rulebook: Rulebook) -> None:
    hours = {"late": -96, "early": -200, "same": -100, "over": -50}
    talks = [
        event("interview.completed", at=at, id=name, interview=name, application=name, employer=ACME)
        for name, at in hours.items()
    ]
    submitted = event("application.submitted", at=-300, id="s", application="late", employer=ACME)
    one = Variables(rulebook, *talks, submitted, event("application.rejected", at=-1, application="over"), FAMILY)
    assert [f"{at:%d %H:%M}" for at in one.of("interviewed")] == ["22 01:00", "26 09:00"]
    assert one.of("interviewed", "over", "plan") == []
    abroad = event("candidate.preferences", at=0, id="z", time_zone="Asia/Tokyo")
    letter = Variables(rulebook, *talks, abroad).card("late", "same").times_of_letter({"interviewed"}, pytest.fail)
    assert [f"{at:%d %H:%M}" for at in letter["interviewed"]] == ["26 18:00"]


def test_a_day_on_which_an_interview_was_held_is_told_as_a_day(rulebook: Rulebook) -> None:
    held = event("interview.completed", at=-100, interview="i", application="a", employer=ACME)
    day = replace(held, time=parse_instant("2026-02-25T00:00:00+14:00"), offsets={"time": FIRST_ANYWHERE})
    assert Variables(rulebook, day, FAMILY).of("interviewed") == [date(2026, 2, 25)]


def test_open_offers_are_those_that_the_reader_knows(rulebook: Rulebook) -> None:
    accepted = event("offer.accepted", at=0.1, offer="q")
    one = Variables(rulebook, offer("o"), offer("p", GLOBEX), offer("q"), accepted)
    assert (one.of("offers"), one.of("offers_in_words")) == (2, "two")
    assert one.of("offers", "q") == 2, "the candidate knows all"
    assert one.of("offers", reader=EMPLOYER) == 1
    assert one.of("offers_in_words", "q", reader=EMPLOYER) == "no"


def test_the_employers_are_those_of_the_card_otherwise_those_of_the_open_offers(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer("o"), offer("p", GLOBEX), offer("r", None), FAMILY)
    assert one.of("employers", "o", "plan") == ["Acme"]
    assert one.of("employers", "plan") == ["Acme", "Globex", "the employer"]
    assert one.of("employers", "o", "p") == ["Acme", "Globex"]
    assert (one.of("employer", "o"), one.of("employer", "r"), one.of("employer", "plan")) == (
        "Acme", "the employer", "the employer",
    )  # fmt: skip


def test_a_candidate_without_a_name_has_none(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer("p", candidate_name="Ann Lee"), FAMILY)
    assert (one.of("candidate_name", "plan"), one.of("candidate_name", "p")) == ("", "Ann Lee")


MORNING, NOON, NEXT_DAY = "2026-03-09T10:00:00Z", "2026-03-09T12:00:00Z", "2026-03-10T10:00:00Z"


def begin(*interviews: Event, of: str = "i", rules: Rulebook) -> list[str]:
    return [f"{one:%H:%M}" for one in Variables(rules, *interviews).of("times", of)]


def test_the_interviews_of_a_day_are_all_that_the_employer_has_planned(rulebook: Rulebook) -> None:
    first, later = interview("i", NOON), interview("k", MORNING)
    assert begin(first, later, rules=rulebook) == ["10:00", "12:00"]
    assert begin(first, interview("k", NEXT_DAY), rules=rulebook) == ["12:00"]
    assert begin(first, interview("k", MORNING, GLOBEX), rules=rulebook) == ["12:00"]
    assert begin(first, interview("k", None), rules=rulebook) == ["12:00"]
    cancelled = event("interview.cancelled", at=0.1, interview="k")
    assert begin(first, later, cancelled, rules=rulebook) == ["12:00"]


def test_an_employer_sees_the_interviews_of_the_card_alone(rulebook: Rulebook) -> None:
    one = Variables(rulebook, interview("i", NOON), interview("k", MORNING))
    assert [f"{at:%H:%M}" for at in one.of("times", "i", reader=EMPLOYER)] == ["12:00"]


def test_interviews_of_unknown_employers_are_not_known_to_be_of_one(rulebook: Rulebook) -> None:
    nobody = interview("i", NOON, None), interview("k", MORNING, None)
    assert begin(*nobody, rules=rulebook) == ["12:00"]


def test_without_a_day_there_are_no_times(rulebook: Rulebook) -> None:
    one = Variables(rulebook, interview("i", None), interview("k", MORNING), interview("l", None))
    assert (one.of("day", "i"), one.of("times", "i")) == (None, [])
    assert [str(one.of("day", "k")), len(one.of("times", "k"))] == ["2026-03-09", 1]


def test_the_salutation_names_a_person_if_any_is_known(rulebook: Rulebook) -> None:
    named = {"contact_name": "Ann Lee", "contact_addressed_as": "Ms Lee"}
    others = offer("p", GLOBEX, **named), offer("q", HOOLI, contact_name="Bo Yu")
    one = Variables(rulebook, offer("o"), *others, FAMILY)
    assert one.of("salutation", "o", "p") == "Dear Ms Lee"
    assert one.of("salutation", "p", "q") == "Dear Ms Lee"
    assert one.of("salutation", "o") == "Dear [hiring manager's name]"
    assert one.of("salutation", "plan") == ""


def test_the_candidate_signs_for_themselves_and_an_employer_by_its_first_contact(rulebook: Rulebook) -> None:
    name = event("candidate.preferences", at=0.1, display_name="Maria Silva")
    one = Variables(rulebook, name, offer("o"), offer("p", contact_name="Ann Lee"))
    assert (one.of("signature"), one.of("signature", reader=EMPLOYER)) == ("Maria Silva", "Ann Lee")
    nobody = Variables(rulebook, offer("o"), offer("p"))
    assert [nobody.of("signature", reader=reader) for reader in (CANDIDATE, EMPLOYER)] == ["[your name]"] * 2


def test_a_card_without_anything_due_says_so(rulebook: Rulebook) -> None:
    one = Variables(rulebook, offer(title="Cook"))
    assert (one.of("due"), one.of("priority"), one.of("priority", "thank")) == (None, "urgent", "normal")


def test_a_card_has_the_times_of_its_reader_and_its_letter_those_of_who_gets_it(rulebook: Rulebook) -> None:
    at_home = event("candidate.preferences", at=0, time_zone="Asia/Tokyo")
    employer = ACME | {"time_zone": "America/New_York"}
    one = Variables(rulebook, at_home, offer(employer=employer, respond_by="2026-03-10T14:00:00Z")).card("o")
    assert [f"{at:%H:%M}" for at in one.named({"deadlines"}, pytest.fail)["deadlines"]] == ["23:00"]
    letter = one.times_of_letter({"deadlines", "title"}, pytest.fail)
    assert {name: [f"{at:%H:%M}" for at in values] for name, values in letter.items()} == {"deadlines": ["10:00"]}
    assert one.times_of_letter({"salutation"}, pytest.fail) == {}, "it is the same for both"
