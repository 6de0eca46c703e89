"""The thread that keeps a connection to RabbitMQ, step by step: its loop is the test's, and there is no server."""

import gc
import os
import ssl
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pika.exceptions import AMQPError

from signpost.messaging import Bounds
from signpost.messaging.rabbitmq.connection import ERROR_PAUSE_S, ConnectionThread, connection_parameters
from signpost.messaging.rabbitmq.loop import SafeTimersLoop

MODULE = "signpost.messaging.rabbitmq.connection"
BOUNDS = Bounds(connect_timeout_s=3, backoff_first_s=1, backoff_max_s=4)


class Loop:
    """Notes what is to run later; what another thread asks for runs at once."""

    def __init__(self) -> None:
        self.later: dict[int, tuple[float, Callable[[], None]]] = {}
        self.stopped = self.closed = 0
        self._poller = self
        self._running = True

    def call_later(self, delay_s: float, function: Callable[[], None]) -> int:
        self.later[len(self.later)] = (delay_s, function)
        return len(self.later) - 1

    def remove_timeout(self, handle: int) -> None:
        del self.later[handle]

    def add_callback_threadsafe(self, function: Callable[[], None]) -> None:
        function()

    def stop(self) -> None:
        self.stopped += 1

    def close(self) -> None:
        self.closed += 1

    @property
    def delays(self) -> list[float]:
        return [delay for delay, _ in self.later.values()]


class Attempt:
    """A connection that pika would make."""

    is_open = is_closing = is_closed = False

    def __init__(self, *given: object, **options: object) -> None:
        self.given, self.options = given, options
        self.ended: list[str] = []
        self.closed = 0
        self.opening: list[object] = []

    def _terminate_stream(self, error: Exception) -> None:
        self.ended.append(str(error))

    def close(self) -> None:
        self.closed += 1

    def channel(self, on_open_callback: object) -> None:
        self.opening.append(on_open_callback)


