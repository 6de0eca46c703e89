"""TLS to broker and database: the right certificates work; a wrong one is refused in words with exit code 2."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from signpost.messaging import connect
from signpost.storage import open_store, upgrade
from tests.support.certificates import Authority
from tests.support.databases import migrate
from tests.support.long_suite import first_of
from tests.support.private_servers import PrivatePostgreSQL, PrivateRabbitMQ

USER = "signpost_tls"


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that the servers do not know."""
    return Authority(tmp_path_factory.mktemp("theirs"), "theirs")


@pytest.fixture(scope="module")
def broker(ours: Authority) -> Iterator[PrivateRabbitMQ]:
    """Listens with TLS only, and demands a certificate of the client."""
    node = PrivateRabbitMQ()
    ca, certificate, key = node.adopt(ours.file, *ours.issue("broker"))
    node.config.write_text(
        f"listeners.tcp = none\nlisteners.ssl.default = 127.0.0.1:{node.port}\n"
        f"ssl_options.cacertfile = {ca}\nssl_options.certfile = {certificate}\nssl_options.keyfile = {key}\n"
        "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n"
    )
    with node:
        yield node


@pytest.fixture(scope="module")
def database(ours: Authority) -> Iterator[PrivatePostgreSQL]:
    """Lets the user `signpost_tls` in with TLS and a certificate of that name only."""
    server = PrivatePostgreSQL()
    with server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {USER} LOGIN SUPERUSER".encode())
        server.kill()
        ca, certificate, key = server.adopt(ours.file, *ours.issue("database"))
        access = server.folder / "data" / "pg_hba.conf"
        access.write_text(f"hostssl all {USER} 127.0.0.1/32 cert\nhost all {USER} all reject\n" + access.read_text())
        for setting in ("ssl=on", f"ssl_ca_file={ca}", f"ssl_cert_file={certificate}", f"ssl_key_file={key}"):
            server.options += ("-c", setting)
        yield server.start()


@pytest.fixture(scope="module")
def client(ours: Authority) -> tuple[Path, Path]:
    certificate, key = ours.issue(USER)
    key.chmod(0o600)
    return certificate, key


@pytest.fixture(scope="module")
def stranger(theirs: Authority) -> tuple[Path, Path]:
    certificate, key = theirs.issue(USER)
    key.chmod(0o600)
    return certificate, key


def broker_url(broker: PrivateRabbitMQ, ca: Path, client: tuple[Path, Path] | None, host: str = "localhost") -> str:
    files = f"&certfile={client[0]}&keyfile={client[1]}" if client else ""
    return f"amqps://guest:guest@{host}:{broker.port}/%2F?cacertfile={ca}{files}"


def database_url(server: PrivatePostgreSQL, ca: Path, client: tuple[Path, Path] | None, host: str = "localhost") -> str:
    files = f"&sslcert={client[0]}&sslkey={client[1]}" if client else "&sslcert=none"
    return f"postgresql+psycopg://{USER}@{host}:{server.port}/postgres?sslmode=verify-full&sslrootcert={ca}{files}"


