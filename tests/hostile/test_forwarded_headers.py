"""Forged headers of a proxy change nothing: the intake believes them from the proxies that its settings name."""

from pathlib import Path

import pytest

from tests.support.http import HTTP
from tests.support.intake_process import intake_folder, running

FORGED = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Ssl": "off",
    "X-Forwarded-Protocol": "x",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Host": "elsewhere.example",
    "X-Forwarded-Prefix": "/elsewhere",
    "Forwarded": "for=203.0.113.7;proto=https;host=elsewhere.example",
    "X-Real-Ip": "203.0.113.7",
}


def start_page(address: str, headers: dict[str, str]) -> str:
    """The start page, which shows the address at which the client reached the intake."""
    return HTTP.get(f"{address}/", headers=headers, timeout=30).raise_for_status().text


def status_with_forged_path(address: str) -> int:
    """The status of /livez with headers that move the path, if they are believed."""
    return HTTP.get(f"{address}/livez", headers={"SCRIPT_NAME": "/livez", "PATH_INFO": "/no"}, timeout=30).status_code


@pytest.mark.parametrize("environment", [{}, {"FORWARDED_ALLOW_IPS": "*"}])
def test_nobody_is_believed_by_default(tmp_path: Path, environment: dict[str, str]) -> None:
    with running(intake_folder(tmp_path), SIGNPOST_HTTP_PROCESSES="1", **environment) as (address, _):
        assert start_page(address, FORGED) == start_page(address, {})
        assert status_with_forged_path(address) == 200


def test_a_named_proxy_says_the_scheme_and_nothing_else(tmp_path: Path) -> None:
    settings = {"SIGNPOST_HTTP_PROCESSES": "1", "SIGNPOST_TRUSTED_PROXIES": "127.0.0.1"}
    with running(intake_folder(tmp_path), **settings) as (address, _):
        plain = start_page(address, {})
        assert start_page(address, FORGED) == plain.replace(address, address.replace("http:", "https:"))
        assert status_with_forged_path(address) == 200
