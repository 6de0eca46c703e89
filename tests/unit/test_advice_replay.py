"""Which cases are to be stored, how far a replay goes, and the order in which it wakes them."""

from pathlib import Path

import pytest

from signpost.advice.replay import Replay
from signpost.case import Event
from signpost.case.instant import DAY, HOUR
from tests.unit.test_advice_lifecycle import START, World, offer


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def replay(world: World) -> Replay:
    """Two interviews, an hour apart; thanks for them are advised for seven days."""
    return Replay(
        world.load,
        [
            (at, Event("acme", "test", f"e-{at}", "interview.completed", at, candidate, {"interview": "i"}))
            for at, candidate in ((START, "c-2"), (START + HOUR, "c-1"))
        ],
    )


def test_a_case_that_is_only_looked_for_is_not_to_be_stored(world: World) -> None:
    offer(world)
    assert not world.load.find("c-2").touched
    assert world.load.find("c-1").touched


def test_a_replay_wakes_the_cases_in_the_order_of_time(replay: Replay) -> None:
    ended = [one for one in replay.until(START + 8 * DAY) if one.change.change == "expired"]
    assert [(one.case, one.at) for one in ended] == [("c-2", START + 7 * DAY), ("c-1", START + 7 * DAY + HOUR)]


def test_a_replay_goes_up_to_an_instant_and_on_from_there(replay: Replay) -> None:
    def told(now: int) -> list[tuple[str, str]]:
        return [(one.change.change, one.case) for one in replay.until(now)]

    assert told(START + HOUR - 1) == [("raised", "c-2")]
    assert told(START + HOUR) == [("raised", "c-1")]
    assert told(START + 7 * DAY - 1) == []
    assert told(START + 7 * DAY) == [("expired", "c-2")]
    assert told(START + 7 * DAY + HOUR) == [("expired", "c-1")]
