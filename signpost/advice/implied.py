"""What a consumer's `done` says of the facts: the events that the rule's `implies` declares. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from signpost.advice.records import AdviceRecord, load_records
from signpost.case.case import Case
from signpost.case.event import Event
from signpost.rulebook.implied import subject_of
from signpost.rulebook.rulebook import Rulebook


def implied_events(event: Event, case: Case, key: str, advice_state: bytes, rulebook: Rulebook) -> Iterator[Event]:
    """The events that an answer `done` implies about the subject of its recommendation, with the answer's own identity
    and time, so that a repeat changes nothing. `key`: the key of the case."""
    if event.type != "advice.done":
        return
    record = _record_of(event, case, key, load_records(advice_state))
    rule = rulebook.rules.get(record.rule) if record else None
    if record is None or rule is None or rule.about != record.kind:
        return
    for one in rule.implies:
        data = {**one.data, **subject_of(one.type, record.kind, record.subject)}
        yield replace(event, type=one.type, data=data)


def _record_of(event: Event, case: Case, key: str, records: Mapping[str, AdviceRecord]) -> AdviceRecord | None:
    """The record that an answer is about, also if its advice has ended since."""
    name = event.data["recommendation"]
    return next(
        (
            record
            for record in records.values()
            if name in (record.id, record.id_of_episode(event.tenant, key, case.erased_at), *record.merged_ids)
        ),
        None,
    )
