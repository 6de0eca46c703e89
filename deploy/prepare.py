"""Creates the secrets of `docker compose up`: passwords, the demo tenant's API key, webhook secrets. Plain Python 3.

Writes .env for the containers, and deploy/client/ for commands on this machine:
`SIGNPOST_DATA_DIR=deploy/client signpost tail --follow`. Does not overwrite .env. Keep both private.
"""

import base64
import hashlib
import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".env"
CLIENT = ROOT / "deploy" / "client"


def write_private(file: Path, lines: dict[str, str] | str) -> None:
    """Create a file that only its owner can read. Raises FileExistsError if it exists."""
    text = lines if isinstance(lines, str) else "".join(f"{name}={value}\n" for name, value in lines.items())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def main() -> int:
    if ENVIRONMENT.exists():
        print(f"{ENVIRONMENT} exists; nothing changed. Delete it to create new secrets")
        return 0
    key = "sp_" + secrets.token_urlsafe(32)
    greenhouse = secrets.token_hex(32)
    port = os.environ.get("INTAKE_PORT", "8080")
    CLIENT.mkdir(mode=0o700, exist_ok=True)
    for old in CLIENT.iterdir():
        old.unlink()
    write_private(CLIENT / "client.env", {"SIGNPOST_URL": f"http://127.0.0.1:{port}", "SIGNPOST_API_KEY": key})
    write_private(CLIENT / "greenhouse-demo.secret", greenhouse + "\n")
    write_private(
        ENVIRONMENT,
        {
            "POSTGRES_PASSWORD": secrets.token_hex(24),
            "RABBITMQ_PASSWORD": secrets.token_hex(24),
            "DEMO_API_KEY_HASH": "sha256:" + hashlib.sha256(key.encode()).hexdigest(),
            "GREENHOUSE_DEMO_SECRET": greenhouse,
            "WEBHOOKS_DEMO_SECRET": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "INTAKE_PORT": port,
            "RABBITMQ_PORT": os.environ.get("RABBITMQ_PORT", "5672"),
        },
    )
    print(f"created {ENVIRONMENT} and {CLIENT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
