"""How few of something in random journeys is too few to be luck."""

from math import sqrt

DEVIATIONS = 4


def is_enough(found: int, tries: int, share: float) -> bool:
    """Whether so many were found in so many tries, if `share` of the tries have one on average. Few tries have a wide
    margin: for a handful, none at all is enough."""
    expected = share * tries
    return found >= expected - DEVIATIONS * sqrt(expected)
