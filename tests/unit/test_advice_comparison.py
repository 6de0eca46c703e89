"""The comparison chart: every point on the side where a candidate would put it, and what is not known by name."""

from typing import Any

from signpost.advice.comparison import compare, render_comparison
from signpost.case import Case, Event
from signpost.facts.facts import facts_of

USD = {"currency": "USD", "per": "year"}
START = 1_772_442_000_000_000


def chart(preferences: dict[str, Any], *offers: dict[str, Any], **employment: Any) -> list[dict[str, Any]]:
    events = [_event(0, "candidate.preferences", preferences)]
    events += [_event(number, "offer.extended", offer) for number, offer in enumerate(offers, 1)]
    if employment:
        events.append(_event(90, "employment.current", employment))
    facts = facts_of(Case().fold(*events), "c-1")
    return [dict(option) for option in compare(facts.of_kind("offer"), facts.candidate)["options"]]


def labels(*employment: tuple[str, dict[str, Any]]) -> list[str]:
    events = [_event(number, f"employment.{name}", data) for number, (name, data) in enumerate(employment, 1)]
    facts = facts_of(Case().fold(_event(0, "offer.extended", {"offer": "x"}), *events), "c-1")
    return [option["label"] for option in compare(facts.of_kind("offer"), facts.candidate)["options"]]


def _event(number: int, type_: str, data: dict[str, Any]) -> Event:
    return Event("acme", "test", f"e-{number}", type_, START + number, "c-1", data)


ACME = {
    "offer": "acme",
    "employer": {"id": "acme", "name": "Acme"},
    "title": "Nurse",
    "salary": {"amount": "90000", **USD},
    "bonus": {"amount": "5000", **USD},
    "benefits": {"health": True, "retirement_match": False, "paid_leave": True},
    "workplace": "hybrid",
    "location": {"city": "Austin", "region": "Texas"},
    "relocation": "refused",
    "commute_minutes": 70,
    "hours_per_week": 55,
    "overtime_paid": False,
    "weekends": True,
    "growth_path": "ward manager in two years",
    "conditions": ["background_check"],
}
WANTED = {
    "salary_target": {"amount": "85000", **USD},
    "priorities": ["retirement"],
    "workplace": "remote",
    "region": "Ohio",
    "unwanted_regions": ["texas"],
    "max_commute_minutes": 60,
    "non_negotiables": ["a school nearby"],
}


def said(option: dict[str, Any], verdict: str) -> list[str]:
    return [point["text"] for point in option["points"] if point["verdict"] == verdict]


def test_every_point_stands_on_its_side() -> None:
    acme, staying = chart(WANTED, ACME, employer={"id": "h", "name": "Hooli"})
    assert acme["label"] == "Acme: Nurse"
    assert said(acme, "pro") == [
        "USD 90,000 a year meets your target of USD 85,000 a year",
        "bonus: USD 5,000 a year",
        "health cover",
        "paid leave",
    ]
    assert said(acme, "con") == [
        "no retirement match",
        "hybrid, and you would prefer remote work",
        "in Texas, where you do not want to live",
        "a move to Texas without support for it",
        "a commute of 70 minutes",
        "55 hours a week, overtime unpaid",
        "depends on a background check",
    ]
    assert said(acme, "weigh") == ["work at weekends", "growth: ward manager in two years"]
    must = "whether it gives you what you will not do without: a school nearby"
    assert said(acme, "unknown") == ["team", "work-life balance", "start date", must]
    assert staying["label"] == "Staying put at Hooli"
    assert said(staying, "pro") == ["no notice to give and no new start"]


def test_only_who_has_a_job_can_stay() -> None:
    job = ("current", {"employer": {"name": "Hooli"}})
    assert labels() == ["Offer x", "Staying put"]
    assert labels(job) == ["Offer x", "Staying put at Hooli"]
    assert labels(("ended", {})) == ["Offer x", "Taking none of them"]
    assert labels(job, ("resigned", {})) == ["Offer x", "Taking none of them"]


