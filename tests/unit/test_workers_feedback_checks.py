"""Feedback from the broker: whose answers count, and from how far ahead."""

from collections.abc import Iterator

import pytest

from signpost.schemas.cloudevent import MAX_AHEAD_US
from signpost.storage import ConsumerRow
from signpost.workers.feedback import FeedbackDesk, InvalidFeedback, covers, patterns_of_users
from tests.support.batches import changes, handle
from tests.support.workers_kit import HOUR, START, System, event, system


@pytest.fixture
def signpost(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        made.now = START + 10 * HOUR
        yield made


def test_feedback_from_too_far_ahead_is_refused(signpost: System) -> None:
    (name, *_) = {one["id"] for one in changes(handle(signpost, event("offer.extended", "ahead", offer="o")))}
    answer = event("advice.done", "anybody", at=11, recommendation=name)
    for now, is_refused in ((answer.time - MAX_AHEAD_US, False), (answer.time - MAX_AHEAD_US - 1, True)):
        with signpost.store.transaction() as tx:
            desk = FeedbackDesk(tx, [answer], now)
            if is_refused:
                with pytest.raises(InvalidFeedback, match="more than 5 minutes ahead"):
                    desk.admit(answer, "")
            else:
                assert desk.admit(answer, "").subject == "ahead"


@pytest.mark.parametrize(
    ("pattern", "is_covered"),
    [
        ("#", True),
        ("acme.#", True),
        ("acme.candidate.#", True),
        ("*.candidate.#", True),
        ("agenda:acme.#", True),
        ("acme.*.pay.#", True),
        ("acme", True),
        ("globex.#", False),
        ("acme.employer.#", False),
        ("*.employer.#", False),
        ("agenda:globex.#", False),
    ],
)
def test_a_user_may_answer_what_its_consumers_receive(pattern: str, is_covered: bool) -> None:
    assert covers(pattern, "acme", "candidate") is is_covered


def test_a_user_has_the_patterns_of_all_its_consumers_and_nobody_those_of_a_consumer_without() -> None:
    rows = [ConsumerRow(["acme.#"], "ann"), ConsumerRow(["#"], ""), ConsumerRow(["globex.#"], "ann")]
    assert patterns_of_users(rows) == {"ann": ["acme.#", "globex.#"]}


def test_a_user_may_answer_what_one_of_its_consumers_receives(signpost: System) -> None:
    signpost.store.consumers.put("c", ["globex.#", "acme.#"], START, user="ann")
    (name, *_) = {one["id"] for one in changes(handle(signpost, event("offer.extended", "two", offer="o")))}
    with signpost.store.transaction() as tx:
        answer = event("advice.done", "anybody", at=1, recommendation=name)
        assert FeedbackDesk(tx, [answer], signpost.now).admit(answer, "ann").subject == "two"


def test_where_consumers_have_users_nobody_else_answers(signpost: System) -> None:
    signpost.store.consumers.put("c", ["acme.#"], START, user="ann")
    (name, *_) = {one["id"] for one in changes(handle(signpost, event("offer.extended", "three", offer="o")))}
    answer = event("advice.done", "anybody", at=1, recommendation=name)
    for user in ("", "bob"):
        with signpost.store.transaction() as tx, pytest.raises(InvalidFeedback, match="have users of their own"):
            FeedbackDesk(tx, [answer], signpost.now).admit(answer, user)
