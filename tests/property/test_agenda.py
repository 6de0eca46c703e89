"""Agendas over random journeys: complete, within their policy, published once, and the same for any order of events."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import time
from random import Random
from typing import Any

import pytest

from signpost.advice.agenda import Agenda, AgendaChange, Reader, agenda_document, agendas, update
from signpost.advice.case_set import CaseSet
from signpost.case import Event
from signpost.case.instant import DAY, HOUR, MINUTE, parse_instant
from signpost.facts.policy import Policy
from signpost.names import PRIORITIES
from tests.support.generators import START, random_event
from tests.support.long_suite import number_of
from tests.support.rulebooks import shipped_engine

JOURNEYS = number_of(50, one_in=2)
PARTS = 4
ENGINE = shipped_engine()
URGENT = PRIORITIES[-1]
END = START + 30 * DAY
POLICIES = [
    Policy(),
    Policy(),
    Policy(max_cards=1),
    Policy(quiet_hours=(time(21), time(7, 30))),
    Policy(digest=(None, time(8))),
    Policy(digest=(0, time(8)), quiet_hours=(time(6), time(9)), last_chance=HOUR),
    Policy(max_cards=2, settling_time=0, topics_off=frozenset({"pay"})),
]


@dataclass
class Journey:
    """One candidate's case with its agendas, driven through time like the workers do."""

    policy: Policy
    cases: CaseSet = field(default_factory=lambda: CaseSet(ENGINE, "acme", {}))
    state: bytes = b""
    next_change: int | None = None
    published: list[tuple[int, AgendaChange]] = field(default_factory=list)
    now: int = START

    def handle(self, events: Iterable[Event], now: int) -> None:
        """Fold a batch of events and evaluate once."""
        for event in events:
            self.cases.apply(event, now)
        self.cases.advise(now)
        self._update(now)

    def pass_time(self, until: int) -> None:
        """Wake the case at each instant at which a clock would, up to `until`."""
        while self.next_change is not None and self.next_change <= until:
            now = self.next_change
            self.cases.wake("c-1", now)
            self._update(now)

    def _update(self, now: int) -> None:
        self.now = now
        case = self.cases.find("c-1")
        result = update(self.state, case.basis, self.policy, tenant="acme", key="c-1", now=now)
        self.state = result.state
        self.published += [(now, change) for change in result.changes]
        instants = [instant for instant in (case.next_change, result.next_change) if instant is not None]
        self.next_change = min(instants, default=None)
        assert self.next_change is None or self.next_change > now
        check_agendas(self)

    def agendas(self) -> dict[Reader, Agenda]:
        """The agendas now."""
        basis = self.cases.find("c-1").basis
        return agendas(basis, self.policy, tenant="acme", key="c-1", now=self.now) if basis else {}


def check_agendas(journey: Journey) -> None:
    """Complete, capped except for what is urgent, and nothing held past its last useful instant."""
    basis, now = journey.cases.find("c-1").basis, journey.now
    assert basis is not None
    active = sorted(record.id for record in basis.records.values() if record.state == "active")
    found = journey.agendas()
    shown = [item.record.id for agenda in found.values() for card in agenda.cards for item in card.items]
    held = [one.item.record.id for agenda in found.values() for one in agenda.held]
    assert sorted(shown + held) == active
    for agenda in found.values():
        assert len(agenda.cards) <= agenda.policy.max_cards or {card.priority for card in agenda.cards} == {URGENT}
        assert list(agenda.cards) == sorted(agenda.cards, key=lambda card: card.order)
        for one in agenda.held:
            assert one.reason
            assert one.until is None or one.until > now
            if one.item.record.topic not in agenda.policy.topics_off and one.item.last_useful is not None:
                assert one.until is not None
                assert one.until <= one.item.last_useful


def check_published(journey: Journey) -> None:
    """Numbered without gaps, never twice alike, and not more often than they settle."""
    last: dict[Reader, tuple[int, AgendaChange]] = {}
    for at, change in journey.published:
        before_at, before = last.get(change.reader, (None, None))
        assert change.sequence == (before.sequence if before else 0) + 1
        assert change.priority == (change.data["cards"][0]["priority"] if change.data["cards"] else "none")
        if before is not None and before_at is not None:
            assert before.data["cards"] != change.data["cards"]
            new = {card["id"] for card in change.data["cards"] if card["priority"] == URGENT} - {
                card["id"] for card in before.data["cards"] if card["priority"] == URGENT
            }
            known = journey.cases.find("c-1").case.registers.get("candidate", {})
            own = any(name.startswith("agenda_") for fields in known.values() for name in fields)
            assert new or own or at - before_at >= journey.policy.settling_time
        last[change.reader] = (at, change)


