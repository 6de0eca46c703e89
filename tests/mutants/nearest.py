"""Which tests are tried against a mutant, and in which order."""

import functools
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

import pytest

from tests.mutants.by_hand import AnyMutant
from tests.mutants.mutants import names_at, uses_of

MAX_TESTS_S: Final = 60.0
"""Tests for each mutant, by the time that they take with the tracer."""
MAX_OF_A_KIND_S: Final = 15.0
"""Of each of the four kinds of tests for what runs at import."""


@dataclass(slots=True)
class Timing:
    """One test: how long it takes, and which lines of which modules it runs."""

    item: pytest.Item
    seconds: float
    own_seconds: float
    """Without the time in which a busy machine did other things."""
    lines: dict[str, set[int]] = field(default_factory=dict)

    def mentions(self, names: frozenset[str]) -> bool:
        """Whether the text of the test has one of these words."""
        return not names.isdisjoint(_words(getattr(self.item, "function", None)))


def nearest_to(mutant: AnyMutant, timings: Sequence[Timing]) -> list[Timing]:
    """The first of these tests that run the changed lines. What runs at import can be noticed by any: by those that
    mention what is defined there, that run a line which uses it, that run no line of the module, and that run one."""
    module = mutant.module
    if mutant.lines:
        return _first(MAX_TESTS_S, (each for each in timings if not each.lines[module].isdisjoint(mutant.lines)))
    names, uses = names_at(module, mutant.line), uses_of(module, mutant.line)
    kinds: tuple[Callable[[Timing], bool], ...] = (
        lambda each: each.mentions(names),
        lambda each: not each.lines[module].isdisjoint(uses),
        lambda each: not each.lines[module],
        lambda each: bool(each.lines[module]),
    )
    chosen = (each for kind in kinds for each in _first(MAX_OF_A_KIND_S, filter(kind, timings)))
    return list({id(each): each for each in chosen}.values())


def _first(seconds: float, timings: Iterable[Timing]) -> list[Timing]:
    """As many as fit, but at least one."""
    near = list(timings)
    times = accumulate(each.own_seconds for each in near)
    return [each for each, until in zip(near, times, strict=True) if until <= seconds or each is near[0]]


@functools.cache
def _words(function: Callable[..., Any] | None) -> frozenset[str]:
    return frozenset() if function is None else frozenset(re.findall(r"\w+", inspect.getsource(function)))
