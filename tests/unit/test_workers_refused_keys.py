"""Of the messages that a full queue refuses one is tried at a time, ever more rarely, until it is accepted."""

from signpost.case.instant import SECOND
from signpost.storage import OutboxRow
from signpost.workers.refused_keys import MAX_PAUSE_US, RefusedKeys

FIRST = 30 * SECOND
FULL, FREE = ("advice", "full"), ("advice", "free")


def row(id: int, key: tuple[str, str] = FULL) -> OutboxRow:
    return OutboxRow(id, "acme", "c-1", *key, f"m-{id}", {}, "t", b"{}", 0)


def ids(rows: list[OutboxRow]) -> list[int]:
    return [each.id for each in rows]


def test_before_a_refusal_everything_is_published() -> None:
    publish, keep = RefusedKeys(FIRST).split([row(1), row(2)], 0)
    assert (ids(publish), keep) == ([1, 2], {})


def test_after_a_refusal_one_message_of_the_key_is_tried_when_its_time_has_come() -> None:
    keys = RefusedKeys(FIRST)
    keys.add([FULL, FULL], 0)
    publish, keep = keys.split([row(1), row(2, FREE), row(3)], FIRST - 1)
    assert (ids(publish), keep) == ([2], {2 * FIRST - 1: [1, 3]})
    publish, keep = keys.split([row(1), row(2, FREE), row(3)], FIRST)
    assert (ids(publish), keep) == ([1, 2], {2 * FIRST: [3]})


def test_a_clock_that_was_set_back_delays_no_attempt() -> None:
    keys = RefusedKeys(FIRST)
    keys.add([FULL], 100 * MAX_PAUSE_US)
    publish, _ = keys.split([row(1)], 0)
    assert ids(publish) == [1]


def test_the_pause_doubles_up_to_its_maximum() -> None:
    keys, now, pauses = RefusedKeys(FIRST), 0, []
    for _ in range(8):
        keys.add([FULL], now)
        pause = next(n for n in range(SECOND, 2 * MAX_PAUSE_US, SECOND) if keys.split([row(1)], now + n)[0])
        pauses.append(pause // SECOND)
        now += pause
    assert pauses == [30, 60, 120, 240, 480, 600, 600, 600]


def test_an_accepted_message_ends_it() -> None:
    keys = RefusedKeys(FIRST)
    keys.add([FULL], 0)
    assert keys.remove([FULL, FREE]) == [FULL]
    assert keys.remove([FULL]) == []
    assert ids(keys.split([row(1), row(2)], 1)[0]) == [1, 2]


def test_a_few_keys_are_named() -> None:
    keys = RefusedKeys(FIRST)
    assert keys.format_keys() == ""
    keys.add([("advice", name) for name in "dacbe"], 0)
    assert keys.format_keys() == "advice a, advice b, advice c, and 2 more"
