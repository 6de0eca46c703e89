"""A tenant that sends more than its share goes to the queue of bulk, and back when it has calmed down."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signpost.case.instant import SECOND
from signpost.messaging import BULK
from signpost.services.intake.fair_share import BURST, SHARE_PER_S, FairShare
from tests.support.intake_parts import NOW, Intake, intake_at

OFFER = {
    "specversion": "1.0", "source": "s", "type": "signpost.offer.extended.v1", "time": "2026-03-02T13:00:00Z",
    "subject": "c-1", "data": {"offer": "o"},
}  # fmt: skip


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    parts = intake_at(tmp_path)
    yield parts
    parts.broker.close()
    parts.store.close()


def batch(count: int, seed: str) -> list[dict[str, object]]:
    return [{**OFFER, "id": f"{seed}-{number}"} for number in range(count)]


def test_more_than_a_tenants_share_is_bulk_and_others_are_not(intake: Intake) -> None:
    kind = "application/cloudevents-batch+json"
    for seed, count in (("first", BURST), ("second", 60)):
        assert intake.send(batch(count, seed), kind).status_code == 202
    assert len(intake.broker.get("signpost.advisor", 1000)) == BURST
    assert len(intake.broker.get(BULK, 1000)) == 60


def test_a_share_leaks_and_belongs_to_one_tenant() -> None:
    share = FairShare()
    assert [share.is_bulk("loud", BURST, NOW), share.is_bulk("loud", 1, NOW)] == [False, True]
    assert not share.is_bulk("quiet", 1, NOW)
    assert not share.is_bulk("loud", SHARE_PER_S, NOW + SECOND)
    assert share.is_bulk("loud", 1, NOW + SECOND)
    assert share.is_bulk("loud", 1, NOW), "a clock that goes back gives no more"


def test_a_steady_stream_within_the_share_is_never_bulk() -> None:
    share = FairShare()
    assert not any(share.is_bulk("steady", 1, NOW + number * SECOND // SHARE_PER_S) for number in range(5_000))
