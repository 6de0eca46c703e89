"""Advice: what is wanted now against what was told, as changes with texts and explanations. Pure."""

from signpost.advice.advise import Advised, Engine, RecommendationChange, active, advise, carried, close, suppressions

__all__ = ["Advised", "Engine", "RecommendationChange", "active", "advise", "carried", "close", "suppressions"]
