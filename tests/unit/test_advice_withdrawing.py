"""What candidates with several acceptances read about the places that they give up and the one that they keep."""

from typing import Any

import pytest

from signpost.advice.advise import advise
from signpost.case import Case
from signpost.case.instant import parse_instant
from tests.support.agendas import play
from tests.support.rulebooks import shipped_engine
from tests.unit.test_zones import sent

Happening = tuple[str, str, dict[str, Any]]
"""(when, short type, data)"""
NOW = "2026-03-10T12:00:00Z"


def advice(*happenings: Happening, now: str = NOW) -> dict[str, dict[str, Any]]:
    """The advice to the candidate, by `RULE@KIND/ID`."""
    events = [sent(number, kind, data, time) for number, (time, kind, data) in enumerate(happenings)]
    found = advise(shipped_engine(), Case().fold(*events), b"", tenant="t", key="c-1", now=parse_instant(now)).changes
    return {f"{one.rule}@{one.subject}": one.data for one in found if one.audience == "candidate"}


def text_of(data: dict[str, Any]) -> str:
    drafts = (f"{draft['title']}\n{draft['body']}" for draft in data["drafts"])
    return "\n".join([data["title"], data["message"], *data["steps"], *drafts])


def made(day: int, employer: str, **terms: Any) -> Happening:
    """An offer of a day in March 2026."""
    name = employer.lower()
    offer = {"offer": name, "employer": {"id": name, "name": employer}, **terms}
    return f"2026-03-{day:02}T10:00:00Z", "offer.extended", offer


def yes(day: int, offer: str, by: str = "written") -> Happening:
    return f"2026-03-{day:02}T11:00:00Z", "offer.accepted", {"offer": offer, "by": by}


def signed(day: int, offer: str) -> Happening:
    return f"2026-03-{day:02}T11:00:00Z", "offer.letter_signed", {"offer": offer}


ALDER, BIRCH = made(2, "Alder", start_date="2026-04-06"), made(4, "Birch", start_date="2026-04-13")
CEDAR = made(2, "Cedar", start_date="2026-04-20", conditions=["background_check"])
DOGWOOD = made(6, "Dogwood")
THREE = (ALDER, yes(3, "alder"), BIRCH, yes(5, "birch"), CEDAR, yes(7, "cedar", "verbal"))


def test_of_three_acceptances_the_latest_is_the_place_to_keep() -> None:
    found = advice(*THREE)
    for given_up, other in (("alder", "Birch"), ("birch", "Alder")):
        data = found[f"withdraw-promptly@offer/{given_up}"]
        assert "since then also to Cedar, where you begin on Monday, 20 April 2026." in data["message"]
        assert "If you are going with Cedar, tell" in data["message"]
        assert "The offer from Cedar still depends on" in data["message"]
        assert any(step.startswith("Have the offer from Cedar confirmed in writing") for step in data["steps"])
        reasons = found[f"know-why-you-withdraw@offer/{given_up}"]
        assert "what makes you prefer Cedar" in reasons["message"]
        assert other not in text_of(data) + text_of(reasons)


def test_who_stays_after_all_says_so_although_another_yes_came_between() -> None:
    job: Happening = ("2026-03-01T10:00:00Z", "employment.current", {"employer": {"id": "cedar", "name": "Cedar"}})
    data = advice(job, *THREE)["withdraw-promptly@offer/alder"]
    assert "since then also to Cedar, where you work now." in data["message"]
    assert text_of(data).count("decided to stay with my present employer") == 2


def test_the_start_date_is_settled_before_the_place_before_it_is_given_up() -> None:
    data = advice(*THREE[:4], DOGWOOD, yes(7, "dogwood"))["settle-start-date-first@offer/dogwood"]
    assert "You said yes to Birch and then to Dogwood" in data["message"]
    assert "give up your place at Birch, and do it soon: Birch" in data["message"]
    assert "Alder" not in text_of(data)


