"""The fold: any order, any repetition, any split into batches and any moment of linking give the same case, byte
for byte."""

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from signpost.case import Case, Event
from signpost.facts.facts import facts_of
from tests.support.generators import START, random_events, random_now
from tests.support.rulebooks import shipped_engine

seeds = st.integers(0, 2**32)
EXAMPLES = settings(max_examples=300, deadline=None)


def erasure(random: Random) -> Event:
    return Event("acme", "ats", "erased", "candidate.erased", random_now(random), "c-1", {})


def events_of(random: Random) -> list[Event]:
    """Events, now and then with an erasure among them."""
    events = random_events(random)
    return [*events, erasure(random)] if random.random() < 0.2 else events


@EXAMPLES
@given(seeds)
@example(178579)
def test_order_and_repetition_do_not_matter(seed: int) -> None:
    random = Random(seed)
    events = events_of(random)
    expected = Case().fold(*events).to_json()
    shuffled = [*events, *random.choices(events, k=3)]
    random.shuffle(shuffled)
    assert Case().fold(*shuffled).to_json() == expected


@EXAMPLES
@given(seeds)
def test_any_split_into_batches_joins_to_the_same(seed: int) -> None:
    random = Random(seed)
    events = events_of(random)
    parts = [Case().fold(*(event for event in events if random.random() < 0.5)) for _ in range(3)]
    whole = Case().fold(*events)
    assert parts[0].join(parts[1]).join(whole).join(parts[2]).to_json() == whole.to_json()


@EXAMPLES
@given(seeds)
def test_join_is_commutative_associative_and_idempotent(seed: int) -> None:
    random = Random(seed)
    a, b, c = (Case().fold(*events_of(random)) for _ in range(3))
    assert a.join(b).to_json() == b.join(a).to_json()
    assert a.join(b).join(c).to_json() == a.join(b.join(c)).to_json()
    assert a.join(a).to_json() == a.to_json()
    assert a.join(Case()).to_json() == a.to_json()


@EXAMPLES
@given(seeds)
def test_any_moment_of_linking_gives_the_same(seed: int) -> None:
    """What was said of an application is kept apart until the link is known, early or late."""
    random = Random(seed)
    events = events_of(random)
    expected = Case().fold(*events).to_json()
    linked_at = random.randint(0, len(events))
    apart, together = Case(), Case()
    for number, event in enumerate(events):
        if number == linked_at:
            apart, together = Case(), together.join(apart)
        if number < linked_at and event.subject.startswith("application:"):
            apart = apart.fold(event)
        else:
            together = together.fold(event)
    assert together.join(apart).to_json() == expected


@EXAMPLES
@given(seeds)
def test_json_keeps_everything(seed: int) -> None:
    case = Case().fold(*events_of(Random(seed)))
    again = Case.from_json(case.to_json())
    assert again.to_json() == case.to_json()
    assert again.join(case).to_json() == case.to_json()


@EXAMPLES
@given(seeds)
@example(802)  # an employer was named before the erasure and after it
@example(3750)  # a condition was
def test_erasure_leaves_only_what_was_said_later(seed: int) -> None:
    random = Random(seed)
    events, end = random_events(random), erasure(random)
    expected = Case().fold(end, *(event for event in events if event.time > end.time))
    assert Case().fold(*events, end).to_json() == Case().fold(end, *events).to_json() == expected.to_json()


def test_equal_times_are_decided_by_source_and_id() -> None:
    def said(source: str, id: str, title: str) -> Event:
        return Event("acme", source, id, "offer.updated", START, "c-1", {"offer": "o", "title": title})

    for first, second, wins in [
        (said("a", "2", "x"), said("b", "1", "y"), "y"),
        (said("a", "1", "x"), said("a", "2", "y"), "y"),
        (said("a", "1", "x"), said("a", "1", "y"), "y"),
    ]:
        for case in (Case().fold(first, second), Case().fold(second, first)):
            assert facts_of(case, "c-1").entities["offer"][0].values["title"] == wins


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_shuffled_events_give_the_same_advice(seed: int) -> None:
    random = Random(seed)
    events, now = random_events(random, 14), random_now(random)
    shuffled = random.sample(events, len(events))
    answers = [ENGINE.answers(facts_of(Case().fold(*said), "c-1")) for said in (events, shuffled)]
    assert len({frozenset((a.match, a.priority(now), a.due) for a in found if a.holds(now)) for found in answers}) == 1


ENGINE = shipped_engine()
