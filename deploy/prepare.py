"""Creates the secrets of `docker compose up`: one file per secret in deploy/secrets. Plain Python 3.

Also writes deploy/client/ for commands on this machine: `SIGNPOST_DATA_DIR=deploy/client signpost tail --follow`.
Changes nothing if deploy/secrets exists. Keep both folders private. POSTGRES_PASSWORD keeps the password of a database
that already exists, INTAKE_PORT is the published port.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
from pathlib import Path

DEPLOY = Path(__file__).resolve().parent
SECRETS = DEPLOY / "secrets"
CLIENT = DEPLOY / "client"
ROLES = ("migrations", "intake", "advisor", "clock", "relay")
SCRAM_ROUNDS = 4096


def write(file: Path, text: str, mode: int) -> None:
    """Create a file. Raises FileExistsError if it exists."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as stream:
        os.fchmod(stream.fileno(), mode)
        stream.write(text + "\n")


def rabbitmq_hash(password: str) -> str:
    """The password as RabbitMQ stores it: salt and SHA-256, in base64."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def postgresql_verifier(password: str) -> str:
    """The password as PostgreSQL stores it (RFC 5803)."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    parts = (base64.b64encode(part).decode() for part in (salt, stored, hmac.digest(salted, b"Server Key", "sha256")))
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ROUNDS, *parts)


def broker_definitions(passwords: dict[str, str]) -> str:
    """deploy/rabbitmq/definitions.json with the hashes of the passwords, by role."""
    definitions = json.loads((DEPLOY / "rabbitmq" / "definitions.json").read_text(encoding="utf-8"))
    for user in definitions["users"]:
        user["password_hash"] = rabbitmq_hash(passwords[user["name"].removeprefix("signpost-")])
        user["hashing_algorithm"] = "rabbit_password_hashing_sha256"
    return json.dumps(definitions, indent=1)


def database_passwords(passwords: dict[str, str]) -> str:
    """SQL that sets the passwords of the roles."""
    return "\n".join(f"ALTER ROLE signpost_{role} PASSWORD '{postgresql_verifier(passwords[role])}';" for role in ROLES)


def make_secrets(api_key: str, greenhouse: str) -> dict[str, str]:
    """The content of each file in deploy/secrets."""
    database, broker = ({role: secrets.token_hex(24) for role in ROLES} for _ in range(2))
    urls = {
        f"{role}_{server}_url": url
        for role in ROLES
        for server, url in (
            ("database", f"postgresql://signpost_{role}:{database[role]}@postgres/signpost"),
            ("broker", f"amqp://signpost-{role}:{broker[role]}@rabbitmq/%2F"),
        )
    }
    return {
        **urls,
        "postgres_password": os.environ.get("POSTGRES_PASSWORD") or secrets.token_hex(24),
        "postgres_passwords.sql": database_passwords(database),
        "rabbitmq_definitions.json": broker_definitions(broker),
        "demo_api_key_hash": "sha256:" + hashlib.sha256(api_key.encode()).hexdigest(),
        "greenhouse_demo_secret": greenhouse,
        "webhooks_demo_secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def main() -> int:
    if SECRETS.exists():
        print(f"{SECRETS} exists; nothing changed. Delete it to create new secrets")
        return 0
    key, greenhouse = "sp_" + secrets.token_urlsafe(32), secrets.token_hex(32)
    url = f"http://127.0.0.1:{os.environ.get('INTAKE_PORT', '8080')}"
    CLIENT.mkdir(mode=0o700, exist_ok=True)
    for old in CLIENT.iterdir():
        old.unlink()
    write(CLIENT / "client.env", f"SIGNPOST_URL={url}\nSIGNPOST_API_KEY={key}", 0o600)
    write(CLIENT / "greenhouse-demo.secret", greenhouse, 0o600)
    # Compose mounts each file with its own mode into containers of several users; the folder keeps other accounts out.
    SECRETS.mkdir(mode=0o700)
    for name, text in make_secrets(key, greenhouse).items():
        write(SECRETS / name, text, 0o444)
    print(f"created {SECRETS} and {CLIENT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
