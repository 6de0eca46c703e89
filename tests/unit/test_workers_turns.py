"""Turns between tenants: who is next, in which order, and how much work a batch may hold."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from signpost.case.event import Event
from signpost.messaging import Delivery
from signpost.names import EVENTS, FEEDBACK
from signpost.storage import CaseRow
from signpost.workers.turns import Turns
from signpost.workers.workload import EVENT_WORK, MAX_BATCH_WORK, split


def delivery(name: str, exchange: str = EVENTS, user: str = "") -> Delivery:
    """A delivery named TENANT-NUMBER."""
    key = "" if exchange == FEEDBACK else f"0.{name.partition('-')[0]}.offer.extended"
    return Delivery(b"", {}, key, name, "", False, 0, name, exchange, user)


def deliveries(tenant: str, count: int) -> list[Delivery]:
    return [delivery(f"{tenant}-{number}") for number in range(count)]


def names(taken: list[Delivery]) -> list[str]:
    return [each.message_id for each in taken]


def test_a_flood_lets_every_other_tenant_into_the_next_batch() -> None:
    turns = Turns()
    turns.add([*deliveries("flood", 300), delivery("quiet-0"), delivery("x", FEEDBACK, "app")])
    first = names(turns.take(200))
    assert first[:4] == ["flood-0", "quiet-0", "x", "flood-1"]
    assert first[3:] + names(turns.take(200)) == [f"flood-{number}" for number in range(1, 300)]
    assert not turns


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4)), max_size=12), st.integers(1, 7), st.data())
def test_a_tenants_order_stays(arrivals: list[tuple[str, int]], limit: int, data: st.DataObject) -> None:
    turns, handled, sent = Turns(), list[str](), dict[str, int]()
    for tenant, count in arrivals:
        first = sent.get(tenant, 0)
        sent[tenant] = first + count
        turns.add([delivery(f"{tenant}-{number}") for number in range(first, first + count)])
        taken = turns.take(limit)
        kept = data.draw(st.integers(0, len(taken)))
        turns.put_back(taken[kept:])
        handled += names(taken[:kept])
    handled += names(turns.take(1000))
    for tenant, count in sent.items():
        mine = [name for name in handled if name.startswith(f"{tenant}-")]
        assert mine == [f"{tenant}-{number}" for number in range(count)]


@dataclass(frozen=True)
class Item:
    """An event of the case with its own name."""

    event: Event


def items(tenant: str, *cases: str) -> list[Item]:
    return [Item(Event(tenant, "s", f"{n}", "contact.logged", 0, key, {})) for n, key in enumerate(cases)]


def sized(sizes: dict[str, int]) -> dict[tuple[str, str], CaseRow]:
    """Stored cases, TENANT/CASE -> bytes."""
    rows = {}
    for name, size in sizes.items():
        tenant, _, key = name.partition("/")
        rows[tenant, key] = CaseRow(tenant, key, advice=bytes(size))
    return rows


def test_heavy_cases_of_one_tenant_leave_room_for_the_light_ones_of_another() -> None:
    heavy = items("flood", *(f"c-{number}" for number in range(100)))
    light = items("quiet", *(f"c-{number}" for number in range(100)))
    mixed = [each for pair in zip(heavy, light, strict=True) for each in pair]
    rows = sized({f"flood/c-{number}": 100_000 for number in range(100)})
    now, later = split(mixed, rows.get)
    assert [each for each in now if each.event.tenant == "quiet"] == light
    mine = [each for each in now if each.event.tenant == "flood"]
    assert mine == heavy[: len(mine)], "in order"
    assert later == heavy[len(mine) :]
    assert 1 <= len(mine) * (100_000 + EVENT_WORK) <= MAX_BATCH_WORK / 2


def test_many_events_of_one_case_cost_one_evaluation() -> None:
    now, later = split(items("flood", *["c-1"] * 200), sized({"flood/c-1": 100_000}).get)
    assert later == []
    assert len(now) == 200
    assert 200 * 100_000 > MAX_BATCH_WORK > 100_000 + 200 * EVENT_WORK


def test_an_event_beyond_all_limits_is_handled_alone() -> None:
    rows = sized({"a/c-1": 2 * MAX_BATCH_WORK, "b/c-1": 1})
    now, later = split([*items("a", "c-1"), *items("b", "c-1")], rows.get)
    assert [each.event.tenant for each in now] == ["a"]
    assert [each.event.tenant for each in later] == ["b"]
    assert split([], rows.get) == ([], [])
