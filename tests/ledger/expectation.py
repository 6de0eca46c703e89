"""What must be, computed from the known events alone: cases, active advice and agendas. Uses the pure fold and the
evaluation, and nothing of a running system."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from signpost.advice import Engine
from signpost.advice.advise import advise
from signpost.advice.agenda import agendas
from signpost.advice.records import active
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.case.identity import case_keys, links

Active = dict[str, tuple[str, int | None]]
"""`RULE@KIND/ID` -> priority and due."""
Cards = list[tuple[str, list[str]]]
"""Of an agenda, in order: the priority and the `RULE@KIND/ID`s of each card."""


@dataclass(frozen=True, slots=True)
class ExpectedCase:
    """A case that holds these events. `variants`: the cases that it may be, because an id was used twice."""

    tenant: str
    key: str
    variants: tuple[Case, ...]


def expected_cases(known: Iterable[tuple[Event, ...]]) -> Iterator[ExpectedCase]:
    """The cases of these events, each with its variants."""
    leads: dict[tuple[str, str], tuple[str, str]] = {}

    def last(key: tuple[str, str]) -> tuple[str, str]:
        while key in leads:
            key = leads[key]
        return key

    listed = list(known)
    for variants in listed:
        for absorbed, into in links(variants[0]):
            before, after = ((variants[0].tenant, key) for key in (absorbed, into))
            if last(before) != last(after):
                leads[last(before)] = last(after)
    grouped: dict[tuple[str, str], list[tuple[Event, ...]]] = {}
    for variants in listed:
        grouped.setdefault(last((variants[0].tenant, variants[0].subject)), []).append(variants)
        for key in case_keys(variants[0]):
            grouped.setdefault(last((variants[0].tenant, key)), [])
    for (tenant, key), events in grouped.items():
        yield ExpectedCase(tenant, key, tuple(Case().fold(*chosen) for chosen in itertools.product(*events)))


def expected_advice(engine: Engine, case: Case, tenant: str, key: str, now: int) -> Active:
    """The active advice of a case without a past."""
    result = advise(engine, case, b"", tenant=tenant, key=key, now=now)
    return {name: (record.priority, record.due) for name, record in active(result.advice_state).items()}


def expected_agendas(
    engine: Engine, case: Case, advice_state: bytes, tenant: str, key: str, now: int
) -> Mapping[str, Cards]:
    """Reader -> cards, at an instant. `advice_state`: what stands since when, on which a digest depends."""
    basis = advise(engine, case, advice_state, tenant=tenant, key=key, now=now).basis
    found = agendas(basis, engine.rulebook.policy, tenant=tenant, key=key, now=now)
    return {
        f"{reader.audience}/{reader.employer}": [
            (card.priority, sorted(item.record.key for item in card.items)) for card in agenda.cards
        ]
        for reader, agenda in found.items()
    }


def published_cards(document: Mapping[str, Any], names: Mapping[str, str]) -> Cards:
    """The cards of a published agenda. `names`: id of a recommendation -> `RULE@KIND/ID`."""
    return [
        (card["priority"], sorted(names.get(one, one) for one in card["recommendations"])) for card in document["cards"]
    ]
