"""Messages as this release sends and stores them, compared with every later release.

`python -m tests.support.golden` writes them.

Run it for each release, after its number in pyproject.toml was raised. It adds and never replaces a message, and renews
the snapshot of the schemas only while nothing in it is broken.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from signpost.advice.advise import RecommendationChange
from signpost.advice.case_set import CaseSet
from signpost.advice.messages import to_cloudevent
from signpost.advice.replay import Replay
from signpost.authoring.timelines import find_timelines
from signpost.authoring.timelines.reader import Timeline
from signpost.case.event import Event
from signpost.case.instant import DAY, parse_instant
from signpost.engine.compiled import CompiledEngine
from signpost.rulebook import load
from signpost.schemas import EVENT_SCHEMAS, dump_event, full_type, load_event
from signpost.schemas.documents.event_examples import event_example
from signpost.schemas.documents.generate import RECOMMENDATION, documents
from signpost.settings import SHIPPED_RULES
from tests.support.compatibility import http_breaks, narrowed, widened

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "v1"
ADVICE = f"{RECOMMENDATION}.json"
SNAPSHOT = GOLDEN.parent / "schemas-v1.json"
TENANT, NOW = "acme", parse_instant("2026-03-05T00:00:00Z")


def release() -> str:
    """The release that this checkout is, or becomes."""
    project = tomllib.loads((SHIPPED_RULES.parent / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    return version


def messages() -> Iterator[tuple[str, Any]]:
    """File below the release's folder -> message: events as sent and as kept, and recommendations of every change."""
    for name in EVENT_SCHEMAS:
        sent = event_example(name)
        yield f"sent/{full_type(name)}.json", sent
        yield f"kept/{full_type(name)}.json", dump_event(load_event(sent, tenant=TENANT, now=NOW))
    yield from {_kind(told): told for told in reversed(list(recommendations()))}.items()


def _kind(event: dict[str, Any]) -> str:
    data = event["data"]
    chart = "" if data["comparison"] is None else ".comparison"
    return f"recommendations/{event['type']}.{data['audience']}.{data['subject']['kind']}{chart}.json"


def recommendations() -> Iterator[dict[str, Any]]:
    """Every recommendation that the rulebook's own timelines bring about, as it is published."""
    engine = CompiledEngine(load(SHIPPED_RULES))
    for timeline in find_timelines([SHIPPED_RULES]):
        for told in _told(timeline, CaseSet(engine, TENANT, {})):
            yield orjson.loads(orjson.dumps(told))
    for answer in ("done", "dismissed", "snoozed"):
        yield orjson.loads(orjson.dumps(_answered(answer, CaseSet(engine, TENANT, {}))))


def _answered(answer: str, case_set: CaseSet) -> dict[str, Any]:
    """What becomes of advice on an offer when its candidate answers it."""
    _, raised = case_set.handle(load_event(event_example("offer.extended"), tenant=TENANT, now=NOW), NOW)[0]
    reply = event_example(f"advice.{answer}")
    document = {**reply, "data": {**reply["data"], "recommendation": raised.id}}
    key, change = case_set.handle(load_event(document, tenant=TENANT, now=NOW), NOW)[0]
    assert change.change == answer
    return to_cloudevent(change, tenant=TENANT, key=key, now=NOW)


def _told(timeline: Timeline, case_set: CaseSet) -> Iterator[dict[str, Any]]:
    standing: dict[str, RecommendationChange] = {}

    def addressed(event: Event) -> Event:
        named = standing.get(event.data.get("recommendation", ""))
        return replace(event, data={**event.data, "recommendation": named.id}) if named else event

    replay = Replay(case_set, [(arrival.at, arrival.event) for arrival in timeline.arrivals], addressed)
    for told in replay.until(timeline.arrivals[-1].at + 30 * DAY):
        standing[f"{told.change.rule}@{told.change.subject}"] = told.change
        yield to_cloudevent(told.change, tenant=TENANT, key=told.case, now=told.at)


def breaks(path: str, then: Any, now: Any) -> list[str]:
    """What somebody who keeps to an earlier document suffers from in today's of the same path."""
    if now is None:
        return ["it is gone"]
    if path == "openapi.json":
        return list(http_breaks(then, now))
    return narrowed(then, now) + (widened(then, now) if path == ADVICE else [])


def snapshot() -> dict[str, Any]:
    """What the next releases are held against: every schema, and HTTP."""
    return {path: document for path, document in documents().items() if path != "asyncapi.json"}


def kept() -> dict[str, Any]:
    """The snapshot of the latest release."""
    documents_: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))["documents"]
    return documents_


def write() -> int:
    """Add the messages that this release lacks, renew the snapshot; how many were added. Exits where v1 is broken."""
    today = snapshot()
    for name, then in kept().items() if SNAPSHOT.exists() else ():
        if found := breaks(name, then, today.get(name)):
            raise SystemExit("\n".join([f"{name} breaks v1; nothing is written:", *found]))
    made = {GOLDEN / release() / name: message for name, message in messages()}
    new = {path: message for path, message in made.items() if not path.exists()}
    for path, message in new.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, message)
    _write(SNAPSHOT, {"release": release(), "documents": today})
    return len(new)


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    print(f"{write()} messages of release {release()} added below {GOLDEN}")
