"""Fixtures of the tests that each broker passes, and of those of endpoints on each database."""

from collections.abc import Iterator

import pytest

from signpost.messaging import Broker
from signpost.storage import open_store
from tests.support import servers
from tests.support.broker_contract import connected, prepare
from tests.support.databases import migrate
from tests.support.receivers import World


@pytest.fixture(scope="module")
def vhost_url(rabbitmq_server: servers.SharedRabbitMQ) -> Iterator[str]:
    """A virtual host for this module: its topology has a delivery limit of its own."""
    with servers.vhost(rabbitmq_server) as url:
        yield url


@pytest.fixture(params=["rabbitmq", "embedded"])
def url(request: pytest.FixtureRequest) -> str:
    """A broker with the topology and nothing in its queues."""
    return prepare(request.getfixturevalue("vhost_url" if request.param == "rabbitmq" else "sqlite_url"))


@pytest.fixture
def broker(url: str) -> Iterator[Broker]:
    """One process's view of the broker."""
    with connected(url) as found:
        yield found


@pytest.fixture(params=["postgresql", "sqlite"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Endpoints in virtual time, on an empty database of each kind."""
    url: str = request.getfixturevalue("postgres_url" if request.param == "postgresql" else "sqlite_url")
    migrate(url)
    with open_store(url) as store:
        yield World(store)
