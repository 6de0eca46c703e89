"""Endpoints, deliverers and receivers without a network: time is virtual, and every receiver keeps what it gets."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import select

from signpost.case.instant import DAY, SECOND
from signpost.messaging.message import Message
from signpost.outgoing.registry import new_endpoint, secret_of
from signpost.outgoing.schedule import Patience
from signpost.outgoing.sender import Reply
from signpost.storage import Change, Claimed, EndpointRow, Store
from signpost.storage.endpoint_tables import endpoint_messages, endpoints
from signpost.workers.delivering import Deliverer, DeliveryLimits, Result

NOW = 1_772_460_000_000_000
SECRET = secret_of(b"k" * 32)
LIMITS = DeliveryLimits(64, 15 * SECOND, 7 * DAY, 90 * DAY, Patience(3 * DAY))
ENDED = ("resolved", "expired", "superseded", "done")

OK = Reply("delivered", "", 200, b"ok", reached=True)
REFUSED = Reply("refused", "the receiver answered 503", 503, b"later")
FAULTY = Reply("refused", "the receiver answered 500", 500, b"oops", reached=True)
AWAY = Reply("failed", "ConnectError: refused")
HANGS = Reply("failed", "no complete response within 15 s", reached=True)
GONE = Reply("refused", "the receiver answered 410", 410, b"gone")


def endpoint(name: str = "ep_1", *patterns: str, tenant: str = "acme", **more: Any) -> EndpointRow:
    """An endpoint for all messages of a tenant, or for some."""
    chosen = patterns or (f"{tenant}.#",)
    return new_endpoint(
        tenant, name, f"https://{name.replace('_', '-')}.example/hook", chosen, secret=SECRET,
        **{"every_change": False, "networks": (), "now": NOW, **more},
    )  # fmt: skip


def body_of(item: str, sequence: int, change: str, key: str, tenant: str = "acme", at: int = NOW) -> bytes:
    """The CloudEvent of a change."""
    status = change if change in ENDED else "active"
    data = {
        "id": item, "sequence": sequence, "change": change, "status": status, "audience": "candidate",
        "topic": "offers", "priority": "high", "title": "Call Anna", "explanation": {"because": ["Anna called"]},
    }  # fmt: skip
    return orjson.dumps({"id": f"{item}.{sequence}", "subject": key, "tenant": tenant, "data": data})


def change_of(item: str, sequence: int, change: str, key: str = "c-1", tenant: str = "acme") -> Change:
    """A change of a recommendation."""
    body = body_of(item, sequence, change, key, tenant)
    status = change if change in ENDED else "active"
    return Change(
        tenant, key, item, sequence, change, status, "candidate", "a-rule", "offer/a", "high", NOW, body,
        f"{tenant}.candidate.offers.high.{change}",
    )  # fmt: skip


def record(store: Store, *changes: Change, now: int = NOW) -> None:
    """Store changes in one transaction, as the workers do."""
    with store.transaction() as transaction:
        transaction.record(list(changes), now=now, leased_until=0)


def record_agenda(store: Store, sequence: int, cards: Sequence[str], key: str = "c-1", now: int = NOW) -> None:
    """Store an agenda of a candidate."""
    data = {"id": f"a-{key}", "sequence": sequence, "cards": list(cards), "held": []}
    body = orjson.dumps({"id": f"a-{key}.{sequence}", "subject": key, "tenant": "acme", "data": data})
    message = Message("signpost.agenda", "acme.candidate.high", body, f"a-{key}.{sequence}")
    with store.transaction() as transaction:
        transaction.enqueue([message], tenant="acme", case_key=key, now=now, leased_until=0)


@dataclass
class Receiver:
    """Behind one endpoint. `behave` says at an instant what it answers; it keeps what reaches it."""

    behave: Callable[[int], Reply] = lambda _now: OK
    takes_us: int = SECOND // 10
    got: list[tuple[int, str, int, str]] = field(default_factory=list)
    """Instant, item, sequence and change of what it processed."""
    asked: Counter[str] = field(default_factory=Counter)
    """Outcome -> attempts."""

    def receive(self, message: Claimed, now: int) -> Reply:
        reply = self.behave(now)
        self.asked[reply.outcome] += 1
        if reply.reached:
            data = orjson.loads(message.message.body)["data"]
            self.got.append((now, message.message.item, message.message.sequence, data.get("change", "agenda")))
        return reply

    @property
    def states(self) -> dict[str, str]:
        """Item -> its latest change."""
        return {item: change for _, item, _, change in self.got}


@dataclass
class World:
    """A store, receivers by endpoint, and a clock that tests move."""

    store: Store
    receivers: dict[str, Receiver] = field(default_factory=dict)
    now: int = NOW
    seed: int = 1

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def clock(self) -> int:
        return self.now

    def add(self, receiver: Receiver, name: str = "ep_1", *patterns: str, **more: Any) -> Receiver:
        """Add an endpoint with its receiver."""
        assert self.store.endpoints.add(endpoint(name, *patterns, **more), 1000)
        self.receivers[name] = receiver
        return receiver

    def deliverer(self, limits: DeliveryLimits = LIMITS) -> "VirtualDeliverer":
        """A deliverer of its own, as another process has it."""
        dispatcher = VirtualDispatcher(self)
        return VirtualDeliverer(Deliverer(self.store, dispatcher, self.clock, limits, self._random.random), dispatcher)


class VirtualDispatcher:
    """Each message reaches its receiver when it is started, and its result comes when the receiver has taken its
    time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.in_hand: list[tuple[int, Result]] = []
        self.within: list[float] = []

    def start(self, claimed: Claimed, within_s: float) -> None:
        self.within.append(within_s)
        receiver = self._world.receivers[claimed.endpoint.id]
        reply = receiver.receive(claimed, self._world.now)
        takes = 15 * SECOND if reply is HANGS else receiver.takes_us
        self.in_hand.append((self._world.now + takes, Result(claimed, self._world.now, takes, reply)))

    def finished(self, wait_s: float) -> Sequence[Result]:
        done = [result for at, result in self.in_hand if at <= self._world.now]
        self.in_hand = [one for one in self.in_hand if one[0] > self._world.now]
        return done


@dataclass
class VirtualDeliverer:
    """A deliverer and what is in its hands."""

    deliverer: Deliverer
    dispatcher: VirtualDispatcher

    def step(self) -> int:
        """One turn of its loop."""
        return self.deliverer.step(0)

    def run(self, world: World, until_us: int) -> None:
        """Turn until so much time has passed; time jumps to the next instant at which there is something to do."""
        end = world.now + until_us
        while world.now < end:
            if not self.step():
                instants = [*_due_instants(world), *(at for at, _ in self.dispatcher.in_hand)]
                world.now = min([end, *(at for at in instants if at > world.now)])


def _due_instants(world: World) -> list[int]:
    """When messages of enabled endpoints are due, and when leases end."""
    message, row = endpoint_messages.c, endpoints.c
    same = (message.tenant == row.tenant) & (message.endpoint == row.id)
    query = select(row.paused_until, message.due, message.leased_until).where(same, row.enabled, ~message.set_aside)
    with world.store.outgoing._read_connection() as connection:
        return [max(found) for found in connection.execute(query)]
