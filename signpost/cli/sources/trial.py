"""`signpost sources test`: sends a signed sample to the intake and prints each step."""

import os
import shlex
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from signpost.cli.edge import count_noun, echo, json_option, print_json, settings
from signpost.cli.sources.vendors import load_vendors
from signpost.errors import CallerError
from signpost.names import JSON
from signpost.printable import escape_document
from signpost.suggestions import did_you_mean

if TYPE_CHECKING:
    import httpx

    from signpost.ingress.mapping import Sample, Vendor
    from signpost.tenants.model import Source


DISABLED = "urn:signpost:problem:source-disabled"


class NothingToSend(CallerError):
    """No such source or sample."""


@click.command("test")
@click.argument("name")
@click.option("--sample", help="Sample of the vendor; default: the first that yields an event.")
@click.option("--patience", default=10.0, show_default=True, help="Seconds to wait for advice.")
@json_option
def test_source(name: str, sample: str | None, patience: float, as_json: bool) -> None:
    """Send a sample of the vendor to the running intake, signed with its newest secret, and show each step.
    You can repeat the command: known events have no second effect.

    \b
    Examples:
      signpost sources test acme-lever
      signpost sources test acme-greenhouse --sample hire_candidate
    """
    from signpost.cli.client import open_client
    from signpost.ingress.sources import source_problem
    from signpost.tenants.loading import load_tenants

    chosen, vendors = settings(), load_vendors()
    tenants = load_tenants(chosen.tenants, os.environ, source_problem)
    source = tenants.source(name)
    if source is None:
        hint = did_you_mean(name, tenants.sources)
        raise NothingToSend(f"no source {name!r}{hint}; `signpost sources list` shows all sources")
    if source.problem:
        file = vendors.faulty_file(source.vendor) or chosen.tenants
        raise NothingToSend(f"source {name} is disabled: {source.problem}; correct it in {file}")
    vendor = vendors[source.vendor]
    chosen_sample = _sample(vendor, sample)
    with open_client(chosen) as client:
        steps = _run_steps(client, source, vendor, chosen_sample, patience)
    if as_json:
        print_json(steps)
    else:
        _show(steps, chosen_sample, len(source.secrets))
    if steps["answer"] != steps["expected"]:
        raise SystemExit(1)


def _sample(vendor: "Vendor", name: str | None) -> "Sample":
    found = [one for one in vendor.samples if (one.gives if name is None else one.name == name)]
    if not found:
        known = [one.name for one in vendor.samples]
        hint = did_you_mean(name or "", known)
        raise NothingToSend(f"{vendor.title} has no such sample{hint}; the samples are: {', '.join(known) or 'none'}")
    if not found[0].file.is_file():
        raise NothingToSend(f"there is no {found[0].file}; the mapping of {vendor.title} names it as a sample")
    return found[0]


def _run_steps(
    client: "httpx.Client", source: "Source", vendor: "Vendor", sample: "Sample", patience: float
) -> dict[str, Any]:
    from signpost.ingress.recorded import check_recorded
    from signpost.ingress.sample_times import TimesOfSample, days_to_present, moved
    from signpost.ingress.vendors import sign

    now, name = time.time_ns() // 1000, source.name
    happened, numbers = _happened(vendor, source, sample, now)
    times = TimesOfSample(vendor.date_patterns, frozenset(numbers), vendor.formats.unit)
    days = days_to_present(sample.body(), now, times, happened)
    raw = moved(sample.body(), days, times)
    headers, body = sign(vendor.scheme, source.secrets[-1], sample.headers, raw, now)
    answer = _send_sample(client, name, {"Content-Type": JSON, **headers}, body, patience)
    unsigned = _latest_unsigned(client, name) if answer.status_code == 401 else None
    reason = {"detail": unsigned["problems"][0]["detail"]} if unsigned else {}
    steps: dict[str, Any] = {
        "sample": sample.name,
        "attested": sample.attested,
        "moved_days": days,
        "expected": vendor.success,
        "fitting": check_recorded(vendor.scheme, sample, source.secrets[-1]).fitting,
        "answer": answer.status_code,
        "delivery": unsigned["id"] if unsigned else answer.headers.get("Signpost-Delivery"),
        "problem": None if answer.is_success else answer.json() | reason,
        "events": [],
        "notes": [],
        "advice": [],
    }
    delivery = client.get(f"/v1/deliveries/{steps['delivery']}") if steps["delivery"] else None
    if delivery is not None and delivery.is_success:
        steps["events"] = delivery.json()["events"]
        steps["notes"] = delivery.json()["problems"] if answer.is_success else []
        steps["advice"] = _advice(client, {event["subject"]: event["id"] for event in steps["events"]}, patience)
    return steps


