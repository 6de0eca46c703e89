"""Renders the texts of rules: sandboxed Jinja, and how values are shown. `templates` checks them."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timezone
from functools import cached_property, lru_cache
from typing import Any, Final

from jinja2 import ChainableUndefined, Environment, Template, Undefined
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from signpost.case.instant import on_calendar
from signpost.case.money import Money, comparable
from signpost.facts.clock import Clock

UNKNOWN = "unknown"
REQUIREMENTS: Final[Mapping[str, str]] = {
    "background_check": "a background check",
    "medical": "a medical examination",
    "permit": "a permit",
    "other": "a further condition",
}
"""The words of a condition, where its name is not a noun in the plural."""
MIDNIGHT, END_OF_NIGHT, LAST_MINUTE = time(), time(5), time(23, 59)


class Silent(ChainableUndefined):
    """An unknown field: false in tests and comparisons, unknown in calculations, "unknown" when shown, so that no text
    fails on a missing fact. Facts can become unknown between the first text of a recommendation and its last."""

    def _stay(self, *_: object) -> "Silent":
        return self

    def _is_false(self, *_: object) -> bool:
        return False

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _stay  # type: ignore[assignment]
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _stay  # type: ignore[assignment]
    __neg__ = __pos__ = __abs__ = __round__ = _stay  # type: ignore[assignment]
    __lt__ = __le__ = __gt__ = __ge__ = _is_false  # type: ignore[assignment]


def show(value: Any) -> str:
    """A value as readers see it; instants must already be in local time."""
    if type(value) is str:  # most are
        return value
    if value is None or isinstance(value, Undefined):
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Money):
        return show_money(value)
    if isinstance(value, datetime):
        return f"{_show_date(value)}, {value:%H:%M}{_zone_name(value)}"
    if isinstance(value, date):
        return _show_date(value)
    if isinstance(value, Mapping):
        return ", ".join(str(part) for part in value.values() if part) or UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return join_words(value)
    return str(value)


def _show_date(value: date) -> str:
    return f"{value:%A}, {value.day} {value:%B %Y}"


def _zone_name(moment: datetime) -> str:
    """` (UTC-08:00)`; nothing in the reader's own zone (see `Clock`)."""
    return f" ({moment.tzname()})" if isinstance(moment.tzinfo, timezone) else ""


def _day(value: Any) -> str:
    """The day of an instant or a date. In the small hours, which people count to the day before, the time too."""
    return f"{_show_date(value)}{_zone_name(value)}" if _is_by_day(value) else show(value)


def _day_of_letter(value: Any) -> str:
    """The day alone, for who gets a letter: the day that its writer means. A time of day keeps its zone."""
    return _show_date(value) if _is_by_day(value) else show(value)


def _is_by_day(value: Any) -> bool:
    return isinstance(value, datetime) and not MIDNIGHT < value.time() < END_OF_NIGHT


def _deadline(value: Any) -> str:
    """Until when something is due: the time, or the end of a day, so that no day is promised that is not whole."""
    if isinstance(value, datetime) and value.time() >= LAST_MINUTE:
        return f"the end of {_show_date(value)}{_zone_name(value)}"
    return show(value)


def _short_deadline(value: Any) -> str:
    """A deadline without its year, for titles."""
    return _deadline(value).replace(f" {value.year}", "", 1) if isinstance(value, date) else show(value)


def show_money(money: Money) -> str:
    """`USD 95,000 a year`; of an unknown period only the amount, which says so."""
    amount = show_amount(money.amount, money.currency)
    if not money.per:
        return f"{amount} (pay period not stated)"
    return f"{amount} {_article(money.per)} {money.per}"


def show_amount(amount: Any, currency: str) -> str:
    """`USD 95,000`, or `USD 95,000.50` with cents."""
    whole, _, cents = f"{float(amount):,.2f}".partition(".")
    return f"{currency} {whole}" if cents == "00" else f"{currency} {whole}.{cents}"


def _monthly(money: Any) -> Any:
    """The monthly pay: `USD 4,000 a month`."""
    if not isinstance(money, Money) or money.annual is None:
        return UNKNOWN
    return f"{show_amount(round(money.annual / 12, 2), money.currency)} a month"


def join_words(words: Iterable[Any], last: str = "and") -> str:
    """`a, b and c`."""
    shown = [show(word) for word in words]
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def _shortfall(offered: Any, target: Any) -> str:
    """How much less than the target, in their unit, else per year: `USD 8,000 a year (8.7%)`."""
    pair = comparable(offered, target) if isinstance(offered, Money) and isinstance(target, Money) else None
    if pair is None or not pair[1]:
        return UNKNOWN
    return f"{show_difference(offered, target)} ({float(100 * (pair[1] - pair[0]) / pair[1]):.1f}%)"


