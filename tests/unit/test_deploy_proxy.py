"""The proxy configuration agrees with the limits of the intake; this needs no nginx."""

import re
from pathlib import Path

import pytest

from signpost.settings import TABLE

ROOT = Path(__file__).parents[2]
TEXT = re.sub(r"#.*", "", (ROOT / "deploy/proxy/nginx.conf").read_text(encoding="utf-8"))
DIRECTIVES = re.findall(r"^\s*([a-z_]+)\s+([^;{}]+);", TEXT, re.MULTILINE)


def values(name: str) -> list[str]:
    """The values of a directive, in the order of the file."""
    found = [value for directive, value in DIRECTIVES if directive == name]
    assert found, f"no directive {name}"
    return found


def seconds(value: str) -> float:
    return float(value.removesuffix("s"))


def of_gunicorn(name: str) -> int:
    text = (ROOT / "services/intake/gunicorn_conf.py").read_text(encoding="utf-8")
    found = re.search(rf"^{name} = (\d+)$", text, re.MULTILINE)
    assert found is not None
    return int(found[1])


def test_braces_match() -> None:
    assert TEXT.count("{") == TEXT.count("}")
    lines = [line.strip() for line in TEXT.splitlines() if line.strip()]
    assert all(line.endswith((";", "{", "}")) for line in lines)


def test_the_proxy_takes_what_the_intake_takes() -> None:
    assert values("client_max_body_size") == [TABLE["max_body_bytes"].default]
    timeout = float(TABLE["request_timeout"].default)
    assert [seconds(each) for name in ("header", "body") for each in values(f"client_{name}_timeout")] == [timeout] * 2


def test_the_proxy_closes_idle_connections_before_the_intake_does() -> None:
    to_clients, to_intake = map(seconds, values("keepalive_timeout"))
    assert to_intake < of_gunicorn("keepalive")
    assert to_clients <= of_gunicorn("keepalive")


def test_the_proxy_waits_as_long_as_the_intake_may_take() -> None:
    assert [seconds(each) for each in values("proxy_read_timeout")] == [of_gunicorn("timeout")]


def test_the_proxy_buffers_and_decrypts() -> None:
    assert values("proxy_request_buffering") == values("proxy_buffering") == ["on"]
    assert values("listen") == ["8443 ssl"]
    assert values("ssl_protocols") == ["TLSv1.2 TLSv1.3"]


def test_the_proxy_reaches_the_port_of_the_image() -> None:
    [port] = re.findall(r"SIGNPOST_HTTP_BIND=0\.0\.0\.0:(\d+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert values("server") == [f"intake:{port}"]
    assert values("proxy_pass") == ["http://intake"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "$remote_addr"),
        ("X-Forwarded-Host", '""'),
        ("Forwarded", '""'),
    ],
)
def test_no_forged_header_passes(header: str, value: str) -> None:
    assert f"{header} {value}" in values("proxy_set_header")
