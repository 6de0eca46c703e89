"""Without a secret nobody learns which sources exist: an unknown source is answered like a wrong signature."""

import statistics
import time
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from signpost.services.intake.webhooks import UNKNOWN
from tests.support.intake_parts import NOW, Intake, intake_at, sign_greenhouse, sign_standard

BODY = b'{"type":"offer.extended","timestamp":"2026-03-02T13:00:00Z","data":{"candidate":"c","offer":"o"}}'
WRONG: dict[str, dict[str, str]] = {
    "no signature": {},
    "another secret": sign_standard(BODY, secret="whsec_" + "QUJD" * 8),
    "another body": sign_standard(BODY + b" "),
    "no id": sign_standard(BODY, name=""),
    "too old": sign_standard(BODY, at=NOW - 3_600_000_000),
    "another scheme": sign_greenhouse(BODY),
    "a handshake": {"X-Hook-Secret": "word"},
    "an encoded body": {"Content-Encoding": "gzip"},
    "the secret of unknown sources": sign_standard(BODY, secret=UNKNOWN.secrets[0]),
}
NAMES = ("careers", "acme", "nobody", "careers/", "CAREERS", "nobody/careers", "x" * 3000)


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    parts = intake_at(tmp_path_factory.mktemp("probing"))
    yield parts
    parts.broker.close()
    parts.store.close()


def ask(intake: Intake, name: str, headers: dict[str, str], body: bytes = BODY) -> TestResponse:
    # acme would accept what is signed with its scheme
    headers = {**headers, "Signature": ""} if name == "acme" else headers
    return intake.client.post(f"/v1/webhooks/{name}", data=body, headers=headers)


@pytest.mark.parametrize("way", WRONG)
def test_the_answers_are_equal(intake: Intake, way: str) -> None:
    answers = [ask(intake, name, WRONG[way]) for name in NAMES]
    assert len({(one.status, one.data, tuple(sorted(one.headers))) for one in answers}) == 1
    assert answers[0].status_code == (415 if way == "an encoded body" else 401)
    assert intake.queued() == []


@pytest.mark.parametrize("body", [b"", b"[" * 5000, b"{}", b" " * 1_000_001])
def test_the_answers_to_any_body_are_equal(intake: Intake, body: bytes) -> None:
    assert len({(one.status, one.data) for one in (ask(intake, name, {}, body) for name in NAMES)}) == 1


def test_the_times_are_similar(intake: Intake) -> None:
    times: dict[str, list[float]] = {"careers": [], "nobody": []}
    for _ in range(60):
        for name, series in times.items():
            # Of this thread alone: how busy the machine is says nothing
            start = time.thread_time()
            ask(intake, name, WRONG["another secret"])
            series.append(time.thread_time() - start)
    known, unknown = (statistics.median(series) for series in times.values())
    print(f"known {known * 1000:.2f} ms, unknown {unknown * 1000:.2f} ms")
    assert max(known, unknown) < 1.5 * min(known, unknown)