def show_difference(one: Any, other: Any) -> str:
    """The distance of two amounts in their unit, else per year: `USD 8,000 a year`."""
    pair = comparable(one, other) if isinstance(one, Money) and isinstance(other, Money) else None
    if pair is None:
        return UNKNOWN
    per = one.per if one.per == other.per and one.per else "year"
    return f"{show_amount(abs(pair[1] - pair[0]), one.currency)} {_article(per)} {per}"


def _article(period: str) -> str:
    return "an" if period == "hour" else "a"


def _words(value: Any) -> Any:
    """`paid_leave` as `paid leave`, also in lists."""
    if isinstance(value, list | tuple):
        return [_words(item) for item in value]
    return show(value).replace("_", " ")


def requirements(value: Any) -> Any:
    """`medical` as `a medical examination`, also in lists: what an offer still depends on."""
    if isinstance(value, list | tuple):
        return [requirements(item) for item in value]
    return REQUIREMENTS.get(show(value), _words(value))


def to_local_time(value: Any, type_: str, clock: Clock, offset: int | None = None) -> Any:
    """An instant as local time, None outside the calendar; other values unchanged. `offset`: as its sender wrote it."""
    if type_ != "instant" or not isinstance(value, int):
        return value
    instant = on_calendar(value)
    return None if instant is None else clock.local(instant, offset)


ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=Silent, finalize=show, autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
)
ENVIRONMENT.globals.clear()
ENVIRONMENT.filters["words"] = _words
ENVIRONMENT.filters["requirements"] = requirements
ENVIRONMENT.filters["listed"] = join_words
ENVIRONMENT.filters["shortfall"] = _shortfall
ENVIRONMENT.filters["monthly"] = _monthly
ENVIRONMENT.filters["sentence"] = lambda value: show(value)[:1].upper() + show(value)[1:]
ENVIRONMENT.filters["day"] = _day
ENVIRONMENT.filters["deadline"] = _deadline
ENVIRONMENT.filters["short_deadline"] = _short_deadline
LETTERS = ENVIRONMENT.overlay()
"""For what is sent: the filter `day` names no zone."""
LETTERS.filters = {**ENVIRONMENT.filters, "day": _day_of_letter}
STRICT = ENVIRONMENT.overlay(undefined=ChainableUndefined)
"""Fails on a calculation with an unknown field, so that authors learn of it."""


def render(source: str, context: Mapping[str, Any]) -> str:
    """The text with its variables filled in, stripped of surrounding whitespace; for the check of a text. Raises what
    its expressions raise."""
    return _compile(source, STRICT).render(context).strip()


class Variables(dict[str, Any]):
    """Variables of texts, and the context of Jinja that all these texts share. Not to be changed once a text is
    rendered."""

    environment = ENVIRONMENT

    @cached_property
    def context(self) -> Context:
        """The context. It has a copy, so that no cycle keeps both until the garbage collector comes."""
        return Context(self.environment, dict(self), None, {})


class LetterVariables(Variables):
    """Likewise, of what one person sends to another."""

    environment = LETTERS


def render_within(source: str, variables: Variables, max_chars: int) -> str:
    """As `render`, but no unknown field fails, and it stops as soon as the text is longer than `max_chars`: at most one
    part more."""
    if is_fixed(source):
        return source if len(source) > max_chars else source.strip()
    parts, length, context = [], 0, variables.context
    try:
        for part in _compile(source, variables.environment).root_render_func(context):
            parts.append(part)
            length += len(part)
            if length > max_chars:
                break
    finally:  # what the text has set itself
        context.vars.clear()
        context.exported_vars.clear()
    text = "".join(parts)
    return text if length > max_chars else text.strip()


def is_fixed(source: str) -> bool:
    """Whether a text is the same whatever the facts."""
    return "{" not in source


@lru_cache(maxsize=4096)
def _compile(source: str, environment: Environment) -> Template:
    return environment.from_string("\n".join(map(_keep_line_end, source.split("\n"))))


def _keep_line_end(line: str) -> str:
    """A line that ends with a tag and has text of its own keeps its end; `trim_blocks` would join it to the next."""
    text = _TAG.sub("", line)
    ends = line.endswith("%}") and not line.endswith(("-%}", "+%}"))
    return f"{line[:-2]}+%}}" if ends and text.strip() and "%}" not in text else line


_TAG: Final = re.compile("{%.*?%}")
