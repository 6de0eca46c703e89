"""Golden messages: what each release sends and stores, compared with every later release.

`python -m tests.support.golden` writes them.

Run it for each release, after raising the version in pyproject.toml. It adds messages but never replaces one, and
updates the snapshot of the schemas only if nothing in it breaks.
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
from signpost.schemas import EVENT_SCHEMAS, dump_event, full_type, load_event
from signpost.schemas.documents.agenda_examples import AGENDA_EVENT, QUESTIONS_EVENT
from signpost.schemas.documents.event_examples import event_example
from signpost.schemas.documents.generate import AGENDA, QUESTIONS, RECOMMENDATION, documents
from signpost.settings import SHIPPED_RULES
from tests.support.compatibility import http_breaks, narrowed, widened
from tests.support.rulebooks import shipped_engine

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "v1"
CONSUMED = (f"{RECOMMENDATION}.json", f"{QUESTIONS}.json", f"{AGENDA}.json")
"""The documents of messages that consumers read."""
SNAPSHOT = GOLDEN.parent / "schemas-v1.json"
TENANT, NOW = "acme", parse_instant("2026-03-05T00:00:00Z")


def current_release() -> str:
    """Return the version in pyproject.toml."""
    project = tomllib.loads((SHIPPED_RULES.parent / "pyproject.toml").read_text(encoding="utf-8"))
    version: str = project["project"]["version"]
    return version


def golden_messages() -> Iterator[tuple[str, Any]]:
    """Yield (file below the release folder, message): events as sent and as stored, questions, agendas,
    recommendations of every change."""
    for name in EVENT_SCHEMAS:
        sent = event_example(name)
        yield f"sent/{full_type(name)}.json", sent
        yield f"kept/{full_type(name)}.json", dump_event(load_event(sent, tenant=TENANT, now=NOW))
    yield f"questions/{QUESTIONS_EVENT['type']}.json", QUESTIONS_EVENT
    yield f"agenda/{AGENDA_EVENT['type']}.json", AGENDA_EVENT
    yield from {_file_name(change): change for change in reversed(list(recommendations()))}.items()


def _file_name(event: dict[str, Any]) -> str:
    data = event["data"]
    chart = "" if data["comparison"] is None else ".comparison"
    return f"recommendations/{event['type']}.{data['audience']}.{data['subject']['kind']}{chart}.json"


def recommendations() -> Iterator[dict[str, Any]]:
    """Yield every published change of a recommendation in the timelines of the shipped rulebook."""
    engine = shipped_engine()
    for timeline in find_timelines([SHIPPED_RULES]):
        for document in _replay(timeline, CaseSet(engine, TENANT, {})):
            yield orjson.loads(orjson.dumps(document))
    for answer in ("done", "dismissed", "snoozed"):
        yield orjson.loads(orjson.dumps(_answer_offer_advice(answer, CaseSet(engine, TENANT, {}))))


def _answer_offer_advice(answer: str, case_set: CaseSet) -> dict[str, Any]:
    """Return the change that a candidate's answer makes to advice on an offer."""
    _, raised = case_set.handle(load_event(event_example("offer.extended"), tenant=TENANT, now=NOW), NOW)[0]
    reply = event_example(f"advice.{answer}")
    document = {**reply, "data": {**reply["data"], "recommendation": raised.id}}
    key, change = case_set.handle(load_event(document, tenant=TENANT, now=NOW), NOW)[0]
    assert change.change == answer
    return to_cloudevent(change, tenant=TENANT, key=key, now=NOW)


def _replay(timeline: Timeline, case_set: CaseSet) -> Iterator[dict[str, Any]]:
    active: dict[str, RecommendationChange] = {}

    def with_recommendation(event: Event) -> Event:
        named = active.get(event.data.get("recommendation", ""))
        return replace(event, data={**event.data, "recommendation": named.id}) if named else event

    replay = Replay(case_set, [(arrival.at, arrival.event) for arrival in timeline.arrivals], with_recommendation)
    for published in replay.until(timeline.arrivals[-1].at + 30 * DAY):
        active[f"{published.change.rule}@{published.change.subject}"] = published.change
        yield to_cloudevent(published.change, tenant=TENANT, key=published.case, now=published.at)


def list_breaks(path: str, then: Any, now: Any) -> list[str]:
    """Return how today's document at a path breaks clients of an earlier one."""
    if now is None:
        return ["the document is missing"]
    if path == "openapi.json":
        return list(http_breaks(then, now))
    return narrowed(then, now) + (widened(then, now) if path in CONSUMED else [])


def build_snapshot() -> dict[str, Any]:
    """Return the documents that later releases must stay compatible with: every schema and OpenAPI."""
    return {path: document for path, document in documents().items() if path != "asyncapi.json"}


def read_snapshot() -> dict[str, Any]:
    """Return the stored snapshot of the latest release."""
    documents_: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))["documents"]
    return documents_


def write() -> int:
    """Add missing messages of this release and update the snapshot. Return how many were added. Exits if v1 breaks."""
    today = build_snapshot()
    for name, then in read_snapshot().items() if SNAPSHOT.exists() else ():
        if found := list_breaks(name, then, today.get(name)):
            raise SystemExit("\n".join([f"{name} breaks v1, so nothing was written; restore what is listed:", *found]))
    current = {GOLDEN / current_release() / name: message for name, message in golden_messages()}
    new = {path: message for path, message in current.items() if not path.exists()}
    for path, message in new.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, message)
    _write(SNAPSHOT, {"release": current_release(), "documents": today})
    return len(new)


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    print(f"{write()} messages of release {current_release()} added below {GOLDEN}")