def test_others_hear_of_the_letter_that_was_signed_last() -> None:
    elm, fir = ({"id": name.lower(), "name": name} for name in ("Elm", "Fir"))
    interview = {"interview": "i", "employer": elm, "starts_at": "2026-03-20T10:00:00Z"}
    coming: Happening = ("2026-03-02T10:00:00Z", "interview.scheduled", interview)
    applied: Happening = ("2026-03-02T10:00:00Z", "application.submitted", {"application": "a", "employer": fir})
    both = signed(3, "alder"), signed(7, "cedar")
    applied[2]["employer"] = {"id": "fir", "name": "Fir"}
    found = advice(ALDER, CEDAR, DOGWOOD, coming, applied, *both)
    for name in ("decline-other-offers@offer/dogwood", "cancel-other-interviews@interview/i"):
        assert "letter with Cedar" in found[name]["message"]
        assert "still depends on" in found[name]["message"]
        assert "Alder" not in text_of(found[name])
    assert "Your letter with Cedar is signed" in found["withdraw-other-applications@application/a"]["message"]


def test_a_new_offer_is_weighed_against_the_latest_yes() -> None:
    late = made(8, "Elm")
    assert "already said yes to Cedar" in advice(*THREE, late)["decide-on-second-offer@offer/elm"]["message"]
    job: Happening = ("2026-03-01T10:00:00Z", "employment.current", {"employer": {"id": "elm", "name": "Elm"}})
    stay = advice(job, *THREE, late)["think-twice-before-staying@offer/elm"]
    assert "accepted a position at Cedar" in stay["message"]
    assert "Alder" not in text_of(stay)


def test_the_manager_hears_of_the_job_that_is_kept() -> None:
    job: Happening = ("2026-03-01T10:00:00Z", "employment.current", {"employer": {"id": "elm", "name": "Elm"}})
    planned: Happening = ("2026-03-08T10:00:00Z", "employment.resignation_planned", {"planned": True})
    found = advice(job, ALDER, BIRCH, signed(3, "alder"), signed(5, "birch"), planned)
    assert "your letter with Birch is signed" in found["tell-boss-first@candidate/c-1"]["message"]


# A withdrawal that is only half of one


def withdrawal(day: int, offer: str, **how: str) -> Happening:
    contact = {"offer": offer, "by": "candidate", "purpose": "withdrawal", **how}
    return f"2026-03-{day:02}T15:00:00Z", "contact.logged", contact


TWO = (ALDER, yes(3, "alder"), BIRCH, yes(5, "birch"))


@pytest.mark.parametrize("channel", ["phone", "video", "in_person"])
def test_who_has_spoken_is_to_write_and_gets_the_letter_alone(channel: str) -> None:
    data = advice(*TWO, withdrawal(6, "alder", channel=channel))["withdraw-promptly@offer/alder"]
    assert data["title"] == "Finish your withdrawal from Alder"
    assert "On Friday, 6 March 2026 (UTC) you spoke to Alder" in data["message"]
    assert "Write today" in data["message"]
    assert data["steps"][0] == "Confirm your withdrawal to Alder in writing."
    [letter] = data["drafts"]
    assert letter["name"] == "withdrawal-letter"
    assert "As I told you on Friday, 6 March 2026" in letter["body"]
    assert "Following our call" not in letter["body"]


@pytest.mark.parametrize("channel", ["email", "letter", "message"])
def test_who_has_written_is_to_call_and_gets_the_words_for_it_alone(channel: str) -> None:
    data = advice(*TWO, withdrawal(6, "alder", channel=channel))["withdraw-promptly@offer/alder"]
    assert "On Friday, 6 March 2026 (UTC) you wrote to Alder" in data["message"]
    assert "Call today" in data["message"]
    assert data["steps"][0] == "Speak to Alder about your withdrawal as well."
    [call] = data["drafts"]
    assert (call["name"], call["title"]) == ("withdrawal-call", "What to say on the phone")
    assert "I have written to you, and wanted you to hear it from me as well." in call["body"]
    assert "You will have my letter today" not in call["body"]


def test_of_a_withdrawal_without_a_channel_either_half_may_be_missing() -> None:
    data = advice(*TWO, withdrawal(6, "alder"))["withdraw-promptly@offer/alder"]
    assert "only one of the two is on record" in data["message"]
    assert any("If you have only written, call" in step for step in data["steps"])
    assert [draft["name"] for draft in data["drafts"]] == ["withdrawal-call", "withdrawal-letter"]


