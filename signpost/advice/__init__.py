"""Advice: compares the current advice of a case with the published advice and emits changes. Pure: no I/O."""

from signpost.advice.advise import (
    AdviceResult,
    Engine,
    RecommendationChange,
    advise,
    close,
)
from signpost.advice.records import active, merge_records, suppressions

__all__ = [
    "AdviceResult",
    "Engine",
    "RecommendationChange",
    "active",
    "advise",
    "close",
    "merge_records",
    "suppressions",
]
