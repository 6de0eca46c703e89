"""The forecast of one case: exact instants, snoozed advice, order, readers, pages and bounds."""

from pathlib import Path
from typing import Any

import pytest

from signpost.advice import advise
from signpost.advice.case_set import LoadedCase
from signpost.advice.forecast import (
    DEFAULT_HORIZON_US,
    MAX_HORIZON_US,
    ChangeFilter,
    ForecastItem,
    ForecastTooLarge,
    Position,
    forecast,
    forecast_page,
    parse_position,
)
from signpost.advice.records import active
from signpost.case import Case, Event
from signpost.case.instant import DAY, HOUR, format_instant, parse_instant
from signpost.engine import CompiledEngine
from signpost.engine.compiled import Answer
from signpost.facts.facts import Facts
from signpost.names import PRIORITIES
from signpost.rulebook import load
from tests.support.rulebooks import shipped_engine

ENGINE = shipped_engine()
NOW = parse_instant("2026-03-02T09:00:00Z")
DEADLINE = "2026-03-10T12:00:00Z"


def offer(number: int, type_: str = "offer.extended", **data: Any) -> Event:
    return Event("t", "s", f"e-{number}-{type_}", type_, NOW, "c-1", {"offer": f"o-{number}", **data})


ACME = offer(1, employer={"id": "acme", "name": "Acme"}, respond_by=DEADLINE)
GLOBEX = offer(2, employer={"id": "globex", "name": "Globex"}, respond_by="2026-03-20T12:00:00Z")


def stored(*events: Event, now: int = NOW) -> LoadedCase:
    """A case as an advisor keeps it."""
    case = Case().fold(*events)
    result = advise(ENGINE, case, b"", tenant="t", key="c-1", now=now)
    return LoadedCase("c-1", case, result.advice_state, next_change=result.next_change)


def items(case: LoadedCase, days: int = 30, now: int = NOW, **options: Any) -> list[ForecastItem]:
    return forecast_page(ENGINE, "t", case, now, now + days * DAY, **{"limit": 1000, **options})["items"]


def of_rule(rule: str, found: list[ForecastItem]) -> list[tuple[str, str, str, str | None]]:
    return [(one["at"], one["change"], one["priority"], one["reason"]) for one in found if one["rule"] == rule]


def test_a_deadline_comes_nearer_and_passes() -> None:
    found = items(stored(ACME))
    assert of_rule("respond-before-deadline", found) == [
        ("2026-03-07T12:00:00Z", "raised", "normal", None),
        ("2026-03-08T12:00:00Z", "updated", "high", None),
        ("2026-03-09T12:00:00Z", "updated", "urgent", None),
        (DEADLINE, "resolved", "urgent", "its conditions no longer hold"),
    ]
    [raised, *_] = [one for one in found if one["rule"] == "respond-before-deadline"]
    assert (raised["due"], raised["subject"], raised["audience"]) == (
        DEADLINE,
        {"kind": "offer", "id": "o-1"},
        "candidate",
    )
    assert "Acme" in raised["title"]


def test_ids_and_sequences_are_those_of_the_messages() -> None:
    case = stored(ACME)
    at = parse_instant("2026-03-07T12:00:00Z")
    later = advise(ENGINE, case.case, case.advice_state, tenant="t", key="c-1", now=at)
    expected = {(change.id, change.sequence) for change in later.changes}
    assert expected
    found = items(stored(ACME))
    assert expected <= {(one["recommendation"], one["sequence"]) for one in found}


def test_snoozed_advice_comes_back() -> None:
    [record, *_] = active(stored(ACME).advice_state).values()
    until = NOW + DAY + HOUR
    answer = {"recommendation": record.id, "until": format_instant(until)}
    snoozed = Event("t", "s", "snooze", "advice.snoozed", NOW, "c-1", answer)
    before = stored(ACME)
    state = advise(ENGINE, before.case.fold(snoozed), before.advice_state, tenant="t", key="c-1", now=NOW).advice_state
    found = items(LoadedCase("c-1", before.case.fold(snoozed), state), 2)
    [back] = [one for one in found if one["recommendation"] == record.id and one["change"] == "raised"]
    assert back["at"] == format_instant(until)


