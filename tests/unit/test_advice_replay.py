"""Which cases are to be stored, and the order in which a replay wakes them."""

from pathlib import Path

import pytest

from signpost.advice.replay import Replay
from signpost.case import Event
from signpost.case.instant import DAY, HOUR
from tests.unit.test_advice_lifecycle import START, World, offer


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_case_that_is_only_looked_for_is_not_to_be_stored(world: World) -> None:
    offer(world)
    assert not world.load.find("c-2").touched
    assert world.load.find("c-1").touched


def test_a_replay_wakes_the_cases_in_the_order_of_time(world: World) -> None:
    arrivals = [
        (at, Event("acme", "test", f"e-{at}", "interview.completed", at, candidate, {"interview": "i"}))
        for at, candidate in ((START, "c-2"), (START + HOUR, "c-1"))
    ]
    ended = [one for one in Replay(world.load, arrivals).until(START + 8 * DAY) if one.change.change == "expired"]
    assert [(one.case, one.at) for one in ended] == [("c-2", START + 7 * DAY), ("c-1", START + 7 * DAY + HOUR)]