class Made:
    """A connection thread that was not started, its loop, and what its owner was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(f"{MODULE}.SelectConnection", Attempt)
        monkeypatch.setattr(f"{MODULE}.random.uniform", lambda low, high: (low + high) / 2)
        self.opened: list[object] = []
        self.lost: list[str] = []
        self.thread = ConnectionThread("amqp://host/", BOUNDS, "a test", self.opened.append, self.lost.append)
        self.loop: Any = Loop()
        self.thread._loop = self.loop

    def connect(self) -> Any:
        self.thread._connect()
        return self.thread._connection

    def close(self, attempt: Any, reason: str = "cut") -> None:
        self.thread._on_connection_closed(attempt, AMQPError(reason))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(monkeypatch)


def test_a_connection_is_made_once_with_its_parameters_and_answers_to_this_thread(made: Made) -> None:
    attempt, thread = made.connect(), made.thread
    assert attempt.given == (thread._parameters,)
    assert attempt.options == {
        "on_open_callback": thread._on_connection_open,
        "on_open_error_callback": thread._on_connection_failed,
        "on_close_callback": thread._on_connection_closed,
        "custom_ioloop": made.loop,
    }
    thread._on_connection_failed(attempt, AMQPError("refused"))
    assert made.lost


def test_pika_makes_one_attempt_and_uses_tls_where_the_address_says_so() -> None:
    for url in ("amqp://host/?connection_attempts=3", "amqps://host/"):
        parameters = connection_parameters(url, BOUNDS, "a test")
        assert parameters.connection_attempts == 1
        assert (parameters.ssl_options is None) == (not url.startswith("amqps"))
    context = parameters.ssl_options.context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True), "pika by itself checks nothing"
    assert parameters.ssl_options.server_hostname == "host"


def test_what_is_called_runs_in_the_thread_of_the_loop(made: Made) -> None:
    ran: list[str] = []
    made.thread.call(lambda: ran.append("now"))
    made.thread.call_later(5, lambda: ran.append("later"))
    assert (ran, made.loop.delays, made.thread.in_own_thread()) == (["now"], [5], False)
    made.thread._thread = threading.current_thread()
    assert made.thread.in_own_thread()


def test_stopping_waits_for_the_thread_unless_it_is_this_one(made: Made) -> None:
    joined: list[float] = []

    class Thread:
        def is_alive(self) -> bool:
            return True

        def join(self, timeout: float) -> None:
            joined.append(timeout)

    made.thread._thread = Thread()  # type: ignore[assignment]
    made.thread.stop(2)
    assert (joined, made.loop.stopped) == ([3], 1)
    made.thread.in_own_thread = lambda: True  # type: ignore[method-assign]
    made.thread.stop(2)
    assert (joined, made.loop.stopped) == ([3], 2)


def test_equal_problems_are_logged_again_after_a_connection(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        made.close(made.connect())
    assert caplog.text.count("connecting again until it works") == 1
    made.thread.mark_ready()
    made.close(made.connect())
    assert caplog.text.count("connecting again until it works") == 2


def test_it_begins_without_a_connection(made: Made) -> None:
    assert (made.thread.problem, made.thread.failed) == ("not connected yet", False)
    assert made.thread.wait_first_attempt(0) is False
    made.thread.drop("nothing")
    made.thread.stop(1)
    assert made.loop.stopped == 0, "a thread that does not run has nothing to end"


def test_an_attempt_that_does_not_end_is_left_after_twice_the_time_of_a_connection(made: Made) -> None:
    attempt = made.connect()
    [(delay, give_up)] = made.loop.later.values()
    assert delay == 6
    give_up()
    assert attempt.ended == ["the broker did not answer in time"]
    made.loop.later.clear()
    made.close(attempt)
    assert made.loop.delays == [0.75], "the next attempt, and no second watch"


@pytest.mark.parametrize("ends", ["ready", "closed", "stopping"])
def test_the_watch_over_an_attempt_ends_with_it(made: Made, ends: str) -> None:
    attempt = made.connect()
    if ends == "ready":
        made.thread.mark_ready()
    elif ends == "closed":
        made.close(attempt)
    else:
        made.thread._begin_stop(2)
    assert 6 not in made.loop.delays


def test_pauses_double_up_to_their_limit_and_begin_again_after_a_connection(made: Made) -> None:
    pauses = []
    for _ in range(4):
        made.close(made.connect())
        pauses.append(made.loop.delays[-1])
    assert pauses == [0.75, 1.5, 3, 3]
    attempt = made.connect()
    made.thread.mark_ready()
    made.close(attempt)
    assert made.loop.delays[-1] == 0.75


def test_the_pause_is_a_random_part_of_its_length(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[float, float]] = []

    def choose(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    monkeypatch.setattr(f"{MODULE}.random.uniform", choose)
    made.close(made.connect())
    assert (asked, made.loop.delays[-1]) == ([(0.5, 1.0)], 0.5)


def test_only_an_attempt_that_fails_shows_that_the_broker_is_away(made: Made) -> None:
    attempt = made.connect()
    assert not made.thread._first_attempt.is_set()
    made.thread.mark_ready()
    assert made.thread._first_attempt.is_set()
    assert (made.thread.problem, made.thread.failed, made.thread.wait_first_attempt(0)) == (None, False, True)
    made.close(attempt, "cut")
    assert made.thread.problem
    assert not made.thread.failed, "a connection that was cut is usually back soon"
    made.close(made.connect())
    assert made.thread.failed
    assert len(made.lost) == 2
    attempt = made.connect()
    made.thread.mark_ready()
    assert not made.thread.failed
    made.close(attempt)
    assert not made.thread.failed


def test_the_first_attempt_is_over_once_it_has_failed(made: Made) -> None:
    made.close(made.connect())
    assert made.thread._first_attempt.is_set()


def test_a_connection_of_before_that_closes_late_changes_nothing(made: Made) -> None:
    before = made.connect()
    made.close(before)
    now = made.connect()
    made.close(before)
    assert made.thread._connection is now
    assert len(made.lost) == 1


def test_reconnections_are_counted_from_the_second_connection(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    class Counter:
        def inc(self, *_: str, by: int = 1) -> None:
            counted.append(int(by))

    monkeypatch.setattr(f"{MODULE}.RECONNECTS", Counter())
    for _ in range(3):
        made.thread.mark_ready()
    assert counted == [0, 1, 1]


def test_a_closed_channel_ends_its_connection(made: Made) -> None:
    made.thread._on_channel_closed(None, AMQPError("its connection is gone"))
    attempt = made.connect()
    made.thread._on_channel_closed(None, AMQPError("no queue"))
    assert attempt.ended == [], "it is closing already"
    attempt.is_open = True
    made.thread._on_channel_closed(None, AMQPError("no queue"))
    assert [text.partition(":")[0] for text in attempt.ended] == ["channel closed"]
    made.thread._stopping = True
    made.thread._on_channel_closed(None, AMQPError("no queue"))
    assert len(attempt.ended) == 1


def test_a_connection_opens_its_channel_and_tells_its_owner(made: Made) -> None:
    attempt = made.connect()
    made.thread._on_connection_open(attempt)
    [on_open] = attempt.opening

    class Channel:
        def __init__(self) -> None:
            self.watched: list[object] = []

        def add_on_close_callback(self, function: object) -> None:
            self.watched.append(function)

    channel = Channel()
    on_open(channel)
    assert (made.opened, channel.watched) == ([channel], [made.thread._on_channel_closed])


def test_stopping_closes_an_open_connection_within_its_time(made: Made) -> None:
    attempt = made.connect()
    made.thread.mark_ready()
    attempt.is_open = True
    made.thread._begin_stop(2)
    assert (attempt.closed, made.loop.stopped, made.loop.delays) == (1, 0, [2])
    made.close(attempt)
    assert (made.loop.stopped, made.loop.delays) == (1, [2]), "no further attempt"
    made.thread._connect()
    assert made.thread._connection is None


def test_stopping_does_not_wait_for_a_connection_that_is_not_open(made: Made) -> None:
    made.thread._begin_stop(2)
    assert made.loop.stopped == 1
    attempt = made.connect()
    made.thread._stopping = False
    attempt = made.connect()
    made.thread._begin_stop(2)
    assert (attempt.closed, made.loop.stopped) == (0, 2)
    attempt.is_closing = True
    made.thread._begin_stop(2)
    assert made.loop.stopped == 2, "it ends when the other side has answered"
    attempt.is_closed = True
    made.thread._begin_stop(2)
    assert made.loop.stopped == 3


def test_an_error_in_a_callback_begins_the_connection_again(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    paused: list[float] = []
    monkeypatch.setattr(f"{MODULE}.time.sleep", paused.append)
    attempt = made.connect()
    made.thread._make_startable()
    assert (made.loop._running, paused) == (False, [ERROR_PAUSE_S])
    assert attempt.ended == ["unexpected error"]
    assert len(made.lost) == 1
    made.thread._make_startable()
    assert len(made.lost) == 1, "there is nothing left to lose"
    attempt = made.connect()
    attempt.is_closed = True
    made.thread._make_startable()
    assert len(made.lost) == 2, "pika has closed it, failed, and will say nothing"
    assert made.loop.delays[-1] > 0, "the next attempt"


def test_a_connection_that_ends_as_it_is_dropped_is_lost_once(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.time.sleep", lambda _: None)
    attempt = made.connect()
    attempt._terminate_stream = lambda error: made.close(attempt, str(error))
    made.thread._make_startable()
    assert len(made.lost) == 1
    assert made.thread._connection is None


def test_no_connection_keeps_a_process_from_ending_and_a_debugger_shows_whose_it_is(made: Made) -> None:
    assert (made.thread._thread.daemon, made.thread._thread.name) == (True, "a test")


def test_the_thread_goes_on_after_an_error_and_reports_its_end(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.time.sleep", lambda _: None)
    starts: list[int] = []

    def start() -> None:
        starts.append(1)
        if len(starts) == 1:
            raise ValueError("a callback")
        made.thread._stopping = True

    made.loop.start = start
    attempt = made.connect()
    attempt.is_closed = True
    made.thread._run()
    assert len(starts) == 2
    assert (attempt.ended[-1:], made.lost[-1], made.thread.problem) == (["unexpected error"], "stopped", "stopped")
    made.thread._connection = attempt
    made.thread._run()
    assert attempt.ended[-1] == "unexpected error", "pika refuses to end what is closed"
    attempt.is_closed = False
    made.thread._run()
    assert attempt.ended[-1] == "stopped"
    assert made.loop.closed == 3


def test_an_attempt_that_fails_at_once_is_made_again(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.time.sleep", lambda _: None)

    def fail(*given: object, **options: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(f"{MODULE}.SelectConnection", fail)
        with pytest.raises(RuntimeError, match="thread"):
            made.thread._connect()
    made.thread._make_startable()
    made.thread._make_startable()
    attempts = [handle for handle, (_, function) in made.loop.later.items() if function == made.thread._connect]
    assert len(attempts) == 1, "one attempt is to come, however many errors there were"
    assert made.thread._pause == 2 * BOUNDS.backoff_first_s, "and no later than after one"
    again = made.loop.later.pop(attempts[0])[1]
    with monkeypatch.context() as patch:
        patch.setattr(f"{MODULE}.SelectConnection", fail)
        with pytest.raises(RuntimeError, match="thread"):
            again()
    made.thread._make_startable()
    assert made.loop.delays == [6, 1.5], "and again, and no watch is left of the attempt before"
    made.thread._next_attempt = None
    again()
    assert made.thread._connection is not None


def test_a_connection_that_cannot_be_dropped_holds_up_nothing(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{MODULE}.time.sleep", lambda _: None)
    attempt = made.connect()

    def refuse(error: Exception) -> None:
        raise AMQPError("wrong state")

    attempt._terminate_stream = refuse
    made.thread._make_startable()
    assert made.thread._next_attempt is not None
    made.thread._on_connection_open(attempt)
    assert (attempt.closed, attempt.opening) == (1, []), "it was given up"


def test_an_error_in_a_timer_does_not_lose_those_that_were_due_with_it() -> None:
    loop = SafeTimersLoop()
    ran: list[str] = []

    def fail() -> None:
        ran.append("failed")
        raise ValueError("a timer")

    loop.call_later(0, fail)
    loop.call_later(0, lambda: ran.append("went on"))
    loop.process_timeouts()
    with pytest.raises(ValueError, match="a timer"):
        loop.process_timeouts()
    loop.close()
    assert ran == ["failed", "went on"]


def test_a_thread_that_has_ended_keeps_no_descriptor() -> None:
    gc.collect()
    gc.disable()
    try:
        before = len(os.listdir("/proc/self/fd"))
        thread = ConnectionThread("amqp://127.0.0.1:1/", BOUNDS, "a test", lambda _: None, lambda _: None)
        thread.start()
        assert not thread.wait_first_attempt(30)
        thread.stop(5)
        assert len(os.listdir("/proc/self/fd")) == before
        thread.call(lambda: None)
    finally:
        gc.enable()
