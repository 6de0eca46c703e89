"""An erasure or a merge in the middle of a batch, several tenants, and what is remembered of late events."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from signpost.case.event import Order
from signpost.messaging.message import Outcome
from signpost.workers.batch_result import BatchResult
from tests.support.batches import SECRET, changes, delivery, handle, latest, offer, rows_with
from tests.support.workers_kit import HOUR, START, System, event, system


@pytest.fixture(scope="module")
def shared(request: pytest.FixtureRequest) -> Iterator[System]:
    with system("embedded", request) as made:
        yield made


@pytest.fixture
def signpost(shared: System) -> System:
    shared.now = START + 10 * HOUR
    return shared


def secrets_in(result: BatchResult) -> list[str]:
    return [one["rule"] for one in changes(result) if SECRET in str(one)]


def test_advice_raised_before_the_erasure_of_its_batch_is_not_published(signpost: System) -> None:
    result = handle(signpost, offer("raised"), event("candidate.erased", "raised", at=1))
    assert result.fresh == 2
    assert secrets_in(result) == []
    assert {one["status"] for one in changes(result)} <= {"resolved"}
    assert rows_with(signpost, SECRET) == set()
    assert signpost.store.case("acme", "raised") is None, "nothing but the fact of the erasure"


def test_consumers_learn_the_end_of_advice_that_ended_earlier_in_the_batch_of_the_erasure(signpost: System) -> None:
    first = handle(signpost, offer("ended"))
    assert secrets_in(first)
    second = handle(
        signpost, event("offer.declined", "ended", at=1, offer="o"), event("candidate.erased", "ended", at=2)
    )
    assert secrets_in(second) == []
    assert {status for status in latest(first, second).values() if status == "active"} == set()


def test_consumers_learn_the_end_of_advice_of_a_case_merged_in_the_batch_of_the_erasure(signpost: System) -> None:
    first = handle(signpost, offer("absorbed"))
    assert set(latest(first).values()) == {"active"}
    merged = event("candidate.merged", "absorbed", at=1, into="survivor")
    second = handle(signpost, merged, event("candidate.erased", "survivor", at=2))
    assert set(latest(first).keys()) <= set(latest(first, second).keys())
    assert set(latest(first, second).values()) == {"resolved"}
    assert secrets_in(second) == []
    assert rows_with(signpost, SECRET) == set()


def test_advice_after_the_erasure_is_published(signpost: System) -> None:
    result = handle(
        signpost, offer("again"), event("candidate.erased", "again", at=1), offer("again", at=2, title="New")
    )
    assert [one for one in changes(result) if one["change"] == "raised" and "New" in str(one)]
    assert signpost.standing("again")
    handle(signpost, event("candidate.erased", "again", at=3))


def test_further_events_after_the_erasure_of_their_batch_take_nothing_back(signpost: System) -> None:
    result = handle(
        signpost,
        event("candidate.erased", "goes-on", at=1),
        event("offer.extended", "goes-on", at=2, offer="o"),
        event("offer.extended", "goes-on", at=3, offer="p"),
    )
    raised = {one["subject"]["id"] for one in changes(result) if one["change"] == "raised"}
    assert raised >= {"o", "p"}


@pytest.mark.parametrize(("tenant", "who", "erased"), [("globex", "twin", "twin"), ("acme", "by-two", "somebody")])
def test_an_erasure_takes_no_content_from_what_ends_of_another_candidate_in_its_batch(
    signpost: System, tenant: str, who: str, erased: str
) -> None:
    """The twin of another tenant is another candidate too."""
    theirs = event("offer.extended", who, offer="theirs", employer={"id": "g", "name": "Globex"}, tenant=tenant)
    first = handle(signpost, theirs)
    merged = event("candidate.merged", who, at=1, into="whole", tenant=tenant)
    second = handle(signpost, merged, offer(erased), event("candidate.erased", erased, at=2))
    ended = [one for one in changes(second) if one["id"] in latest(first) and one["status"] == "resolved"]
    assert len(ended) == len(latest(first)) > 0
    assert any("Globex" in str(one) for one in ended)


def test_the_erasure_of_a_candidate_drops_nothing_of_another_tenants(signpost: System) -> None:
    """Two tenants may give one id to two people."""
    other = event("offer.extended", "same", offer="theirs", tenant="globex")
    result = handle(signpost, other, offer("same"), event("candidate.erased", "same", at=1))
    assert result.outgoing
    raised = {item.message.routing_key for item in result.outgoing if item.message.routing_key.endswith(".raised")}
    assert {key.partition(".")[0] for key in raised} == {"globex"}
    assert signpost.standing("same", "globex")
    assert signpost.standing("same") == {}


def test_the_erasure_of_a_candidate_drops_nothing_of_another_candidates(signpost: System) -> None:
    result = handle(signpost, event("offer.extended", "by", offer="x"), offer("erased"),
                    event("candidate.erased", "erased", at=1))  # fmt: skip
    assert {one["candidate"] for one in changes(result) if one["change"] == "raised"} == {"by"}


def test_nothing_of_a_late_event_is_remembered(signpost: System) -> None:
    handle(signpost, offer("late"), event("candidate.erased", "late", at=3))
    result = handle(signpost, replace(offer("late", at=2), id="late-secret-id"))
    assert (result.refused, result.fresh, result.repeated) == (1, 0, 0)
    assert [one.outcome for one in result.settlements] == [Outcome.DONE]
    assert rows_with(signpost, "late-secret-id") == set()
    assert signpost.store.case("acme", "late") is None


@pytest.mark.parametrize(("at", "counts"), [(3, False), (3 + 1 / 3_600_000_000, True)])
def test_an_event_of_the_instant_of_the_erasure_is_covered_and_the_next_is_not(
    signpost: System, at: float, counts: bool
) -> None:
    who = f"edge-{counts}"
    handle(signpost, offer(who), event("candidate.erased", who, at=3))
    result = handle(signpost, event("offer.extended", who, at=at, offer="second"))
    assert (result.fresh, result.refused) == ((1, 0) if counts else (0, 1))
    assert bool(signpost.standing(who)) is counts


def test_an_erasure_covers_the_events_after_it_in_its_own_batch(signpost: System) -> None:
    result = handle(signpost, event("candidate.erased", "own", at=3), offer("own", at=2))
    assert (result.fresh, result.refused) == (1, 1)
    assert rows_with(signpost, SECRET) == set()


def test_what_is_about_an_erased_candidate_waits_for_the_next_batch_and_nothing_else_does(signpost: System) -> None:
    erased, other = event("candidate.erased", "waits", at=3), event("offer.extended", "does-not", offer="o")
    about_it, of_other = offer("waits", at=4), event("offer.updated", "does-not", at=5, offer="o", title="T")
    sent = [delivery(one) for one in (offer("waits"), other, erased, about_it, of_other)]
    result = signpost.handler().handle(sent, signpost.clock)
    assert result.deferred == [sent[3]]
    assert [one.delivery for one in result.settlements] == [*sent[:3], sent[4]]
    handle(signpost, about_it, event("candidate.erased", "waits", at=6))


def test_an_event_that_waits_for_an_erasure_stays_seen_if_it_was(signpost: System) -> None:
    since = event("offer.extended", "seen-before", at=5, offer="o")
    handle(signpost, since)
    result = handle(signpost, event("candidate.erased", "seen-before", at=3), since)
    assert (result.fresh, result.repeated) == (1, 1)


@pytest.mark.parametrize(("at", "counts"), [(3, False), (3 + 1 / 3_600_000_000, True)])
def test_what_an_application_stated_before_the_erasure_of_its_new_candidate_is_covered(
    signpost: System, at: float, counts: bool
) -> None:
    """Its link came after the erasure, which knows nothing of it."""
    who, name, id = f"renewed-{counts}", f"of-renewed-{counts}", f"of-before-{counts}"
    handle(signpost, event("candidate.erased", who, at=3), event("application.submitted", who, at=4, application=name))
    result = handle(signpost, event("offer.extended", f"application:{name}", at=at, offer="o", id=id))
    assert (result.fresh, result.refused) == ((1, 0) if counts else (0, 1))
    assert bool(rows_with(signpost, id)) is counts


def test_an_undated_event_about_what_was_erased_is_covered_in_the_batch_of_the_erasure_too(signpost: System) -> None:
    """Its receipt may be later than the erasure, and what it says older."""
    known = [event("application.submitted", "same-batch", application="theirs"), offer("same-batch")]
    undated = [
        replace(event("offer.extended", "application:theirs", at=5, offer="x", title=SECRET), dated=False),
        replace(event("offer.updated", "same-batch", at=5, offer="o", title=SECRET), dated=False),
    ]
    result = handle(signpost, *known, event("candidate.erased", "same-batch", at=3), *undated)
    assert (result.fresh, result.refused) == (3, 2)
    assert rows_with(signpost, SECRET) == set()
    assert signpost.standing("same-batch") == {}


def test_an_undated_event_that_is_covered_in_the_batch_of_the_erasure_leaves_no_trace(signpost: System) -> None:
    """Also where the candidate has statements since."""
    late = replace(event("offer.updated", "new-life", at=5, id="no-trace-id", offer="o"), dated=False)
    result = handle(
        signpost,
        offer("new-life"),
        event("candidate.erased", "new-life", at=3),
        event("offer.extended", "new-life", at=4, offer="since"),
        late,
    )
    assert (result.fresh, result.refused) == (3, 1)
    assert rows_with(signpost, "no-trace-id") == set()
    assert "offer/since" in str(signpost.standing("new-life"))
    handle(signpost, event("candidate.erased", "new-life", at=6))


def test_what_a_candidate_has_since_the_erasure_of_the_batch_is_not_covered(signpost: System) -> None:
    renewed = event("offer.extended", "renewed", at=4, offer="o")
    undated = replace(event("offer.updated", "renewed", at=5, offer="o", title="Chief"), dated=False)
    result = handle(signpost, offer("renewed"), renewed, event("candidate.erased", "renewed", at=3), undated)
    assert (result.fresh, result.refused) == (4, 0)
    assert "Chief" in signpost.case("renewed").state.decode()
    handle(signpost, event("candidate.erased", "renewed", at=6))


def test_a_link_to_an_erased_candidate_covers_the_application_in_its_own_batch(signpost: System) -> None:
    handle(signpost, offer("application:late-link"), event("candidate.erased", "lost-2", at=3))
    link = event("application.submitted", "lost-2", at=1, application="late-link")
    about_it = replace(event("offer.updated", "application:late-link", at=5, offer="o", title=SECRET), dated=False)
    result = handle(signpost, link, about_it)
    assert (result.fresh, result.refused) == (1, 1)
    assert rows_with(signpost, SECRET) == set()


def test_a_link_to_an_erased_candidate_counts_once_and_forgets_the_application(signpost: System) -> None:
    """It was learned late; what it names is the erased candidate's too."""
    handle(signpost, offer("application:found"), event("candidate.erased", "lost", at=3))
    link = event("application.submitted", "lost", at=1, application="found")
    assert handle(signpost, link).refused == 0
    assert rows_with(signpost, SECRET) == set()
    assert handle(signpost, link).refused == 1, "an erased event does not come back"
    late = event("offer.extended", "application:found", at=2, offer="o", title=SECRET)
    assert handle(signpost, late).refused == 1


