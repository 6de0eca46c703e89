"""A rulebook for tests that uses every kind of term, operator, relation and phrase once."""

import re
from functools import cache
from pathlib import Path

from signpost.engine import CompiledEngine
from signpost.rulebook import Rulebook, load

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
FEW_RULES = ROOT / "tests/simulation/rules"
"""Few rules of every kind: a process loads them at once, where the shipped ones take half a second."""


@cache
def shipped() -> Rulebook:
    """The shipped rulebook, loaded once in a process of tests."""
    return load(RULES)


@cache
def shipped_engine() -> CompiledEngine:
    """The compiled engine of the shipped rulebook."""
    return CompiledEngine(shipped())


PARAMS = {"wait": "3d", "short": "36h", "long_way": "60", "manager_notice": "28d", "usual_notice": "14d"}
PARAMS |= {"patience": "3bd", "far": "45"}
OWN_FIELDS = """fields:
  offer:
    probation_period: {type: days, label: probation period, visible_to: employer}
    sign_on: {type: money, label: sign-on bonus, visible_to: employer}
    visa_sponsored: {type: boolean, visible_to: employer}
    shift: {type: choice, choices: [day, night], visible_to: employer}
    ends_on: {type: date, visible_to: employer}
    car: {type: text, visible_to: employer}
    fit: {type: number, visible_to: candidate}
    decided_at: {type: instant, visible_to: candidate}
  interview:
    panel_size: {type: number, visible_to: employer}
    impression: {type: text, visible_to: candidate}
  application:
    referred: {type: boolean, visible_to: employer}
    fit: {type: number, visible_to: candidate}
  candidate:
    needs_visa: {type: boolean, label: work visa needed, visible_to: candidate}
    most_probation: {type: days, visible_to: candidate}
    available_on: {type: date, visible_to: candidate}
"""
"""Fields of every type, as `generators.OWN_TYPES` sends them."""
DEFINE = """  define:
    notice:
      - candidate's notice_period_days
      - {value: manager_notice, when: {candidate: {manages_people: true}}}
      - usual_notice
    last_day: notice before start_date
    last_month: notice before start_date back to a month end
    half_month: patience before start_date back to the 15th or month end
    farthest: [candidate's max_commute_minutes, far]
    answer: [patience after start_date, patience after respond_by]
"""
OFFER_CONDITIONS = {
    "known": "salary: known",
    "unknown": "benefits.health: unknown",
    "choice": "stage: open",
    "choices": "stage: [open, accepted]",
    "negated": "workplace: not remote",
    "negated-two": "workplace: not remote or hybrid",
    "boolean": "negotiable: false",
    "number": "hours_per_week: 40",
    "number-above": "hours_per_week: above 40",
    "number-least": "commute_minutes: at least long_way",
    "number-ref": "commute_minutes: at most candidate's max_commute_minutes",
    "money": "salary: below candidate's salary_target",
    "money-own": "counteroffer_salary: at least bottom_line",
    "money-false": "bonus: above salary",
    "text": "title: x",
    "same": "title: same as letter_title",
    "differs": "letter_salary: differs from salary",
    "differs-place": "letter_location: differs from location",
    "differs-date": "letter_start_date: differs from start_date",
    "only": "withdrawal_reasons: only compensation",
    "includes": "withdrawal_reasons: includes growth or family",
    "beyond": "withdrawal_reasons: includes anything beyond compensation",
    "empty": "highlights: empty",
    "some": "conditions: not empty",
    "passed": "respond_by: passed",
    "ahead": "start_date: ahead",
    "within": "respond_by: within wait",
    "within-date": "start_date: within wait",
    "ago": "extended_at: at least wait ago",
    "less-ago": "extended_at: less than wait ago and at least short ago",
    "before": "respond_by: before start_date",
    "after-moved": "respond_by: later than wait after extended_at",
    "at-or-before": "accepted_at: at or before wait before start_date",
    "days-ref": "start_date: within candidate's notice_period_days",
    "candidate": "candidate: {employed: true, resigned: false}",
    "candidate-time": "candidate: {discussed_family_at: at least short ago}",
    "any-of": "any of: [{salary: unknown}, {respond_by: within wait, negotiable: true}]",
    "any-unknown": "any unknown: [title, salary, start_date]",
    "all-of": "all of: [{any of: [{title: known}, {salary: known}]}, {any of: [{on_call: true}, {weekends: true}]}]",
    "any-other": "any other offer: {stage: accepted, accepted_at: later than this one's}",
    "no-other": "no other offer: {stage: accepted}",
    "two": "at least 2 offers: {stage: [open, accepted]}",
    "no-contact": "no contact: {for: this one, by: candidate, at: less than wait ago}",
    "any-contact": "any contact: {employer: same, channel: [phone, video], at: at or after this one's extended_at}",
    "another-employer": (
        "any interview: {employer: another, stage: upcoming, starts_at: before wait after this one's respond_by}"
    ),
    "timed-alternatives": (
        "any interview: {any of: [{starts_at: within wait}, {stage: completed, completed_at: at least short ago}]}"
    ),
    "defined": "last_day: within wait",
    "defined-order": "respond_by: after last_day",
    "defined-month-end": "last_month: passed",
    "defined-half-month": "half_month: within wait",
    "defined-number": "commute_minutes: above farthest",
    "defined-of-both": "answer: passed",
    "among": "region: among candidate's unwanted_regions",
    "business-days": "extended_at: at least patience ago",
    "business-days-of-date": "start_date: within patience",
    "fewer": "fewer than 2 offers: {stage: [open, accepted], extended_at: less than wait ago}",
    "candidate-inside": (
        "any other offer: "
        "{any of: [{candidate: {priorities: includes pay}}, {extended_at: after this one's extended_at}]}"
    ),
    "own-known": "probation_period: known",
    "own-unknown": "sign_on: unknown",
    "own-days": "probation_period: at least far",
    "own-days-ref": "probation_period: above candidate's most_probation",
    "own-days-offset": "start_date: within probation_period",
    "own-boolean": "visa_sponsored: false\n    candidate: {needs_visa: true}",
    "own-choice": "shift: night",
    "own-negated": "shift: not day",
    "own-choices": "shift: [day, night]",
    "own-money": "sign_on: at least bonus",
    "own-date": "ends_on: within wait",
    "own-date-order": "ends_on: before candidate's available_on",
    "own-instant": "decided_at: less than wait ago",
    "own-text": "car: x",
    "own-same": "car: same as title",
    "own-number": "fit: above 1",
    "own-negative": "fit: below 0",
    "own-exact": "fit: 2.5",
    "own-any-other": "any other offer: {shift: day, probation_period: below 60, fit: above this one's fit}",
    "own-any-interview": "any interview: {for: this one, panel_size: above 7}",
    "own-any-unknown": "any unknown: [probation_period, sign_on, title]",
    "two-relations": "any contact as first: {by: candidate}\n    no contact as second: {by: employer, for: this one}",
}
OTHERS = {
    "interview": [
        "stage: upcoming",
        "starts_at: within wait",
        "prepared.research: unknown",
        "no application: {for: this one, stage: rejected}",
        "panel_size: at most 14",
        "impression: known",
    ],
    "application": [
        "stage: rejected",
        "any interview: {for: this one, stage: completed}",
        "no offer: {for: this one}",
        "referred: true",
    ],
    "candidate": [
        "employed: true",
        "needs_visa: true",
        "most_probation: unknown",
        "at least 2 offers: {stage: open}",
        "resigned_at: less than wait ago",
        "priorities: includes pay",
        (
            "any offer: "
            "{any of: [{candidate: {resigned: true}}, {extended_at: later than candidate's discussed_family_at}]}"
        ),
    ],
}