def test_what_serves_a_priority_comes_first_and_is_marked() -> None:
    acme, _ = chart(WANTED, ACME)
    assert acme["points"][0] == {
        "criterion": "retirement match",
        "verdict": "con",
        "matters": True,
        "text": "no retirement match",
    }
    assert [point["matters"] for point in acme["points"][1:]].count(True) == 0


def test_every_option_has_the_same_rows() -> None:
    acme, bare, _ = chart(WANTED, ACME, {"offer": "x"})
    rows = {point["criterion"] for point in bare["points"]}
    assert rows <= {point["criterion"] for point in acme["points"]}


def test_the_highest_pay_is_named_only_where_all_can_be_compared() -> None:
    less = {**ACME, "offer": "less", "salary": {"amount": "80000", **USD}}
    euros = {**ACME, "offer": "euros", "salary": {"amount": "80000", "currency": "EUR", "per": "year"}}
    best = "the highest pay of these offers"
    acme, other, _ = chart({}, ACME, less)
    assert best in said(acme, "pro")
    assert best not in said(other, "pro")
    for others in ([less, euros], [less, {"offer": "unknown"}], [{**ACME, "offer": "same"}]):
        assert all(best not in said(option, "pro") for option in chart({}, ACME, *others))


def test_a_counteroffer_counts_with_its_pay_and_is_named_until_it_is_accepted() -> None:
    birch = {"offer": "birch", "salary": {"amount": "95000", **USD}}
    raised = {"offer": "acme", "salary": {"amount": "97000", **USD}}
    events = [_event(1, "offer.extended", ACME), _event(2, "offer.extended", birch)]
    events += [_event(3, "offer.accepted", {"offer": "acme"}), _event(4, "offer.countered", raised)]
    best, wanted = "the highest pay of these offers", _event(0, "candidate.preferences", WANTED)
    for later, source in (
        ([], " in the counteroffer"),
        ([wanted], " in the counteroffer meets your target of USD 85,000 a year"),
        ([_event(5, "offer.accepted", {"offer": "acme"})], ""),
        (
            [
                _event(5, "offer.letter_received", {"offer": "acme"}),
                _event(6, "offer.letter_signed", {"offer": "acme"}),
            ],
            "",
        ),
    ):
        facts = facts_of(Case().fold(*events, *later), "c-1")
        acme, other, _ = map(dict, compare(facts.of_kind("offer"), facts.candidate)["options"])
        pay = f"USD 97,000 a year{source}"
        assert pay in said(acme, "pro") if wanted in later else f"pay of {pay}" in said(acme, "weigh")
        assert (best in said(acme, "pro"), best in said(other, "pro")) == (True, False)


def test_pay_is_held_against_floor_and_needs_before_the_target() -> None:
    aims = {"salary_target": {"amount": "99000", **USD}, "monthly_needs": {**USD, "amount": "8000", "per": "month"}}
    acme, _ = chart(aims, ACME)
    assert said(acme, "con")[0] == "USD 90,000 a year is below what you need of USD 8,000 a month"
    assert said(acme, "unknown")[0] == "whether pay is negotiable"
    acme, _ = chart({**aims, "salary_floor": {"amount": "91000", **USD}}, ACME)
    assert said(acme, "con")[0] == "USD 90,000 a year is below your lowest acceptable pay of USD 91,000 a year"


def test_pay_in_another_currency_is_for_the_candidate_to_weigh() -> None:
    acme, _ = chart({"salary_target": {"amount": "1", "currency": "EUR", "per": "year"}}, ACME)
    assert said(acme, "weigh")[0] == "pay of USD 90,000 a year"


