"""What the texts of the shipped rules say to candidates in different situations."""

from typing import Any

import pytest

from signpost.case.instant import parse_instant
from signpost.engine import CompiledEngine
from tests.support.rulebooks import shipped_engine
from tests.unit.test_advice_letters import changes
from tests.unit.test_zones import sent

NOW = parse_instant("2026-03-25T09:00:00Z")
ACME, OLD = {"id": "acme", "name": "Acme"}, {"id": "old", "name": "Old"}
PAY = {"amount": 60000, "currency": "USD", "per": "year"}


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    return shipped_engine()


def advice(engine: CompiledEngine, *stated: tuple[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is advised, by rule, after (type, data) of events, one a minute."""
    events = [sent(number, kind, data, f"2026-03-20T09:{number:02}:00Z") for number, (kind, data) in enumerate(stated)]
    return changes(engine, *events, now=NOW)


def works_at(employer: dict[str, str]) -> tuple[str, dict[str, Any]]:
    return "employment.current", {"employer": employer}


PLANNED = (
    ("offer.extended", {"offer": "o", "employer": ACME, "salary": PAY}),
    ("offer.acceptance_planned", {"offer": "o"}),
)


def test_of_the_present_employer_only_its_own_terms_are_missing(engine: CompiledEngine) -> None:
    inside = advice(engine, works_at(ACME), *PLANNED)["do-not-rush"]["message"]
    outside = advice(engine, works_at(OLD), *PLANNED)["do-not-rush"]["message"]
    assert "nobody has told you yet about: start date and hours per week." in inside
    assert "about: retirement match, paid leave, sick days, health, dental, vision, start date and hours" in outside


def test_the_present_employer_is_not_told_of_another_offer(engine: CompiledEngine) -> None:
    interview = ("interview.scheduled", {"interview": "i", "employer": ACME, "starts_at": "2026-03-27T10:00:00Z"})
    birch = {"id": "birch", "name": "Birch"}
    offer = ("offer.extended", {"offer": "o", "employer": birch, "respond_by": "2026-03-26T17:00:00Z"})
    inside = advice(engine, works_at(ACME), interview, offer)["ask-for-more-time"]["steps"]
    outside = advice(engine, works_at(OLD), interview, offer)["ask-for-more-time"]["steps"]
    assert [step for step in outside if step not in inside] == [
        "Tell Acme that you have an offer with a date on it, and ask by when they could let you know."
    ]


def test_the_manager_hears_first_of_the_new_job(engine: CompiledEngine) -> None:
    offer = ("offer.extended", {"offer": "o", "employer": ACME})
    signed = ("offer.letter_signed", {"offer": "s", "employer": {"id": "birch", "name": "Birch"}})
    inside = advice(engine, works_at(ACME), offer, signed)["decline-other-offers"]["steps"]
    outside = advice(engine, works_at(OLD), offer, signed)["decline-other-offers"]["steps"]
    [step] = [step for step in inside if step not in outside]
    assert step.startswith("Give notice in the same conversation")


def test_only_who_has_notice_to_give_is_warned_of_giving_it(engine: CompiledEngine) -> None:
    accepted = ("offer.accepted", {"offer": "o", "employer": ACME, "by": "verbal"})
    resigned: tuple[str, dict[str, Any]] = ("employment.resigned", {})
    for stated, warned in (
        ((works_at(OLD),), True),
        ((), False),
        ((works_at(OLD), resigned), False),
        ((works_at(ACME),), False),
    ):
        steps = advice(engine, *stated, accepted)["accept-in-writing"]["steps"]
        assert any("Do not give notice" in step for step in steps) is warned


def test_who_works_there_knows_the_entrance(engine: CompiledEngine) -> None:
    signed = ("offer.letter_signed", {"offer": "o", "employer": ACME})
    start = ("offer.updated", {"offer": "o", "start_date": "2026-04-01"})
    for present, asked in ((OLD, True), (ACME, False)):
        steps = advice(engine, works_at(present), signed, start)["first-day-questions"]["steps"]
        assert any("entrance" in step for step in steps) is asked


def pay_of(amount: int) -> dict[str, Any]:
    return {"offer": "o", "salary": {**PAY, "amount": amount}}


def test_a_pay_that_changed_after_the_yes_is_cleared_up_before_it_is_accepted(engine: CompiledEngine) -> None:
    extended = ("offer.extended", {"employer": ACME, **pay_of(60000)})
    said_yes = ("offer.accepted", {"offer": "o", "by": "verbal"})
    same = advice(engine, extended, said_yes)["accept-in-writing"]
    changed = advice(engine, extended, said_yes, ("offer.updated", pay_of(50000)))["accept-in-writing"]
    assert "As I understand it, the pay is USD 60,000 a year." in same["drafts"][0]["body"]
    assert "which pay" not in " ".join([same["title"], *same["steps"]])
    assert changed["title"] == "Ask which pay Acme means before you confirm"
    assert "stated USD 60,000 a year when you said yes, and it states USD 50,000 a year now." in changed["message"]
    [draft] = changed["drafts"]
    assert draft["title"] == "The pay in your offer"
    assert draft["body"].endswith(
        "I was happy to say yes to the position at Acme.\n\nWhen I said yes, the pay in your offer was USD 60,000 a "
        "year. It now states USD 50,000 a year. Could you please tell me which of the two counts? I will write to you "
        "about my acceptance as soon as this is clear.\n\nKind regards,\n[your name]"
    )


def test_a_letter_is_compared_with_the_pay_of_the_yes(engine: CompiledEngine) -> None:
    stated = ("offer.extended", {"employer": ACME, **pay_of(60000)}), ("offer.accepted", {"offer": "o"})
    letter = ("offer.letter_received", {"offer": "o"})
    [step, *_] = advice(engine, *stated, letter)["review-letter"]["steps"]
    assert step.startswith("Compare the pay with the USD 60,000 a year you were offered, and check the title")
    [step, *_] = advice(engine, *stated, ("offer.updated", pay_of(50000)), letter)["review-letter"]["steps"]
    assert step.startswith(
        "Compare the pay with the USD 60,000 a year that the offer stated when you said yes, and the USD 50,000 a year "
        "that it states now, and check the title"
    )


def test_nobody_stays_longer_where_the_last_day_is_past(engine: CompiledEngine) -> None:
    accepted = ("offer.accepted", {"offer": "o", "employer": ACME})
    for last_day, asked in (("2026-03-20", True), ("2026-03-19", False), ("2026-04-30", True), (None, True)):
        resigned: tuple[str, dict[str, Any]] = ("employment.resigned", {"last_day": last_day} if last_day else {})
        steps = advice(engine, works_at(OLD), resigned, accepted)["resigned-too-early"]["steps"]
        assert any("work there for longer" in step for step in steps) is asked


STAYS = (
    works_at(OLD),
    ("offer.letter_signed", {"offer": "new", "employer": ACME}),
    ("employment.resigned", {"last_day": "2026-04-30"}),
    ("offer.extended", {"offer": "stay", "employer": OLD, "salary": PAY}),
    ("offer.accepted", {"offer": "stay", "by": "verbal"}),
)


def test_who_stays_has_no_first_day_and_another_reason_to_withdraw(engine: CompiledEngine) -> None:
    found = advice(engine, *STAYS)
    [yes] = [draft["body"] for draft in found["accept-in-writing"]["drafts"]]
    assert yes.startswith("Dear [manager's name],\n\nAs I told you, I am happy to accept your offer.\n")
    assert "from which day does it apply?\n\nI look forward to continuing to work with you." in yes
    assert "have them confirm in writing that you are staying" in " ".join(found["accept-in-writing"]["steps"])
    call, letter = (draft["body"] for draft in found["withdraw-promptly"]["drafts"])
    assert "I have decided to stay with my present employer, so I have to withdraw from the position that" in call
    assert "because I have decided to stay with my present employer." in letter


def test_who_goes_elsewhere_asks_for_the_first_day(engine: CompiledEngine) -> None:
    there = ("offer.accepted", {"offer": "there", "employer": {"id": "birch", "name": "Birch"}, "by": "verbal"})
    starts = ("offer.updated", {"offer": "there", "start_date": "2026-06-01"})
    found = advice(engine, *STAYS[:3], there, starts)
    [yes] = [draft["body"] for draft in found["accept-in-writing"]["drafts"]]
    assert "happy to accept the position at Birch" in yes
    assert "my first day is Monday, 1 June 2026" in yes
    call, letter = (draft["body"] for draft in found["withdraw-promptly"]["drafts"])
    assert "I have accepted another position, so I have to withdraw from the one that you offered me" in call
    assert "because I have accepted another one." in letter


@pytest.mark.parametrize(
    ("conditions", "step"),
    [
        (["background_check"], "Ask Acme what they still need from you for a background check."),
        (["permit", "medical"], "Ask Acme what they still need from you for each: a permit and a medical examination."),
    ],
)
def test_one_condition_is_not_each(engine: CompiledEngine, conditions: list[str], step: str) -> None:
    signed = ("offer.letter_signed", {"offer": "o", "employer": ACME})
    found = advice(engine, works_at(OLD), signed, ("offer.updated", {"offer": "o", "conditions": conditions}))
    assert step in found["clear-conditions-first"]["steps"]
    assert "still depends on a " in found["clear-conditions-first"]["message"]


def test_one_interviewer_is_written_to_by_name(engine: CompiledEngine) -> None:
    for names, step in (
        (["Ann"], "Write to Ann."),
        (["Ann", "Bo"], "Write one to each of them: Ann and Bo."),
        ([], "Write one to each person who interviewed you."),
    ):
        talk = {"interview": "i", "employer": ACME, **({"interviewers": names} if names else {})}
        found = advice(engine, ("interview.scheduled", talk), ("interview.completed", {"interview": "i"}))
        assert found["send-thank-you"]["steps"][0] == step