def _happened(vendor: "Vendor", source: "Source", sample: "Sample", now: int) -> tuple[int | None, set[int]]:
    """When the newest event of a sample happened, as recorded (microseconds), None if it does not say; and the numbers
    of the sample that are read as times."""
    from signpost.ingress.receiving import WebhookRequest, read
    from signpost.ingress.scope import Trace
    from signpost.ingress.unmatched import lower_headers

    trace = Trace()
    try:
        found = read(WebhookRequest(vendor, source, (), lower_headers(sample), sample.body(), now), trace)
    except CallerError:  # the intake's answer says what is wrong
        return None, set()
    return max((event.time for event in found.events if event.dated), default=None), trace.numbers


def _send_sample(
    client: "httpx.Client", name: str, headers: dict[str, str], body: bytes, patience: float
) -> "httpx.Response":
    """The response of the intake. Retries a 401 of a source without deliveries: the intake may not know it yet, and
    loads it within a second or two."""
    from signpost.cli.client import send_request

    deadline = time.monotonic() + patience
    while True:
        answer = send_request(client, "POST", f"/v1/webhooks/{name}", content=body, headers=headers)
        if answer.status_code != 401 or _latest_unsigned(client, name) or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def _latest_unsigned(client: "httpx.Client", name: str) -> dict[str, Any] | None:
    """The delivery log's last delivery of the source with a wrong signature; None if the intake has none."""
    answer = client.get("/v1/deliveries", params={"source": name, "status": "unsigned", "limit": 1})
    items = answer.json()["items"] if answer.is_success else []
    return items[0] if items else None


def _advice(client: "httpx.Client", events: dict[str, str], patience: float) -> list[dict[str, Any]]:
    """Active advice about the subjects of `events` (subject -> id of its last event).

    Returns as soon as each case contains its event, or after `patience` seconds: earlier advice is out of date.
    """
    deadline = time.monotonic() + patience
    while not all(_contains(client, *event) for event in events.items()) and time.monotonic() < deadline:
        time.sleep(0.2)
    found: list[dict[str, Any]] = []
    for subject in sorted(events):
        answer = client.get(_candidate_path(subject, "advice"))
        found += answer.json()["active"] if answer.is_success else []
    return [{name: one[name] for name in ("candidate", "subject", "rule", "priority", "title")} for one in found]


def _contains(client: "httpx.Client", subject: str, event: str) -> bool:
    """Whether a field of the subject's case comes from the event."""
    answer = client.get(_candidate_path(subject, "case"))
    return answer.is_success and event in {name for _, _, name in answer.json()["case"]["events"]}


def _candidate_path(subject: str, part: str) -> str:
    return f"/v1/candidates/{quote(subject, safe='')}/{part}"


def _show(found: dict[str, Any], sample: "Sample", secrets: int) -> None:
    steps = escape_document(found)
    good = steps["answer"] == steps["expected"]
    echo(f"sample     {steps['sample']} ({steps['attested']})")
    if days := steps["moved_days"]:
        direction = "forward" if days > 0 else "back"
        echo(f"times      moved {direction} by {count_noun(abs(days), 'day')}, to yesterday and around it")
    secret = f"the newest of {secrets} active secret{'' if secrets == 1 else 's'}"
    echo(f"signature  with {secret}, as the mapping signs; only a webhook of the vendor proves that")
    if steps["fitting"]:
        echo(f"           the recorded signature does not fit the mapping; it fits with {steps['fitting']}")
    colour = "green" if good else "red"
    echo(f"answer     {click.style(str(steps['answer']), colour)}, the vendor expects {steps['expected']}")
    if steps["problem"]:
        echo(f"problem    {steps['problem'].get('detail')}")
        for error in steps["problem"].get("errors", ()):
            echo(f"           {error['pointer']}: {error['detail']}")
        if steps["problem"].get("type") == DISABLED:
            echo("           the intake's log shows the reason; it may read another folder of mappings")
    if steps["delivery"]:
        echo(f"delivery   {steps['delivery']}")
    for event in steps["events"]:
        echo(f"event      {event['type']} of {event['subject']}")
    if not steps["events"]:
        echo("event      none" + ("" if sample.gives else ": this sample contains no event"))
    for note in steps["notes"]:
        echo(" ".join(filter(None, ("note      ", note["pointer"], note["detail"]))))
    _show_advice(steps)


def _show_advice(steps: dict[str, Any]) -> None:
    """Each advice with the offer or interview that it is about; of several candidates, with its candidate."""
    candidates = sorted({event["subject"] for event in steps["events"]})
    for candidate in candidates:
        echo(f"candidate  {candidate}   [signpost agenda {shlex.quote(candidate)}]")
    for one in steps["advice"]:
        about = [one["rule"], "{kind} {id}".format_map(one["subject"])]
        if len(candidates) > 1 and one["subject"]["kind"] != "candidate":
            about.append(f"candidate {one['candidate']}")
        echo(f"advice     {one['priority']:7} {one['title']}   [{', '.join(about)}]")
    if steps["events"] and not steps["advice"]:
        echo("advice     none from this event alone")
