"""Whether two places are one: names and abbreviations of US states, and what would mean a move. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from signpost.facts.entity import Entity

HOME_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "away": ("region", "country"),
    "unwanted_place": ("unwanted_regions",),
}
"""Field of an offer that compares places -> the fields of the candidate that it also depends on."""
_US_STATES: Final = """AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,
DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,
LA Louisiana,ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,
NE Nebraska,NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,
OH Ohio,OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,
UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming,PR Puerto Rico"""
_OTHER_NAMES: Final = {"washington dc": "dc", "washington d c": "dc", "new york state": "ny", "washington state": "wa"}
_CODES: Final[Mapping[str, str]] = _OTHER_NAMES | {
    name.casefold(): code.casefold()
    for code, _, name in (state.strip().partition(" ") for state in _US_STATES.split(","))
}
"""Name of a state -> its abbreviation, both without letter case."""


def same_region(ours: str, theirs: str) -> bool:
    """Whether two names stand for one region: without letter case and points; OH, US-OH and Ohio are the same."""
    return _region(ours) == _region(theirs)


def among_regions(region: str | None, regions: Iterable[str] | None) -> bool | None:
    """Whether a region is one of these; None if either is unknown."""
    if region is None or regions is None:
        return None
    return any(same_region(region, other) for other in regions)


def is_away(work: Mapping[str, Any], home: Mapping[str, Any]) -> bool | None:
    """Whether work lies in another country or region than the home; None if too little is known of either.

    `work`, `home`: values with `country` and `region`, each of which can be missing.
    """
    if "country" in work and "country" in home and work["country"] != home["country"]:
        return True
    if "region" not in work or "region" not in home:
        return None
    return not same_region(work["region"], home["region"])


def add_places(candidate: Entity, offers: Iterable[Entity]) -> None:
    """Set whether the work of each offer is away from home, and whether its region is one that is not wanted."""
    home, homes = candidate.values, candidate.stamps
    stamps = [homes[name] for name in ("country", "region") if name in homes]
    for offer in offers:
        if stated := offer.stamps.get("location"):
            offer.set("away", is_away(offer.values, home), max([stated, *stamps]))
            unwanted = among_regions(offer.values.get("region"), home.get("unwanted_regions"))
            offer.set("unwanted_place", unwanted, max(stated, homes.get("unwanted_regions", stated)))


def _region(name: str) -> str:
    plain = " ".join(name.casefold().replace(".", "" if len(name) <= 4 else " ").replace(",", " ").split())
    return _CODES.get(plain, plain).removeprefix("us-")
