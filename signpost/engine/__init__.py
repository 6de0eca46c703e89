"""Engines: from facts to what holds, compiled alone or together with durable-rules; both give the same answers."""

from dataclasses import dataclass
from typing import Final

from signpost.engine.compiled import Answer, CompiledEngine, Match
from signpost.engine.durable import DurableEngine, load_library
from signpost.engine.faults import FAULTS, EngineFaults
from signpost.errors import CallerError
from signpost.rulebook import Rulebook

AUTO: Final = "auto"
DURABLE: Final = DurableEngine.name
COMPILED: Final = CompiledEngine.name


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine is in use, DURABLE or COMPILED, and why, in words."""

    name: str
    reason: str


def choose_engine(setting: str) -> EngineChoice:
    """The engine for a value of SIGNPOST_ENGINE. Raises CallerError where there is none, or where DURABLE cannot be
    imported."""
    if setting == COMPILED:
        return EngineChoice(COMPILED, f"SIGNPOST_ENGINE={COMPILED}")
    if setting not in (AUTO, DURABLE):
        raise CallerError(f"there is no engine {setting!r}; SIGNPOST_ENGINE may be {AUTO}, {DURABLE} or {COMPILED}")
    try:
        load_library()
    except CallerError as missing:
        if setting == DURABLE:
            raise CallerError(
                f"SIGNPOST_ENGINE={DURABLE}, but {missing}. Install it with `pip install 'signpost[durable-rules]'` "
                f"(Python 3.11 or 3.12 with its headers, and a C compiler), or set SIGNPOST_ENGINE={AUTO} or "
                f"{COMPILED}: the advice is the same"
            ) from missing
        return EngineChoice(COMPILED, f"{missing}; the advice is the same")
    return EngineChoice(DURABLE, f"SIGNPOST_ENGINE={setting}, and durable-rules can be imported")


def make_engine(setting: str, rulebook: Rulebook, faults: EngineFaults = FAULTS) -> DurableEngine | CompiledEngine:
    """The engine for a value of SIGNPOST_ENGINE; it counts faults of durable-rules in `faults`. Raises CallerError as
    `choose_engine` does."""
    return CompiledEngine(rulebook) if choose_engine(setting).name == COMPILED else DurableEngine(rulebook, faults)


__all__ = [
    "AUTO",
    "COMPILED",
    "DURABLE",
    "FAULTS",
    "Answer",
    "CompiledEngine",
    "DurableEngine",
    "EngineChoice",
    "EngineFaults",
    "Match",
    "choose_engine",
    "make_engine",
]
