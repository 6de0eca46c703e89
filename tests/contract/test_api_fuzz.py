"""Requests made from the OpenAPI document, valid and spoilt: no 5xx, and every answer is as the document says.

`make fuzz` makes a hundred times as many. SIGNPOST_TEST_SEED chooses others.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from signpost.messaging import Message
from signpost.messaging.message import EXCHANGE, FAILED_AT, REASON
from signpost.metrics.reading import Scrape
from signpost.names import DEAD, EVENTS
from signpost.schemas.documents.generate import GENERATED
from tests.support.intake_parts import NORTH_KEY, Intake, intake_at, sign_standard
from tests.support.long_suite import IS_LONG
from tests.support.workers_kit import HOUR, START, event, message, open_system

pytestmark = pytest.mark.fuzz

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = int(os.environ.get("SIGNPOST_TEST_FUZZ", "16" if IS_LONG else "10"))
"""Requests of each operation and mode; those without parameters have only one."""
SEED = int(os.environ.get("SIGNPOST_TEST_SEED", "1"))
OPERATIONS = [
    (method.upper(), path)
    for path, item in json.loads((GENERATED / "openapi.json").read_text(encoding="utf-8"))["paths"].items()
    for method in item
]
WEBHOOK = {"type": "offer.extended", "timestamp": "2026-03-02T13:00:00Z", "data": {"candidate": "c-2", "offer": "o"}}
ENDPOINT = {"url": "https://hooks.acme.example/signpost", "patterns": ["north.candidate.#"]}


@dataclass
class Fuzzed:
    """The intake over a case with advice, what its paths may name, and what was answered."""

    intake: Intake
    schema: Any
    known: dict[str, str]
    answered: dict[tuple[str, str], Counter[int]] = field(default_factory=dict)

    def ask(self, case: Any, known: bool) -> None:
        """Send a request and hold the answer against the document."""
        if known:
            if "dead-letters" in case.operation.path:
                bury(self.intake)
            if "endpoints" in case.operation.path:
                self.known["endpoint"] = endpoint_of(self.intake)
            if case.operation.path == "/v1/endpoints" and case.operation.method == "post":
                case.body = ENDPOINT
            if "{candidate}/agenda" in case.operation.path or "{letter}" in case.operation.path:
                # Of the candidate, and of one queue: with a random audience or queue, hardly any request finds it
                case.query = {}
            # Hardly any random instant is an end of a forecast
            case.query = {name: value for name, value in (case.query or {}).items() if name != "until"}
            case.path_parameters = {
                name: self.known.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        if known and case.operation.path.startswith("/v1/webhooks/"):
            answer = self._signed(case)
        else:
            answer = case.call(headers={"Authorization": f"Bearer {NORTH_KEY}"})
        case.validate_response(answer, checks=CHECKS)
        counts = self.answered.setdefault((case.operation.method.upper(), case.operation.path), Counter())
        counts[answer.status_code] += 1

    def _signed(self, case: Any) -> Any:
        """As its sender would sign it, whatever it says."""
        said = case.body if isinstance(case.body, dict) else {}
        body = json.dumps({**WEBHOOK, **said}).encode()
        return self.intake.post("/v1/webhooks/careers", body, sign_standard(body))


def bury(intake: Intake) -> None:
    """Make a dead letter, always with the same id."""
    sent = message(event("offer.extended", tenant="north", offer="o-1"))
    headers = {REASON: "quota: x", FAILED_AT: "2026-03-02T13:00:00Z", EXCHANGE: EVENTS}
    letter = Message(DEAD, sent.routing_key, sent.body, sent.message_id, headers)
    intake.broker.publisher().publish(letter).result(30)


def endpoint_of(intake: Intake) -> str:
    """The id of an endpoint; adds one if there is none."""
    known = intake.get("/v1/endpoints").get_json()["items"]
    if not known:
        known = [
            intake.post("/v1/endpoints", json.dumps(ENDPOINT).encode(), {"Content-Type": "application/json"}).get_json()
        ]
    return str(known[0]["id"])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("fuzz")
    url = f"sqlite:///{folder / 'signpost.db'}"
    with open_system(url, url) as system:
        system.now = START + HOUR
        system.handle(
            event("offer.extended", tenant="north", offer="o-1", respond_by="2026-03-09T09:00:00Z"),
            event("interview.scheduled", tenant="north", interview="i-1", starts_at="2026-03-20T09:00:00Z"),
        )
        said = system.changes()[0]
    intake = intake_at(folder, scrape=Scrape(folder))
    known = {"candidate": "c-1", "recommendation": said["id"], "rule": said["rule"], "source": "careers"}
    body = json.dumps(WEBHOOK).encode()
    answer = intake.post("/v1/webhooks/careers", body, sign_standard(body))
    links = [intake.post("/v1/candidates/c-1/calendar-links", b"", {}).get_json() for _ in range(2)]
    known["link"], known["token"] = links[0]["id"], links[1]["url"].rpartition("/")[2].removesuffix(".ics")
    known["card"] = intake.get("/v1/candidates/c-1/agenda?questions=0").get_json()["cards"][0]["id"]
    bury(intake)
    known["letter"] = intake.get("/v1/dead-letters").get_json()["items"][0]["id"]
    known["delivery"] = answer.headers.get("Signpost-Delivery", "dlv_none")
    yield Fuzzed(intake, schemathesis.openapi.from_wsgi("/openapi.json", intake.client.application), known)
    intake.broker.close()
    intake.store.close()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_described(fuzzed: Fuzzed, method: str, path: str) -> None:
    operation = fuzzed.schema[path][method]
    spoilable = operation.path_parameters or operation.query or operation.body
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE) if spoilable else (GenerationMode.POSITIVE,):
        requests(fuzzed, operation.as_strategy(generation_mode=mode))


def requests(fuzzed: Fuzzed, cases: st.SearchStrategy[Any]) -> None:
    """Many requests of one kind, the same ones each time."""

    asked: list[Any] = []

    @seed(SEED)
    @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(cases, st.booleans())
    def ask(case: Any, known: bool) -> None:
        asked.append(case)
        fuzzed.ask(case, known)

    ask()
    plain = asked[-1]  # with optional parameters at random, now and then none of so few finds anything
    required = {one.name for one in plain.operation.query if one.is_required}
    plain.query = {name: value for name, value in (plain.query or {}).items() if name in required}
    fuzzed.ask(plain, known=True)


def test_there_were_enough_and_they_got_far(fuzzed: Fuzzed) -> None:
    """Not all of them were turned away at the door."""
    if len(fuzzed.answered) < len(OPERATIONS):
        pytest.skip("looks at what the tests before it did, and not all of them have run")
    assert sum(counts.total() for counts in fuzzed.answered.values()) >= 50 * EXAMPLES
    untouched = {operation for operation, counts in fuzzed.answered.items() if not any(code < 300 for code in counts)}
    assert untouched == set()
