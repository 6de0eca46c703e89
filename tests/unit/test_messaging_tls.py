"""TLS of an address of RabbitMQ: its files are read, or what is the matter with them is said; all else stays."""

from pathlib import Path

import pytest

from signpost.messaging import BrokerMisconfigured
from signpost.messaging.rabbitmq.tls import split_tls
from tests.conftest import server_or_skip
from tests.support.certificates import Authority


def test_an_address_without_tls_stays_as_it_is() -> None:
    assert split_tls("amqp://user@host/vhost?heartbeat=5&x=") == ("amqp://user@host/vhost?heartbeat=5&x=", None)


@pytest.mark.parametrize("name", ["cacertfile", "certfile", "keyfile"])
def test_a_file_of_tls_needs_tls(name: str) -> None:
    with pytest.raises(BrokerMisconfigured, match=f"^{name} in SIGNPOST_BROKER_URL needs amqps://$"):
        split_tls(f"amqp://host/?{name}=file.pem")


def test_the_files_are_read_and_taken_from_the_address(tmp_path: Path) -> None:
    with server_or_skip():
        ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    certificate, key = ours.issue("client")
    rest, options = split_tls(f"amqps://host/?cacertfile={ours.file}&certfile={certificate}&keyfile={key}&heartbeat=5")
    assert rest == "amqps://host/?heartbeat=5"
    assert options is not None
    assert (options.server_hostname, len(options.context.get_ca_certs())) == ("host", 1), (
        "no other authority is trusted"
    )
    _, other = theirs.issue("other")
    for wrong in (f"&keyfile={other}", ""):
        with pytest.raises(BrokerMisconfigured, match=f"check cacertfile {ours.file}, certfile {certificate}"):
            split_tls(f"amqps://host/?cacertfile={ours.file}&certfile={certificate}{wrong}")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(BrokerMisconfigured) as refused:
        split_tls("amqps://host/?cacertfile=/none.pem")
    expected = (
        "no TLS connection to RabbitMQ: No such file or directory; check cacertfile /none.pem in SIGNPOST_BROKER_URL"
    )
    assert str(refused.value) == expected


def test_a_name_that_no_file_can_have_is_named_too() -> None:
    with pytest.raises(BrokerMisconfigured, match="embedded null byte; check certfile \0 in SIGNPOST_BROKER_URL"):
        split_tls("amqps://host/?certfile=%00")
