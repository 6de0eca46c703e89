"""Signs and sends two webhooks as Greenhouse does: a candidate's application, and the offer made for it.

    python examples/send_greenhouse_offer.py

The offer names only its application; the first webhook is what tells whose that is. The signature is an HMAC-SHA256
over exactly the bytes that are sent.
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

from signpost.cli.failures import in_words
from signpost.settings import read_settings

SOURCE = "greenhouse-demo"


def application(candidate: int, number: int, now: datetime) -> dict[str, Any]:
    """What Greenhouse tells of a new application."""
    return {
        "action": "new_candidate_application",
        "payload": {
            "application": {
                "id": number,
                "status": "active",
                "prospect": False,
                "applied_at": moment(now - timedelta(days=20)),
                "candidate": {"id": candidate, "first_name": "Robin", "last_name": "Example"},
                "jobs": [{"id": 730_114, "name": "Data engineer"}],
            }
        },
    }


def offer(number: int, now: datetime) -> dict[str, Any]:
    """What Greenhouse tells of an offer that was sent today."""
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


def moment(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.000Z"


def signed(body: bytes, secret: str) -> dict[str, str]:
    """The headers of a delivery."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "Signature": f"sha256 {digest}"}


def send(client: httpx.Client, secret_file: Path, now: datetime) -> Iterator[str]:
    """Send both; a line about each answer."""
    secret = os.environ.get("GREENHOUSE_SECRET") or secret_file.read_text(encoding="utf-8").strip()
    candidate, number = secrets.randbelow(10**8), secrets.randbelow(10**8)
    for document in (application(candidate, number, now), offer(number, now)):
        body = json.dumps(document).encode()
        answer = client.post(f"/v1/webhooks/{SOURCE}", content=body, headers=signed(body, secret))
        answer.raise_for_status()
        yield f"{document['action']} of application {number}: {answer.status_code} {answer.text}"


def main() -> int:
    with in_words("send_greenhouse_offer.py"):
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