def test_an_application_that_moved_to_a_living_candidate_is_not_covered_by_the_old_erasure(signpost: System) -> None:
    handle(signpost, event("application.submitted", "first", application="moves"))
    handle(signpost, event("candidate.erased", "first", at=3))
    moved = event("application.submitted", "second", at=4, application="moves")
    about_it = replace(event("offer.extended", "application:moves", at=5, offer="new"), dated=False)
    result = handle(signpost, moved, about_it)
    assert (result.fresh, result.refused) == (2, 0)
    assert "offer/new" in str(signpost.standing("second"))


def test_who_gets_the_application_of_an_erased_candidate_keeps_what_is_older_than_the_erasure(signpost: System) -> None:
    handle(signpost, offer("heir"), event("application.submitted", "former", application="handed-on"))
    handle(signpost, event("candidate.erased", "former", at=3))
    assert handle(signpost, event("application.submitted", "heir", at=4, application="handed-on")).fresh == 1
    assert "offer/o" in str(signpost.standing("heir"))
    handle(signpost, event("candidate.erased", "heir", at=5))


def test_the_application_that_came_back_with_its_erased_candidate_is_not_heard_without_dates(signpost: System) -> None:
    """Its old statements may come again, and have the time of their receipt."""
    link = event("application.submitted", "came-back", application="back")
    handle(signpost, link, event("candidate.erased", "came-back", at=3))
    again = event("application.submitted", "came-back", at=4, application="back")
    assert handle(signpost, again).fresh == 1
    about_it = replace(event("offer.extended", "application:back", at=5, offer="o", title=SECRET), dated=False)
    assert handle(signpost, about_it).refused == 1
    assert handle(signpost, replace(about_it, id="dated", dated=True, data={"offer": "p"})).fresh == 1
    assert "offer/p" in str(signpost.standing("came-back"))
    handle(signpost, event("candidate.erased", "came-back", at=6))


