"""The words of the agenda: whole agendas of usual cases, the joined letter, and cards of an overlay or a tenant."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signpost.advice.agenda import agenda_document, agendas
from signpost.advice.case_set import CaseSet
from signpost.advice.replay import Replay
from signpost.advice.wording import joined_words
from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.reader import TENANT
from signpost.engine import CompiledEngine
from signpost.rulebook import load
from tests.support.agendas import OURS, RULES, Happening, as_text, play
from tests.support.article_runs import hash_run, read_runs, word_runs

DATA = Path(__file__).parents[1] / "data" / "agendas"
START, NOW = "2026-03-02T10:00:00Z", "2026-03-02T10:01:00Z"
USUAL_TITLE_LENGTH = 70
LEFTOVER = re.compile(r"{{|{%|%}|}}|\bNone\b|\bunknown,| [,.;?!](?!\w)|,,|\.\.(?!\.)|\?\?|:\s*\?|\bAsk Ask\b|\s{2,}\S")
PAY = {"amount": "90000", "currency": "USD", "per": "year"}
LEE = {"contact_name": "Ann Lee", "contact_addressed_as": "Ms Lee"}


def offer(name: str, employer: str, **more: Any) -> dict[str, Any]:
    return {"offer": name, "employer": {"id": employer.lower(), "name": employer}, **more}


def interview(name: str, employer: str, **more: Any) -> dict[str, Any]:
    return {"interview": name, "employer": {"id": employer.lower(), "name": employer}, **more}


MARIA: Happening = (START, "candidate.preferences", {"display_name": "Maria Silva"})
JOB: Happening = (START, "employment.current", {"employer": {"id": "initech", "name": "Initech"}})
ACME: Happening = (START, "offer.extended", offer("o1", "Acme", title="Product Designer", **LEE))
ACCEPTED: Happening = ("2026-03-03T10:00:00Z", "offer.accepted", {"offer": "o1"})
KNOWN = {
    "title": "Product Designer",
    "start_date": "2026-05-04",
    "salary": PAY,
    "bonus": PAY,
    "commission": False,
    "workplace": "onsite",
    "travel_percent": 0,
    "hours_per_week": 40,
    "overtime_paid": True,
    "basis": "hourly",
    "weekends": False,
    "on_call": False,
    "benefits_cost": PAY,
    "paid_leave_days": 25,
    "sick_leave_days": 10,
    "respond_by": "2026-03-20T17:00:00Z",
    "benefits": dict.fromkeys(
        ("retirement_match", "paid_leave", "sick_days", "health", "dental", "vision", "life", "disability"), True
    ),
}
"""Terms that leave nothing to ask."""
THANKED: Happening = (
    START,
    "contact.logged",
    {"offer": "o1", "by": "candidate", "channel": "email", "purpose": "thanks"},
)
TEAM = ("Ann Lee", "Bo Chen", "Cy Diaz")
PANEL: list[Happening] = [
    (
        START,
        "interview.scheduled",
        interview(f"i{n}", "Hooli", starts_at="2026-03-03T10:00:00Z", format="onsite", interviewers=[name]),
    )
    for n, name in enumerate(TEAM)
]
"""One interview of three people, with a record for each."""
PANEL_OVER: list[Happening] = [
    ("2026-03-03T11:00:00Z", "interview.completed", interview(f"i{n}", "Hooli")) for n in range(3)
]
CASES: dict[str, tuple[list[Happening], str]] = {
    "bare-offer": ([ACME], NOW),
    "two-offers": (
        [MARIA, ACME, (START, "offer.extended", offer("o2", "Globex", respond_by="2026-03-06T17:00:00Z", salary=PAY))],
        NOW,
    ),
    "signed-letter": (
        [
            MARIA,
            JOB,
            (START, "offer.extended", offer("o1", "Acme", **KNOWN, **LEE)),
            ACCEPTED,
            ("2026-03-05T10:00:00Z", "offer.letter_signed", {"offer": "o1"}),
            ("2026-03-05T10:00:00Z", "employment.resignation_planned", {"planned": True}),
        ],
        "2026-03-05T10:01:00Z",
    ),
    "letter-differs": (
        [
            (
                START,
                "offer.extended",
                offer("o1", "Acme", title="Product Designer", salary=PAY, start_date="2026-05-04", **LEE),
            ),
            ACCEPTED,
            (
                "2026-03-04T10:00:00Z",
                "offer.letter_received",
                {"offer": "o1", "letter": {"salary": {**PAY, "amount": "85000"}, "start_date": "2026-05-01"}},
            ),
        ],
        "2026-03-04T10:01:00Z",
    ),
    "interview-tomorrow": (
        [
            *(
                (START, "offer.extended", offer(f"o{number}", employer))
                for number, employer in enumerate(("Acme", "Globex", "Initech"))
            ),
            (START, "interview.scheduled", interview("i1", "Hooli", starts_at="2026-03-03T10:00:00Z")),
        ],
        NOW,
    ),
    "three-interviews-on-one-day": (
        [
            (
                START,
                "interview.scheduled",
                interview(f"i{hour}", "Hooli", starts_at=f"2026-03-03T{hour}:00:00Z", format="onsite"),
            )
            for hour in (10, 12, 14)
        ],
        NOW,
    ),
    "interviews-without-a-time": (
        [(START, "interview.scheduled", interview(name, name)) for name in ("Hooli", "Globex")],
        NOW,
    ),
    "two-interviews-over": (
        [(f"2026-03-0{day}T11:00:00Z", "interview.completed", interview(f"i{day}", "Hooli", **LEE)) for day in (3, 4)],
        "2026-03-04T11:01:00Z",
    ),
    "two-interviews-without-word": (
        [
            (f"2026-03-0{day}T16:00:00Z", "interview.completed", interview(f"i{day}", "Acme", application=f"a{day}"))
            for day in (3, 4)
        ],
        "2026-03-14T12:00:00Z",
    ),
    "panel-tomorrow": (PANEL, NOW),
    "panel-over": ([*PANEL, *PANEL_OVER], "2026-03-03T11:01:00Z"),
    "about-to-say-yes": (
        [ACME, ("2026-03-02T11:00:00Z", "offer.acceptance_planned", {"offer": "o1"})],
        "2026-03-02T11:01:00Z",
    ),
    "deadline-passed": (
        [(START, "offer.extended", offer("o1", "Acme", title="Product Designer", respond_by="2026-03-06", **LEE))],
        "2026-03-07T12:00:00Z",
    ),
    "two-positions": (
        [
            (START, "offer.extended", offer(name, "Acme", title=title, respond_by="2026-03-16T17:00:00Z", **LEE))
            for name, title in (("o1", "Analyst"), ("o2", "Clerk"))
        ],
        NOW,
    ),
    "employers-side": (
        [(START, "offer.extended", offer("o1", "Acme", title="Product Designer", candidate_name="Maria Silva", **LEE))],
        "2026-03-10T10:01:00Z",
    ),
}
"""File of `data/agendas` -> the events, and the instant."""


def card(happenings: list[Happening], kind: str, now: str = NOW, reader: str = "candidate") -> dict[str, Any]:
    """The card of a kind, or "" for the only card without one."""
    [found] = [one for one in play(happenings, now)[reader]["cards"] if (one["kind"] or "") == kind]
    return dict(found)


def letter(terms: dict[str, Any], *others: Happening) -> tuple[str, str]:
    """The title of the card that writes to Acme, and the body of its letter, for an offer of these terms."""
    found = card([(START, "offer.extended", offer("o1", "Acme", **terms)), *others], "write-to-employer")
    [draft] = found["drafts"]
    return found["title"], draft["body"]


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in KNOWN.items() if name not in names}


@pytest.mark.parametrize("name", CASES)
def test_the_whole_agenda_reads_like_this(name: str) -> None:
    happenings, now = CASES[name]
    assert as_text(play(happenings, now)) == (DATA / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", CASES)
def test_titles_are_short_with_usual_names(name: str) -> None:
    happenings, now = CASES[name]
    titles = [one["title"] for document in play(happenings, now).values() for one in document["cards"]]
    assert titles
    assert [title for title in titles if len(title) > USUAL_TITLE_LENGTH] == []


@pytest.mark.parametrize("name", CASES)
def test_no_eight_words_in_a_row_are_the_articles(name: str) -> None:
    """In the joined texts, where sentences of several rules meet."""
    happenings, now = CASES[name]
    articles = read_runs()
    assert [run for run in word_runs(as_text(play(happenings, now))) if hash_run(run) in articles] == []


def test_a_bare_offer_is_two_things_to_do_and_one_for_the_employer() -> None:
    found = play(*CASES["bare-offer"])
    assert {reader: len(document["cards"]) for reader, document in found.items()} == {
        "candidate": 2,
        "employer acme": 1,
    }
    assert [document["held"] for document in found.values()] == [[], []]


def test_three_offers_begin_with_the_interview_of_tomorrow() -> None:
    cards = play(*CASES["interview-tomorrow"])["candidate"]["cards"]
    assert [one["kind"] for one in cards] == ["prepare", "write-to-employer", "write-to-employer"]


def test_one_interview_of_several_people_names_them() -> None:
    held = interview("i1", "Hooli", starts_at="2026-03-03T10:00:00Z", interviewers=list(TEAM))
    found = card([(START, "interview.scheduled", held)], "prepare")
    assert found["title"] == "Prepare for your interview with Hooli on Tuesday, 3 March"
    assert "You will be talking to Ann Lee, Bo Chen and Cy Diaz." in found["message"]


def test_names_stand_where_they_are_known() -> None:
    _, body = letter({**KNOWN, **LEE, "start_date": None}, MARIA)
    assert body.startswith("Dear Ms Lee,\n")
    assert body.endswith("Kind regards,\nMaria Silva")


def test_a_day_on_which_advice_is_due_lasts_until_its_end() -> None:
    happenings, _ = CASES["signed-letter"]
    at_noon, over = (play(happenings, now)["candidate"] for now in ("2026-04-20T12:00:00Z", "2026-04-21T00:00:00Z"))
    assert at_noon["cards"][0]["why_here"] == "high priority, due Monday, 20 April 2026"
    assert over["cards"][0]["why_here"] == "urgent priority, was due Monday, 20 April 2026"


@pytest.mark.parametrize(
    ("ends", "until"),
    [
        ("2026-03-03T23:00:00Z", "the end of Tuesday, 10 March 2026"),
        ("2026-03-03T22:59:00Z", "the end of Tuesday, 10 March 2026"),
        ("2026-03-03T23:01:00Z", "Wednesday, 11 March 2026, 00:01"),
    ],
)
def test_what_is_useful_until_midnight_is_so_until_the_end_of_the_day_before(ends: str, until: str) -> None:
    at_home = (START, "candidate.preferences", {"time_zone": "Europe/Berlin"})
    found = card(
        [at_home, (ends, "interview.completed", interview("i1", "Hooli"))], "thank-interviewers", "2026-03-05T12:00:00Z"
    )
    assert found["why_here"].endswith(f", useful until {until}")


def test_an_answer_that_is_due_at_midnight_is_not_due_all_day() -> None:
    terms = {**KNOWN, "respond_by": "2026-03-06T00:00:00Z"}
    found = card([(START, "offer.extended", offer("o1", "Acme", **terms)), THANKED], "", "2026-03-04T10:00:00Z")
    assert found["why_here"] == "high priority, due Friday, 6 March 2026, 00:00 (UTC)"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"country": "US"}, "a retirement match, paid leave, paid sick leave, health, dental and vision cover?"),
        (
            {"country": "DE"},
            "contributions to retirement savings, paid leave, paid sick leave, health, dental and optical",
        ),
        ({}, "contributions to retirement savings, paid leave, paid sick leave, health, dental and vision cover?"),
    ],
)
def test_benefits_have_the_words_of_the_country(place: dict[str, str], words: str) -> None:
    _, body = letter({**without("benefits"), "location": place} if place else without("benefits"))
    assert words in body


def test_two_acceptances_of_one_instant_are_one_choice() -> None:
    terms = [(START, "offer.extended", offer(name, name, **KNOWN)) for name in ("Acme", "Globex")]
    yeses: list[Happening] = [
        ("2026-03-03T10:00:00Z", "offer.accepted", {"offer": name}) for name in ("Acme", "Globex")
    ]
    first = play([*terms, *yeses], "2026-03-03T10:01:00Z")["candidate"]["cards"][0]
    assert first["title"] == "Keep one of the offers that you accepted"
    assert "You said yes to Acme and Globex on the same day" in first["message"]
    assert "Keep one of the offers that you accepted." not in first["steps"]
    assert first["comparison"] is not None


def test_whoever_is_about_to_say_yes_is_stopped_first() -> None:
    cards = play(*CASES["about-to-say-yes"])["candidate"]["cards"]
    assert cards[0]["title"] == "Hold your acceptance of Acme's offer"


# Every rule, in its own timelines


@pytest.fixture(scope="module")
def moments() -> list[tuple[Any, Any, int]]:
    """(basis, agenda, instant) of every reader, at the instants of all timelines."""
    return list(_moments())


def _moments() -> Iterator[tuple[Any, Any, int]]:
    engines: dict[str, CompiledEngine] = {}
    for timeline in find_timelines([RULES]):
        key = repr(timeline.params)
        engines[key] = engines.get(key) or CompiledEngine(load(RULES, timeline.params))
        case_set = CaseSet(engines[key], TENANT, {})
        replay = Replay(case_set, [(arrival.at, arrival.event) for arrival in timeline.arrivals])
        for now in sorted({expectation.at for expectation in timeline.expectations}):
            list(replay.until(now))
            for case in case_set.cases.values():
                if case.basis is not None:
                    found = agendas(case.basis, engines[key].rulebook.policy, tenant=TENANT, key=case.key, now=now)
                    yield from ((case.basis, agenda, now) for agenda in found.values())


@pytest.mark.long
def test_what_every_rule_adds_to_a_card_is_a_text(moments: list[tuple[Any, Any, int]]) -> None:
    seen: set[str] = set()
    faults: set[tuple[str, str]] = set()
    for basis, agenda, now in moments:
        for item in [*(item for one in agenda.cards for item in one.items), *(held.item for held in agenda.held)]:
            answer = basis.answers[item.record.key]
            words = joined_words(answer, basis.facts, answer.related_at(now), item.record.priority)
            texts = [words.title, words.item, words.opening, *words.questions]
            faults |= {(item.rule.id, text) for text in texts if LEFTOVER.search(text)}
            faults |= {(item.rule.id, "no question")} if item.rule.texts.questions and not words.questions else set()
            faults |= {(item.rule.id, text) for text in words.questions if not text.endswith("?")}
            seen.add(item.rule.id)
    assert faults == set()
    assert seen == set(OURS.rules)


@pytest.mark.long
def test_every_card_is_a_text(moments: list[tuple[Any, Any, int]]) -> None:
    seen: set[str] = set()
    faults: set[tuple[str, str]] = set()
    for basis, agenda, now in moments:
        for one in agenda_document(agenda, basis, now)["cards"]:
            assert one["title"]
            assert one["message"]
            assert one["steps"]
            drafts = [text for draft in one["drafts"] for text in (draft["title"], *draft["body"].splitlines())]
            lines = [one["title"], *one["steps"], *drafts]
            faults |= {(str(one["kind"]), text) for text in lines if LEFTOVER.search(text)}
            seen |= {one["kind"]} if len(one["recommendations"]) > 1 else set()
    assert faults == set()
    assert seen == {kind.name for kind in OURS.cards}


# Overlays and tenants
