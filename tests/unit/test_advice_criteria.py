"""The criteria of the chart at their limits: on which side a fact of an offer stands, and in which words."""

from datetime import date
from typing import Any

import pytest

from signpost.advice.criteria import CRITERIA, OF_PRESENT_JOB
from signpost.case.money import Money


def usd(amount: int) -> Money:
    return Money.from_json({"amount": str(amount), "currency": "USD", "per": "year"}, None)


def judged(criterion: str, offer: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """`VERDICT: TEXT` of each point."""
    points = [point for judge in CRITERIA for point in judge(offer, wanted)]
    return [f"{verdict}: {text}" for name, verdict, text in points if name == criterion]


Case = tuple[str, dict[str, Any], dict[str, Any], list[str]]
EUR = Money.from_json({"amount": "80", "currency": "EUR", "per": "year"}, None)
AWAY = {"away": True, "region": "Ohio", "relocation": "offered"}
CASES: list[Case] = [
    ("pay", {}, {"salary_floor": usd(80)}, ["unknown: salary"]),
    ("pay", {"salary": usd(80)}, {}, ["weigh: pay of USD 80 a year"]),
    ("pay", {"salary": usd(80)}, {"salary_target": EUR}, ["weigh: pay of USD 80 a year"]),
    ("pay", {"salary": usd(80)}, {"salary_floor": usd(80)},
     ["pro: USD 80 a year meets your lowest acceptable pay of USD 80 a year"]),
    ("pay", {"salary": usd(90)}, {"salary_floor": usd(80), "salary_target": usd(85)},
     ["pro: USD 90 a year meets your target of USD 85 a year"]),
    ("pay", {"salary": usd(79), "negotiable": False}, {"salary_floor": usd(80), "salary_target": usd(85)},
     ["con: USD 79 a year is below your lowest acceptable pay of USD 80 a year"]),
    ("pay", {"salary": usd(79), "negotiable": True}, {"salary_floor": usd(80)},
     ["con: USD 79 a year is below your lowest acceptable pay of USD 80 a year", "pro: pay is open to negotiation"]),
    ("pay", {"salary": usd(79)}, {"salary_floor": EUR, "salary_target": usd(85)},
     ["con: USD 79 a year is below your target of USD 85 a year", "unknown: whether pay is negotiable"]),
    ("pay", {"salary": usd(80)}, {"market_low": usd(80), "present_salary": usd(80)}, ["weigh: pay of USD 80 a year"]),
    ("pay", {"salary": usd(80)}, {"market_low": usd(70)}, ["weigh: pay of USD 80 a year"]),
    ("pay", {"salary": usd(80)}, {"market_low": EUR, "present_salary": EUR}, ["weigh: pay of USD 80 a year"]),
    ("bonus", {"bonus": usd(5)}, {}, ["pro: bonus: USD 5 a year"]),
    ("bonus", {"bonus": False}, {}, []),
    ("equity", {"equity": "0.1 %"}, {}, ["pro: equity: 0.1 %"]),
    ("health", {}, {}, ["unknown: health cover"]),
    ("health", {"benefits.health": True}, {}, ["pro: health cover"]),
    ("health", {"benefits.health": False, "paid_leave_days": 30}, {}, ["con: no health cover"]),
    ("paid leave", {"paid_leave_days": 30, "benefits.paid_leave": False}, {}, ["pro: 30 days of paid leave a year"]),
    ("paid leave", {"paid_leave_days": 1}, {}, ["pro: 1 day of paid leave a year"]),
    ("paid leave", {"paid_leave_days": 0}, {}, ["unknown: paid leave"]),
    ("paid leave", {"paid_leave_days": 30}, {"present_paid_leave_days": 29},
     ["pro: 30 days of paid leave a year", "pro: 1 more day of paid leave than now"]),
    ("paid leave", {"paid_leave_days": 30}, {"present_paid_leave_days": 30}, ["pro: 30 days of paid leave a year"]),
    ("hours", {}, {"present_hours_per_week": 38}, ["unknown: weekly hours"]),
    ("hours", {"hours_per_week": 49}, {}, ["weigh: 49 hours a week"]),
    ("hours", {"hours_per_week": 50, "overtime_paid": True}, {}, ["con: 50 hours a week"]),
    ("hours", {"hours_per_week": 40, "overtime_paid": False}, {}, ["weigh: 40 hours a week, overtime unpaid"]),
    ("hours", {"hours_per_week": 40}, {"present_hours_per_week": 42},
     ["weigh: 40 hours a week", "pro: 2 fewer hours a week than now"]),
    ("hours", {"weekends": False, "on_call": True}, {}, ["unknown: weekly hours", "weigh: on-call duty"]),
    ("commute", {"commute_minutes": 30}, {}, ["weigh: a commute of 30 minutes"]),
    ("commute", {"commute_minutes": 30}, {"max_commute_minutes": 30}, ["pro: a commute of 30 minutes"]),
    ("commute", {"commute_minutes": 31}, {"max_commute_minutes": 30}, ["con: a commute of 31 minutes"]),
    ("commute", {"commute_minutes": 31}, {"present_commute_minutes": 30},
     ["weigh: a commute of 31 minutes", "con: 1 more minute each way than now"]),
    ("commute", {}, {"max_commute_minutes": 30, "present_commute_minutes": 5}, []),
    ("workplace", {"workplace": "hybrid"}, {}, ["weigh: hybrid work"]),
    ("workplace", {"workplace": "hybrid"}, {"workplace": "hybrid"}, ["pro: hybrid work, which suits you"]),
    ("workplace", {"workplace": "remote"}, {"workplace": "onsite"}, ["pro: remote work, which suits you"]),
    ("workplace", {"workplace": "onsite"}, {"workplace": "hybrid"},
     ["con: onsite, and you would prefer hybrid work"]),
    ("workplace", {}, {"workplace": "hybrid"}, ["unknown: workplace (onsite, hybrid or remote)"]),
    ("place", AWAY, {}, ["con: a move to Ohio with support for it"]),
    ("place", {**AWAY, "workplace": "remote"}, {"unwanted_regions": ["OH"]}, []),
    ("place", {"away": True, "city": "Bern"}, {}, ["con: a move to Bern", "unknown: support for the move"]),
    ("place", {"away": True, "relocation": "refused"}, {}, ["con: a move abroad without support for it"]),
    ("place", {"away": False, "region": "Ohio"}, {"unwanted_regions": ["Utah"]}, []),
    ("place", {**AWAY, "commute_minutes": 60}, {}, []),
    ("place", {**AWAY, "commute_minutes": 61}, {}, ["con: a move to Ohio with support for it"]),
    ("place", {**AWAY, "commute_minutes": 60}, {"max_commute_minutes": 59},
     ["con: a move to Ohio with support for it"]),
    ("travel", {"travel_percent": 20}, {}, ["weigh: 20 % of the time travelling"]),
    ("travel", {"travel_percent": 0}, {}, []),
    ("growth", {"growth_path": "lead"}, {}, ["weigh: growth: lead"]),
    ("start", {"start_date": date(2026, 5, 4)}, {}, ["weigh: start on Monday, 4 May 2026"]),
    ("start", {}, {}, ["unknown: start date"]),
    ("conditions", {"conditions": ["background_check", "references"]}, {},
     ["con: depends on a background check and references"]),
    ("conditions", {"conditions": ["permit", "medical", "other"]}, {},
     ["con: depends on a permit, a medical examination and a further condition"]),
    ("conditions", {"conditions": ["medical"], "conditions_cleared": True}, {}, []),
    ("conditions", {"conditions": []}, {}, []),
    ("your word", {"stage": "accepted"}, {}, ["weigh: you have said yes"]),
    ("your word", {"stage": "accepted", "letter": "signed"}, {}, ["weigh: you have said yes and signed"]),
    ("your word", {"stage": "open", "letter": "signed"}, {}, []),
    ("must-haves", {}, {"non_negotiables": None}, []),
]  # fmt: skip


@pytest.mark.parametrize(("criterion", "offer", "wanted", "points"), CASES)
def test_a_fact_stands_on_its_side(
    criterion: str, offer: dict[str, Any], wanted: dict[str, Any], points: list[str]
) -> None:
    assert judged(criterion, offer, wanted) == points


def test_the_present_job_is_not_compared_with_itself_and_begins_on_no_day() -> None:
    points = [point for judge in OF_PRESENT_JOB for point in judge({"salary": usd(80)}, {"present_salary": usd(70)})]
    assert {name for name, _, _ in points}.isdisjoint({"start", "conditions", "your word", "must-haves"})
    assert [text for name, _, text in points if name == "pay"] == ["pay of USD 80 a year"]