def test_an_erased_candidate_whom_a_vendor_joined_to_another_stays_covered(signpost: System) -> None:
    """The other one is not erased by that, and what the first had before does not come back."""
    handle(signpost, offer("gone"), event("candidate.erased", "gone", at=3))
    merged = replace(event("candidate.merged", "gone", at=4, into="stays-here"), order=Order(0))
    handle(signpost, event("offer.extended", "stays-here", offer="mine"), merged)
    assert handle(signpost, replace(offer("gone", at=2), id="of-before")).refused == 1
    assert handle(signpost, event("offer.updated", "stays-here", at=2, offer="mine", title="T")).fresh == 1
    assert rows_with(signpost, SECRET) == set()


def test_an_application_without_a_living_candidate_stays_covered(signpost: System) -> None:
    handle(signpost, event("application.submitted", "owner-1", application="stays"))
    handle(signpost, event("candidate.erased", "owner-1", at=3))
    about_it = replace(event("offer.extended", "application:stays", at=5, offer="new", title=SECRET), dated=False)
    assert handle(signpost, about_it).refused == 1
    assert rows_with(signpost, SECRET) == set()


def test_erasures_of_two_tenants_in_one_batch_stay_apart(signpost: System) -> None:
    kept = event("offer.extended", "pair", at=2, offer="o", tenant="globex")
    result = handle(signpost, event("candidate.erased", "pair", at=3), kept, offer("pair", at=2))
    assert (result.fresh, result.refused) == (2, 1)
    assert signpost.standing("pair", "globex")
    later = handle(signpost, event("offer.updated", "pair", at=1, offer="o", tenant="globex", title="T"))
    assert later.fresh == 1
    assert handle(signpost, replace(offer("pair", at=1), id="other")).refused == 1


