"""Rows are locked in the order of their keys, so that two batches with the same rows never wait for each other."""

from typing import Any

import pytest

from signpost.storage import SeenEvent, Store

KEYS = [("b", "9"), ("a", "2"), ("b", "1"), ("a", "1"), ("a", "10")]


def test_cases_are_locked_in_the_order_of_their_keys(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store.transaction() as tx:
        given: list[Any] = []

        def lock(_connection: object, keys: Any) -> list[Any]:
            given.extend(keys)
            return []

        monkeypatch.setattr(tx._dialect, "lock_cases", lock)
        tx.lock_cases(KEYS)
    assert given == sorted(KEYS)


def test_events_are_marked_in_the_order_of_their_keys(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [SeenEvent(tenant=tenant, source="s", id=id, case_key="c", time=1, received_at=1) for tenant, id in KEYS]
    with store.transaction() as tx:
        given: list[Any] = []

        def insert(_connection: object, values: Any) -> set[Any]:
            given.extend(values)
            return set()

        monkeypatch.setattr(tx._dialect, "insert_seen", insert)
        tx.mark_seen(events)
    assert [(one["tenant"], one["id"]) for one in given] == sorted(KEYS)
