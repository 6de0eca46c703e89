"""The settings of an agenda as texts: quiet hours, digests and short waits; and how they are read."""

import re
from datetime import time
from typing import ClassVar, Final

from signpost.schemas.fields import JsonSchema
from signpost.schemas.formats import Patterned

NONE: Final = "none"
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MAX_SETTLING_US: Final = 86_400_000_000
_TIME: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_QUIET: Final = re.compile(f"({_TIME}) to ({_TIME})")
_DIGEST: Final = re.compile(f"(?:daily|weekly on ({'|'.join(DAYS)})) at ({_TIME})")
_WAIT: Final = re.compile("([0-9]{1,5})([smh])")
_UNITS_US: Final = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


def parse_quiet_hours(text: str) -> tuple[time, time] | None:
    """`21:00 to 07:30` as two local times, `none` as None. Raises ValueError for other texts."""
    if text == NONE:
        return None
    match = _QUIET.fullmatch(text)
    if match is None or match[1] == match[2]:
        raise ValueError("the two times are the same" if match else "")
    return time.fromisoformat(match[1]), time.fromisoformat(match[2])


def parse_digest(text: str) -> tuple[int | None, time] | None:
    """`weekly on Monday at 08:00` as (0, 08:00), `daily at 08:00` as (None, 08:00), `none` as None. Raises ValueError
    for other texts."""
    if text == NONE:
        return None
    match = _DIGEST.fullmatch(text)
    if match is None:
        raise ValueError
    return (DAYS.index(match[1]) if match[1] else None), time.fromisoformat(match[2])


def parse_wait(text: str) -> int:
    """`90s`, `5m` or `2h` in microseconds, up to a day. Raises ValueError for other texts."""
    match = _WAIT.fullmatch(text)
    wait = int(match[1]) * _UNITS_US[match[2]] if match else None
    if wait is None or wait > MAX_SETTLING_US:
        raise ValueError("it is longer than a day" if match else "")
    return wait


class PolicyText(Patterned):
    """A text that is kept as it is written."""

    @staticmethod
    def parse(text: str) -> object:
        """What the text means. Raises ValueError, with a reason or without."""
        raise NotImplementedError

    def read(self, text: str) -> str:
        self.parse(text)
        return text


class QuietHours(PolicyText):
    """Local times between which no news is sent, or "none"."""

    format = 'two local times like "21:00 to 07:30", or "none"'
    json: ClassVar[JsonSchema] = {"pattern": f"^({_QUIET.pattern}|{NONE})$"}
    parse = staticmethod(parse_quiet_hours)


class Digest(PolicyText):
    """When news is sent together, or "none"."""

    format = '"daily at 08:00", "weekly on Monday at 08:00" or "none"'
    json: ClassVar[JsonSchema] = {"pattern": f"^({_DIGEST.pattern}|{NONE})$"}
    parse = staticmethod(parse_digest)


class Wait(PolicyText):
    """A short duration."""

    format = 'seconds, minutes or hours up to a day, like "90s", "5m" or "2h"'
    json: ClassVar[JsonSchema] = {"pattern": f"^{_WAIT.pattern}$"}
    parse = staticmethod(parse_wait)


POLICY_FIELDS: Final[dict[str, type[PolicyText]]] = {
    "quiet_hours": QuietHours,
    "digest": Digest,
    "settling_time": Wait,
}
"""Parameter of the agenda -> its kind."""
