"""Shrinks a plan that breaks a promise: hypothesis leaves out steps and faults while the same promise breaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.simulation.plan import Plan, Step

LEFT_OUT, WITHOUT_FAULT = range(2)
MOST: Final = 19
"""Of the first attempts, most keep a step as it is."""


def shrink(plan: Plan, fails: Callable[[Plan], bool], attempts: int = 300) -> Plan:
    """The shortest plan found that still fails; the plan itself if none is shorter."""
    count = len(plan.steps)
    choices = st.lists(st.integers(0, MOST), min_size=count, max_size=count)
    plans = choices.map(lambda kept: replace(plan, steps=tuple(_keep(plan.steps, kept))))
    try:
        return find(plans, fails, settings=_settings(attempts))
    except NoSuchExample:
        return plan


def _keep(steps: Sequence[Step], kept: Sequence[int]) -> list[Step]:
    return [
        replace(step, fault=None) if choice == WITHOUT_FAULT else step
        for step, choice in zip(steps, kept, strict=True)
        if choice != LEFT_OUT
    ]


def _settings(attempts: int) -> settings:
    return settings(
        max_examples=attempts,
        phases=(Phase.generate, Phase.shrink),
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
