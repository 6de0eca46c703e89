"""Reads the folder of a tree: the text that Prometheus scrapes, and the health of each role in it."""

import struct
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from signpost.metrics.table import LOOP_TIME, PROBLEM, READY, RULEBOOK

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
CACHE_S: Final = 0.5
"""For how long a text is given again, so that many requests cost no more than a few."""
ATTEMPTS: Final = 3


class Scrape:
    """The metrics of a folder as text. Safe between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._text, self._read_at = b"", float("-inf")

    def __call__(self) -> bytes:
        """The text of now, or of a moment ago."""
        with self._lock:
            if time.monotonic() - self._read_at > CACHE_S:
                self._text, self._read_at = render(self._folder), time.monotonic()
            return self._text


def render(folder: Path) -> bytes:
    """The metrics of all processes in the text format of Prometheus."""
    from prometheus_client import generate_latest

    return bytes(generate_latest(_Families(folder)))


@dataclass(slots=True)
class RoleHealth:
    """What a role last reported. `turned_at`: when its main loop turned, as Unix time."""

    is_ready: bool = False
    turned_at: float = 0.0
    problems: list[str] = field(default_factory=list)


def read_health(folder: Path) -> dict[str, RoleHealth]:
    """Role -> its health; without roles that do not run."""
    roles: dict[str, RoleHealth] = {}
    for family in _merge(folder.glob("gauge_live*.db")):
        for sample in family.samples:
            if family.name in (READY.name, LOOP_TIME.name, PROBLEM.name):
                _note(roles.setdefault(sample.labels["role"], RoleHealth()), family.name, sample)
    return roles


def _note(role: RoleHealth, name: str, sample: Any) -> None:
    if name == READY.name:
        role.is_ready = sample.value == 1
    elif name == LOOP_TIME.name:
        role.turned_at = sample.value
    elif sample.value:
        role.problems.append(sample.labels["part"])


class _Families:
    """What prometheus_client formats: all families of a folder, without rulebooks that are not in force any more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Any]:
        for family in sorted(_merge(_files(self._folder)), key=lambda family: str(family.name)):
            if family.name == RULEBOOK.name:
                family.samples = [sample for sample in family.samples if sample.value]
            family.samples.sort(key=lambda sample: (sample.name.endswith(("_sum", "_count")), sample.name))
            yield family


def _files(folder: Path) -> list[Path]:
    return [file for kind in ("counter", "gauge", "histogram") for file in folder.glob(f"{kind}_*.db")]


def _merge(files: Iterable[Path]) -> Iterable[Any]:
    from prometheus_client.multiprocess import MultiProcessCollector

    paths = [str(file) for file in files]
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return list(MultiProcessCollector.merge(paths))  # type: ignore[no-untyped-call]
        except (OSError, RuntimeError, struct.error):
            # A process is just making a file, or a dead one's was removed
            if attempt == ATTEMPTS:
                raise
            paths = [path for path in paths if Path(path).exists()]
            time.sleep(0.01)
    raise AssertionError("unreachable: the last attempt returns or raises")
