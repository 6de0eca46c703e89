"""Every pattern that may meet request data takes time linear in its length: no request can freeze a process."""

import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import signpost
from signpost.ingress.redaction import redact
from signpost.setting_kinds import mask_passwords

PACKAGES = ("ingress", "services", "schemas", "case", "messaging", "storage", "names", "logs", "setting_kinds")
"""Where patterns meet what a sender wrote; rule files and settings are read elsewhere."""
EDGES = ("wsgi", "gunicorn_conf", "__main__", "env")
"""Modules that do something when they are imported."""
LENGTH = 50_000
MAX_S = 0.2
"""A quadratic pattern takes seconds at this length, a linear one milliseconds."""
SEEDS = (
    "0",
    "a",
    "A-",
    ":",
    "-",
    " ",
    "\n",
    "{",
    "{a",
    "a:",
    "a://b:",
    "a@",
    "application/",
    "a+",
    "1.",
    "2026-01-01T0",
    "é",
)
OPERATIONS: tuple[Callable[[re.Pattern[Any], Any], object], ...] = (
    lambda pattern, text: pattern.match(text),
    lambda pattern, text: pattern.fullmatch(text),
    lambda pattern, text: pattern.search(text),
)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern at the top of a module of these packages."""
    for found in pkgutil.walk_packages(signpost.__path__, "signpost."):
        if found.name.split(".")[1] in PACKAGES and not found.name.endswith(EDGES):
            module = importlib.import_module(found.name)
            yield from (
                (f"{found.name}.{name}", one) for name, one in vars(module).items() if isinstance(one, re.Pattern)
            )


PATTERNS = dict(patterns())


def hostile() -> Iterator[str]:
    """Long texts that almost match."""
    for seed in SEEDS:
        text = (seed * LENGTH)[:LENGTH]
        yield from (text, f"{text}!", f"application/{text}", f"{{{text}")


def test_patterns_are_found() -> None:
    assert len(PATTERNS) > 20


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_is_linear(name: str) -> None:
    pattern = PATTERNS[name]
    for text in hostile():
        value: Any = text.encode() if isinstance(pattern.pattern, bytes) else text
        for operation in OPERATIONS:
            began = time.process_time()
            operation(pattern, value)
            assert time.process_time() - began < MAX_S, (name, text[:20])


@pytest.mark.parametrize("function", [mask_passwords, redact, lambda text: redact({"note_id": text, text: text})])
def test_what_is_built_from_patterns_is_linear(function: Callable[[str], object]) -> None:
    for text in hostile():
        began = time.process_time()
        function(text)
        assert time.process_time() - began < MAX_S, text[:20]
