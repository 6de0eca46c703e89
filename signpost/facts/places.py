"""Whether two places are one: spellings of regions, abbreviations of states and provinces of the US, Canada and
Australia, and what would mean a move. Pure."""

import unicodedata
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
_OTHER_STATES: Final = """AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,
NS Nova Scotia,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon,
ACT Australian Capital Territory,NSW New South Wales,QLD Queensland,TAS Tasmania,VIC Victoria"""
"""Of Canada and Australia, without abbreviations that stand for two of them or for a US state."""
_OTHER_NAMES: Final = {"washington dc": "dc", "washington d c": "dc", "new york state": "ny", "washington state": "wa"}
_CODES: Final[Mapping[str, str]] = _OTHER_NAMES | {
    name.casefold(): code.casefold()
    for code, _, name in (state.strip().partition(" ") for state in f"{_US_STATES},{_OTHER_STATES}".split(","))
}
"""Name of a state -> its abbreviation, both without letter case."""
_ABBREVIATIONS: Final = frozenset(_CODES.values())
_COUNTRIES: Final = ("us", "ca", "au")
"""Of ISO 3166-2, as in US-OH."""
MAX_CODE: Final = 3
"""Letters of the longest abbreviation: N.S.W."""
_UMLAUTS: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"}


def same_region(ours: str, theirs: str) -> bool:
    """Whether two names stand for one region: without letter case, points, hyphens and accents, and with ü written as u
    or ue; OH, US-OH, Ohio and "Ohio, OH" are the same."""
    return not _spellings(ours).isdisjoint(_spellings(theirs))


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


def _spellings(name: str) -> set[str]:
    written = unicodedata.normalize("NFC", name).casefold()
    with_e = "".join(_UMLAUTS.get(letter, letter) for letter in written)
    return {_region(one) for one in (written, with_e)}


def _region(written: str) -> str:
    """A name without accents. A state with its abbreviation (New York, NY) is one; a city with one is no state."""
    letters = unicodedata.normalize("NFD", written)
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    short = len(bare.replace(".", "")) <= MAX_CODE
    plain = " ".join(bare.replace(".", "" if short else " ").replace(",", " ").replace("-", " ").split())
    first, _, rest = plain.partition(" ")
    if first in _COUNTRIES and rest in _ABBREVIATIONS:
        return rest
    state, _, code = plain.rpartition(" ")
    return code if _CODES.get(state) == code else _CODES.get(plain, plain)
