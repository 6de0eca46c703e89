"""The comparison chart: pros, cons and unknowns of each offer and of staying, against the candidate's preferences.
Pure."""

from collections.abc import Iterator
from typing import TypedDict

from signpost.advice.criteria import CRITERIA, MATTERS, OF_PRESENT_JOB, Judgement, Values, pay_of
from signpost.facts.facts import Entity
from signpost.facts.vocabulary import KINDS, PRESENT_TERMS
from signpost.rulebook.text_values import readable

HEADINGS = {"pro": "For", "con": "Against", "weigh": "To weigh", "unknown": "Not known yet"}


class Point(TypedDict):
    """One point of one option. `criterion` is the row of the chart; `verdict`: a key of HEADINGS ("weigh": only the
    candidate can judge it); `matters`: whether it serves a stated priority of the candidate."""

    criterion: str
    verdict: str
    matters: bool
    text: str


class Option(TypedDict):
    """One column of the chart; `offer` is None for staying."""

    offer: str | None
    label: str
    points: list[Point]


class Comparison(TypedDict):
    """The whole chart."""

    options: list[Option]


def compare(offers: list[Entity], candidate: Entity) -> Comparison:
    """The chart of these offers and of staying."""
    preferences = candidate.values
    highest_paid = _highest_paid(offers)
    options = [
        _option(offer.id, _label(offer), _judgements(offer, preferences, highest_paid), preferences) for offer in offers
    ]
    staying = _option(None, _label_staying(preferences), _judge_staying(preferences, offers), preferences)
    return {"options": [*options, staying]}


def _label_staying(known: Values) -> str:
    """Whoever has no job, or has resigned, has nowhere to stay."""
    if known.get("resigned") or known.get("employed") is False:
        return "Taking none of them"
    return f"Staying put at {known['present_employer']}" if "present_employer" in known else "Staying put"


def render_comparison(comparison: Comparison) -> str:
    """The chart as plain text."""
    return "\n\n".join(_render_option(option) for option in comparison["options"])


def _render_option(option: Option) -> str:
    lines = [option["label"]]
    for verdict, heading in HEADINGS.items():
        points = [point for point in option["points"] if point["verdict"] == verdict]
        if points:
            lines.append(f"  {heading}: {'; '.join(map(_format_point, points))}")
    return "\n".join(lines)


def _format_point(point: Point) -> str:
    return f"{point['text']} (a priority of yours)" if point["matters"] else point["text"]


def _option(offer: str | None, label: str, judged: Iterator[Judgement], preferences: Values) -> Option:
    """An option with its points; those that serve a priority come first."""
    priorities = preferences.get("priorities") or ()
    points: list[Point] = [
        {"criterion": criterion, "verdict": verdict, "matters": MATTERS.get(criterion) in priorities, "text": text}
        for criterion, verdict, text in judged
    ]
    return {"offer": offer, "label": label, "points": sorted(points, key=lambda point: not point["matters"])}


def _label(offer: Entity) -> str:
    employer = offer.values.get("employer_name", f"Offer {readable(offer.id)}")
    title = offer.values.get("title")
    return f"{employer}: {title}" if title else str(employer)


def _judgements(offer: Entity, preferences: Values, highest_paid: Entity | None) -> Iterator[Judgement]:
    for judge in CRITERIA:
        yield from judge(offer.values, preferences)
    if offer is highest_paid:
        yield "pay", "pro", "the highest pay of these offers"


def _highest_paid(offers: list[Entity]) -> Entity | None:
    """The highest-paid offer, if all state their pay in one currency."""
    for offer in offers:
        if len(offers) > 1 and all(_pays_more(offer, other) for other in offers if other is not offer):
            return offer
    return None


def _pays_more(offer: Entity, other: Entity) -> bool:
    pay, others = pay_of(offer.values), pay_of(other.values)
    return pay is not None and others is not None and others < pay


def _judge_present_job(known: Values) -> Iterator[Judgement]:
    """The present job on the rows of the chart, as far as its terms are known."""
    terms = {name.removeprefix("present_"): value for name, value in known.items() if name in _PRESENT}
    if not terms:
        yield "present job", "unknown", "what pay and prospects you would have there"
        return
    for judge in OF_PRESENT_JOB:
        yield from judge({"negotiable": False, **terms}, known)


_PRESENT = {f"present_{term}" for term in PRESENT_TERMS} | {
    name for name in KINDS["candidate"] if name.startswith("present_benefits.")
}


def _judge_staying(known: Values, offers: list[Entity]) -> Iterator[Judgement]:
    if known.get("resigned"):
        yield "present job", "con", "you have already resigned"
    elif known.get("employed"):
        yield "present job", "pro", "no notice to give and no new start"
        yield from _judge_present_job(known)
    elif known.get("employed") is False:
        yield "present job", "con", "you have no job at present"
    else:
        yield "present job", "unknown", "whether you have a job at present"
    for offer in offers:
        if offer.values.get("stage") == "accepted":
            yield "your word", "con", f"you would go back on your yes to {_label(offer)}"
