"""Reads the feed in tests. PostgreSQL hides rows while an older transaction of the server runs, even in other tests."""

from signpost.storage import FeedRow, Store
from tests.support.private_servers import wait_until


def wait_for_feed(store: Store, count: int, tenant: str = "acme", after: str | None = None) -> list[FeedRow]:
    """Wait until the feed has `count` rows after a cursor. Return them."""
    wait_until(lambda: len(store.feed(tenant, after, 1000)[0]) >= count, f"{count} rows are visible in the feed", 30)
    return store.feed(tenant, after, 1000)[0]
