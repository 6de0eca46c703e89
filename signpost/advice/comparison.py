"""The comparison chart: pros and cons of each offer and of staying put, from what is known, with what is unknown
listed. Pure."""

from collections.abc import Callable, Iterator
from typing import Any, TypedDict

from signpost.case.facts import Entity
from signpost.case.money import Money
from signpost.rulebook.texts import show, show_money


class Option(TypedDict):
    """One column of the chart; `offer` is None for staying put."""

    offer: str | None
    label: str
    pros: list[str]
    cons: list[str]
    unknown: list[str]


class Comparison(TypedDict):
    """The whole chart."""

    options: list[Option]


STRICTNESS = ("remote", "hybrid", "onsite")
BENEFIT_OF_PRIORITY = {"retirement": "retirement_match", "medical": "health", "leave": "paid_leave"}


def compare(offers: list[Entity], candidate: Entity) -> Comparison:
    """A chart of these offers against the candidate's preferences; each point is (pro | con | unknown, words)."""
    return {"options": [*(_option(offer, candidate) for offer in offers), _staying(candidate)]}


def render_comparison(comparison: Comparison) -> str:
    """The chart as plain text."""
    return "\n\n".join(_rendered(option) for option in comparison["options"])


def _rendered(option: Option) -> str:
    lines = [option["label"]]
    for title, points in (("For", option["pros"]), ("Against", option["cons"]), ("Not known yet", option["unknown"])):
        if points:
            lines.append(f"  {title}: {'; '.join(points)}")
    return "\n".join(lines)


def _option(offer: Entity, candidate: Entity) -> Option:
    option: Option = {"offer": offer.id, "label": _label(offer), "pros": [], "cons": [], "unknown": []}
    for judge in _JUDGES:
        for verdict, words in judge(offer.values, candidate.values):
            {"pro": option["pros"], "con": option["cons"], "unknown": option["unknown"]}[verdict].append(words)
    return option


def _label(offer: Entity) -> str:
    employer = offer.values.get("employer_name", f"Offer {offer.id}")
    title = offer.values.get("title")
    return f"{employer}: {title}" if title else str(employer)


def _staying(candidate: Entity) -> Option:
    known = candidate.values
    place = f" at {known['present_employer']}" if "present_employer" in known else ""
    option: Option = {"offer": None, "label": f"Staying put{place}", "pros": [], "cons": [], "unknown": []}
    if known.get("employed") and not known.get("resigned"):
        option["pros"].append("no notice to give, no new start")
        option["unknown"].append("your present pay and prospects")
    elif known.get("resigned"):
        option["cons"].append("you have already resigned")
    elif known.get("employed") is False:
        option["cons"].append("you have no job at present")
    else:
        option["unknown"].append("whether you have a job at present")
    return option


def _pay(offer: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    salary = offer.get("salary")
    if not isinstance(salary, Money):
        yield "unknown", "salary"
        return
    said = show_money(salary)
    for name, words in (("salary_floor", "your lowest acceptable pay"), ("salary_target", "your target")):
        aim = wanted.get(name)
        if isinstance(aim, Money) and aim.currency == salary.currency:
            if salary.annual < aim.annual:
                yield "con", f"{said} is below {words} of {show_money(aim)}"
                return
            if name == "salary_target":
                yield "pro", f"{said} meets {words} of {show_money(aim)}"
                return
    yield "pro", f"{said}"


def _workplace(offer: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    place, preferred = offer.get("workplace"), wanted.get("workplace")
    if place is None:
        yield "unknown", "workplace (onsite, hybrid or remote)"
    elif preferred is not None:
        stricter = STRICTNESS.index(place) > STRICTNESS.index(preferred)
        yield (
            ("con", f"{place}, where you would rather work {preferred}")
            if stricter
            else ("pro", f"{place} work suits you")
        )
    region = offer.get("region")
    if region is not None and region in (wanted.get("unwanted_regions") or ()):
        yield "con", f"in {region}, where you do not want to live"


def _commute(offer: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    minutes, most = offer.get("commute_minutes"), wanted.get("max_commute_minutes")
    if minutes is not None and most is not None:
        yield ("con" if minutes > most else "pro"), f"a commute of {minutes} minutes"


def _benefits(offer: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for priority, benefit in BENEFIT_OF_PRIORITY.items():
        words = benefit.replace("_", " ")
        has = offer.get(f"benefits.{benefit}")
        if has is None:
            yield "unknown", words
        elif has:
            yield "pro", words
        elif priority in (wanted.get("priorities") or ()):
            yield "con", f"no {words}, which matters to you"
        else:
            yield "con", f"no {words}"


def _prospects(offer: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, words in (("growth_path", "growth"), ("team", "team"), ("work_life", "work-life balance")):
        yield ("pro", f"{words}: {offer[name]}") if name in offer else ("unknown", words)


def _timing(offer: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "start_date" not in offer:
        yield "unknown", "start date"
    if offer.get("conditions"):
        yield "con", f"hangs on {show([word.replace('_', ' ') for word in offer['conditions']])}"


def _hours(offer: dict[str, Any], wanted: dict[str, Any]) -> Iterator[tuple[str, str]]:
    hours = offer.get("hours_per_week")
    if hours is None:
        yield "unknown", "weekly hours"
    elif hours >= 50 and offer.get("overtime_paid") is False:
        yield "con", f"{show(hours)} hours a week, overtime unpaid"


_JUDGES: tuple[Callable[[dict[str, Any], dict[str, Any]], Iterator[tuple[str, str]]], ...] = (
    _pay,
    _benefits,
    _workplace,
    _commute,
    _hours,
    _prospects,
    _timing,
)