def test_nothing_known_is_listed_as_unknown_and_nothing_else() -> None:
    bare, staying = chart({}, {"offer": "x"})
    assert {point["verdict"] for point in bare["points"]} == {"unknown"}
    assert len(bare["points"]) == 10
    assert said(staying, "unknown") == ["whether you have a job at present"]


def test_a_yes_that_was_given_speaks_against_staying() -> None:
    events = [_event(1, "offer.extended", ACME), _event(2, "offer.letter_signed", {"offer": "acme"})]
    facts = facts_of(Case().fold(*events), "c-1")
    acme, staying = map(dict, compare(facts.of_kind("offer"), facts.candidate)["options"])
    assert "you have said yes and signed" in said(acme, "weigh")
    assert said(staying, "con") == ["you would go back on your yes to Acme: Nurse"]


def test_the_chart_as_text_leaves_out_empty_lists_and_marks_priorities() -> None:
    facts = facts_of(Case().fold(_event(1, "offer.extended", {"offer": "x"})), "c-1")
    text = render_comparison(compare(facts.of_kind("offer"), facts.candidate))
    assert text.startswith("Offer x\n  Not known yet: salary; ")
    assert "For:" not in text
    wanted = _event(2, "candidate.preferences", {"priorities": ["pay"]})
    facts = facts_of(Case().fold(_event(1, "offer.extended", {"offer": "x"}), wanted), "c-1")
    assert "salary (a priority of yours)" in render_comparison(compare(facts.of_kind("offer"), facts.candidate))


PRESENT = {
    "employer": {"id": "h", "name": "Hooli"},
    "salary": {"amount": "80000", **USD},
    "benefits": {"health": True, "retirement_match": True},
    "workplace": "onsite",
    "commute_minutes": 20,
    "hours_per_week": 40,
}


def test_the_present_job_stands_on_the_rows_of_the_chart() -> None:
    acme, staying = chart(WANTED, ACME, **PRESENT)
    assert "USD 10,000 a year more than you earn now" in said(acme, "pro")
    assert said(staying, "pro") == [
        "retirement match",
        "no notice to give and no new start",
        "health cover",
        "a commute of 20 minutes",
    ]
    assert said(staying, "con") == [
        "USD 80,000 a year is below your target of USD 85,000 a year",
        "onsite, and you would prefer remote work",
    ]
    assert said(staying, "unknown") == ["paid leave", "growth", "team", "work-life balance"]


def test_pay_is_set_against_the_market_and_the_present_pay_where_they_compare() -> None:
    market = {"market_range": {"low": {"amount": "95000", **USD}, "high": {"amount": "99000", **USD}}}
    acme, _ = chart(market, ACME, salary={"amount": "91000", **USD})
    assert said(acme, "con")[:2] == [
        "USD 5,000 a year less than the market pay that you found",
        "USD 1,000 a year less than you earn now",
    ]
    acme, _ = chart({}, ACME, salary={"amount": "91000", "currency": "EUR", "per": "year"})
    assert not [text for verdict in ("pro", "con") for text in said(acme, verdict) if "now" in text]


def test_a_commute_that_is_short_enough_is_no_move() -> None:
    acme, _ = chart(WANTED, {**ACME, "commute_minutes": 60})
    assert not [text for text in said(acme, "con") if "move" in text]
    acme, _ = chart({"country": "FR"}, {"offer": "x", "location": {"country": "DE"}})
    assert said(acme, "con") == ["a move abroad"]


def test_leave_commute_and_hours_are_set_against_those_of_the_present_job() -> None:
    terms = {"paid_leave_days": 26, "commute_minutes": 65, "hours_per_week": 39}
    acme, staying = chart({}, {**ACME, **terms}, **PRESENT, paid_leave_days=30)
    assert {"4 fewer days of paid leave than now", "45 more minutes each way than now"} <= {*said(acme, "con")}
    assert "1 fewer hour a week than now" in said(acme, "pro")
    assert "30 days of paid leave a year" in said(staying, "pro")
