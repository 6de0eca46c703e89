"""Engines: from facts to what holds, with durable-rules or with compiled functions; both give the same answers."""

from signpost.engine.compiled import Answer, CompiledEngine, Match
from signpost.engine.durable import DurableEngine
from signpost.errors import CallerError
from signpost.rulebook import Rulebook

ENGINES: dict[str, type[DurableEngine] | type[CompiledEngine]] = {
    "durable_rules": DurableEngine,
    "compiled": CompiledEngine,
}


def make_engine(name: str, rulebook: Rulebook) -> DurableEngine | CompiledEngine:
    """The evaluator with this name. Raises CallerError where there is none, or where it cannot be loaded."""
    if name not in ENGINES:
        raise CallerError(f"there is no engine {name!r}; SIGNPOST_ENGINE may be {' or '.join(ENGINES)}")
    return ENGINES[name](rulebook)


__all__ = ["ENGINES", "Answer", "CompiledEngine", "DurableEngine", "Match", "make_engine"]
