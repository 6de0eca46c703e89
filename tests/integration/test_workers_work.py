"""The work of a batch, counted: it must not grow with what it need not grow with. Any machine counts the same."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as hooks

from signpost.advice import rendering
from signpost.case.event import Event
from signpost.messaging import Delivery
from signpost.rulebook import texts
from signpost.workers.batch_result import BatchResult
from tests.support.workers_kit import START, System, event, message, system

MAX_STATEMENTS = 16
"""Four of them announce the rulebook of a handler that has just started."""
MAX_RENDERED_PER_CHANGE = 8
DAY_US = 86_400_000_000


@pytest.fixture(scope="module")
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("rabbitmq", request) as made:
        made.now = START + DAY_US
        yield made


@contextmanager
def statements() -> Iterator[Counter[str]]:
    """Counts the statements that the database gets."""
    found: Counter[str] = Counter()

    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found[" ".join(statement.split())[:60]] += 1

    hooks.listen(Engine, "before_cursor_execute", count)
    try:
        yield found
    finally:
        hooks.remove(Engine, "before_cursor_execute", count)


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the texts that are rendered."""
    found: Counter[str] = Counter()
    render: Callable[..., str] = texts.render_within

    def count(source: str, *rest: Any) -> str:
        found[source] += 1
        return render(source, *rest)

    monkeypatch.setattr(rendering, "render_within", count)
    return found


def handle(signpost: System, *events: Event) -> BatchResult:
    """Handle events in one batch."""
    sent = map(message, events)
    deliveries = [
        Delivery(one.body, {}, one.routing_key, one.message_id, one.content_type, False, 0, None) for one in sent
    ]
    return signpost.handler().handle(deliveries, signpost.clock)


def offer(name: str, at: float = 0, offer: str = "o") -> Event:
    return event("offer.extended", name, at=at, offer=offer, employer={"id": "e", "name": "Acme"})


def test_the_statements_of_a_batch_do_not_depend_on_its_size(signpost: System) -> None:
    handle(signpost, offer("warm"))
    with statements() as few:
        handle(signpost, offer("few"))
    with statements() as many:
        result = handle(signpost, *(offer(f"many-{number}") for number in range(40)))
    assert few == many
    assert few.total() <= MAX_STATEMENTS, few
    assert len(result.outgoing) > 40


def test_no_text_is_rendered_for_advice_that_does_not_use_what_changed(
    signpost: System, rendered: Counter[str]
) -> None:
    raised = handle(signpost, offer("once"))
    assert 0 < rendered.total() <= MAX_RENDERED_PER_CHANGE * len(raised.outgoing)
    before = rendered.total()
    rendered.clear()
    changed = handle(signpost, event("offer.updated", "once", at=1, offer="o", paid_leave_days=25))
    assert len(changed.outgoing) < len(raised.outgoing) / 2
    assert rendered.total() < before / 2


def test_a_case_is_evaluated_once_for_all_its_events_of_a_batch(signpost: System) -> None:
    result = handle(signpost, *(offer("busy", number, f"o-{number}") for number in range(5)))
    assert sum(result.evaluated.evaluations.values()) == 1