def test_after_an_erasure_only_the_statements_since_are_in_the_case(signpost: System) -> None:
    handle(signpost, offer("since"), event("offer.extended", "since", at=5, offer="later", application="app-later"))
    handle(signpost, event("candidate.erased", "since", at=3))
    assert rows_with(signpost, SECRET) == set()
    assert "offer/later" in str(signpost.standing("since"))
    follow_up = event("offer.updated", "application:app-later", at=6, offer="later", title="Chief")
    assert handle(signpost, follow_up).fresh == 1
    assert "Chief" in signpost.case("since").state.decode()


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_a_second_erasure_finds_the_events_of_a_case_that_the_first_has_deleted(
    signpost: System, in_one_batch: bool
) -> None:
    """What a candidate stated before it was joined to another one, but after the erasure, lives on with that one."""
    absorbed, into, name = f"a-{in_one_batch}", f"i-{in_one_batch}", f"stated-{in_one_batch}"
    since = event("offer.extended", absorbed, at=4, offer="o", id=name)
    merged = event("candidate.merged", absorbed, at=1, into=into)
    for batch in ([merged, since],) if in_one_batch else ([since], [merged]):
        handle(signpost, *batch)
    handle(signpost, event("candidate.erased", into, at=3))
    assert handle(signpost, since).repeated == 1
    handle(signpost, event("candidate.erased", into, at=5))
    assert rows_with(signpost, name) == set()


def test_an_application_that_lives_on_belongs_to_the_case_that_lives_on(signpost: System) -> None:
    """Also where it was linked to a candidate who was merged and whose row the erasure deletes."""
    handle(signpost, event("application.submitted", "linked-to", application="kept"))
    handle(signpost, event("offer.extended", "application:kept", at=4, offer="o", application="kept"))
    handle(signpost, event("candidate.merged", "linked-to", at=1, into="lives-on"))
    handle(signpost, event("candidate.erased", "lives-on", at=3))
    handle(signpost, event("offer.updated", "application:kept", at=5, offer="o", title="Chief"))
    assert "Chief" in signpost.case("lives-on").state.decode()
    assert signpost.store.case("acme", "linked-to") is None
    handle(signpost, event("candidate.erased", "lives-on", at=6))


def test_advice_of_a_candidate_whose_erasure_is_known_to_no_row_has_other_ids(signpost: System) -> None:
    first = handle(signpost, offer("forgotten"))
    handle(signpost, event("candidate.erased", "forgotten", at=1))
    assert signpost.store.case("acme", "forgotten") is None
    again = handle(signpost, offer("forgotten", at=2))
    raised = [{one["id"] for one in changes(each) if one["change"] == "raised"} for each in (first, again)]
    assert all(raised)
    assert raised[0].isdisjoint(raised[1])


def test_a_late_event_of_before_an_erasure_leaves_no_trace(signpost: System) -> None:
    handle(signpost, offer("traceless"), event("candidate.erased", "traceless", at=1))
    late = replace(offer("traceless", at=0.5), id="a-late-event")
    assert handle(signpost, late).refused == 1
    assert rows_with(signpost, "a-late-event") == set()


def test_a_merge_ends_the_advice_of_the_absorbed_case_for_its_consumers(signpost: System) -> None:
    first = handle(signpost, offer("joins"))
    second = handle(signpost, event("candidate.merged", "joins", at=1, into="joined"))
    assert set(latest(first).values()) == {"active"}
    ends = {one["id"]: (one["change"], one["status"]) for one in changes(second) if one["id"] in latest(first)}
    assert ends.keys() == latest(first).keys()
    assert set(ends.values()) == {("resolved", "resolved")}
    with signpost.store.transaction() as tx:
        [row] = tx.lock_cases([("acme", "joins")]).values()
    assert (row.merged_into, row.state) == ("joined", b"")
