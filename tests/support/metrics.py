"""Counts metrics in the process of a test, and reads them as Prometheus does."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from signpost.metrics.process import start_counting, stop_counting
from signpost.metrics.reading import render

Value = Callable[..., float | None]


@contextmanager
def counting(role: str, folder: Path, name: str = "test") -> Iterator[Value]:
    """Count as a process of this role. Yields a function: the value of a sample by its name and some of its labels, the
    sum of several, None if there is none."""
    environ = dict(os.environ)
    start_counting(role, folder, name, os.environ)
    try:
        yield lambda sample, **labels: value_in(render(folder).decode(), sample, **labels)
    finally:
        stop_counting(folder, name)
        os.environ.clear()
        os.environ.update(environ)


def value_in(text: str, sample: str, **labels: str) -> float | None:
    """The value of a sample in the text of Prometheus."""
    found = [
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name == sample and labels.items() <= one.labels.items()
    ]
    return sum(found) if found else None
