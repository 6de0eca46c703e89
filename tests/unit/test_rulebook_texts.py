"""Texts of rules: the filters that show money, and the ends of lines."""

import weakref
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from signpost.case.money import Money
from signpost.rulebook import load
from signpost.rulebook.filters import FILTERS, UNKNOWN_SHAPE
from signpost.rulebook.templates import MAX_DEPTH, find_text_problems
from signpost.rulebook.texts import ENVIRONMENT, LetterVariables, Variables, render, render_within
from tests.support.rulebooks import RULES


@pytest.mark.parametrize(
    ("amount", "per", "hours", "shown"),
    [
        ("60000", "year", None, "USD 5,000 a month"),
        ("59999", "year", None, "USD 4,999.92 a month"),
        ("4000", "month", None, "USD 4,000 a month"),
        ("900", "week", None, "USD 3,900 a month"),
        ("300", "day", None, "USD 6,500 a month"),
        ("30", "hour", None, "USD 5,200 a month"),
        ("30", "hour", 20, "USD 2,600 a month"),
        ("0", "year", None, "USD 0 a month"),
    ],
)
def test_pay_is_shown_by_the_month_whatever_it_is_paid_for(
    amount: str, per: str, hours: float | None, shown: str
) -> None:
    salary = Money.from_json({"amount": amount, "currency": "USD", "per": per}, hours)
    assert render("{{ salary | monthly }}", {"salary": salary}) == shown


def test_pay_that_nobody_named_is_unknown_by_the_month() -> None:
    assert render("{{ salary | monthly }}, {{ candidate.monthly_needs | monthly }}", {"candidate": {}}) == (
        "unknown, unknown"
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{{ (percent / 20) | round(1) }} days", "unknown days"),
        ("{{ 100 - 2 * days // 7 }}, {{ days | abs }}, {{ -days }}", "unknown, unknown, unknown"),
        ("{% if day < other or day >= other %}Soon.{% else %}Some day.{% endif %}", "Some day."),
    ],
)
def test_no_text_fails_on_a_fact_that_has_become_unknown(source: str, shown: str) -> None:
    assert render_within(source, Variables(), 100) == shown


def test_no_text_of_a_shipped_rule_fails_when_nothing_is_known() -> None:
    for rule in load(RULES).rules.values():
        texts = rule.texts
        for source in (
            texts.title, texts.message, texts.item, texts.opening, *texts.steps, *texts.questions,
            *(text for draft in texts.drafts for text in (draft.title, draft.body)),
        ):  # fmt: skip
            render_within(source, Variables(), 5_000)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{% if x %}Yes.{% else %}No.{% endif %}\n\nKind regards", "No.\n\nKind regards"),
        ("Yes.\n{% if x %}\nAnd.\n{% endif %}\nKind regards", "Yes.\nKind regards"),
        ("{% for one in [1, 2] %}\n- {{ one }}\n{% endfor %}\n\nKind regards", "- 1\n- 2\n\nKind regards"),
        ("a{% if x -%}\n b{% endif %}\nc", "a\nc"),
    ],
)
def test_a_tag_takes_the_end_of_its_line_only_where_it_stands_alone(source: str, shown: str) -> None:
    assert render(source, {}) == shown


ANY_X = frozenset({("x", UNKNOWN_SHAPE)})


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ x is nonsense }}", "No test named 'nonsense'."),
        ("{{ [not x is nonsense]|first }}", "No test named 'nonsense'."),
        ("{% for loop in x %}{{ loop }}{% endfor %}", "Can't assign to special loop variable in for-loop target"),
    ],
)
def test_what_only_compiling_shows_is_found(source: str, problem: str) -> None:
    assert find_text_problems(source, ANY_X) == (("R040", problem, ""),)