def every_term(folder: Path) -> Rulebook:
    """Write a rulebook with one rule for each condition and one with a validity, and load it."""
    (folder / "sources.yaml").write_text("articles: {a: An article}\n")
    (folder / "fields.yaml").write_text(OWN_FIELDS)
    rules = [_rule(f"offer-{name}", "offer", condition) for name, condition in OFFER_CONDITIONS.items()]
    rules += [_rule(f"{kind}-{n}", kind, line) for kind, lines in OTHERS.items() for n, line in enumerate(lines)]
    rules.append(_rule("valid", "offer", "stage: open\n  valid: for wait after extended_at"))
    (folder / "topic.yaml").write_text("\n".join(rules))
    return load(folder)


def _rule(name: str, about: str, condition: str) -> str:
    priority = "{normal: from the start, high: {title: known}}" if about == "offer" else "low"
    define = DEFINE if any(name in condition for name in ("last_", "half_month", "farthest", "answer:")) else ""
    used = {key: value for key, value in PARAMS.items() if re.search(rf"\b{key}\b", condition + define)}
    given = f"  params: {{{', '.join(f'{key}: {value}' for key, value in used.items())}}}\n" if used else ""
    head = f"{name}:\n  about: {about}\n  priority: {priority}\n  source: a\n  title: T\n  message: M\n"
    return f"{head}{given}{define}  when:\n    {condition}\n"
