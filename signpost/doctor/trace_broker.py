"""Looks for the events and messages of lives among dead letters, and says what an event in a queue waits for."""

from collections.abc import Sequence
from typing import Final

from signpost.dead_letters import Choice, DeadLetter, DeadLetterQueue
from signpost.doctor.life import Life
from signpost.doctor.site import CONNECT_S, NAME, Site
from signpost.errors import SignpostError
from signpost.messaging import Bounds, Counts, advisor_queues, connect
from signpost.messaging.topology import UNROUTED, dead_letter_queue
from signpost.names import DEAD

MAX_BROWSED: Final = 1_000
"""Dead letters of a queue up to which they are looked through: it is empty for others meanwhile."""
MAX_FOUND: Final = 1_000


def look_into_broker(site: Site, lives: Sequence[Life], name: str) -> None:
    """Add to lives what the broker shows. The embedded queue has no consumers of advice."""
    of_consumers = [UNROUTED, *map(dead_letter_queue, _consumers(site))] if site.is_rabbitmq else []
    queues = advisor_queues(site.settings.partitions)
    with site.broker() as found:
        counts = {queue: found.counts(queue) for queue in [*queues, DEAD, *of_consumers]}
    for queue in counts.keys() - set(queues):
        _look_for_letters(site, lives, name, queue, counts[queue])
    for life in lives:
        for event_id in life.events.keys() - life.folded - life.settled:
            if life.steps or event_id != name:
                _explain_wait(site, life, event_id, {queue: counts[queue] for queue in queues})


def _consumers(site: Site) -> list[str]:
    try:
        return sorted(site.consumers)
    except SignpostError:  # a user who may not read them
        return []


def _look_for_letters(site: Site, lives: Sequence[Life], name: str, queue: str, counts: Counts | None) -> None:
    wanted = {one for life in lives for one in (life.events if queue == DEAD else life.messages)} | {name}
    if counts is None or not counts.waiting:
        return
    if counts.waiting > MAX_BROWSED:
        for life in lives:
            life.gaps.append(
                f"whether it is among the {counts.waiting:,} messages of {queue}, too many to look through;"
                " `signpost dead-letters show ID` does"
            )
        return
    broker = connect(site.settings.broker_url, bounds=Bounds(connect_timeout_s=CONNECT_S), name=NAME)
    try:
        letters = DeadLetterQueue(broker, queue, examine=MAX_BROWSED).find(Choice(frozenset(wanted)), MAX_FOUND)
    except SignpostError as error:
        for life in lives:
            life.gaps.append(f"whether it lies in {queue}: {error}")
        return
    finally:
        broker.close()
    for life in lives:
        mine = [letter for letter, _ in letters if _is_of(life, letter, name)]
        if mine and queue == UNROUTED:
            _add_unrouted(life, mine)
        else:
            for letter in mine:
                _add_letter(life, letter)


def _is_of(life: Life, letter: DeadLetter, name: str) -> bool:
    return life.tenant in ("", letter.tenant) and letter.message_id in {*life.events, *life.messages, name}


def _add_letter(life: Life, letter: DeadLetter) -> None:
    text = f"{letter.message_id} lies in {letter.queue}: {letter.group} ({letter.kind})"
    life.tenant = life.tenant or letter.tenant
    life.settled.add(letter.message_id)
    life.add("dead letter", text, letter.failed_at, letter=letter.id, queue=letter.queue, reason=letter.group)
    life.waits.append(f"you: correct the cause, then `signpost dead-letters requeue {letter.id}`")


def _add_unrouted(life: Life, letters: Sequence[DeadLetter]) -> None:
    """One step: without a consumer, all messages lie there."""
    text = f"no consumer is bound to {len(letters)} of its messages, which lie in {UNROUTED}"
    life.add("unrouted", text, queue=UNROUTED, messages=[letter.message_id for letter in letters])
    life.waits.append("a consumer of its advice: `signpost consumers add` adds one")


def _explain_wait(site: Site, life: Life, event_id: str, counts: dict[str, Counts | None]) -> None:
    """Say why an event is in no case; the broker does not show which messages wait."""
    idle = [queue for queue, one in counts.items() if one and not one.consumers]
    waiting = {queue: one.waiting for queue, one in counts.items() if one and one.waiting}
    excess = site.store.usage.all().get(life.tenant)
    if excess and excess.excess:
        life.waits.append(f"room: {excess.excess}; an event that begins a case becomes a dead letter")
    if waiting and set(waiting) <= set(idle):
        life.waits.append(f"an advisor: none consumes {', '.join(idle)}; run: signpost advisor")
    elif waiting:
        shown = ", ".join(f"{number:,} in {queue}" for queue, number in waiting.items())
        life.waits.append(f"its turn with the advisors: messages wait, {shown}")
    else:
        days = site.settings.seen_event_days
        life.gaps.append(
            f"what became of event {event_id}: no case has it, and no message waits. An advisor may hold it now;"
            f" ids are forgotten after {days} days (SIGNPOST_SEEN_EVENT_DAYS), and with an erasure"
        )
