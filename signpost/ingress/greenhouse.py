"""Greenhouse webhooks to CloudEvent documents. Pure functions, one for each action that says something about a case.

What was chosen where the vendor leaves room:

- An offer belongs to its application and is named after it ("application-46194062"): Greenhouse gives every version of
  an offer a new id, and an application has one offer at a time. Deprecated versions say nothing; their successor tells.
- The status decides, never the action. Created is an offer once it has been sent; Accepted and Rejected count from
  `resolved_at`. An open offer that is deleted is taken back.
- An event's id comes from what it says (offer, version, status), so a retry under a new delivery id is the same event.
  What has no time of its own happened when it was received.
- `interview_deleted` names neither candidate nor application, so there is no case to tell; it is not kept, and neither
  are actions that change no case.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from schemas import Problem, Refused, full_type
from signpost.case.instant import format_instant, parse_instant
from signpost.ingress.greenhouse_terms import terms

Document: TypeAlias = dict[str, Any]
Payload: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver knows of a delivery.

    The CloudEvents source, the time (microseconds), a digest of the raw body, and the employer whose system this is
    ({id, name}), where it is configured.
    """

    source: str
    received: int
    digest: str
    employer: Mapping[str, str] = field(default_factory=dict)

    def event(self, name: str, identity: str, subject: str, data: Document, time: int | None = None) -> Document:
        """A CloudEvent document; a time of None or one still to come is the time of receipt."""
        happened = self.received if time is None else min(time, self.received)
        return {
            "specversion": "1.0",
            "id": identity,
            "source": self.source,
            "type": full_type(name),
            "time": format_instant(happened),
            "subject": subject,
            "data": data,
        }

    def about(self, **data: Any) -> Document:
        """Data with the employer, where it is known."""
        return {**data, "employer": dict(self.employer)} if self.employer else data


def translate(body: Any, receipt: Receipt) -> list[Document]:
    """The CloudEvent documents of one delivery; none where it is a ping or says nothing about a case.

    Raises Refused where an action that matters lacks an id.
    """
    if not isinstance(body, Mapping) or not isinstance(body.get("action"), str):
        return []
    read = ACTIONS.get(body["action"])
    payload = body.get("payload")
    return list(read(payload if isinstance(payload, Mapping) else {}, receipt)) if read else []


