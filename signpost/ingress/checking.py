"""Tries a mapping on its samples: each is signed, verified, read, and compared with what it should give. Pure."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from signpost.errors import CallerError
from signpost.ingress.mapping import Sample, Vendor
from signpost.ingress.receiving import WebhookRequest, understand
from signpost.ingress.signing import sign
from signpost.ingress.strict_json import loads
from signpost.ingress.translate import event_name
from signpost.tenants.model import Source

SECRET = "a secret to try samples with"
STANDARD_SECRET = "whsec_" + base64.b64encode(SECRET.encode()).decode()


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one sample: the types of our events that it gave, and what is wrong, "" where nothing is."""

    sample: Sample
    gave: tuple[str, ...]
    problem: str = ""


def secret_for(vendor: Vendor) -> str:
    """A secret that the vendor's scheme can use."""
    return STANDARD_SECRET if vendor.scheme.key == "standard" else SECRET


def try_samples(vendor: Vendor, now: int) -> list[Tried]:
    """Every sample of a vendor, at `now` (microseconds)."""
    return [_tried(vendor, sample, now) for sample in vendor.samples]


def gaps(vendor: Vendor) -> Iterator[str]:
    """What no sample shows: events of the vendor that are mapped and never tried."""
    seen = {event_name(vendor, lowered(sample), loads(sample.body())) for sample in vendor.samples}
    yield from sorted(name for name in vendor.mappings if name not in seen)


def lowered(sample: Sample) -> dict[str, str]:
    """Its headers by lower-case name."""
    return {name.lower(): value for name, value in sample.headers.items()}


def _tried(vendor: Vendor, sample: Sample, now: int) -> Tried:
    source = Source("sample", "sample", vendor.name, (secret_for(vendor),))
    headers, body = sign(vendor.scheme, source.secrets[0], sample.headers, sample.body(), now)
    key = vendor.scheme.key_of(source.secrets[0])
    try:
        outcome = understand(WebhookRequest(vendor, source, (key,), headers, body, now))
    except CallerError as error:
        return Tried(sample, (), str(error))
    gave = tuple(event.type for event in outcome.events)
    wanted = ", ".join(sample.gives) or "nothing"
    problem = "" if gave == sample.gives else f"gives {', '.join(gave) or 'nothing'}, and should give {wanted}"
    return Tried(sample, gave, problem or ("is an event that is not known" if outcome.unknown else ""))