def test_what_a_late_clock_has_not_published_is_due_now() -> None:
    late = parse_instant("2026-03-08T00:00:00Z")
    found = items(stored(ACME), now=late)
    assert of_rule("respond-before-deadline", found)[0] == (format_instant(late), "raised", "normal", None)


def test_at_one_instant_the_most_urgent_comes_first() -> None:
    found = items(LoadedCase("c-1", Case().fold(ACME, GLOBEX)))
    now = [one for one in found if one["at"] == format_instant(NOW)]
    ranks = [PRIORITIES.index(one["priority"]) for one in now]
    assert len(set(ranks)) > 1
    assert ranks == sorted(ranks, reverse=True)
    assert [one["at"] for one in found] == sorted(one["at"] for one in found)


def test_each_reader_sees_its_own() -> None:
    case = [stored(ACME, GLOBEX) for _ in range(4)]
    whole, candidate, employers, acme = (
        items(one, chosen=reader)
        for one, reader in zip(
            case,
            (ChangeFilter(), ChangeFilter("candidate"), ChangeFilter("employer"), ChangeFilter("employer", "acme")),
            strict=True,
        )
    )
    assert candidate == [one for one in whole if one["audience"] == "candidate"]
    assert employers == [one for one in whole if one["audience"] == "employer"]
    assert acme == [one for one in employers if one["subject"]["id"] == "o-1"]
    assert 0 < len(acme) < len(employers) < len(whole)
    assert items(stored(ACME), chosen=ChangeFilter("employer", "globex")) == []


def test_an_employer_sees_nothing_that_is_of_no_employer() -> None:
    acme = items(stored(ACME), chosen=ChangeFilter(employer="acme"))
    assert acme
    assert items(stored(ACME, offer(2)), chosen=ChangeFilter(employer="acme")) == acme


def test_a_page_starts_after_its_position() -> None:
    whole = items(stored(ACME, GLOBEX))
    page = forecast_page(ENGINE, "t", stored(ACME, GLOBEX), NOW, NOW + 30 * DAY, limit=4)
    assert (page["items"], page["next"] is None) == (whole[:4], False)
    following = parse_position(str(page["next"]))
    assert items(stored(ACME, GLOBEX), after=following) == whole[4:]
    assert items(stored(ACME, GLOBEX), after=Position(NOW + 31 * DAY, 1)) == []
    assert page["rulebook"] == ENGINE.rulebook.version


@pytest.mark.parametrize("cursor", ["", "1", "1.0", "01.1", "-1.1", "1.1.1", "1." + "9" * 6, "9" * 19 + ".1", "٣.1"])
def test_any_other_text_is_no_cursor(cursor: str) -> None:
    with pytest.raises(ValueError, match="no cursor"):
        parse_position(cursor)


def test_nothing_happens_before_the_first_and_after_the_last_instant() -> None:
    case = stored(ACME)
    first = case.next_change
    assert first is not None
    assert items(stored(ACME), now=NOW, days=0) == []
    assert list(forecast(ENGINE, "t", stored(ACME), NOW, first - 1)) == []
    assert {one.at for one in forecast(ENGINE, "t", stored(ACME), NOW, first)} == {first}


@pytest.mark.long
def test_a_forecast_that_would_take_too_much_work_is_refused() -> None:
    many = [offer(number, respond_by=format_instant(NOW + (number + 5) * HOUR)) for number in range(120)]
    with pytest.raises(ForecastTooLarge, match="too much work beyond 2026-03-0"):
        items(stored(*many))


