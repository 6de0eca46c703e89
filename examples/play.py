"""Plays the journeys of candidates against a running Signpost and prints the advice that follows each event.

    python examples/play.py                         all journeys, and a Greenhouse webhook
    python examples/play.py examples/journeys/interviews.json
    python examples/play.py --print > events.json   print the CloudEvents instead of sending them

A journey is a JSON array of CloudEvents with times relative to now: {now-2d}, {now+20h}, {today+14d}. {run} differs in
each run, so that a second run has other candidates.
"""

import argparse
import json
import os
import re
import secrets
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from examples import send_greenhouse_offer
from signpost.cli.failures import report_errors
from signpost.settings import read_settings

JOURNEYS = Path(__file__).parent / "journeys"
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
PLACEHOLDER = re.compile(r"\{(?:(run)|(now|today)(?:([+-]\d+)([smhd]))?)\}")
START = "Start it with `make run`, or set SIGNPOST_URL and SIGNPOST_API_KEY (or SIGNPOST_DATA_DIR) of one that runs."
QUIET_S = 1.5
"""Time without advice after which the effect of an event is complete."""


def expand(template: str, now: datetime, run: str) -> list[dict[str, Any]]:
    """The CloudEvents of a journey at the time `now` (UTC)."""

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return run
        moment = now + (timedelta(**{UNITS[found[4]]: int(found[3])}) if found[3] else timedelta())
        return moment.strftime("%Y-%m-%d" if found[2] == "today" else "%Y-%m-%dT%H:%M:%SZ")

    events: list[dict[str, Any]] = json.loads(PLACEHOLDER.sub(value, template))
    return events


class Feed:
    """Reads the changes of recommendations that follow its creation."""

    def __init__(self, client: httpx.Client) -> None:
        self._client, self._cursor = client, None
        while self.read():
            pass

    def read(self) -> list[dict[str, Any]]:
        """The changes since the last call; may be empty."""
        query = {"limit": 500, **({"after": self._cursor} if self._cursor else {})}
        answer = self._client.get("/v1/recommendations", params=query).raise_for_status().json()
        self._cursor = answer["next"]
        changes: list[dict[str, Any]] = answer["items"]
        return changes

    def show_until_quiet(self) -> int:
        """Print changes until there is none for QUIET_S. Returns their number."""
        count, deadline = 0, time.monotonic() + QUIET_S
        while time.monotonic() < deadline:
            for change in self.read():
                print(format_change(change))
                count, deadline = count + 1, time.monotonic() + QUIET_S / 3
            time.sleep(0.05)
        return count


def format_change(change: dict[str, Any]) -> str:
    data = change["data"]
    subject = f"{data['subject']['kind']}/{data['subject']['id']}"
    return f"   {data['change']:<10} {data['priority']:<6} {data['title']}   [{data['rule']}@{subject}]"


def play(client: httpx.Client, feed: Feed, events: list[dict[str, Any]]) -> int:
    """Send events one by one. Returns the number of changes of advice."""
    count = 0
    for event in events:
        type_ = event["type"].removeprefix("signpost.").removesuffix(".v1")
        print(f"-> {event['time']}  {event['subject']}: {type_} {json.dumps(event['data'])[:90]}")
        headers = {"Content-Type": "application/cloudevents+json"}
        client.post("/v1/events", content=json.dumps(event), headers=headers).raise_for_status()
        count += feed.show_until_quiet()
    return count


def main() -> int:
    """Play journeys and report errors as messages. Returns the exit code."""
    with report_errors("play.py"):
        try:
            return run()
        except httpx.HTTPError as error:
            print(f"{error.request.url}: {error}\n{START}", file=sys.stderr)
            return 1


def run() -> int:
    """Play the journeys of the command line. Returns the exit code. Raises httpx.HTTPError, SignpostError, OSError."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("journeys", nargs="*", type=Path, help="files; default: all of examples/journeys and a webhook")
    parser.add_argument("--print", action="store_true", help="print the CloudEvents instead of sending them")
    chosen = parser.parse_args()
    files = chosen.journeys or sorted(JOURNEYS.glob("*.json"))
    now, run = datetime.now(UTC), secrets.token_hex(3)
    journeys = {file.stem: expand(file.read_text(encoding="utf-8"), now, run) for file in files}
    if chosen.print:
        print(json.dumps([event for events in journeys.values() for event in events], indent=1))
        return 0
    settings = read_settings(os.environ)
    headers = {"Authorization": f"Bearer {settings.api_key}"}
    with httpx.Client(base_url=settings.url, headers=headers, timeout=30) as client:
        feed = Feed(client)
        count = 0
        for name, events in journeys.items():
            print(f"\n== {name}")
            count += play(client, feed, events)
        if not chosen.journeys:
            print("\n== a Greenhouse webhook, signed")
            for answer in send_greenhouse_offer.send(client, settings.data_dir / "greenhouse-demo.secret", now):
                print(f"-> {answer}")
                count += feed.show_until_quiet()
    print(f"\n{count} changes of advice. `signpost tail` shows them again; `signpost tail --json` shows all fields.")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
