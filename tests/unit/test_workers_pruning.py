"""When the clock deletes what is old: how far it goes in a turn, and when it begins again."""

from typing import Any

from signpost.case.instant import DAY, MINUTE
from signpost.settings import read_settings
from signpost.storage.retention import Page, Place
from signpost.workers.pruning import MAX_PRUNED, Pruner, Walk

NOW = 1_772_460_000_000_000


class Table:
    """A table of so many pages that notes how it is walked through."""

    def __init__(self, pages: int) -> None:
        self.pages, self.asked = pages, list[tuple[int, Place, int]]()

    def prune(self, before: int, after: Place, limit: int) -> Page:
        self.asked.append((before, after, limit))
        page = after[0] if after else 0
        return Page(0, (page + 1,) if page + 1 < self.pages else None)


def test_a_walk_takes_a_page_per_step_and_begins_again_a_day_later() -> None:
    table = Table(2)
    walk = Walk(table.prune, 7 * DAY)
    for now in (NOW, NOW + MINUTE, NOW + 2 * MINUTE, NOW + DAY - 1, NOW + DAY):
        walk.step(now)
    assert table.asked == [
        (NOW - 7 * DAY, (), MAX_PRUNED),
        (NOW + MINUTE - 7 * DAY, (1,), MAX_PRUNED),
        (NOW + DAY - 7 * DAY, (), MAX_PRUNED),
    ]


class Stored:
    """A store whose tables note what is pruned."""

    def __init__(self) -> None:
        self.pruned: dict[str, int] = {}
        self.deliveries = self.signed_messages = self.retention = self

    def prune(self, before: int, _limit: int = 0) -> int:
        self.pruned.setdefault("deliveries", before)
        return 0

    def __getattr__(self, name: str) -> Any:
        def prune(before: int, _after: Place, _limit: int) -> Page:
            self.pruned[name.removeprefix("prune_")] = before
            return Page(0, None)

        return prune


def pruned(**settings: str) -> dict[str, int]:
    """What a pruner with these settings deletes -> the age in days."""
    store = Stored()
    Pruner(store, read_settings({f"SIGNPOST_{name.upper()}": value for name, value in settings.items()})).step(NOW)  # type: ignore[arg-type]
    return {name: (NOW - before) // DAY for name, before in store.pruned.items()}


def test_each_kind_has_an_age_of_its_own_and_zero_keeps_it_for_ever() -> None:
    assert pruned() == {"deliveries": 7, "feed": 90, "ended_advice": 365, "seen_events": 400}
    days = {"delivery_days": "2", "feed_days": "3", "ended_advice_days": "4", "seen_event_days": "5"}
    assert pruned(**days) == {"deliveries": 2, "feed": 3, "ended_advice": 4, "seen_events": 5}
    assert pruned(**dict.fromkeys(days, "0")) == {"deliveries": 1}
