"""The texts by which a mapping chooses items of lists: words of the vendor, nobody's data. Pure."""

from functools import lru_cache

from signpost.ingress.expressions import ItemWhere
from signpost.ingress.mapping import Vendor
from signpost.ingress.tree import parts_in


@lru_cache(maxsize=100)
def words_of(mapping: Vendor) -> frozenset[str]:
    """Return the texts in the conditions (`where`) of a mapping on items of lists."""
    conditions = [part.condition for part in parts_in(mapping) if isinstance(part, ItemWhere)]
    expected = [values for condition in conditions for branch in condition for _, _, values in branch]
    return frozenset(one for values in expected for one in values if isinstance(one, str))