NESTED = (
    "{{ not (…) }}", "{{ 'a' ~ (…) }}", "{{ 1 + (…) }}", "{{ -(…) }}", "{{ x if x else (…) }}", "{{ x and (…) }}",
    "{{ (x if (…) else x) }}", "{{ x < (…) }}", "{{ (…)|upper }}", "{{ x|default(…) }}", "{{ [(…)]|first }}",
    "{{ (…).a }}", "{{ (…)|sort(reverse=true) }}", "{% if x %}…{% else %}x{% endif %}",
)  # fmt: skip


@pytest.mark.parametrize("source", NESTED)
def test_a_text_without_problems_compiles_however_deep_it_is(source: str) -> None:
    """Most are not compiled when they are checked."""
    before, after = source.removeprefix("{{ ").removesuffix(" }}").split("…")
    innermost, around = ("x", "{{{{ {} }}}}") if source.startswith("{{") else ("{{ x }}", "{}")
    texts = (around.format(before * depth + innermost + after * depth) for depth in range(MAX_DEPTH, 9, -1))
    ENVIRONMENT.compile(next(text for text in texts if not find_text_problems(text, ANY_X)))


def test_every_filter_that_a_text_may_use_is_there() -> None:
    assert set(FILTERS) <= set(ENVIRONMENT.filters)


@pytest.mark.parametrize(
    ("conditions", "shown"),
    [
        (["background_check"], "a background check"),
        (["permit", "medical"], "a permit and a medical examination"),
        (["references", "other"], "references and a further condition"),
        (["drug_test"], "drug test"),
    ],
)
def test_what_an_offer_depends_on_reads_as_a_list_of_things(conditions: list[str], shown: str) -> None:
    assert render("{{ conditions | requirements | listed }}", {"conditions": conditions}) == shown
    assert render("{{ conditions | first | requirements }}", {"conditions": conditions[:1]}) == shown.split(" and ")[0]


AWAY = timezone(timedelta(hours=-8), "UTC-08:00")


@pytest.mark.parametrize(
    ("value", "shown", "sent"),
    [
        (datetime(2026, 3, 16, 17, tzinfo=AWAY), "Monday, 16 March 2026 (UTC-08:00)", "Monday, 16 March 2026"),
        (datetime(2026, 3, 16, tzinfo=UTC), "Monday, 16 March 2026 (UTC)", "Monday, 16 March 2026"),
        (datetime(2026, 3, 16, 5, tzinfo=AWAY), "Monday, 16 March 2026 (UTC-08:00)", "Monday, 16 March 2026"),
        (date(2026, 3, 16), "Monday, 16 March 2026", "Monday, 16 March 2026"),
        (None, "unknown", "unknown"),
    ],
)
def test_a_day_has_its_zone_except_in_letters(value: Any, shown: str, sent: str) -> None:
    assert render_within("{{ value | day }}", Variables(value=value), 100) == shown
    assert render_within("{{ value | day }}", LetterVariables(value=value), 100) == sent


@pytest.mark.parametrize("source", ["{{ value }}", "{{ value | day }}", "{{ value | deadline }}"])
def test_a_time_of_day_keeps_its_zone_in_letters(source: str) -> None:
    at_night = datetime(2026, 3, 16, 4, 59, tzinfo=AWAY)
    for variables in (Variables(value=at_night), LetterVariables(value=at_night)):
        assert render_within(source, variables, 100) == "Monday, 16 March 2026, 04:59 (UTC-08:00)"
    end = datetime(2026, 3, 16, 23, 59, tzinfo=AWAY)
    shown = render_within("{{ value | deadline }}", LetterVariables(value=end), 100)
    assert shown == "the end of Monday, 16 March 2026 (UTC-08:00)"


@pytest.mark.parametrize("kind", [Variables, LetterVariables])
def test_variables_are_freed_with_their_last_text_and_not_by_the_garbage_collector(kind: type[Variables]) -> None:
    variables = kind({"employer": "Acme"})
    assert render_within("For {{ employer }}", variables, 100) == "For Acme"
    freed = weakref.ref(variables)
    del variables
    assert freed() is None