def test_its_work_grows_with_the_entities_and_the_instants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signpost.advice.forecast.MAX_WORK", 12)
    many = stored(ACME, *(offer(number) for number in range(2, 20)))
    assert items(stored(ACME), days=6)
    with pytest.raises(ForecastTooLarge, match="too much work beyond 2026-03-02T09:00:00Z"):
        items(many, days=6)
    with pytest.raises(ForecastTooLarge, match="too much work"):
        items(stored(ACME), days=30)


def test_a_forecast_of_too_many_changes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    number = len(items(stored(ACME)))
    monkeypatch.setattr("signpost.advice.forecast.MAX_CHANGES", number)
    assert len(items(stored(ACME))) == number
    monkeypatch.setattr("signpost.advice.forecast.MAX_CHANGES", number - 1)
    with pytest.raises(ForecastTooLarge):
        items(stored(ACME))


def test_positions_count_the_changes_of_an_instant() -> None:
    case = [stored(ACME, GLOBEX) for _ in range(2)]
    case[0].advice_state = case[1].advice_state = b""
    pages = [
        forecast_page(ENGINE, "t", one, NOW, NOW + DAY, limit=limit) for one, limit in zip(case, (1, 3), strict=True)
    ]
    assert [page["next"] for page in pages] == [f"{NOW}.1", f"{NOW}.3"]


def test_positions_count_from_one_again_at_the_next_instant() -> None:
    """So a cursor stays true when the present moves on."""
    case = [LoadedCase("c-1", Case().fold(ACME)) for _ in range(2)]
    number = [one["at"] for one in items(case[0])].count(format_instant(NOW))
    page = forecast_page(ENGINE, "t", case[1], NOW, NOW + 30 * DAY, limit=number + 1)
    following = parse_instant(page["items"][-1]["at"])
    assert number > 1
    assert following > NOW
    assert page["next"] == f"{following}.1"


class Counting(CompiledEngine):
    """Counts how often it evaluates its rules."""

    evaluations = 0

    def answers(self, facts: Facts) -> list[Answer]:
        self.evaluations += 1
        return super().answers(facts)


def test_the_rules_are_evaluated_once_for_all_instants() -> None:
    engine = Counting(ENGINE.rulebook)
    assert len({found.at for found in forecast(engine, "t", stored(ACME), NOW, NOW + 30 * DAY)}) > 2
    assert engine.evaluations == 1


def test_what_the_rules_no_longer_advise_ends_now(tmp_path: Path) -> None:
    """A case that was advised under another rulebook, and that no clock has evaluated since."""
    before, after = (rulebook_of(tmp_path / stage, stage) for stage in ("open", "accepted"))
    case = Case().fold(ACME)
    state = advise(before, case, b"", tenant="t", key="c-1", now=NOW).advice_state
    [found] = forecast(after, "t", LoadedCase("c-1", case, state), NOW + HOUR, NOW + DAY)
    assert (found.at, found.change.change, found.change.rule) == (NOW + HOUR, "resolved", "answer")
    assert found.change.data["explanation"]["because"][0]["value"] == "open"


def rulebook_of(folder: Path, stage: str) -> CompiledEngine:
    """The engine of one rule, about offers at a stage."""
    folder.mkdir()
    (folder / "sources.yaml").write_text("articles: {a: A}\n")
    rule = f"answer: {{about: offer, source: a, when: {{stage: {stage}}}, priority: low, title: T, message: M}}\n"
    (folder / "topic.yaml").write_text(rule)
    return CompiledEngine(load(folder))


def test_a_forecast_is_as_long_as_the_page_for_consumers_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "consuming.md").read_text("utf-8")
    horizons = (DEFAULT_HORIZON_US, MAX_HORIZON_US)
    pages = [forecast_page(ENGINE, "t", stored(ACME), NOW, NOW + horizon, limit=1) for horizon in horizons]
    days = [(parse_instant(each["until"]) - NOW) / DAY for each in pages]
    assert "`until` is {:g} days from now by default and at most {:g}".format(*days) in page
