"""Criteria: judge each fact of an offer against the candidate's preferences, as points of the chart. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from signpost.case.money import Money, comparable
from signpost.facts.places import among_regions
from signpost.facts.terms import is_counteroffer_accepted
from signpost.rulebook.texts import join_words, requirements, show, show_difference, show_money

Values: TypeAlias = Mapping[str, Any]
Judgement: TypeAlias = tuple[str, str, str]
"""(criterion, verdict, text)."""
Points: TypeAlias = Iterator[Judgement]

STRICTNESS = ("remote", "hybrid", "onsite")
LONG_WEEK_HOURS = 50
USUAL_COMMUTE_MINUTES = 60
"""The longest commute where the candidate names none."""
BENEFITS = {"retirement_match": "retirement", "health": "medical", "paid_leave": "leave"}
"""Benefit -> the priority of the candidate that it serves."""
MATTERS = {"pay": "pay", "growth": "growth", "workplace": "flexibility", "place": "location", "commute": "location"} | {
    name.replace("_", " "): priority for name, priority in BENEFITS.items()
}
"""Criterion -> the priority that it serves."""
_AIMS = {
    "salary_floor": "your lowest acceptable pay",
    "monthly_needs": "what you need",
    "salary_target": "your target",
}


def pay_of(offer: Values) -> Money | None:
    """The pay to judge an offer by: that of a counteroffer which the candidate has not accepted, else its own."""
    pay = offer.get("counteroffer_salary" if _is_countered(offer) else "salary")
    return pay if isinstance(pay, Money) else None


def _is_countered(offer: Values) -> bool:
    return "counteroffer_salary" in offer and not is_counteroffer_accepted(offer)


def _pay(offer: Values, preferences: Values) -> Points:
    salary = pay_of(offer)
    if salary is None:
        yield "pay", "unknown", "salary"
        return
    pay = f"{show_money(salary)} in the counteroffer" if _is_countered(offer) else show_money(salary)
    aims = {name: preferences.get(name) for name in _AIMS}
    pairs = {name: comparable(salary, aim) for name, aim in aims.items() if isinstance(aim, Money)}
    known = {name: aim for name, aim in aims.items() if isinstance(aim, Money) and pairs[name]}
    missed = [name for name, pair in pairs.items() if pair and pair[0] < pair[1]]
    if missed:
        yield "pay", "con", f"{pay} is below {_AIMS[missed[0]]} of {show_money(known[missed[0]])}"
    elif known:
        met = list(known)[-1]
        yield "pay", "pro", f"{pay} meets {_AIMS[met]} of {show_money(known[met])}"
    else:
        yield "pay", "weigh", f"pay of {pay}"
    if missed and "negotiable" not in offer:
        yield "pay", "unknown", "whether pay is negotiable"
    elif missed and offer["negotiable"]:
        yield "pay", "pro", "pay is open to negotiation"


def _change_of_pay(offer: Values, preferences: Values) -> Points:
    """Pay against the market and against the present job."""
    salary = pay_of(offer)
    for name, below, above in _OTHER_PAY:
        other = preferences.get(name)
        pair = comparable(salary, other) if salary is not None and isinstance(other, Money) else None
        if pair and pair[0] < pair[1]:
            yield "pay", "con", f"{show_difference(salary, other)} {below}"
        elif pair and pair[0] > pair[1] and above:
            yield "pay", "pro", f"{show_difference(salary, other)} {above}"


_OTHER_PAY = (
    ("market_low", "less than the market pay that you found", ""),
    ("present_salary", "less than you earn now", "more than you earn now"),
)


def _change_of_terms(offer: Values, preferences: Values) -> Points:
    """Leave, commute and hours against the present job."""
    for name, criterion, unit, rest, verdicts in _OTHER_TERMS:
        ours, theirs = offer.get(name), preferences.get(f"present_{name}")
        if ours is not None and theirs is not None and ours != theirs:
            difference, more = abs(ours - theirs), ours > theirs
            counted = f"{unit}{'' if difference == 1 else 's'}"
            text = f"{show(difference)} {'more' if more else 'fewer'} {counted} {rest} than now"
            yield criterion, verdicts[0 if more else 1], text


_OTHER_TERMS = (
    ("paid_leave_days", "paid leave", "day", "of paid leave", ("pro", "con")),
    ("commute_minutes", "commute", "minute", "each way", ("con", "pro")),
    ("hours_per_week", "hours", "hour", "a week", ("con", "pro")),
)
"""Term, criterion, unit, the rest of the words, and the verdicts on more and on fewer."""


def _extra_pay(offer: Values, preferences: Values) -> Points:
    for name in ("bonus", "commission", "equity"):
        if offer.get(name):
            yield name, "pro", f"{name}: {show_money(offer[name]) if isinstance(offer[name], Money) else offer[name]}"


def _benefits(offer: Values, preferences: Values) -> Points:
    for benefit in BENEFITS:
        words, has = benefit.replace("_", " "), offer.get(f"benefits.{benefit}")
        cover = "health cover" if benefit == "health" else words
        days = offer.get("paid_leave_days") if benefit == "paid_leave" else None
        if days:
            yield words, "pro", f"{show(days)} day{'' if days == 1 else 's'} of paid leave a year"
        elif has is None:
            yield words, "unknown", cover
        else:
            yield (words, "pro", cover) if has else (words, "con", f"no {cover}")


def _workplace(offer: Values, preferences: Values) -> Points:
    place, preferred = offer.get("workplace"), preferences.get("workplace")
    if place is None:
        yield "workplace", "unknown", "workplace (onsite, hybrid or remote)"
    elif preferred is None:
        yield "workplace", "weigh", f"{place} work"
    elif STRICTNESS.index(place) > STRICTNESS.index(preferred):
        yield "workplace", "con", f"{place}, and you would prefer {preferred} work"
    else:
        yield "workplace", "pro", f"{place} work, which suits you"


def _place(offer: Values, preferences: Values) -> Points:
    if offer.get("workplace") == "remote":
        return
    region = offer.get("region")
    if among_regions(region, preferences.get("unwanted_regions")):
        yield "place", "con", f"in {region}, where you do not want to live"
    if offer.get("away") and not _is_commutable(offer, preferences):
        support = {"offered": " with support for it", "refused": " without support for it"}
        place = f"to {region or offer.get('city')}" if region or offer.get("city") else "abroad"
        yield "place", "con", f"a move {place}{support.get(offer.get('relocation', ''), '')}"
        if "relocation" not in offer:
            yield "place", "unknown", "support for the move"


def _is_commutable(offer: Values, preferences: Values) -> bool:
    return "commute_minutes" in offer and offer["commute_minutes"] <= preferences.get(
        "max_commute_minutes", USUAL_COMMUTE_MINUTES
    )


def _commute(offer: Values, preferences: Values) -> Points:
    minutes, most = offer.get("commute_minutes"), preferences.get("max_commute_minutes")
    if minutes is not None:
        verdict = "weigh" if most is None else "con" if minutes > most else "pro"
        yield "commute", verdict, f"a commute of {minutes} minutes"


def _hours(offer: Values, preferences: Values) -> Points:
    hours = offer.get("hours_per_week")
    if hours is None:
        yield "hours", "unknown", "weekly hours"
    else:
        unpaid = ", overtime unpaid" if offer.get("overtime_paid") is False else ""
        yield "hours", "con" if hours >= LONG_WEEK_HOURS else "weigh", f"{show(hours)} hours a week{unpaid}"
    for name, words in (("weekends", "work at weekends"), ("on_call", "on-call duty")):
        if offer.get(name):
            yield "hours", "weigh", words


def _travel(offer: Values, preferences: Values) -> Points:
    if offer.get("travel_percent"):
        yield "travel", "weigh", f"{show(offer['travel_percent'])} % of the time travelling"


def _prospects(offer: Values, preferences: Values) -> Points:
    for name, words in (("growth_path", "growth"), ("team", "team"), ("work_life", "work-life balance")):
        yield (words, "weigh", f"{words}: {offer[name]}") if name in offer else (words, "unknown", words)


def _standing(offer: Values, preferences: Values) -> Points:
    """Start date, conditions and acceptance of the offer."""
    if "start_date" in offer:
        yield "start", "weigh", f"start on {show(offer['start_date'])}"
    else:
        yield "start", "unknown", "start date"
    if offer.get("conditions") and not offer.get("conditions_cleared"):
        yield "conditions", "con", f"depends on {join_words(requirements(offer['conditions']))}"
    if offer.get("stage") == "accepted":
        yield "your word", "weigh", f"you have said yes{' and signed' if offer.get('letter') == 'signed' else ''}"


def _must_haves(offer: Values, preferences: Values) -> Points:
    for must in preferences.get("non_negotiables") or ():
        yield "must-haves", "unknown", f"whether it gives you what you will not do without: {must}"


CRITERIA: tuple[Callable[[Values, Values], Points], ...] = (
    _pay,
    _change_of_pay,
    _extra_pay,
    _benefits,
    _workplace,
    _place,
    _commute,
    _hours,
    _change_of_terms,
    _travel,
    _prospects,
    _standing,
    _must_haves,
)
"""(offer, preferences) -> points, in the order of the chart."""
OF_PRESENT_JOB = (_pay, _extra_pay, _benefits, _workplace, _commute, _hours, _travel, _prospects)
"""Those that judge the present job as well."""
