"""Following merges: the one place that does it, for storage, workers and backtests alike."""

import pytest

from signpost.case.identity import follow, is_taken, lives_on_under
from signpost.errors import BugError

LEADS = {"application:a": "c-1", "c-1": "c-2", "c-2": "c-3"}


@pytest.mark.parametrize(
    ("key", "way"),
    [("c-9", ["c-9"]), ("c-2", ["c-2", "c-3"]), ("application:a", ["application:a", "c-1", "c-2", "c-3"])],
)
def test_a_key_leads_over_every_merge_to_where_its_case_lives_on(key: str, way: list[str]) -> None:
    assert list(follow(key, LEADS.get)) == way
    assert lives_on_under(key, LEADS.get) == way[-1]


def test_a_ring_of_merges_is_a_bug() -> None:
    with pytest.raises(BugError, match="in a ring"):
        lives_on_under("c-1", {**LEADS, "c-3": "c-1"}.get)


def test_only_an_application_that_was_merged_is_taken() -> None:
    assert is_taken("application:a", LEADS.get)
    assert not is_taken("application:b", LEADS.get)
    assert not is_taken("c-1", LEADS.get)
