"""The share of one process of a tenant's rate, on a database that a test controls: answers, silence, and the wait."""

import threading
from collections.abc import Callable, Iterator

import pytest

from signpost.errors import TransientError
from signpost.ingress.strict_json import TooLarge
from signpost.services.intake import rate
from signpost.services.intake.problems import RateLimited
from signpost.services.intake.rate import EMPTY_US, MAX_WAIT_S, RETRY_STATUSES, SECOND_US, UNAVAILABLE_US, RateLimit
from signpost.storage import Lease, Rate, Store, open_store
from tests.support.databases import migrate

NOW = 1_772_460_000_000_000


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    migrate(sqlite_url)
    with open_store(sqlite_url) as opened:
        yield opened


@pytest.fixture
def asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(least, most) of each query of the database."""
    found: list[tuple[int, int]] = []
    lease = store.lease_tokens

    def counted(tenant: str, least: int, most: int, of: Rate, now: int) -> Lease:
        found.append((least, most))
        return lease(tenant, least, most, of, now)

    monkeypatch.setattr(store, "lease_tokens", counted)
    return found


def answer_with(store: Store, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], Lease]) -> list[int]:
    asked: list[int] = []

    def lease(tenant: str, least: int, most: int, of: Rate, now: int) -> Lease:
        asked.append(now)
        return answer()

    monkeypatch.setattr(store, "lease_tokens", lease)
    return asked


def fail() -> Lease:
    raise TransientError("the database is away")


def test_a_process_takes_a_portion_and_spends_it_before_it_asks_again(
    store: Store, asked: list[tuple[int, int]]
) -> None:
    limit = RateLimit(store, Rate(100, 200))
    for _ in range(10):
        limit.take("north", 1, NOW)
    assert asked == [(1, 10)]
    limit.take("north", 1, NOW)
    assert asked == [(1, 10), (1, 10)]
    limit.take("north", 15, NOW)
    assert asked[2] == (6, 10), "what it holds is counted"
    assert limit.max_events == 200


def test_a_request_larger_than_a_portion_is_leased_whole(store: Store, asked: list[tuple[int, int]]) -> None:
    limit = RateLimit(store, Rate(100, 200))
    limit.take("north", 50, NOW)
    assert asked == [(50, 50)]
    limit.take("south", 1, NOW)
    assert asked[1] == (1, 10), "each tenant has a share of its own"


def test_a_slow_rate_has_portions_of_one(store: Store, asked: list[tuple[int, int]]) -> None:
    limit = RateLimit(store, Rate(1, 5))
    limit.take("north", 1, NOW)
    assert asked == [(1, 1)]


def test_a_refusal_is_remembered_for_as_many_events_or_more(store: Store, asked: list[tuple[int, int]]) -> None:
    limit = RateLimit(store, Rate(10, 20))
    limit.take("north", 18, NOW)
    with pytest.raises(RateLimited) as caught:
        limit.take("north", 5, NOW)
    assert caught.value.retry_after_s == 1
    count = len(asked)
    with pytest.raises(RateLimited):
        limit.take("north", 6, NOW + EMPTY_US - 1)
    assert len(asked) == count, "the answer is known"
    limit.take("north", 1, NOW + EMPTY_US - 1)
    assert len(asked) == count + 1, "fewer may fit"
    with pytest.raises(RateLimited):
        limit.take("north", 20, NOW + EMPTY_US)
    assert len(asked) == count + 2


def test_the_wait_is_whole_seconds_at_least_one_and_long_enough(store: Store, asked: list[tuple[int, int]]) -> None:
    limit = RateLimit(store, Rate(1, 20))
    limit.take("north", 20, NOW)
    for events, seconds in [(20, 20), (3, 3), (1, 1)]:
        with pytest.raises(RateLimited) as caught:
            limit.take("north", events, NOW)
        assert caught.value.retry_after_s == seconds
    with pytest.raises(RateLimited) as caught:
        limit.take("north", 3, NOW + SECOND_US // 2)
    assert caught.value.retry_after_s == 3
    limit.take("north", 3, NOW + 3 * SECOND_US)
    assert asked


def test_the_price_of_the_whole_request_is_named(store: Store, asked: list[tuple[int, int]]) -> None:
    limit = RateLimit(store, Rate(1, 20))
    limit.take("north", 20, NOW)
    with pytest.raises(RateLimited) as caught:
        limit.take("north", 2, NOW, price=7)
    assert caught.value.price == 7
    with pytest.raises(TooLarge, match="21 events; at most 20"):
        limit.take("north", 21, NOW)
    assert asked


def test_without_the_database_everything_is_let_in_and_it_is_left_alone_for_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unchecked: list[int] = []

    class Counting:
        def inc(self) -> None:
            unchecked.append(1)

    monkeypatch.setattr(rate, "RATE_UNCHECKED", Counting())
    asked = answer_with(store, monkeypatch, fail)
    limit = RateLimit(store, Rate(1, 2))
    for at in (0, 1, UNAVAILABLE_US - 1):
        limit.take("north", 2, NOW + at)
    assert asked == [NOW]
    assert unchecked == [1]
    assert "rate limiting disabled for 5 s: database unavailable: the database is away" in caplog.text
    limit.take("north", 2, NOW + UNAVAILABLE_US)
    assert asked == [NOW, NOW + UNAVAILABLE_US]
    limit.take("north", 2, NOW)
    assert len(asked) == 3, "a clock that was set back does not switch the limit off"


def test_a_silent_database_delays_a_request_by_a_quarter_of_a_second_and_no_more(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert MAX_WAIT_S == 0.25
    monkeypatch.setattr(rate, "MAX_WAIT_S", 0.02)
    release = threading.Event()

    def hang() -> Lease:
        release.wait(30)
        return Lease(0, 0)

    asked = answer_with(store, monkeypatch, hang)
    limit = RateLimit(store, Rate(1, 2))
    limit.take("north", 1, NOW)
    limit.take("south", 1, NOW + UNAVAILABLE_US)
    assert caplog.text.count("no answer within 0.02 s") == 2
    release.set()
    limit._executor.submit(int).result(30)
    assert asked == [NOW], "the second was withdrawn while it waited"
    limit.close()


def test_a_request_that_waits_too_long_for_its_turn_is_let_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "MAX_WAIT_S", 0.02)
    limit = RateLimit(store, Rate(1, 1))
    answer_with(store, monkeypatch, lambda: Lease(0, NOW))
    with pytest.raises(RateLimited):
        limit.take("north", 1, NOW)
    with limit._shares["north"].lock:
        limit.take("north", 1, NOW)


def test_a_refusal_that_is_remembered_longer_than_its_wait_says_one_second(
    store: Store, asked: list[tuple[int, int]]
) -> None:
    limit = RateLimit(store, Rate(100, 200))
    limit.take("north", 200, NOW)
    for now in (NOW, NOW + EMPTY_US - 1):
        with pytest.raises(RateLimited) as caught:
            limit.take("north", 5, now)
        assert caught.value.retry_after_s == 1, "0 would ask the sender to repeat at once"
    assert len(asked) == 2


def test_the_tokens_that_a_process_holds_shorten_the_wait(store: Store, asked: list[tuple[int, int]]) -> None:
    limit = RateLimit(store, Rate(100, 1000))
    limit.take("north", 300, NOW)
    limit.take("north", 1, NOW)
    with pytest.raises(RateLimited) as caught:
        limit.take("north", 799, NOW)
    assert caught.value.retry_after_s == 1, "690 are left and 9 are held: 100 more come within a second"
    limit.take("north", 799, NOW + SECOND_US)
    assert asked


def test_closing_waits_for_no_database_and_asks_nothing_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def hang() -> Lease:
        release.wait(5)
        return Lease(0, 0)

    asked = answer_with(store, monkeypatch, hang)
    limit = RateLimit(store, Rate(1, 2))
    running, waiting = (limit._executor.submit(store.lease_tokens, "north", 1, 1, Rate(1, 2), at) for at in (1, 2))
    limit.close()
    assert not running.done(), "the database has not answered yet"
    assert waiting.cancelled()
    release.set()
    running.result(30)
    assert asked == [1]
    with pytest.raises(RuntimeError, match="after shutdown"):
        limit.take("north", 1, NOW)


def test_the_database_is_asked_ten_times_a_second_at_most_and_left_alone_for_five_seconds() -> None:
    assert (rate.PORTIONS_PER_SECOND, EMPTY_US, UNAVAILABLE_US) == (10, 100_000, 5_000_000)


def test_a_refusal_holds_while_the_clock_stands(store: Store, asked: list[tuple[int, int]]) -> None:
    limit = RateLimit(store, Rate(1, 1))
    limit.take("north", 1, NOW)
    for _ in range(3):
        with pytest.raises(RateLimited):
            limit.take("north", 1, NOW)
    assert asked == [(1, 1), (1, 1)]


def test_a_refusal_is_answered_as_each_vendor_needs_it() -> None:
    """With a status after which the vendor sends again; of others none is known, and their webhooks are let in."""
    for vendor in ("standard", "greenhouse", "lever", "ashby", "workable", "smartrecruiters", "recruitee"):
        assert RETRY_STATUSES[vendor] == 429
    assert RETRY_STATUSES["merge"] == 503
    assert "teamtailor" not in RETRY_STATUSES
