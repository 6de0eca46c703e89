"""Formats the values that flip an answer as text. Pure."""

import json
from datetime import date
from typing import Any

from signpost.advice.evidence import as_json
from signpost.case.money import Money


def format_values(values: list[Any], any_known: bool, type_: str) -> str:
    """`were accepted, declined or unknown`; or `became known, for example 3` if any value flips it (`any_known`)."""
    if any_known:
        return f"became known, for example {_format_value(values[0], type_)}"
    words = ["unknown" if value is None else _format_value(value, type_) for value in values]
    return f"were {', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"were {words[0]}"


def nearest_values(present: Any, flipping: list[Any], type_: str) -> list[Any]:
    """For ordered types the nearest values below and above the present one; otherwise all. None comes last."""
    known = _nearest(present, [value for value in flipping if value is not None], type_)
    return known + [None] * (None in flipping)


def _nearest(present: Any, values: list[Any], type_: str) -> list[Any]:
    if type_ not in ("instant", "date", "number", "days", "money"):
        return values
    ranked = sorted((value for value in values if _rank(value) is not None), key=_rank)
    here = _rank(present)
    if here is None:
        return ranked[:1]
    below = [value for value in ranked if _rank(value) < here]
    return below[-1:] + [value for value in ranked if _rank(value) > here][:1]


def _rank(value: Any) -> Any:
    if isinstance(value, Money):
        return value.annual
    return None if isinstance(value, bool) or not isinstance(value, (int, float, date)) else value


def _format_value(value: Any, type_: str) -> str:
    if isinstance(value, Money):
        return f"{value.amount} {value.currency}{f' a {value.per}' if value.per else ''}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "an empty list"
    plain = as_json(value, type_)
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