def run(tmp_path: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SIGNPOST_")}
    environ |= {"SIGNPOST_DATA_DIR": str(tmp_path), "SIGNPOST_LOG_FORMAT": "text", **settings}
    return subprocess.run(
        [sys.executable, "-m", "signpost", *command],
        env=environ,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def check_refusal(done: subprocess.CompletedProcess[str], words: str, setting: str) -> None:
    assert done.returncode == 2, done.stderr
    lines = [line for line in done.stderr.splitlines() if words in line]
    assert len(lines) == 1, done.stderr
    assert setting in lines[0]
    assert "Traceback" not in done.stderr
    assert "guest:guest" not in done.stderr


def test_both_servers_work_with_the_right_certificates(
    broker: PrivateRabbitMQ, database: PrivatePostgreSQL, ours: Authority, client: tuple[Path, Path]
) -> None:
    url = database_url(database, ours.file, client)
    upgrade(url)
    with open_store(url) as store:
        store.ping()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        assert connection.pgconn.ssl_in_use
    over_tls = connect(broker_url(broker, ours.file, client))
    over_tls.apply_topology()
    assert over_tls.check_topology() == []
    publisher = over_tls.publisher()
    consumer = over_tls.subscribe("#")
    assert consumer.problem is None
    publisher.close(5)
    over_tls.close()


WRONG_BROKER = {"authority": "CERTIFICATE", "host": "CERTIFICATE", "missing file": "No such file"}


@pytest.mark.parametrize("fault", WRONG_BROKER)
@pytest.mark.parametrize("command", first_of([("topology", "apply"), ("relay",)], [("topology", "apply")]))
def test_a_wrong_certificate_of_the_broker_is_reported_once_and_ends_the_process(
    fault: str, command: tuple[str, ...], broker: PrivateRabbitMQ, ours: Authority, theirs: Authority,
    client: tuple[Path, Path], tmp_path: Path,
) -> None:  # fmt: skip
    url = {
        "authority": broker_url(broker, theirs.file, client),
        "host": broker_url(broker, ours.file, client, host="127.0.0.1"),
        "missing file": broker_url(broker, tmp_path / "none.pem", client),
    }[fault]
    migrate(f"sqlite:///{tmp_path}/signpost.db")
    done = run(tmp_path, *command, SIGNPOST_BROKER_URL=url)
    check_refusal(done, "no TLS connection to RabbitMQ", "SIGNPOST_BROKER_URL")
    assert WRONG_BROKER[fault] in done.stderr


def test_a_client_without_a_valid_certificate_is_refused_by_the_broker(
    broker: PrivateRabbitMQ, ours: Authority, stranger: tuple[Path, Path], tmp_path: Path
) -> None:
    """In TLS 1.3 the refusal follows the handshake, and the connection may be gone before the client reads it."""
    for url in (broker_url(broker, ours.file, None), broker_url(broker, ours.file, stranger)):
        done = run(tmp_path, "topology", "apply", SIGNPOST_BROKER_URL=url)
        assert done.returncode in (1, 2), done.stderr
        assert "RabbitMQ" in done.stderr
        assert "Traceback" not in done.stderr


WRONG_DATABASE = {
    "authority": "certificate verify failed", "host": "does not match host name",
    "no certificate": "client certificate", "stranger": "alert", "missing file": "does not exist",
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG_DATABASE)
@pytest.mark.parametrize("command", first_of([("db", "upgrade"), ("clock",)], [("db", "upgrade")]))
def test_a_wrong_certificate_of_the_database_is_reported_once_and_ends_the_process(
    fault: str, command: tuple[str, ...], database: PrivatePostgreSQL, broker: PrivateRabbitMQ, ours: Authority,
    theirs: Authority, client: tuple[Path, Path], stranger: tuple[Path, Path], tmp_path: Path,
) -> None:  # fmt: skip
    url = {
        "authority": database_url(database, theirs.file, client),
        "host": database_url(database, ours.file, client, host="127.0.0.1"),
        "no certificate": database_url(database, ours.file, None),
        "stranger": database_url(database, ours.file, stranger),
        "missing file": database_url(database, tmp_path / "none.pem", client),
    }[fault]
    broker_address = broker_url(broker, ours.file, client)
    done = run(tmp_path, *command, SIGNPOST_DATABASE_URL=url, SIGNPOST_BROKER_URL=broker_address)
    check_refusal(done, WRONG_DATABASE[fault], "SIGNPOST_DATABASE_URL")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("amqp://guest:guest@127.0.0.1:1/%2F?cacertfile=ca.pem", "needs amqps://"),
        ("amqp://guest:guest@127.0.0.1:1/%2F?colour=red", "Unknown URL parameter: 'colour'"),
    ],
)
def test_a_url_that_asks_for_nothing_possible_is_reported_in_words(url: str, words: str, tmp_path: Path) -> None:
    check_refusal(run(tmp_path, "topology", "apply", SIGNPOST_BROKER_URL=url), words, "SIGNPOST_BROKER_URL")
