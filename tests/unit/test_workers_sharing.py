"""How advisors share the partitions: who has more than a fair share hands over the rest."""

from dataclasses import dataclass

import pytest

from signpost.workers.sharing import INTERVAL_US, PartitionShare

NOW = 1_772_460_000_000_000


@dataclass(eq=False)
class Queue:
    """A consumer that knows how many there are, and whether it was asked to yield."""

    name: str
    advisors: int = 1
    yielded: bool = False

    def competitors(self) -> int:
        return self.advisors

    def yield_turn(self) -> None:
        self.yielded = True


@pytest.mark.parametrize(
    ("advisors", "active", "handed_over"),
    [
        (1, "abcd", ""),
        (2, "abcd", "cd"),
        (2, "ab", ""),
        (2, "bcd", "d"),
        (3, "abcd", "cd"),
        (4, "abcd", "bcd"),
        (9, "ab", "b"),
        (9, "b", ""),
        (2, "", ""),
    ],
)
def test_an_advisor_keeps_its_share_of_four_partitions(
    advisors: int, active: str, handed_over: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "signpost")
    queues = [Queue(name) for name in "abcd"]
    share = PartitionShare(queues, Queue("bulk", advisors))  # type: ignore[arg-type]
    for queue in queues:
        if queue.name in active:
            share.note(queue)  # type: ignore[arg-type]
    share.step(NOW)
    assert "".join(queue.name for queue in queues if queue.yielded) == handed_over
    counts = [int(record.getMessage().partition(" partitions handed over")[0]) for record in caplog.records]
    assert counts == ([len(handed_over)] if handed_over else [])


def test_it_looks_now_and_then_and_counts_only_what_was_delivered_since() -> None:
    first, second, bulk = Queue("a"), Queue("b"), Queue("bulk")
    share = PartitionShare([first, second], bulk)  # type: ignore[arg-type, list-item]

    def deliver() -> None:
        share.note(first)  # type: ignore[arg-type]
        share.note(second)  # type: ignore[arg-type]

    deliver()
    share.step(NOW)
    bulk.advisors = 2
    share.step(NOW + INTERVAL_US)
    assert not second.yielded, "nothing was delivered since the last look"
    deliver()
    share.step(NOW + 2 * INTERVAL_US - 1)
    assert not second.yielded, "it is not time"
    share.step(NOW + 2 * INTERVAL_US)
    assert second.yielded
    assert not first.yielded


def test_an_advisor_without_partitions_has_nothing_to_share() -> None:
    PartitionShare((), Queue("bulk")).step(NOW)  # type: ignore[arg-type]
