"""A case holds so much and no more: what is beyond is parked with its reason, and everything else goes on."""

import time
from collections.abc import Iterator

import pytest

from signpost.advice import advise
from signpost.case import Case, Event
from signpost.case.limits import MAX_ENTITIES
from signpost.engine import make_engine
from signpost.messaging import Delivery
from signpost.messaging.message import REASON
from signpost.names import DEAD
from tests.support.workers_kit import ENGINES, KINDS, System, event, system


@pytest.fixture(params=KINDS, scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        yield made


def offers(count: int, subject: str, first: int = 0) -> list[Event]:
    return [event("offer.extended", subject, offer=f"{subject}-{number}") for number in range(first, first + count)]


def dead(signpost: System) -> list[Delivery]:
    return signpost.broker.get(DEAD, 100)


def held(signpost: System, key: str, kind: str = "offer") -> set[str]:
    return set(Case.from_json(signpost.case(key).state).registers.get(kind, {}))


def test_what_does_not_fit_is_parked_and_nothing_else_is(signpost: System) -> None:
    full = offers(MAX_ENTITIES["offer"] + 3, "full")
    signpost.handle(*full, *offers(1, "neighbour"), full[-1], full[0])
    assert held(signpost, "full") == {f"full-{number}" for number in range(MAX_ENTITIES["offer"])}
    assert held(signpost, "neighbour") == {"neighbour-0"}
    parked = dead(signpost)
    assert [one.message_id for one in parked] == [one.id for one in full[-3:]], "once each"
    reasons = {str(one.headers[REASON]) for one in parked}
    assert reasons == {
        f"case-full: a case may hold {MAX_ENTITIES['offer']} of the kind offer, and this one would hold more"
    }
    assert signpost.standing("full") == signpost.expected("full")


def test_a_full_case_goes_on(signpost: System) -> None:
    signpost.handle(*offers(MAX_ENTITIES["offer"], "goes-on"))
    signpost.handle(
        event("offer.accepted", "goes-on", at=2, offer="goes-on-0"),
        event("interview.scheduled", "goes-on", at=1, interview="i-1", starts_at="2026-04-02T09:00:00Z"),
    )
    assert dead(signpost) == []
    case = Case.from_json(signpost.case("goes-on").state)
    assert "accepted" in case.registers["offer"]["goes-on-0"]
    assert held(signpost, "goes-on", "interview") == {"i-1"}


def test_what_was_parked_comes_in_once_there_is_room(signpost: System) -> None:
    late = event("offer.extended", "room", at=2, offer="late")
    signpost.handle(*offers(MAX_ENTITIES["offer"], "room"), late)
    assert len(dead(signpost)) == 1
    signpost.handle(event("candidate.erased", "room", at=1))
    assert dead(signpost) == []
    signpost.handle(late)
    assert held(signpost, "room") == {"late"}


def test_two_cases_too_large_for_one_stay_two(signpost: System) -> None:
    half = MAX_ENTITIES["offer"] // 2 + 1
    merged = event("candidate.merged", "left", at=1, into="right")
    signpost.handle(*offers(half, "left"), *offers(half, "right"), merged)
    assert [one.message_id for one in dead(signpost)] == [merged.id]
    assert (len(held(signpost, "left")), len(held(signpost, "right"))) == (half, half)


def test_an_application_that_is_somebody_elses_counts_for_nothing(signpost: System) -> None:
    signpost.handle(
        event("application.submitted", "owner", application="a-1"), *offers(MAX_ENTITIES["offer"] - 1, "owner"),
        event("offer.extended", "other", at=1, offer="o-1", application="a-1"),
        event("offer.extended", "other", at=1, offer="o-2", application="a-1"),
    )  # fmt: skip
    assert dead(signpost) == []
    assert held(signpost, "other") == {"o-1", "o-2"}


def test_a_case_at_every_bound_is_still_advised_in_a_moment() -> None:
    """The decision record has the measurement; this notices when it is out by far."""
    case = Case()
    for one in crowd():
        for kind, entities in Case.of(one).registers.items():
            for entity, fields in entities.items():
                case.registers.setdefault(kind, {}).setdefault(entity, {}).update(fields)
    assert {kind: len(case.registers[kind]) for kind in MAX_ENTITIES if kind != "advice"} == {
        kind: most for kind, most in MAX_ENTITIES.items() if kind != "advice"
    }
    engine, now = make_engine("compiled", ENGINES.of("acme").rulebook), System.now
    advice_state = advise(engine, case, b"", tenant="acme", key="c-1", now=now).advice_state
    begun = time.process_time()
    advise(engine, case, advice_state, tenant="acme", key="c-1", now=now)
    assert time.process_time() - begun < 0.5


def crowd() -> Iterator[Event]:
    """As much as one case may hold, all of it still open, and each offer an employer's of its own."""
    for number in range(MAX_ENTITIES["application"]):
        yield event("application.submitted", id=f"a{number}", application=f"a{number}", employer={"id": f"e{number}"})
    for number in range(MAX_ENTITIES["offer"]):
        yield event(
            "offer.extended", id=f"o{number}", offer=f"o{number}", application=f"a{number}",
            employer={"id": f"e{number}"}, respond_by="2026-05-05T10:00:00Z", start_date="2026-06-01",
            salary={"amount": str(50_000 + number), "currency": "EUR", "per": "year"},
        )  # fmt: skip
    for number in range(MAX_ENTITIES["interview"]):
        yield event(
            "interview.scheduled", id=f"i{number}", interview=f"i{number}", application=f"a{number}",
            starts_at="2026-05-04T10:00:00Z",
        )  # fmt: skip
    for number in range(MAX_ENTITIES["contact"]):
        offer = f"o{number % MAX_ENTITIES['offer']}"
        yield event("contact.logged", id=f"c{number}", offer=offer, channel="email", by="employer")
