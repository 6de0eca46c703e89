"""Wakes of requests that wait for the feed: once, by their own tenant, and never lost through an error."""

import queue
import threading
from collections.abc import Collection
from typing import cast

import pytest

from signpost.errors import TransientError
from signpost.services.intake import feed_watch
from signpost.services.intake.feed_watch import FeedWatch
from signpost.storage import Store


class Positions:
    """What a watch asks of the store. `errors`: raised by the next questions."""

    def __init__(self) -> None:
        self.now: dict[str, int] = {}
        self.errors: list[Exception] = []
        self.asked: queue.Queue[list[str]] = queue.Queue()

    def feed_positions(self, tenants: Collection[str]) -> dict[str, int]:
        self.asked.put(sorted(tenants))
        if self.errors:
            raise self.errors.pop()
        return {tenant: self.now[tenant] for tenant in tenants if tenant in self.now}


@pytest.fixture
def positions() -> Positions:
    return Positions()


def watch_of(positions: Positions) -> FeedWatch:
    return FeedWatch(cast(Store, positions))


@pytest.fixture
def still(positions: Positions, monkeypatch: pytest.MonkeyPatch) -> FeedWatch:
    """A watch whose turns the test takes."""
    monkeypatch.setattr(FeedWatch, "_start", lambda self: None)
    return watch_of(positions)


def test_a_request_is_woken_once_by_the_feed_of_its_tenant(positions: Positions, still: FeedWatch) -> None:
    woken: list[str] = []
    still.after("north", 5)(lambda: woken.append("north"))
    still.after("south", 5)(lambda: woken.append("south"))
    positions.now = {"north": 6, "south": 5}
    still.turn()
    still.turn()
    assert woken == ["north"]
    assert [positions.asked.get_nowait() for _ in range(2)] == [["north", "south"], ["south"]]


def test_nobody_asks_the_database_once_all_have_given_up(positions: Positions, still: FeedWatch) -> None:
    give_up = still.after("north", 0)(lambda: pytest.fail("it has given up"))
    give_up()
    give_up()
    positions.now = {"north": 1}
    still.turn()
    assert positions.asked.empty()


def test_who_gives_up_during_the_question_is_not_woken(positions: Positions, still: FeedWatch) -> None:
    woken: list[str] = []
    give_up = still.after("north", 0)(lambda: woken.append("first"))
    still.after("north", 0)(lambda: woken.append("second"))
    positions.now = {"north": 1}
    positions.asked.put = lambda *_: give_up()  # type: ignore[method-assign]
    still.turn()
    assert woken == ["second"]


@pytest.mark.parametrize("error", [TransientError("the database is away"), KeyError("a bug")])
def test_an_error_delays_the_wake_only(positions: Positions, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_watch, "INTERVAL_S", 0.01)
    positions.now, positions.errors = {"north": 1}, [error]
    woken = threading.Event()
    watch_of(positions).after("north", 0)(woken.set)
    assert woken.wait(10)
    assert positions.asked.qsize() == 2


def test_a_thread_that_cannot_start_leaves_nothing_and_is_tried_again(
    positions: Positions, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    watch, woken = watch_of(positions), threading.Event()
    positions.now = {"north": 1}
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError):
            watch.after("north", 0)(lambda: pytest.fail("its request has ended"))
    watch.after("north", 0)(woken.set)
    assert woken.wait(10)
