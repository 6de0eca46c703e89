"""Engines: from facts to what holds."""

from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import Rulebook


def make_engine(name: str, rulebook: Rulebook) -> CompiledEngine:
    """The evaluator with this name."""
    return CompiledEngine(rulebook)
