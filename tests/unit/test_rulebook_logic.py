"""What can hold together and what cannot, at the edges: each pair of cases differs in one word."""

from pathlib import Path

import pytest

from signpost.rulebook import load
from signpost.rulebook.analysis.logic import is_possible
from signpost.rulebook.analysis.meaning import Meaning
from signpost.rulebook.terms import Condition
from signpost.rulebook.typed_rule import Rule

PARAMS = "{minute: 1m, most_of_a_day: 23h30m, day: 1d, days: 3d, weekend: 70h, work: 1bd, month: 25d, far: 40d}"
DEFINE = """
    notice: [candidate's notice_period_days]
    last_day: notice before start_date
    month_end: day before start_date back to a month end
    eve: day before start_date
    first: [accepted_at, extended_at]
    either_day: [accepted_at, start_date]
"""
POSSIBLE = {
    "a day may have 23 hours": "start_date: passed and less than most_of_a_day ago",
    "one business day may take three": "extended_at: less than work ago and at least weekend ago",
    "a month's end may lie 25 days back": "month_end: at least month ago | start_date: ahead",
    "an empty list is not only of these": "withdrawal_reasons: empty | not withdrawal_reasons: only compensation",
    "amounts in two currencies compare in no way": (
        "salary: known | bottom_line: known | not salary: below bottom_line | not salary: at least bottom_line"
    ),
    "a day may lie beyond the calendar": (
        "start_date: known | candidate: {notice_period_days: known} | not respond_by: before last_day"
        " | not respond_by: at or after last_day | respond_by: known"
    ),
    "unknown is not another": "not workplace: remote | not workplace: not remote",
    "unknown is in neither order": "not salary: below bottom_line | not salary: at least bottom_line",
    "text is the same in any case": "title: same as letter_title | title: Cook | letter_title: [Waiter, COOK]",
    "two instants may be one": "respond_by: at or before extended_at | extended_at: at or before respond_by",
    "one of the others may do": "any other offer: {stage: open} | no other offer: {stage: open, letter: signed}",
    "two may do where fewer than three are asked": (
        "at least 2 offers: {stage: open} | fewer than 3 offers: {stage: [open, accepted]}"
    ),
    "the subject is no other": "stage: open | no other offer: {stage: open}",
    "the one may be the subject": "any offer: {stage: open} | no other offer: {stage: open} | stage: open",
    "one link is not another": "any contact: {for: this one} | no contact: {employer: same}",
    "the second counts where the first is unknown": "first: passed | accepted_at: unknown",
    "a list beside another": "withdrawal_reasons: includes growth and includes family",
}
IMPOSSIBLE = {
    "three days have more than a minute": "start_date: less than minute ago and at least days ago",
    "no day ends before it begins": "start_date: passed | either_day: ahead | accepted_at: unknown",
    "one business day takes no month": "extended_at: less than work ago and at least month ago",
    "a month's end lies no 40 days back": "month_end: at least far ago | start_date: ahead",
    "only these means some": "withdrawal_reasons: empty and only compensation",
    "amounts of one currency do": "salary: below bottom_line | bottom_line: below salary",
    "by way of a third": (
        "salary: below bottom_line | bottom_line: at most counteroffer_salary | counteroffer_salary: at most salary"
    ),
    "the eve of a day before it": "eve: ahead | start_date: passed",
    "one is not another": "workplace: remote | not workplace: not onsite",
    "known is in one of two orders": (
        "hours_per_week: known | not hours_per_week: below 40 | not hours_per_week: at least 40"
    ),
    "of two instants one is the later": "respond_by: before extended_at | extended_at: at or before respond_by",
    "what is the same twice is the same": (
        "workplace: same as letter_workplace | letter_workplace: same as candidate's workplace"
        " | workplace: differs from candidate's workplace"
    ),
    "what is the same has a value in common": "title: same as letter_title | title: Cook | letter_title: Waiter",
    "none of the others does": "any other offer: {stage: open, letter: signed} | no other offer: {stage: open}",
    "two are not fewer than two": "at least 2 offers: {stage: open} | fewer than 2 offers: {stage: [open, accepted]}",
    "nobody else, and not the subject": "any offer: {stage: open} | no other offer: {stage: open} | stage: accepted",
    "every offer is among offers": "stage: open | no offer: {stage: open}",
    "another employer is not the same": (
        "any contact: {employer: same, by: candidate} | no contact: {employer: same, by: [candidate, employer]}"
    ),
    "the first counts where it is known": "first: passed | accepted_at: ahead",
    "nothing in the list": "withdrawal_reasons: only growth and includes family",
    "at no stage": "not stage: [open, accepted, declined, withdrawn] | not stage: [rescinded, expired] | stage: known",
    "an offer that ended is not accepted": "ended: true | stage: accepted",
    "an interview is upcoming while it is scheduled": "interview | stage: cancelled | stage: upcoming",
    "thanks by email are thanks": "interview | thanked.email: known | thanked_at: unknown",
    "who has not resigned has no last day": "candidate: {resigned: false} | candidate: {last_day: known}",
}


def said(folder: Path, about: str, condition: str) -> tuple[Rule, Condition]:
    """A rule of this condition alone."""
    (folder / "sources.yaml").write_text("articles: {a: An article}\n")
    used = " ".join(f"{{{{ params.{name.partition(':')[0]} }}}}" for name in PARAMS.strip("{}").split(", "))
    define = f"  define:{DEFINE}" if about == "offer" else ""
    rule = f"r:\n  about: {about}\n  source: a\n  priority: low\n  title: T\n  message: '{used}'\n  params: {PARAMS}\n"
    (folder / "topic.yaml").write_text(f"{rule}{define}  when:\n    {condition}\n")
    rule_made = load(folder).rules["r"]
    return rule_made, rule_made.when


def possible(folder: Path, conditions: str) -> bool:
    """Whether conditions, separated by " | ", can hold together; `not` before one says that it fails."""
    parts = conditions.split(" | ")
    about = "interview" if parts[0] == "interview" else "offer"
    statements = []
    for part in parts[about == "interview" :]:
        rule, condition = said(folder, about, part.removeprefix("not "))
        meaning = Meaning.of(rule)
        statements.append((meaning.fails if part.startswith("not ") else meaning.holds)(condition))
    return is_possible(*statements)


@pytest.mark.parametrize("conditions", POSSIBLE.values(), ids=POSSIBLE.keys())
def test_what_may_be_is_possible(tmp_path: Path, conditions: str) -> None:
    assert possible(tmp_path, conditions)


@pytest.mark.parametrize("conditions", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_what_cannot_be_is_impossible(tmp_path: Path, conditions: str) -> None:
    assert not possible(tmp_path, conditions)


def test_too_many_cases_count_as_possible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contradiction = "any of: [{title: known}, {salary: known}] | any of: [{title: unknown}, {salary: unknown}] | "
    contradiction += "any of: [{title: unknown}, {salary: known}] | any of: [{title: known}, {salary: unknown}]"
    assert not possible(tmp_path, contradiction)
    monkeypatch.setattr("signpost.rulebook.analysis.logic.MAX_BRANCHES", 1)
    assert possible(tmp_path, contradiction)
