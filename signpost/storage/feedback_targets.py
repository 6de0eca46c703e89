"""Finds the cases of the recommendations that feedback names. Bounded by the number of names."""

from collections.abc import Collection

from sqlalchemy import Connection, select, tuple_

from signpost.storage.rows import FeedbackTarget, RecommendationKey
from signpost.storage.tables import recommendations


def read_targets(
    connection: Connection, names: Collection[RecommendationKey]
) -> dict[RecommendationKey, FeedbackTarget]:
    """See `Transaction.feedback_targets`."""
    table = recommendations.c
    query = select(table.tenant, table.id, table.case_key, table.audience)
    rows = connection.execute(query.where(tuple_(table.tenant, table.id).in_(sorted(names))))
    return {(row.tenant, row.id): FeedbackTarget(row.case_key, row.audience) for row in rows}
