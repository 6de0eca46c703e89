"""Names of employers, as people and systems write them. Pure."""

import re
from functools import lru_cache
from typing import Final
from unicodedata import normalize

_ABBREVIATED: Final = re.compile(r"\.(?= |$)|(?<=\b\w)\.")
"""The points of `Inc.` and `S.A.`, not that of `amazon.com`."""
_ACCENTS: Final = dict.fromkeys(range(0x300, 0x370))
"""Combining marks of Latin, Greek and Cyrillic letters. In other scripts such marks make another word."""
_LEGAL_FORMS: Final = re.compile(
    r"(?<!^the)(?: (?:& |and )?(?:inc|incorporated|llc|llp|ltd|limited|plc|corp|corporation|co|company|pty"
    r"|gmbh|mbh|ag|se|kg|kgaa|ug|sa|sas|sarl|srl|spa|bv|nv|ab|oy|asa|aps))+$"
)


@lru_cache(maxsize=4096)
def plain(name: object) -> str:
    """The name or id of an employer without letter case, accents and further spaces, and a name of several words
    without its legal form: one system writes `Acme, Inc.`, another `ACME`."""
    words = " ".join(without_accents(str(name)).split())
    if " " not in words:
        return words
    return _LEGAL_FORMS.sub("", " ".join(_ABBREVIATED.sub("", words.replace(",", " ")).split()))


def without_accents(text: str) -> str:
    """The text in lower case, without accents."""
    return normalize("NFKD", text.casefold()).translate(_ACCENTS)
