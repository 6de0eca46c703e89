"""The comparison chart: pros and cons of each offer and of staying put, from what is known, with what is unknown
listed. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, TypedDict

from signpost.case.facts import Entity
from signpost.case.money import Money
from signpost.engine.questions import says_same
from signpost.rulebook.texts import join_words, show, show_money

Values: TypeAlias = Mapping[str, Any]


class Option(TypedDict):
    """One column of the chart; `offer` is None for staying put. `weigh`: what only the candidate can call good or
    bad."""

    offer: str | None
    label: str
    pros: list[str]
    cons: list[str]
    weigh: list[str]
    unknown: list[str]


class Comparison(TypedDict):
    """The whole chart."""

    options: list[Option]


Points: TypeAlias = Iterator[tuple[str, str]]
"""(list of an option, words) for each point."""

HEADINGS = {"pros": "For", "cons": "Against", "weigh": "To weigh", "unknown": "Not known yet"}
STRICTNESS = ("remote", "hybrid", "onsite")
LONG_WEEK = 50
BENEFITS = {"retirement_match": "retirement", "health": "medical", "paid_leave": "leave"}
"""Benefit -> the priority of the candidate that it serves."""


def compare(offers: list[Entity], candidate: Entity) -> Comparison:
    """A chart of these offers against the candidate's preferences, staying put included."""
    options = [_option(offer.id, _label(offer), _judged(offer.values, candidate.values)) for offer in offers]
    place = f" at {candidate.values['present_employer']}" if "present_employer" in candidate.values else ""
    return {"options": [*options, _option(None, f"Staying put{place}", _staying(candidate.values))]}


def render_comparison(comparison: Comparison) -> str:
    """The chart as plain text."""
    return "\n\n".join(_rendered(option) for option in comparison["options"])


def _rendered(option: Mapping[str, Any]) -> str:
    points = (f"  {heading}: {'; '.join(option[name])}" for name, heading in HEADINGS.items() if option[name])
    return "\n".join([option["label"], *points])


def _option(offer: str | None, label: str, points: Points) -> Option:
    option: Option = {"offer": offer, "label": label, "pros": [], "cons": [], "weigh": [], "unknown": []}
    for name, words in points:
        option[name].append(words)  # type: ignore[literal-required]
    return option


def _label(offer: Entity) -> str:
    employer = offer.values.get("employer_name", f"Offer {offer.id}")
    title = offer.values.get("title")
    return f"{employer}: {title}" if title else str(employer)


def _judged(offer: Values, wanted: Values) -> Points:
    for judge in _JUDGES:
        yield from judge(offer, wanted)


def _staying(known: Values) -> Points:
    if known.get("resigned"):
        yield "cons", "you have already resigned"
    elif known.get("employed"):
        yield "pros", "no notice to give and no new start"
        yield "unknown", "what pay and prospects you would have there"
    elif known.get("employed") is False:
        yield "cons", "you have no job at present"
    else:
        yield "unknown", "whether you have a job at present"


def _pay(offer: Values, wanted: Values) -> Points:
    salary = offer.get("salary")
    if not isinstance(salary, Money):
        yield "unknown", "salary"
        return
    said, aims = show_money(salary), {name: wanted.get(name) for name in _AIMS}
    known = {name: aim for name, aim in aims.items() if isinstance(aim, Money) and aim.currency == salary.currency}
    missed = [name for name, aim in known.items() if salary.annual < aim.annual]
    if missed:
        yield "cons", f"{said} is below {_AIMS[missed[0]]} of {show_money(known[missed[0]])}"
    elif "salary_target" in known:
        yield "pros", f"{said} meets {_AIMS['salary_target']} of {show_money(known['salary_target'])}"
    else:
        yield "weigh", f"pay of {said}"


_AIMS = {
    "salary_floor": "your lowest acceptable pay",
    "monthly_needs": "what you need",
    "salary_target": "your target",
}


def _extra_pay(offer: Values, wanted: Values) -> Points:
    for name in ("bonus", "commission", "equity"):
        if offer.get(name):
            yield "pros", f"{name}: {show_money(offer[name]) if isinstance(offer[name], Money) else offer[name]}"


def _benefits(offer: Values, wanted: Values) -> Points:
    for benefit, priority in BENEFITS.items():
        words, has = benefit.replace("_", " "), offer.get(f"benefits.{benefit}")
        if has is None:
            yield "unknown", words
        else:
            matters = ", which matters to you" if priority in (wanted.get("priorities") or ()) else ""
            yield ("pros", f"{words}{matters}") if has else ("cons", f"no {words}{matters}")


def _workplace(offer: Values, wanted: Values) -> Points:
    place, preferred = offer.get("workplace"), wanted.get("workplace")
    if place is None:
        yield "unknown", "workplace (onsite, hybrid or remote)"
    elif preferred is None:
        yield "weigh", f"{place} work"
    elif STRICTNESS.index(place) > STRICTNESS.index(preferred):
        yield "cons", f"{place}, where you would rather work {preferred}"
    else:
        yield "pros", f"{place} work, which suits you"


def _place(offer: Values, wanted: Values) -> Points:
    region, home = offer.get("region"), wanted.get("region")
    if region is None or offer.get("workplace") == "remote":
        return
    if any(says_same(region, unwanted) for unwanted in wanted.get("unwanted_regions") or ()):
        yield "cons", f"in {region}, where you do not want to live"
    if home is not None and not says_same(region, home):
        support = {"offered": " with support for it", "refused": " without support for it"}
        yield "cons", f"a move to {region}{support.get(offer.get('relocation', ''), '')}"
        if "relocation" not in offer:
            yield "unknown", "support for the move"


def _commute(offer: Values, wanted: Values) -> Points:
    minutes, most = offer.get("commute_minutes"), wanted.get("max_commute_minutes")
    if minutes is not None:
        verdict = "weigh" if most is None else "cons" if minutes > most else "pros"
        yield verdict, f"a commute of {minutes} minutes"


def _hours(offer: Values, wanted: Values) -> Points:
    hours = offer.get("hours_per_week")
    if hours is None:
        yield "unknown", "weekly hours"
    elif hours >= LONG_WEEK:
        unpaid = ", overtime unpaid" if offer.get("overtime_paid") is False else ""
        yield "cons", f"{show(hours)} hours a week{unpaid}"
    for name, words in (("weekends", "work at weekends"), ("on_call", "on-call duty")):
        if offer.get(name):
            yield "weigh", words


def _prospects(offer: Values, wanted: Values) -> Points:
    for name, words in (("growth_path", "growth"), ("team", "team"), ("work_life", "work-life balance")):
        yield ("weigh", f"{words}: {offer[name]}") if name in offer else ("unknown", words)


def _timing(offer: Values, wanted: Values) -> Points:
    if "start_date" not in offer:
        yield "unknown", "start date"
    if offer.get("conditions") and not offer.get("conditions_cleared"):
        yield "cons", f"hangs on {join_words(word.replace('_', ' ') for word in offer['conditions'])}"


def _must_haves(offer: Values, wanted: Values) -> Points:
    for must in wanted.get("non_negotiables") or ():
        yield "unknown", f"whether it gives you what you will not do without: {must}"


_JUDGES: tuple[Callable[[Values, Values], Points], ...] = (
    _pay,
    _extra_pay,
    _benefits,
    _workplace,
    _place,
    _commute,
    _hours,
    _prospects,
    _timing,
    _must_haves,
)
