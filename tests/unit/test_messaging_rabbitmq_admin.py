"""Errands at RabbitMQ without a server: what is asked on a channel, and what each refusal means in words."""

import logging
import ssl
import threading
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from pika import BasicProperties
from pika.adapters.utils.connection_workflow import AMQPConnectorStackTimeout
from pika.exceptions import (
    AMQPConnectionError,
    AMQPError,
    ChannelClosedByBroker,
    ConnectionBlockedTimeout,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)
from pika.spec import Basic

from signpost.messaging import (
    Bounds,
    BrokerAway,
    BrokerMisconfigured,
    Counts,
    NoSuchQueue,
    TopologyDiffers,
    require_topology,
)
from signpost.messaging.inspection import BrokerBlocked
from signpost.messaging.message import QueueCounts
from signpost.messaging.rabbitmq.admin import AdminSession, open_admin
from signpost.messaging.rabbitmq.broker import RabbitBroker
from signpost.messaging.rabbitmq.failures import innermost, to_error
from signpost.messaging.rabbitmq.inspection import ALARM_WAIT_S, RabbitInspection, open_inspection
from signpost.messaging.topology import ADVISOR, declaration
from signpost.names import EVENTS

URL = "amqp://guest:guest@host/"
ONE = declaration(1)


class Broker:
    """A connection whose channels note what is asked, and answer or refuse as a test says."""

    def __init__(self, *given: Any) -> None:
        self.given = given
        self.calls: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}
        self.refusals: dict[str, Any] = {}
        """What is asked, or what it is asked about -> the refusal."""
        self.opened = self.closed = 0
        self.is_open = True
        self._impl = SimpleNamespace(server_properties=None)

    def channel(self) -> "Channel":
        self.opened += 1
        return Channel(self)

    def close(self) -> None:
        assert self.is_open
        self.is_open = False

    def of(self, *names: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] in names]


