"""Advice that other advice replaces: what is shown of it, and what an answer to it changes."""

from pathlib import Path

import pytest

from signpost.advice import suppressions
from tests.unit.test_advice_lifecycle import World, offer, sign_another

RULES = """
ask:
  about: offer
  source: a
  when: {stage: open}
  priority: high
  suppresses: [wait]
  title: Ask {{ employer }}
  message: Ask.
wait:
  about: offer
  source: a
  when: {stage: open}
  priority: low
  title: Wait for {{ employer }}
  message: Wait.
decline:
  about: offer
  source: a
  when: {stage: open, any other offer: {stage: accepted, letter: signed}}
  priority: high
  suppresses: [ask]
  title: Decline {{ employer }}
  message: Decline.
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, RULES)


def test_what_was_never_told_is_listed_by_its_title(world: World) -> None:
    offer(world)
    [hidden] = suppressions(world.load.find("c-1").advice_state)
    assert (hidden["title"], hidden["priority"], hidden["by"]) == ("Wait for Acme", "low", "ask@offer/o")


def test_an_answer_to_replaced_advice_is_not_told_when_the_advice_ends(world: World) -> None:
    offer(world)
    ask = world.last[0].id
    sign_another(world, 1)
    assert world.say(2, "advice.done", recommendation=ask) == []
    assert world.say(3, "offer.declined", offer="o") == [("resolved", "decline@offer/o", 2)]


def test_a_dismissal_of_replaced_advice_is_over_when_the_advice_returns(world: World) -> None:
    """It returns as another recommendation, and replaces what it replaced before."""
    offer(world)
    ask = world.last[0].id
    sign_another(world, 1)
    world.say(2, "advice.dismissed", recommendation=ask)
    world.say(3, "offer.declined", offer="p")
    assert world.active() == {"ask@offer/o"}
