"""Tests a mapping on its samples: signs, verifies and translates each one and compares the events. Takes `now`."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, replace

from signpost.case.event import Event, Turn
from signpost.errors import CallerError
from signpost.ingress.expressions import Path, Text
from signpost.ingress.mapping import Sample, Vendor
from signpost.ingress.receiving import WebhookRequest, receive
from signpost.ingress.signing import sign
from signpost.ingress.strict_json import loads
from signpost.ingress.translate import event_name
from signpost.tenants.model import Source

SECRET = "a secret to try samples with"
STANDARD_SECRET = "whsec_" + base64.b64encode(SECRET.encode()).decode()


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The result of one sample: the emitted events, and the problem, or ""."""

    sample: Sample
    events: tuple[Event, ...]
    problem: str = ""

    @property
    def gave(self) -> tuple[str, ...]:
        """The types of the emitted events."""
        return tuple(event.type for event in self.events)


def secret_for(vendor: Vendor) -> str:
    """Return a test secret that the vendor's scheme accepts."""
    return STANDARD_SECRET if vendor.scheme.key == "standard" else SECRET


def try_samples(vendor: Vendor, now: int) -> list[SampleResult]:
    """Receive every sample of a vendor at `now` (microseconds)."""
    return [_try(vendor, sample, now) for sample in vendor.samples]


def gaps(vendor: Vendor) -> Iterator[str]:
    """Yield the vendor events that are mapped but have no sample."""
    seen = {event_name(vendor, lower_headers(sample), loads(sample.body())) for sample in vendor.samples}
    yield from sorted(name for name in vendor.mappings if name not in seen)


def unordered(vendor: Vendor) -> Iterator[str]:
    """Yield what the mapping does not say about the order of its events, and about what is a repeat."""
    if vendor.mappings and vendor.occurrence is None:
        yield "occurrence is missing: the path of the vendor's id of what happened, or of a time of modification"
    templates = [
        template
        for mapping in vendor.mappings.values()
        for group in mapping.groups
        for template in group.templates
        if not template.type.startswith("candidate.")
    ]
    for name in sorted(
        {template.type for template in templates if template.time is None} - vendor.order.receipt.keys()
    ):
        yield f"order.receipt has no {name}: say why only the time of receipt is known, or give the event a time"
    for name in sorted(vendor.order.receipt.keys() - {template.type for template in templates}):
        yield f"order.receipt names {name}, which the mapping does not emit"
    for name in sorted({one.type for one in templates if one.turn > Turn.FIRST and not _names_occurrence(one.id)}):
        yield f"the id of {name} does not name {{occurrence}}, so a state set back is taken for a repeat"


def _names_occurrence(id: Text) -> bool:
    names = {part.steps[0] for part in id.parts if isinstance(part, Path)}
    return bool(names & {"occurrence", "statement"})


def lower_headers(sample: Sample) -> dict[str, str]:
    """Return the headers of a sample by lower-case name."""
    return {name.lower(): value for name, value in sample.headers.items()}


def _try(vendor: Vendor, sample: Sample, now: int) -> SampleResult:
    source = Source("sample", "sample", vendor.name, (secret_for(vendor),))
    headers, body = sign(vendor.scheme, source.secrets[0], sample.headers, sample.body(), now)
    key = vendor.scheme.key_of(source.secrets[0])
    try:
        outcome = receive(WebhookRequest(vendor, source, (key,), headers, body, now))
    except CallerError as error:
        return SampleResult(sample, (), str(error))
    result = SampleResult(sample, tuple(outcome.events))
    problem = _difference(sample.gives, result.gave)
    return replace(result, problem=problem or (f"names the unknown event {outcome.event!r}" if outcome.unknown else ""))


def _difference(expected: tuple[str, ...], gave: tuple[str, ...]) -> str:
    if gave == expected:
        return ""
    missing = set(expected) - set(gave)
    hint = " (an event is left out when its `when` fails, or its subject or a field of `data` is unknown)"
    return f"gives {', '.join(gave) or 'nothing'}, expected {', '.join(expected) or 'nothing'}{hint if missing else ''}"
