"""The guide of consumers: its snippets run as they are shown, and its table names what messages carry."""

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from marshmallow import Schema

from signpost.cli import main
from signpost.messaging import connect
from signpost.messaging.message import Message
from signpost.messaging.topology import consumer_queue
from signpost.names import ADVICE, CLOUDEVENT_JSON
from signpost.outgoing import registry
from signpost.schemas import RecommendationSchema
from signpost.schemas.agenda import AgendaSchema
from signpost.schemas.documents.examples import RECOMMENDATION_EVENT
from signpost.schemas.questions import QuestionListSchema
from tests.support import servers
from tests.support.databases import migrate
from tests.support.intake_parts import NORTH_KEY
from tests.support.intake_process import intake_folder, running
from tests.support.private_servers import wait_until
from tests.support.receivers import endpoint
from tests.support.workers_kit import HOUR, START, event, open_system

GUIDE = Path(__file__).parents[2] / "docs" / "consuming.md"
CLIENTS = Path(sys.prefix) / "contracts" / "bin" / "python"


def snippet(name: str, folder: Path) -> Path:
    """Write the snippet of the guide with this file name."""
    found = re.search(rf"^```python file={name}\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    (folder / name).write_text(found[1], encoding="utf-8")
    return folder / name


@contextmanager
def script(path: Path, python: Path | str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Run a script until the end of the block; gives the file of its output."""
    output = path.with_suffix(".out")
    with output.open("wb") as file:
        process = subprocess.Popen([python, path], env=dict(environ), cwd=path.parent, stdout=file, stderr=file)
    try:
        yield output
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("message", "schema"),
    [
        ("signpost.recommendation.CHANGE.v1", RecommendationSchema),
        ("signpost.agenda.changed.v1", AgendaSchema),
        ("signpost.questions.changed.v1", QuestionListSchema),
    ],
)
def test_the_table_names_every_member_of_data(message: str, schema: type[Schema]) -> None:
    row = next(line for line in GUIDE.read_text("utf-8").splitlines() if line.startswith(f"| `{message}`"))
    shown = re.findall(r"`(\w+)`", row.split("|")[3])
    assert shown == list(schema().fields)


def test_the_table_names_the_test_message_of_endpoints() -> None:
    message, _ = registry.test_message(endpoint(), "test_1", START)
    document = json.loads(message.body)
    row = next(line for line in GUIDE.read_text("utf-8").splitlines() if line.startswith(f"| `{document['type']}`"))
    assert re.findall(r"`(\w+)`", row.split("|")[3].partition(";")[0]) == list(document["data"])


@pytest.fixture
def advised(tmp_path: Path) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """An intake with advice: its address, the cursor of another history, and the changes."""
    changes, _ = advise(tmp_path / "here", 1)
    _, foreign = advise(tmp_path / "elsewhere", 30)
    with running(tmp_path / "here", SIGNPOST_HTTP_PROCESSES="1") as (address, _):
        yield address, foreign, changes


def advise(folder: Path, number: int) -> tuple[list[dict[str, Any]], str]:
    """Prepare an intake with advice on this number of offers; the changes, and the cursor at their end."""
    folder.mkdir()
    url = f"sqlite:///{intake_folder(folder) / 'signpost.db'}"
    with open_system(url, url) as system:
        system.now = START + HOUR
        for offer in range(number):
            system.handle(event("offer.extended", f"c-{offer}", tenant="north", offer=f"o-{offer}"))
        return system.changes(), str(system.store.feed("north", limit=5000)[1])


def test_the_polling_loop_keeps_what_is_advised(advised: tuple[str, str, list[dict[str, Any]]], tmp_path: Path) -> None:
    address, foreign, changes = advised
    state = tmp_path / "poll.db"
    environ = {"SIGNPOST_URL": address, "SIGNPOST_API_KEY": NORTH_KEY, "WAIT_S": "1", "STATE_FILE": str(state)}
    path, latest = snippet("poll.py", tmp_path), {change["id"]: change["sequence"] for change in changes}

    def kept() -> dict[str, int]:
        with closing(sqlite3.connect(state)) as database:
            return dict(database.execute("SELECT id, sequence FROM latest"))

    with script(path, sys.executable, environ) as output:
        wait_until(lambda: state.exists() and "  " in output.read_text() and kept() == latest, "every recommendation")
        assert output.read_text().count("\n") == len(latest)
    with closing(sqlite3.connect(state)) as database, database:
        database.execute("UPDATE position SET cursor = ?", (foreign,))
        database.execute("INSERT INTO latest VALUES ('rec_gone', 1, '{}', 1)")
    with script(path, sys.executable, environ) as output:
        wait_until(lambda: kept() == latest, "the feed to be read again from the beginning")
        assert output.read_text() == ""
    with closing(sqlite3.connect(state)) as database:
        assert database.execute("SELECT round FROM position").fetchone() == (2,)


def test_the_polling_loop_outlives_refusals(tmp_path: Path) -> None:
    folder = intake_folder(tmp_path)
    with running(folder, SIGNPOST_HTTP_PROCESSES="1") as (address, _):
        environ = {"SIGNPOST_URL": address, "SIGNPOST_API_KEY": "sp_unknown", "PAUSE_S": "0.05"}
        with script(snippet("poll.py", tmp_path), sys.executable, environ) as output:
            wait_until(lambda: output.read_text().count("refused: 401") > 1, "a second try")


@pytest.mark.contracts
def test_the_subscriber_of_faststream_consumes(rabbitmq_server: servers.SharedRabbitMQ, tmp_path: Path) -> None:
    with servers.vhost(rabbitmq_server) as url, closing(connect(url)) as broker:
        broker.apply_topology()
        own = {"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_BROKER_URL": url}
        migrate(f"sqlite:///{tmp_path}/signpost.db")
        added = CliRunner(env=own).invoke(main, ["consumers", "add", "notifier", "--bind", "careers-north.candidate.#"])
        assert added.exit_code == 0, added.output
        environ = {"AMQP_URL": url, "QUEUE": consumer_queue("notifier")}
        with script(snippet("notifier.py", tmp_path), CLIENTS, environ) as output:
            for body in (change(1), change(2), change(1), b"no json"):
                key = "careers-north.candidate.before-accepting.high.raised"
                message = Message(ADVICE, key, body, "m", content_type=CLOUDEVENT_JSON)
                broker.publisher().publish(message).result(60)
            wait_until(lambda: len(output.read_text().splitlines()) >= 2, "both changes")
            wait_until(lambda: rejected(broker) == 1, "the unreadable message to be rejected")
        shown = [line.split() for line in output.read_text().splitlines() if line.startswith("r-5f1c.")]
    link = RECOMMENDATION_EVENT["link"]
    assert shown == [[f"r-5f1c.{number}", RECOMMENDATION_EVENT["type"], "c-1", link] for number in (1, 2)]


def change(sequence: int) -> bytes:
    data = RECOMMENDATION_EVENT["data"] | {"sequence": sequence}
    return json.dumps({**RECOMMENDATION_EVENT, "id": f"{data['id']}.{sequence}", "data": data}).encode()


def rejected(broker: Any) -> int:
    return len(broker.get(f"{consumer_queue('notifier')}.dead", 10))
