"""Reading the feed in tests: PostgreSQL hides rows while any older transaction of the whole server runs, other
tests' included."""

from signpost.storage import FeedRow, Store
from tests.support.private_servers import wait_until


def shown(store: Store, count: int, tenant: str = "acme", after: str | None = None) -> list[FeedRow]:
    """The feed's rows after a cursor, once there are `count` of them."""
    wait_until(lambda: len(store.feed(tenant, after, 1000)[0]) >= count, f"{count} rows of the feed are shown", 30)
    return store.feed(tenant, after, 1000)[0]
