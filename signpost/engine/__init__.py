"""Rule engines: the compiled evaluator, alone or beside durable-rules; both give the same answers. No I/O."""

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
    """The engine in use, DURABLE or COMPILED, and the reason for people."""

    name: str
    reason: str


def choose_engine(setting: str) -> EngineChoice:
    """Return the engine for a value of SIGNPOST_ENGINE. Raises CallerError for an unknown value, or if the value is
    DURABLE and durable-rules cannot be imported."""
    if setting == COMPILED:
        return EngineChoice(COMPILED, f"SIGNPOST_ENGINE={COMPILED}")
    if setting not in (AUTO, DURABLE):
        raise CallerError(f"SIGNPOST_ENGINE={setting!r} is not an engine; it may be {AUTO}, {DURABLE} or {COMPILED}")
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
    """Return the engine for a value of SIGNPOST_ENGINE; it counts faults of durable-rules in `faults`. Raises
    CallerError as `choose_engine` does."""
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