class Channel:
    """A channel, which a refusal closes."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self.is_open = broker, True

    def close(self) -> None:
        assert self.is_open
        self.is_open = False
        self._broker.closed += 1

    def __getattr__(self, name: str) -> Any:
        def ask(*given: Any, **options: Any) -> Any:
            self._broker.calls.append((name, *given, *options.items()))
            for key in (name, *map(str, given[:1])):
                if (refusal := self._broker.refusals.get(key)) is not None:
                    self.is_open = False
                    raise refusal
            return self._broker.answers.get(name)

        return ask


def session(broker: Any) -> AdminSession:
    return AdminSession(broker)


def closed(code: int, text: str = "no") -> ChannelClosedByBroker:
    return ChannelClosedByBroker(code, text)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    """The connection that errands make."""
    made = Broker()

    def connect(*given: Any) -> Broker:
        made.given, made.is_open = given, True
        return made

    monkeypatch.setattr("signpost.messaging.rabbitmq.admin.BlockingConnection", connect)
    return made


def test_each_errand_has_a_channel_of_its_own_which_it_closes(broker: Broker) -> None:
    admin = session(broker)
    admin.delete("q")
    assert (broker.opened, broker.closed) == (1, 1)
    broker.refusals["q"] = closed(404)
    with pytest.raises(ChannelClosedByBroker):
        admin.delete("q")
    assert (broker.opened, broker.closed) == (2, 1), "the refusal has closed it"


def test_the_version_is_what_the_broker_states(broker: Broker) -> None:
    found = []
    for properties in (None, {}, {"version": "3.10.8"}):
        broker._impl.server_properties = properties
        found.append(session(broker).server_version)
    assert found == ["", "", "3.10.8"]


def test_applying_declares_everything_binds_it_and_unbinds_what_is_retired(broker: Broker) -> None:
    session(broker).apply(ONE)
    exchange, queue = ONE.exchanges[0], ONE.queues[0]
    declared = broker.of("exchange_declare", "queue_declare")
    assert len(declared) == len(ONE.exchanges) + len(ONE.queues)
    arguments = ("arguments", dict(exchange.arguments))
    assert declared[0] == ("exchange_declare", exchange.name, exchange.kind, ("durable", True), arguments)
    queues = [call for call in declared if call[0] == "queue_declare"]
    assert queues[0] == ("queue_declare", queue.name, ("durable", True), ("arguments", dict(queue.arguments)))
    assert broker.of("queue_bind") == [("queue_bind", b.queue, b.exchange, b.pattern) for b in ONE.bindings]
    assert broker.of("queue_unbind") == [("queue_unbind", b.queue, b.exchange, b.pattern) for b in ONE.retired]
    assert len(ONE.retired) > 0


@pytest.mark.parametrize("name", [EVENTS, ADVISOR])
def test_what_exists_with_other_properties_is_not_bent(broker: Broker, name: str) -> None:
    broker.refusals[name] = closed(406, "inequivalent arg")
    with pytest.raises(TopologyDiffers, match="inequivalent arg"):
        session(broker).apply(ONE)
    broker.refusals[name] = closed(403)
    with pytest.raises(ChannelClosedByBroker):
        session(broker).apply(ONE)


def test_a_check_names_what_is_missing_and_what_is_different(broker: Broker) -> None:
    broker.answers["queue_declare"] = SimpleNamespace(method=SimpleNamespace(message_count=3, consumer_count=None))
    broker.refusals = {queue: closed(404) for queue in ONE.retired_queues}
    admin = session(broker)
    assert admin.check(ONE) == []
    assert all(("exchange_declare", one.name, ("passive", True)) in broker.calls for one in ONE.exchanges)
    assert ("queue_declare", ADVISOR, ("passive", True)) in broker.calls
    [advisor] = [one for one in ONE.queues if one.name == ADVISOR]
    complete = ("queue_declare", ADVISOR, ("durable", True), ("arguments", dict(advisor.arguments)))
    assert complete in broker.calls, "only this compares the properties"
    broker.refusals |= {EVENTS: closed(404), ADVISOR: closed(406, "PRECONDITION_FAILED - other arguments")}
    expected = [f"exchange {EVENTS}: is missing", f"queue {ADVISOR}: exists with other properties: other arguments"]
    assert admin.check(ONE) == expected
    for queue in ONE.retired_queues[:2]:
        del broker.refusals[queue]
    broker.calls.clear()
    found = admin.check(ONE, max_retired=1)
    assert found[:2] == expected
    assert [line.partition(":")[0] for line in found[2:]] == [f"queue {ONE.retired_queues[0]}"]
    assert "3 messages wait" in found[2]
    assert len(admin.check(ONE)) == 4


def test_a_user_without_rights_learns_less_only_where_that_is_wanted(broker: Broker) -> None:
    broker.refusals = {queue: closed(404) for queue in ONE.retired_queues} | {EVENTS: closed(403)}
    admin = session(broker)
    assert admin.check(ONE, if_permitted=True) == []
    with pytest.raises(ChannelClosedByBroker):
        admin.check(ONE)
    for is_permitted, code in ((False, 403), (True, 405), (False, 405)):
        broker.refusals[EVENTS] = closed(code)
        with pytest.raises(ChannelClosedByBroker):
            admin.check(ONE, if_permitted=is_permitted)


def test_a_queue_that_is_missing_has_no_depth_and_an_empty_one_0(broker: Broker) -> None:
    admin = session(broker)
    broker.answers["queue_declare"] = SimpleNamespace(method=SimpleNamespace(message_count=None, consumer_count=None))
    assert (admin.counts("q"), admin.depth("q")) == ((0, 0), 0)
    broker.answers["queue_declare"] = SimpleNamespace(method=SimpleNamespace(message_count=5, consumer_count=2))
    assert (admin.counts("q"), admin.depth("q")) == ((5, 2), 5)
    assert broker.calls[-1] == ("queue_declare", "q", ("passive", True)), "it creates none"
    broker.refusals["q"] = closed(404)
    assert (admin.counts("q"), admin.depth("q")) == (None, None)
    broker.refusals["q"] = closed(405)
    with pytest.raises(ChannelClosedByBroker):
        admin.depth("q")


def test_what_is_purged_is_counted_and_what_is_got_is_taken_up_to_the_limit(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = session(broker)
    for count, expected in ((None, 0), (4, 4)):
        broker.answers["queue_purge"] = SimpleNamespace(method=SimpleNamespace(message_count=count))
        assert admin.purge("q") == expected
    letters: list[Any] = [
        (Basic.GetOk(n, True, "x", "k"), BasicProperties(message_id=f"m-{n}"), b"{}") for n in range(3)
    ]
    letters.append((None, None, None))

    def take(_channel: Channel, _queue: str, *, auto_ack: bool) -> Any:
        assert auto_ack
        return letters.pop(0)

    monkeypatch.setattr(Channel, "basic_get", take, raising=False)
    found = admin.get("q", 2)
    assert [(one.message_id, one.tag, one.redelivered) for one in found] == [
        ("m-0", (0, 0), True),
        ("m-1", (0, 1), True),
    ]
    assert [one.message_id for one in admin.get("q", 9)] == ["m-2"]
    admin.unbind("q", "acme.#")
    assert broker.of("queue_unbind")[0][1] == "q"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (closed(404, "no queue q"), NoSuchQueue, "no queue q"),
        (closed(403, "access refused"), BrokerMisconfigured, "RabbitMQ refuses: access refused; grant this"),
        (closed(406, "other"), BrokerAway, "RabbitMQ refuses: other"),
        (AMQPConnectionError("cut"), BrokerAway, "RabbitMQ cannot be reached: cut"),
        (OSError(111, "Connection refused"), BrokerAway, "RabbitMQ cannot be reached: Connection refused"),
        (AMQPConnectorStackTimeout("x"), BrokerAway, "it accepts connections and does not answer"),
    ],
)
def test_an_errand_that_fails_says_why_and_leaves_nothing(
    broker: Broker, error: Exception, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught, open_admin(URL, Bounds(), "a test"):
        raise error
    assert type(caught.value) is kind
    assert not broker.is_open
    assert logging.getLogger("pika.channel").filters == []


def test_an_errand_closes_its_connection_once_and_silences_pika_meanwhile(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.filters.clear()
    with open_admin(URL, Bounds(connect_timeout_s=3), "a test") as admin:
        logging.getLogger("pika.channel").warning("a queue is missing")
        thread = threading.Thread(target=logging.getLogger("pika.channel").warning, args=["of a consumer"])
        thread.start()
        thread.join()
        admin.delete("q")
        broker.close()
    assert broker.given[0].socket_timeout == 3
    logging.getLogger("pika.channel").warning("again")
    assert [record.message for record in caplog.records] == ["of a consumer", "again"]


def test_a_broker_does_its_errands(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = RabbitBroker(URL, ONE, Bounds(), "a test")
    broker.answers["queue_declare"] = SimpleNamespace(method=SimpleNamespace(message_count=5, consumer_count=2))
    broker.refusals = {queue: closed(404) for queue in (*ONE.retired_queues, "none")} | {EVENTS: closed(403)}
    assert ours.check_topology(if_permitted=True) == []
    with pytest.raises(BrokerMisconfigured, match="grant this"):
        ours.check_topology()
    with pytest.raises(BrokerMisconfigured):
        ours.apply_topology()
    assert ours.queue_depth(ADVISOR) == 5
    with pytest.raises(NoSuchQueue, match="no queue none; run `signpost topology apply`"):
        ours.queue_depth("none")
    assert ours.queue_counts([ADVISOR, "none"]) == {ADVISOR: QueueCounts(5, 2)}
    broker.answers["queue_purge"] = SimpleNamespace(method=SimpleNamespace(message_count=4))
    assert ours.purge("q") == 4
    broker.answers["basic_get"] = (Basic.GetOk(1, False, "x", "k"), BasicProperties(message_id="m-1"), b"{}")
    assert [one.message_id for one in ours.get("q", 1)] == ["m-1"]
    for queue in ONE.retired_queues[:2]:
        del broker.refusals[queue]
    assert len(ours.check_topology(if_permitted=True, max_retired=1)) == 1


def test_a_process_needs_no_right_to_configure_when_it_starts(broker: Broker) -> None:
    broker.refusals = {queue: closed(404) for queue in ONE.retired_queues} | {EVENTS: closed(403)}
    assert require_topology(RabbitBroker(URL, ONE, Bounds(), "a test")) == []


# What a look finds out


def test_a_right_is_found_out_by_what_the_broker_refuses(broker: Broker) -> None:
    looked = RabbitInspection(session(broker), ONE)
    may: list[Callable[[], bool]] = [
        partial(looked.may_configure, ADVISOR),
        partial(looked.may_write, EVENTS),
        partial(looked.may_read, ADVISOR),
    ]
    for code, expected in ((0, True), (403, False), (406, True)):
        for asked in ("queue_declare", "tx_rollback", "basic_consume"):
            broker.refusals[asked] = closed(code) if code else None
        assert [ask() for ask in may] == [expected] * 3
    broker.refusals = dict.fromkeys(("queue_declare", "tx_rollback", "basic_consume"), closed(404))
    for ask in may:
        with pytest.raises(ChannelClosedByBroker):
            ask()


def test_a_look_leaves_no_message_and_takes_none(broker: Broker) -> None:
    looked = RabbitInspection(session(broker), ONE)
    looked.may_write(EVENTS)
    assert [name for name, *_ in broker.calls] == ["tx_select", "basic_publish", "tx_rollback"]
    broker.calls.clear()
    looked.may_read(ADVISOR)
    assert broker.of("basic_qos") == [("basic_qos", ("prefetch_count", 1))]
    assert broker.of("basic_consume")[0][-1] == ("arguments", {"x-priority": "not a number"})
    broker.calls.clear()
    looked.may_configure(ADVISOR)
    assert broker.calls[0] == ("queue_declare", ADVISOR, ("passive", True)), "it creates no queue"
    assert broker.calls[1][:3] == ("queue_declare", ADVISOR, ("durable", True))


def test_a_look_counts_and_compares_as_far_as_it_may(broker: Broker) -> None:
    looked = RabbitInspection(session(broker), ONE)
    broker.answers["queue_declare"] = SimpleNamespace(method=SimpleNamespace(message_count=5, consumer_count=2))
    broker._impl.server_properties = {"version": "4.1"}
    assert (looked.version, looked.counts("q")) == ("4.1", Counts(5, 2))
    broker.refusals = {queue: closed(404) for queue in ONE.retired_queues} | {"q": closed(404), EVENTS: closed(403)}
    assert (looked.counts("q"), looked.differences()) == (None, [])


def test_a_broker_that_blocks_is_told_from_one_that_is_away(broker: Broker) -> None:
    for error, kind in ((ConnectionBlockedTimeout("memory"), BrokerBlocked), (AMQPError("cut"), BrokerAway)):
        broker.is_open = True
        with pytest.raises(BrokerAway) as caught, open_inspection(URL, ONE, Bounds(), "a test"):
            raise error
        assert type(caught.value) is kind
    assert broker.given[0].blocked_connection_timeout == ALARM_WAIT_S == 1


# What failed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NOT_ALLOWED - vhost acme not found", "RabbitMQ refuses: vhost acme not found; correct the virtual host"),
        ("NOT_ALLOWED - access to vhost 'acme' refused for user 'guest'", "refused for user 'guest'; correct the"),
        ("NOT_ALLOWED - access to vhost 'acme' refused for user 'guest': vhost 'acme' is down", ""),
        ("NOT_ALLOWED - something else", ""),
    ],
)
def test_a_virtual_host_that_is_refused_is_named_and_one_that_is_down_is_waited_for(text: str, words: str) -> None:
    found = to_error(ProbableAccessDeniedError(f'(530) "{text}"'))
    assert (type(found) is BrokerMisconfigured) == bool(words)
    assert words in str(found)
    assert type(to_error(AMQPConnectionError(text))) is BrokerAway


def test_a_wrong_password_is_told_and_not_shown() -> None:
    found = to_error(ProbableAuthenticationError("(403) 'Sesame'"))
    assert (type(found), "password" in str(found), "Sesame" in str(found)) == (BrokerMisconfigured, True, False)


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        *((name, BrokerMisconfigured) for name in ("WRONG_VERSION_NUMBER", "CERTIFICATE_VERIFY_FAILED")),
        *((name, BrokerMisconfigured) for name in ("TLSV1_ALERT_UNKNOWN_CA", "SSLV3_ALERT_HANDSHAKE_FAILURE")),
        ("RECORD_LAYER_FAILURE", BrokerAway),
    ],
)
def test_an_error_of_tls_that_comes_back_is_the_operators(reason: str, kind: type[Exception]) -> None:
    error: Any = ssl.SSLError(1, f"[SSL: {reason}] it failed")
    error.verify_message = "self-signed certificate"
    found = to_error(error)
    assert type(found) is kind
    assert reason in str(found)
    assert ("self-signed" in str(found)) == (kind is BrokerMisconfigured)


def test_the_words_are_those_of_the_innermost_error() -> None:
    inner = OSError(111, "Connection refused")
    outer = AMQPConnectionError(SimpleNamespace(), AMQPError("half", inner))
    assert innermost(outer) is inner
    workflow = AMQPError()
    workflow.exceptions = [OSError("first"), AMQPError(inner)]
    workflow.exception = None
    assert innermost(workflow) is inner, "the last attempt of several"
    held = AMQPError("text")
    held.exception = inner
    assert innermost(held) is inner
    assert str(to_error(OSError("no number"))) == "RabbitMQ cannot be reached: no number"
    assert str(to_error(ValueError())) == "RabbitMQ cannot be reached: ValueError()"
