"""Signs and sends two webhooks as Greenhouse does: an application of a candidate, and the offer for it.

    python examples/send_greenhouse_offer.py

The offer names only its application; the first webhook says whose application it is. The signature is an HMAC-SHA256
over the bytes of the body.
"""

import hashlib
import hmac
import json
import os
import secrets
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from signpost.cli.failures import report_errors
from signpost.settings import read_settings

SOURCE = "greenhouse-demo"


def application(candidate: int, number: int, now: datetime) -> dict[str, Any]:
    """The webhook of a new application."""
    return {
        "action": "new_candidate_application",
        "payload": {
            "application": {
                "id": number,
                "status": "active",
                "prospect": False,
                "applied_at": format_time(now - timedelta(days=20)),
                "candidate": {"id": candidate, "first_name": "Robin", "last_name": "Example"},
                "jobs": [{"id": 730_114, "name": "Data engineer"}],
            }
        },
    }


def offer(number: int, now: datetime) -> dict[str, Any]:
    """The webhook of an offer that was sent today."""
    return {
        "action": "offer_created",
        "payload": {
            "id": number + 1,
            "application_id": number,
            "job_id": 730_114,
            "user_id": 40_221,
            "version": 1,
            "sent_on": f"{now:%Y-%m-%d}",
            "resolved_at": None,
            "start_date": f"{now + timedelta(days=40):%m/%d/%Y}",
            "notes": None,
            "offer_status": "Created",
            "custom_fields": {
                "salary": {"name": "Salary", "type": "currency", "value": {"amount": 97_000, "unit": "USD"}}
            },
        },
    }


def format_time(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.000Z"


def sign(body: bytes, secret: str) -> dict[str, str]:
    """The headers of a signed webhook."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "Signature": f"sha256 {digest}"}


def send(client: httpx.Client, secret_file: Path, now: datetime) -> Iterator[str]:
    """Send both webhooks. Yields a line about each response."""
    secret = os.environ.get("GREENHOUSE_SECRET") or secret_file.read_text(encoding="utf-8").strip()
    candidate, number = secrets.randbelow(10**8), secrets.randbelow(10**8)
    for document in (application(candidate, number, now), offer(number, now)):
        body = json.dumps(document).encode()
        answer = client.post(f"/v1/webhooks/{SOURCE}", content=body, headers=sign(body, secret))
        answer.raise_for_status()
        yield f"{document['action']} of application {number}: {answer.status_code} {answer.text}"


def main() -> int:
    with report_errors("send_greenhouse_offer.py"):
        settings = read_settings(os.environ)
        try:
            with httpx.Client(base_url=settings.url, timeout=30) as client:
                for answer in send(client, settings.data_dir / f"{SOURCE}.secret", datetime.now(UTC)):
                    print(answer)
        except httpx.HTTPError as error:
            print(f"{error}\nStart Signpost with `make run` first, or set SIGNPOST_URL.", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
