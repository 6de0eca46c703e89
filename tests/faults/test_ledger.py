"""The short ledger: some faults and crash points under load, and every event and message accounted for."""

import os
from pathlib import Path

import pytest

from tests.ledger.crashes import EMBEDDED_POINTS, SERVER_POINTS, points_in_code
from tests.ledger.deployment import EmbeddedDeployment, ServerDeployment
from tests.ledger.plan import baseline, embedded_steps, play, short_steps
from tests.ledger.report import summary, table
from tests.ledger.run import Ledger
from tests.support.private_servers import PrivatePostgreSQL, PrivateRabbitMQ

pytestmark = pytest.mark.faults

SEED = int(os.environ.get("SIGNPOST_TEST_SEED", "1"))


def test_the_short_ledger_on_servers(
    private_rabbitmq: PrivateRabbitMQ, private_postgres: PrivatePostgreSQL, tmp_path: Path
) -> None:
    deployment = ServerDeployment(tmp_path, private_rabbitmq, private_postgres)
    with deployment.run(advisors=1):
        ledger = Ledger(deployment, SEED, print)
        baseline(ledger, deployment)
        play(ledger, short_steps(ledger, deployment))
        verdict = ledger.finish()
    assert verdict.is_clean, f"{table(ledger.entries)}\n{summary(deployment.kind, ledger.entries, verdict)}"
    assert verdict.checked["webhooks"] > 0


def test_the_short_ledger_of_the_embedded_system(tmp_path: Path) -> None:
    deployment = EmbeddedDeployment(tmp_path)
    with deployment.run():
        ledger = Ledger(deployment, SEED, print)
        play(ledger, embedded_steps(ledger, 1)[:1])
        verdict = ledger.finish()
    assert verdict.is_clean, f"{table(ledger.entries)}\n{summary(deployment.kind, ledger.entries, verdict)}"


def test_make_faults_visits_every_crash_point_of_the_code() -> None:
    assert points_in_code() == {*SERVER_POINTS, *EMBEDDED_POINTS}
