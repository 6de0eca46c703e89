"""What the receiver of a delivery knows about it, beside its body and headers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from signpost.schemas.custom import OwnKinds


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver knows about a delivery.

    The CloudEvents source, the time of receipt (microseconds), a digest of the raw body, and the configuration of the
    source: the employer that runs the system ({id, name}), its time zone, its custom fields (term -> place), and the
    period of amounts for which the delivery states none. `own`: the fields that the tenant's rulebook declares.
    """

    source: str
    received: int
    digest: str
    employer: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    own: OwnKinds = field(default_factory=dict)
    pay_period: str = ""
