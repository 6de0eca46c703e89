"""The HTTP client of commands: a person sees that a command waits for an answer."""

import sys
import threading

import click
import httpx
import pytest

from signpost.cli import client


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_person_sees_that_a_command_waits(monkeypatch: pytest.MonkeyPatch, is_terminal: bool) -> None:
    shown: list[str] = []
    is_shown = threading.Event()

    def echo(text: str, err: bool) -> None:
        shown.append(text)
        is_shown.set()

    def answer(request: httpx.Request) -> httpx.Response:
        assert not is_terminal or is_shown.wait(60)
        return httpx.Response(200, json={})

    monkeypatch.setattr(click, "echo", echo)
    monkeypatch.setattr(client, "WAITING_S", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with httpx.Client(base_url="http://intake.example", transport=httpx.MockTransport(answer)) as made:
        assert client.request_json(made, "GET", "/v1/x") == {}
    assert shown == (["waiting for http://intake.example ..."] if is_terminal else [])
