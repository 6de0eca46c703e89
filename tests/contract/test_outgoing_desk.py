"""What people do with endpoints, on both databases, with deliverers in virtual time."""

from secrets import token_bytes

import pytest

from signpost.case.instant import HOUR, MINUTE, format_instant
from signpost.ingress.signature_schemes import standard_key
from signpost.outgoing.desk import EndpointDesk
from signpost.outgoing.registry import InvalidEndpoint, NoEndpoint
from tests.support.receivers import AWAY, NOW, Receiver, World, change_of, record, record_agenda


@pytest.fixture
def desk(world: World) -> EndpointDesk:
    """The endpoints of acme."""
    return EndpointDesk(world.store, "acme", (), token_bytes)


def test_no_endpoint_has_an_id_that_no_text_of_a_database_can_be(desk: EndpointDesk) -> None:
    for name in ("ep_9", "ep_1\0"):
        with pytest.raises(NoEndpoint):
            desk.show(name, 0)


def test_a_new_endpoint_has_a_secret_of_32_bytes(desk: EndpointDesk) -> None:
    added = desk.add("https://host.example/", ["acme.#"], every_change=False, now=NOW)
    assert len(standard_key(added["secret"])) == 32


def test_a_tenant_has_up_to_100_endpoints(desk: EndpointDesk) -> None:
    for _ in range(100):
        desk.add("https://host.example/", ["acme.#"], every_change=False, now=NOW)
    with pytest.raises(InvalidEndpoint, match="has 100 endpoints"):
        desk.add("https://host.example/", ["acme.#"], every_change=False, now=NOW)


@pytest.mark.parametrize(("candidate", "items"), [(None, ["a-c-1", "a-c-2", "r-1", "r-2"]), ("c-2", ["a-c-2", "r-2"])])
def test_a_replay_sends_the_state_of_all_candidates_or_of_one(
    world: World, desk: EndpointDesk, candidate: str | None, items: list[str]
) -> None:
    world.add(Receiver(), "ep_1", "acme.#", "agenda:acme.#")
    record(world.store, change_of("r-1", 1, "raised"), change_of("r-2", 1, "raised", key="c-2"))
    for key in ("c-1", "c-2"):
        record_agenda(world.store, 1, ["call"], key)
    deliverer = world.deliverer()
    deliverer.run(world, MINUTE)
    again = world.receivers["ep_1"] = Receiver()
    assert desk.replay("ep_1", world.now, candidate) == len(items)
    deliverer.run(world, MINUTE)
    assert sorted(again.states) == items


def test_a_replay_ends_the_rest_of_an_endpoint(world: World, desk: EndpointDesk) -> None:
    world.add(Receiver(lambda _now: AWAY))
    record(world.store, change_of("r-1", 1, "raised"))
    deliverer = world.deliverer()
    deliverer.run(world, HOUR)
    received = world.receivers["ep_1"] = Receiver()
    desk.replay("ep_1", world.now)
    deliverer.run(world, MINUTE)
    assert received.states == {"r-1": "raised"}


def test_after_a_rotation_both_secrets_sign_for_a_time(world: World, desk: EndpointDesk) -> None:
    world.add(Receiver())
    before = desk.row("ep_1").secret
    rotated = desk.rotate("ep_1", world.now, HOUR)
    after = rotated["secret"]
    assert rotated == {"id": "ep_1", "secret": after, "previous_until": format_instant(world.now + HOUR)}
    assert list(desk.row("ep_1").secrets(world.now + HOUR - 1)) == [after, before]
    assert list(desk.row("ep_1").secrets(world.now + HOUR)) == [after]