def test_a_withdrawal_that_a_new_yes_took_back_is_no_half() -> None:
    taken_back = (ALDER, yes(3, "alder", "verbal"), withdrawal(6, "alder", channel="phone"), yes(8, "alder"))
    data = advice(*taken_back, BIRCH, yes(9, "birch"))["withdraw-promptly@offer/alder"]
    assert data["title"] == "Withdraw from Alder without delay"
    assert [draft["name"] for draft in data["drafts"]] == ["withdrawal-call", "withdrawal-letter"]
    assert "Following our call" in text_of(data)


@pytest.mark.parametrize("channel", ["phone", "email"])
def test_a_card_names_the_missing_half_once(channel: str) -> None:
    happenings = [*TWO, withdrawal(6, "alder", channel=channel)]
    [card] = [one for one in play(happenings, NOW)["candidate"]["cards"] if one["kind"] == "withdraw"]
    assert [step for step in card["steps"] if "your withdrawal" in step] == [card["steps"][0]]
    assert len(card["drafts"]) == 1


# Another position at the same employer


def position(day: int, offer: str, **terms: Any) -> Happening:
    return f"2026-03-{day:02}T10:00:00Z", "offer.extended", {"offer": offer, "employer": ALDER[2]["employer"], **terms}


ANALYST = position(2, "analyst", title="Analyst", start_date="2026-04-06")
LEAD = position(4, "lead", title="Lead analyst", start_date="2026-04-06", conditions=["background_check"])
MOVES_UP = (ANALYST, yes(3, "analyst"), LEAD, yes(5, "lead", "verbal"))


def test_who_moves_up_gives_up_a_position_and_leaves_nobody() -> None:
    found = advice(*MOVES_UP)
    data = found["withdraw-promptly@offer/analyst"]
    assert data["title"] == "Give up the position of Analyst at Alder now"
    assert "The second offer still depends on" in data["message"]
    assert "Have the second position confirmed in writing before you give up the first." in data["steps"]
    assert any("you have accepted another position there" in step for step in data["steps"])
    reasons = found["know-why-you-withdraw@offer/analyst"]
    assert reasons["title"] == "Be clear why you prefer the other job at Alder"
    assert "Strike out everything that more pay in this one would make up for." in reasons["steps"]
    for text in (text_of(data), text_of(reasons)):
        assert [
            words for words in ("leaving", "lose both", "from Alder confirmed", "with Alder,") if words in text
        ] == []


def test_a_position_without_a_title_is_the_first() -> None:
    data = advice(position(2, "analyst"), *MOVES_UP[1:])["withdraw-promptly@offer/analyst"]
    assert data["title"] == "Give up your first position at Alder now"


def test_half_a_withdrawal_from_a_position_names_it() -> None:
    spoken = withdrawal(6, "analyst", channel="phone")
    found = advice(*MOVES_UP, spoken)
    assert found["withdraw-promptly@offer/analyst"]["title"] == "Finish your withdrawal as Analyst at Alder"
    title = found["confirm-withdrawal-in-writing@offer/analyst"]["title"]
    assert title == "Confirm your withdrawal to Alder in writing"
    untitled = advice(position(2, "analyst"), *MOVES_UP[1:], spoken)["withdraw-promptly@offer/analyst"]
    assert untitled["title"] == "Finish your withdrawal from a position at Alder"


def test_the_start_date_of_the_second_position_is_settled_before_the_first_is_given_up() -> None:
    data = advice(*MOVES_UP[:2], position(4, "lead", title="Lead analyst"), yes(5, "lead"))[
        "settle-start-date-first@offer/lead"
    ]
    assert "You said yes to Alder as Analyst, and then to another position there, Lead analyst" in data["message"]
    assert "Once it is fixed, and not before, say there that you are giving up the first position." in data["steps"]
    assert "your place at Alder" not in text_of(data)


def test_the_place_is_asked_back_after_the_other_position_was_taken_back() -> None:
    taken_back: Happening = ("2026-03-07T10:00:00Z", "offer.rescinded", {"offer": "lead"})
    data = advice(*MOVES_UP, withdrawal(6, "analyst", channel="phone"), taken_back)
    assert "they took their other offer back" in data["ask-for-place-back@offer/analyst"]["message"]
