"""What one evaluation of a case found, for what is derived from its advice. Data only."""

from collections.abc import Mapping
from dataclasses import dataclass

from signpost.advice.records import AdviceRecord
from signpost.advice.wording import Writer
from signpost.engine.compiled import Answer
from signpost.facts.facts import Facts
from signpost.rulebook.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Basis:
    """`records`, `answers`: by `RULE@KIND/ID`. `erased_at`: the latest erasure of the case. `writer`: knows the texts
    that the evaluation has rendered."""

    rulebook: Rulebook
    facts: Facts
    answers: Mapping[str, Answer]
    records: Mapping[str, AdviceRecord]
    erased_at: int | None
    writer: Writer
