"""Late events after an erasure, in whatever way they name what was erased: none counts, and nothing of them stays."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from signpost.case.case import Case
from signpost.storage import CaseRow
from tests.support.batches import SECRET, handle, offer, rows_with
from tests.support.workers_kit import HOUR, START, System, event, system


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        yield made


@pytest.fixture
def signpost(shared: System) -> System:
    shared.now = START + 10 * HOUR
    return shared


@pytest.mark.parametrize("at", [2, 3])
def test_a_late_event_about_an_application_of_the_erased_candidate(signpost: System, at: float) -> None:
    name, owner = f"moved-{at}", f"owner-{at}"
    handle(signpost, offer(f"application:{name}"), event("application.submitted", owner, at=1, application=name))
    handle(signpost, event("candidate.erased", owner, at=3))
    assert handle(signpost, replace(offer(f"application:{name}", at=at), id=f"late-{at}")).refused == 1
    assert rows_with(signpost, SECRET) == set()


def test_a_late_event_without_a_date_that_names_an_offer_of_the_erased_candidate(signpost: System) -> None:
    handle(signpost, offer("dateless"), event("candidate.erased", "dateless", at=3))
    undated = replace(offer("dateless", at=5), id="late", dated=False)
    assert handle(signpost, undated).refused == 1
    other = replace(event("offer.extended", "dateless", at=5, offer="another", id="other"), dated=False)
    assert handle(signpost, other).refused == 0


def test_a_link_without_a_date_may_be_old_and_counts_for_nothing(signpost: System) -> None:
    link = event("application.submitted", "linked", application="gone")
    handle(signpost, link, event("candidate.erased", "linked", at=3))
    again = replace(event("application.submitted", "linked", at=5, application="gone", id="again"), dated=False)
    assert handle(signpost, again).refused == 1


def test_an_application_is_erased_although_an_offer_of_its_name_is_stated_since(signpost: System) -> None:
    handle(signpost, event("offer.extended", "application:same", offer="o"))
    handle(signpost, event("application.submitted", "namesake", at=1, application="same"))
    handle(signpost, event("offer.extended", "namesake", at=5, offer="same"))
    handle(signpost, event("candidate.erased", "namesake", at=3))
    assert "offer/same" in str(signpost.standing("namesake"))
    with signpost.store.transaction() as tx:
        assert tx.lock_cases([("acme", "application:same")])["acme", "application:same"].merged_into is None


def test_an_offer_that_is_stated_since_is_not_what_was_erased(signpost: System) -> None:
    handle(signpost, event("offer.extended", "kept", at=5, offer="o"))
    handle(signpost, event("candidate.erased", "kept", at=3))
    follow_up = replace(event("offer.updated", "kept", at=6, offer="o", title="Chief"), dated=False)
    assert handle(signpost, follow_up).fresh == 1


@pytest.mark.parametrize("at", [2, 3])
def test_an_event_up_to_the_erasure_of_its_own_batch(signpost: System, at: float) -> None:
    result = handle(signpost, event("candidate.erased", f"own-{at}", at=3), offer(f"own-{at}", at=at))
    assert (result.fresh, result.refused) == (1, 1)
    assert rows_with(signpost, SECRET) == set()


@pytest.mark.parametrize(("at", "counts"), [(3, False), (3 + 1 / 3_600_000_000, True)])
def test_an_event_up_to_an_erasure_that_only_the_row_of_the_case_tells(
    signpost: System, at: float, counts: bool
) -> None:
    """Such rows are of a time when no digests of erasures were stored."""
    who, id = f"of-old-{counts}", f"late-of-old-{counts}"
    with signpost.store.transaction() as tx:
        tx.lock_cases([("acme", who)])
        tx.save_cases([CaseRow("acme", who, Case({}, START + 3 * HOUR).to_json())])
    result = handle(signpost, event("offer.extended", who, at=at, offer="o", id=id))
    assert (result.fresh, result.refused) == ((1, 0) if counts else (0, 1))
    assert bool(rows_with(signpost, id)) is counts
