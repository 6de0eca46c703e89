"""A headless Chromium, and the intake that it opens."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from examples.play import expand
from signpost.case.instant import to_datetime
from tests.conftest import server_or_skip
from tests.integration.test_intake_reading import advise
from tests.support.browser import Browser, browser
from tests.support.intake_parts import NORTH_KEY, NOW, Intake, intake_at

JOURNEY = Path(__file__).parents[2] / "examples" / "journeys" / "second-acceptance.json"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Without Chromium the tests are skipped; in CI they fail."""
    with contextlib.ExitStack() as stack:
        with server_or_skip():
            opened = stack.enter_context(browser())
        yield opened


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    """An intake that knows maria-1."""
    parts = intake_at(tmp_path_factory.mktemp("browser"))
    for event in expand(JOURNEY.read_text(encoding="utf-8"), to_datetime(NOW), "1"):
        assert parts.send(event).status_code == 202
    advise(parts)
    yield parts
    parts.broker.close()
    parts.store.close()


@pytest.fixture(scope="module")
def address(intake: Intake) -> Iterator[str]:
    """Where it serves."""
    server = make_server("127.0.0.1", 0, intake.client.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Browser]:
    """A browser that has signed in; what it complains about fails the test."""
    chromium.open(f"{address}/page/login")
    chromium.clear_cookies()
    chromium.log()
    chromium.open(f"{address}/page/login")
    chromium.type("#key", NORTH_KEY)
    chromium.follow("main button")
    yield chromium
    complaints = [line for line in chromium.log() if "favicon" not in line and "[DOM]" not in line]
    assert complaints == []