def _offer_changed(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    application = _id(payload, "application_id")
    yield from _offer(payload, payload.get("offer_status"), f"application:{application}", application, receipt)


def _offer_deleted(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    offer, application = _part(payload, "offer"), _id(payload, "offer", "application_id")
    if offer.get("offer_status") == "Created" and offer.get("sent_on"):
        identity = f"offer-{_version(offer)}-deleted"
        yield receipt.event("offer.rescinded", identity, f"application:{application}", _named(application, receipt))


def _hired(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    application = _id(payload, "application", "id")
    candidate = _id(payload, "application", "candidate", "id")
    offer = _part(payload, "application", "offer")
    title = _part(payload, "application", "job").get("name")
    yield from _offer(offer, "Accepted", candidate, application, receipt, prefix="hire-", title=title)


def _offer(
    offer: Payload, status: Any, subject: str, application: str, receipt: Receipt, prefix: str = "", title: Any = None
) -> Iterator[Document]:
    """Up to three events: that the offer was sent (once for each version), its terms, and how it was resolved."""
    named, version = _named(application, receipt), _version(offer)
    sent, resolved = offer.get("sent_on") or offer.get("sent_at"), _instant(offer.get("resolved_at"))
    if status == "Accepted" or (status == "Created" and sent):
        if sent:
            before = resolved - 1 if resolved and status == "Accepted" else None
            yield receipt.event("offer.extended", f"offer-{version}-sent-{_word(sent)}", subject, named, before)
        if said := terms(offer, title):
            identity = f"{prefix}offer-{version}-terms-{receipt.digest}"
            yield receipt.event("offer.updated", identity, subject, {**named, **said})
    if status in _RESOLVED:
        identity = f"{prefix}offer-{version}-{status.lower()}-{_word(offer.get('resolved_at'))}"
        yield receipt.event(_RESOLVED[status], identity, subject, named, resolved)


_RESOLVED = {"Accepted": "offer.accepted", "Rejected": "offer.declined"}


def _named(application: str, receipt: Receipt) -> Document:
    return receipt.about(offer=f"application-{application}", application=application)


def _version(offer: Payload) -> str:
    return f"{_word(offer.get('id'))}-{_word(offer.get('version'))}"


def _applied(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    """The application of a candidate: also what links the two. Prospects have not applied."""
    application = _part(payload, "application")
    if application.get("prospect") is True:
        return
    name, candidate = _id(payload, "application", "id"), _id(payload, "application", "candidate", "id")
    applied = _instant(application.get("applied_at"))
    data = receipt.about(application=name)
    yield receipt.event("application.submitted", f"application-{name}-submitted", candidate, data, applied)


def _rejected(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    yield from _applied(payload, receipt)
    name, candidate = _id(payload, "application", "id"), _id(payload, "application", "candidate", "id")
    rejected = _part(payload, "application").get("rejected_at")
    identity = f"application-{name}-rejected-{_word(rejected)}"
    data = receipt.about(application=name)
    yield receipt.event("application.rejected", identity, candidate, data, _instant(rejected))


def _unrejected(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    name, candidate = _id(payload, "application", "id"), _id(payload, "application", "candidate", "id")
    identity = f"application-{name}-unrejected-{receipt.digest}"
    yield receipt.event("application.submitted", identity, candidate, receipt.about(application=name))


def _merged(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    candidate, into = _id(payload, "person", "id"), _id(payload, "person", "new_candidate_id")
    yield receipt.event("candidate.merged", f"candidate-{candidate}-merged-{into}", candidate, {"into": into})


def _deleted(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    """The candidate, and each application whose candidate we may never have learned."""
    candidate = _id(payload, "person", "id")
    yield receipt.event("candidate.erased", f"candidate-{candidate}-deleted", candidate, {})
    applications = _part(payload, "person").get("deleted_application_ids")
    for application in applications if isinstance(applications, list) else []:
        if name := _word(application):
            yield receipt.event("candidate.erased", f"application-{name}-deleted", f"application:{name}", {})


def _anonymized(payload: Payload, receipt: Receipt) -> Iterator[Document]:
    """A candidate without a name is one who asked to be forgotten; single other fields are none of a case's."""
    fields = payload.get("anonymized_fields")
    if isinstance(fields, list) and "full_name" in fields:
        candidate = _id(payload, "candidate_id")
        yield receipt.event("candidate.erased", f"candidate-{candidate}-anonymized", candidate, {})


ACTIONS: dict[str, Callable[[Payload, Receipt], Iterator[Document]]] = {
    "offer_created": _offer_changed,
    "offer_approved": _offer_changed,
    "offer_updated": _offer_changed,
    "offer_deleted": _offer_deleted,
    "hire_candidate": _hired,
    "new_candidate_application": _applied,
    "candidate_stage_change": _applied,
    "application_updated": _applied,
    "reject_candidate": _rejected,
    "unreject_candidate": _unrejected,
    "merge_candidate": _merged,
    "delete_candidate": _deleted,
    "candidate_anonymized": _anonymized,
}
"""The actions that are kept."""


def _part(payload: Payload, *path: str) -> Payload:
    """The object at a path; empty where there is none."""
    for step in path:
        inner = payload.get(step)
        payload = inner if isinstance(inner, Mapping) else {}
    return payload


def _id(payload: Payload, *path: str) -> str:
    found = _word(_part(payload, *path[:-1]).get(path[-1]))
    if not found:
        raise Refused([Problem("/payload/" + "/".join(path), "is missing: it must be an id")])
    return found


def _word(value: Any) -> str:
    """An id, version or date as text; "" for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    return str(value)[:64]


def _instant(value: Any) -> int | None:
    try:
        return parse_instant(value) if isinstance(value, str) and "T" in value else None
    except (ValueError, OverflowError):
        return None
