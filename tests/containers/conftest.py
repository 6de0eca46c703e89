"""One deployment of the compose file for all its tests."""

import shutil
from collections.abc import Iterator

import pytest

from tests.containers.deployment import Deployment


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Built, and brought up in the order that the compose file states."""
    if not (shutil.which("docker") or shutil.which("podman-compose")):
        pytest.fail("needs docker, or podman with podman-compose")
    made = Deployment(tmp_path_factory.mktemp("compose"))
    made.say("building the image")
    made.build()
    try:
        made.say("bringing everything up")
        made.up_in_order()
        yield made
    except TimeoutError:
        print(made.logs())
        raise
    finally:
        made.say("taking everything down\n")
        made.down("-v")
