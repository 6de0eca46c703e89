"""An event that Signpost cannot process becomes a dead letter alone; one that kills its process takes no neighbour."""

from collections.abc import Iterator

import pytest

from signpost.engine.compiled import Answer, CompiledEngine
from signpost.facts.facts import Facts
from signpost.messaging import Delivery
from signpost.messaging.message import REASON
from signpost.names import DEAD
from signpost.tenants.rulebooks import Engines, load_rulebooks
from signpost.workers.advisor import group_batches
from signpost.workers.batch_transaction import ISOLATE_AFTER_ATTEMPTS
from tests.support.rulebooks import RULES
from tests.support.workers_kit import HOUR, KINDS, START, System, event, system

ASKED = "ask-response-deadline@offer/o-1"


class Faulty(CompiledEngine):
    """The compiled engine with a fault: it breaks on one candidate."""

    def answers(self, facts: Facts) -> list[Answer]:
        if facts.candidate.id == "poison":
            raise KeyError("what Jane Doe said")
        return super().answers(facts)


@pytest.fixture(params=KINDS)
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system(request.param, request) as made:
        made.engines = Engines(Faulty, load_rulebooks(RULES))
        yield made


def test_a_poisonous_event_is_parked_and_its_neighbours_are_not(signpost: System) -> None:
    neighbours = [event("offer.extended", f"n-{number}", offer="o-1") for number in range(6)]
    poison = event("offer.extended", "poison", offer="o-1")
    signpost.handle(*neighbours[:3], poison, *neighbours[3:], neighbours[0])
    [dead] = signpost.broker.get(DEAD, 10)
    reason = str(dead.headers[REASON])
    assert dead.message_id == poison.id
    assert reason.startswith("a fault of Signpost, KeyError: at test_workers_poison.py")
    assert "Jane" not in reason
    for number in range(6):
        assert ASKED in signpost.standing(f"n-{number}")
    emitted = [one["candidate"] for one in signpost.changes() if one["rule"] == "ask-response-deadline"]
    assert emitted == [f"n-{number}" for number in range(6)]


def test_a_parked_event_can_be_tried_again_once_the_fault_is_gone(signpost: System) -> None:
    poison = event("offer.extended", "poison", offer="o-1")
    signpost.handle(poison)
    [dead] = signpost.broker.get(DEAD, 10)
    faulty, signpost.engines = signpost.engines, Engines(CompiledEngine, load_rulebooks(RULES))
    signpost.handle(poison)
    signpost.engines = faulty
    assert dead.message_id == poison.id
    assert ASKED in signpost.standing("poison")


def test_a_poisonous_case_keeps_no_other_from_waking(signpost: System) -> None:
    sound = Engines(CompiledEngine, load_rulebooks(RULES))
    faulty, signpost.engines, signpost.now = signpost.engines, sound, START
    for name in ("poison", "healthy"):
        signpost.handle(event("offer.extended", name, at=-1, offer="o-2", respond_by="2026-03-06T09:00:00Z"))
    signpost.engines = faulty
    signpost.now = START + 30 * HOUR
    clock = signpost.case_clock()
    assert clock.step() == 2
    assert clock.step() == 0
    assert signpost.standing("healthy")["respond-before-deadline@offer/o-2"][0] == "normal"
    signpost.engines, signpost.now = sound, START + 31 * HOUR
    assert signpost.case_clock().step() == 1
    assert signpost.standing("poison")["respond-before-deadline@offer/o-2"][0] == "normal"


def delivery(name: str, attempts: int) -> Delivery:
    """A delivery that came to nothing so many times."""
    return Delivery(b"", {}, "0.acme", name, "", attempts > 0, attempts, tag=name)


def test_what_comes_back_again_and_again_is_handled_alone() -> None:
    fresh, old = (
        [delivery(f"m-{n}", ISOLATE_AFTER_ATTEMPTS - 1) for n in range(3)],
        [delivery(f"s-{n}", ISOLATE_AFTER_ATTEMPTS) for n in range(20)],
    )
    together, *alone = group_batches([*old[:10], *fresh, *old[10:]])
    assert together == fresh
    assert all(len(each) == 1 for each in alone)
    assert sorted(one.message_id for [one] in alone) == sorted(one.message_id for one in old)
    assert group_batches([]) == []


def test_the_innocent_get_past_a_message_that_kills_its_process() -> None:
    """Each round ends with the killer's turn; everything before it is settled."""
    waiting, attempts = {f"m-{number}" for number in range(400)}, ISOLATE_AFTER_ATTEMPTS
    while waiting != {"m-7"}:
        order = [one.message_id for [one] in group_batches([delivery(name, attempts) for name in sorted(waiting)])]
        waiting -= set(order[: order.index("m-7")])
        attempts += 1
    assert attempts < 20