def random_events(random: Random, most: int = 9) -> list[Event]:
    """One to `most` events of one candidate."""
    return [random_event(random, number) for number in range(random.randint(1, most))]


def journeys(part: int) -> Iterator[Random]:
    return (Random(f"agenda {part} {number}") for number in range(JOURNEYS // PARTS))


def arrivals(random: Random, events: list[Event]) -> list[tuple[int, Event]]:
    """The events when they arrive: some late, some at once with others."""
    delays = [0, 0, 0, MINUTE, HOUR, 3 * DAY]
    found = [(event.time + random.choice(delays), event) for event in events]
    return sorted(found, key=lambda pair: (pair[0], pair[1].id))


@pytest.mark.parametrize("part", range(PARTS))
def test_agendas_are_complete_capped_and_published_once(part: int) -> None:
    for random in journeys(part):
        journey = Journey(random.choice(POLICIES))
        for at, event in arrivals(random, random_events(random)):
            journey.pass_time(at - 1)
            journey.handle([event], at)
        journey.pass_time(END)
        check_published(journey)


@pytest.mark.parametrize("part", range(PARTS))
def test_order_repetition_and_batches_change_nothing(part: int) -> None:
    for random in journeys(part):
        events = random_events(random)
        shuffled = [*events, *random.choices(events, k=3)]
        random.shuffle(shuffled)
        one, other = Journey(Policy()), Journey(Policy())
        for event in events:
            one.handle([event], END)
        cut = random.randint(0, len(shuffled))
        for batch in (shuffled[:cut], shuffled[cut:]):
            if batch:
                other.handle(batch, END)
        for journey in (one, other):
            journey.pass_time(END + DAY)
            journey.cases.wake("c-1", END + DAY)
            journey.now = END + DAY
        assert content(one) == content(other)


def content(journey: Journey) -> Any:
    """What the readers see, without ids, which count the episodes of advice."""
    basis = journey.cases.find("c-1").basis
    assert basis is not None
    return {
        reader: [
            [{name: value for name, value in card.items() if name != "recommendations"} for card in document["cards"]],
            [{name: value for name, value in held.items() if name != "recommendation"} for held in document["held"]],
        ]
        for reader, agenda in journey.agendas().items()
        for document in [agenda_document(agenda, basis, journey.now)]
    }


PRIVATE = ("candidate.preferences", "employment.current", "employment.resigned", "employment.resignation_planned")


def is_unknown_to_acme(event: Event) -> bool:
    """Whether Acme cannot know an event: it is the candidate's own, or names another employer. Acme knows who works for
    it."""
    employer = event.data.get("employer") or {}
    is_acme = employer.get("id") == "acme" or employer.get("name") == "Acme"
    return (event.type in PRIVATE and not is_acme) or employer.get("id") == "globex"


@pytest.mark.parametrize("part", range(PARTS))
def test_the_agenda_of_an_employer_has_nothing_that_it_does_not_know(part: int) -> None:
    found = 0
    for random in journeys(part):
        events = [
            replace(event, data={**event.data, "offer": "o1", "employer": {"id": "acme", "name": "Acme"}})
            for event in random_events(random, 4)
            if event.type in ("offer.extended", "offer.updated", "offer.accepted")
        ]
        theirs = [
            renamed(event, number) for number, event in enumerate(random_events(random)) if is_unknown_to_acme(event)
        ]
        now = START + random.randint(1, 60) * (DAY // 2)
        alone, beside = Journey(Policy()), Journey(Policy())
        if events:
            alone.handle(events, now)
            beside.handle([*events, *theirs], now)
            reader = Reader("employer", "acme")
            assert content(alone).get(reader) == content(beside).get(reader)
            found += reader in content(alone)
    assert found


def renamed(event: Event, number: int) -> Event:
    """The event about other entities than those of Acme."""
    names = {
        name: f"other-{event.data[name]}" for name in ("offer", "interview", "application") if event.data.get(name)
    }
    return replace(event, id=f"other-{number}", data={**event.data, **names})


def test_times_of_a_policy_follow_the_zone_through_both_clock_changes() -> None:
    from zoneinfo import ZoneInfo

    policy = Policy(quiet_hours=(time(21), time(7)), digest=(None, time(8)), zone=ZoneInfo("Europe/Berlin"))
    night = parse_instant("2026-03-28T23:00:00+01:00")
    assert policy.quiet_until(night) == parse_instant("2026-03-29T07:00:00+02:00")
    assert policy.next_digest(night) == parse_instant("2026-03-29T08:00:00+02:00")
    night = parse_instant("2026-10-24T23:00:00+02:00")
    assert policy.quiet_until(night) == parse_instant("2026-10-25T07:00:00+01:00")
    assert policy.quiet_until(parse_instant("2026-10-25T07:00:00+01:00")) == parse_instant("2026-10-25T07:00:00+01:00")
