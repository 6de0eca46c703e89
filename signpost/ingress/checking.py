"""Tests a mapping on its samples: signs, verifies and translates each one and compares the events. Takes `now`."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from signpost.case.event import Event, Turn
from signpost.errors import CallerError
from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.ingress.expression_reader import HEADER
from signpost.ingress.expressions import Expression, Header, Path, Text
from signpost.ingress.left_out import position_of
from signpost.ingress.mapping import EventTemplate, Sample, Vendor
from signpost.ingress.receiving import WebhookRequest, receive
from signpost.ingress.recorded import check_recorded
from signpost.ingress.scope import Trace
from signpost.ingress.signing import sign
from signpost.ingress.unmatched import events_seen
from signpost.suggestions import did_you_mean
from signpost.tenants.model import Source

SECRET = "a secret to try samples with"
STANDARD_SECRET = "whsec_" + base64.b64encode(SECRET.encode()).decode()


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The result of one sample: the emitted events, the problem, or "", what was left out or is not sure, and whether
    its recorded signature fits; None: there is none."""

    sample: Sample
    events: tuple[Event, ...]
    problem: str = ""
    warnings: tuple[str, ...] = ()
    is_verified: bool | None = None

    @property
    def gave(self) -> tuple[str, ...]:
        """The types of the emitted events."""
        return tuple(event.type for event in self.events)


def secret_for(vendor: Vendor) -> str:
    """Return a test secret that the vendor's scheme accepts."""
    return STANDARD_SECRET if vendor.scheme.key == "standard" else SECRET


def try_samples(
    vendor: Vendor, now: int, secret: str = "", trace: Trace | None = None, vocabulary: Vocabulary = KINDS
) -> list[SampleResult]:
    """Receive every sample of a vendor at `now` (microseconds). `secret`: of the vendor, for recorded signatures;
    `trace`: records which parts of the mapping found something; `vocabulary`: with the own fields that are declared."""
    trace = trace or Trace()
    source = Source("sample", "sample", vendor.name, (secret_for(vendor),), vocabulary=vocabulary)
    return [_try(vendor, source, sample, now, secret, trace) for sample in vendor.samples]


def gaps(vendor: Vendor) -> Iterator[str]:
    """Yield the vendor events that are mapped but have no sample."""
    seen = events_seen(vendor)
    yield from sorted(name for name in vendor.mappings if name not in seen)


def unordered(vendor: Vendor) -> Iterator[str]:
    """Yield what the mapping does not say about the order of its events, and about what is a repeat. The intake takes
    such a mapping: an upgrade that demands more must not disable a source."""
    if vendor.mappings and vendor.occurrence is None:
        hint = "write `occurrence: digest` if there is none, so that an equal body is a repeat"
        yield f"1:1: occurrence is missing: the path of the vendor's id or time of what happened; {hint}"
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
        yield f" order.receipt has no {name}: say why only the time of receipt is known, or give the event a time"
    for name in sorted(vendor.order.receipt.keys() - {template.type for template in templates}):
        yield f" order.receipt names {name}, which the mapping does not emit"
    yield from sorted({_repeated(vendor, one) for one in templates if one.turn > Turn.FIRST and not _is_new(one.id)})


def _repeated(vendor: Vendor, template: EventTemplate) -> str:
    """That the id of an event is the same when a state is set back, with its place."""
    place = position_of(vendor, template.id).removeprefix(f"{vendor.file.name}:") or " "
    parts = (part if isinstance(part, str) else f"{{{_name_of(part)}}}" for part in template.id.parts)
    why = "does not name {occurrence}, so a state set back is taken for a repeat"
    return f'{place}the id of {template.type} {why}; write id: "{"".join(parts)}-{{occurrence}}"'


def _name_of(part: Expression) -> str:
    return (
        f"{HEADER}{part.name}" if isinstance(part, Header) else ".".join(part.steps) if isinstance(part, Path) else ""
    )


def _is_new(id: Text) -> bool:
    names = {part.steps[0] for part in id.parts if isinstance(part, Path)}
    return bool(names & {"occurrence", "statement"})


def _try(vendor: Vendor, source: Source, sample: Sample, now: int, secret: str, trace: Trace) -> SampleResult:
    headers, body = sign(vendor.scheme, source.secrets[0], sample.headers, sample.body(), now)
    key = vendor.scheme.key_of(source.secrets[0])
    trace.remarks.clear()
    try:
        outcome = receive(WebhookRequest(vendor, source, (key,), headers, body, now), trace)
    except CallerError as error:
        return SampleResult(sample, (), str(error))
    result = SampleResult(sample, tuple(outcome.events))
    hint = did_you_mean(outcome.event, vendor.known_events)
    unknown = f"names the unknown event {outcome.event!r}{hint}" if outcome.unknown else ""
    recorded = check_recorded(vendor.scheme, sample, secret)
    reason = f"it {unknown}; no entry of events (on) or ignored has it" if unknown else outcome.reason
    problem = _difference(sample.gives, result.gave, reason) or unknown or recorded.problem
    remarks = (*(note.message for note in outcome.notes if not note.pointer), *trace.remarks, *recorded.unsure)
    return SampleResult(sample, result.events, problem, tuple(dict.fromkeys(remarks)), recorded.is_verified)


def _difference(expected: tuple[str, ...], gave: tuple[str, ...], reason: str) -> str:
    if gave == expected:
        return ""
    missing = set(expected) - set(gave)
    why = reason or "an event is left out when its `when` fails, or its subject or a field of `data` is unknown"
    hint = f" ({why})"
    return f"gives {', '.join(gave) or 'nothing'}, expected {', '.join(expected) or 'nothing'}{hint if missing else ''}"
