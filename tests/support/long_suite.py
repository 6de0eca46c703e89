"""What `make test` takes of long lists of cases; `make test LONG=1` takes all of them."""

import os
from collections.abc import Container, Iterable, Sequence
from typing import Any, TypeVar

import pytest

IS_LONG = os.environ.get("SIGNPOST_TEST_LONG") == "1"
T = TypeVar("T")


def some(items: Sequence[T], one_in: int, first: int = 0) -> Sequence[T]:
    """Every item in the long suite, otherwise one in so many from the first on: the same ones in every run."""
    return items if IS_LONG else items[first % one_in :: one_in]


def first_of(items: Iterable[T], kept: Container[T]) -> list[Any]:
    """Parameters of a test: `make test` takes those that are kept."""
    return [item if item in kept else pytest.param(item, marks=pytest.mark.long) for item in items]


def number_of(cases: int, one_in: int = 5) -> int:
    """How many random cases to try: SIGNPOST_TEST_CASES, else all in the long suite, else one in so many."""
    chosen = os.environ.get("SIGNPOST_TEST_CASES")
    return int(chosen) if chosen else cases if IS_LONG else cases // one_in
