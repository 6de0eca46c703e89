"""Prepares `docker compose up`: secrets, the folder of what you edit, and .env. Plain Python 3.

    deploy/secrets/   one file per secret
    deploy/client/    for commands on this machine: `SIGNPOST_DATA_DIR=deploy/client signpost tail --follow`
    deploy/config/    tenants, rules and vendors, which the containers follow without a restart
    .env              settings, from .env.example

Adds what is missing and changes nothing else. Keep the three folders private. POSTGRES_PASSWORD keeps the password of a
database that already exists, INTAKE_PORT is the published port.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import sys
from pathlib import Path

DEPLOY = Path(__file__).resolve().parent
SECRETS = DEPLOY / "secrets"
CLIENT = DEPLOY / "client"
CONFIG = DEPLOY / "config"
DOTENV = DEPLOY.parent / ".env"
ROLES = ("migrations", "intake", "advisor", "clock", "relay", "deliverer")
BROKER_ROLES = ROLES[:-1]
"""The deliverer uses no broker; its address is a setting that must be there."""
BROKER_WITHOUT_USER = "amqp://rabbitmq/%2F"
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
    """SQL that sets the passwords of roles."""
    roles = (role for role in ROLES if role in passwords)
    return "\n".join(f"ALTER ROLE signpost_{role} PASSWORD '{postgresql_verifier(passwords[role])}';" for role in roles)


def database_url(role: str, password: str) -> str:
    """How a process reaches the database."""
    return f"postgresql://signpost_{role}:{password}@postgres/signpost"


def make_secrets(api_key: str, greenhouse: str) -> dict[str, str]:
    """The content of each file in deploy/secrets."""
    database, broker = ({role: secrets.token_hex(24) for role in ROLES} for _ in range(2))
    urls = {f"{role}_database_url": database_url(role, database[role]) for role in ROLES}
    urls |= {f"{role}_broker_url": f"amqp://signpost-{role}:{broker[role]}@rabbitmq/%2F" for role in BROKER_ROLES}
    urls["deliverer_broker_url"] = BROKER_WITHOUT_USER
    superuser = os.environ.get("POSTGRES_PASSWORD") or secrets.token_hex(24)
    return {
        **urls,
        "postgres_password": superuser,
        "postgres_service": postgres_service(superuser),
        "postgres_passwords.sql": database_passwords(database),
        "rabbitmq_definitions.json": broker_definitions(broker),
        "grafana_password": secrets.token_hex(12),
        "demo_api_key": api_key,
        "demo_api_key_hash": "sha256:" + hashlib.sha256(api_key.encode()).hexdigest(),
        "greenhouse_demo_secret": greenhouse,
        "webhooks_demo_secret": "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def postgres_service(password: str) -> str:
    """How psql reaches the database as its superuser, as libpq reads it from PGSERVICEFILE."""
    return f"[signpost]\nhost=postgres\ndbname=signpost\nuser=signpost\npassword={password}"


def read_port() -> str:
    """INTAKE_PORT of the environment, else of .env, else 8080."""
    text = DOTENV.read_text(encoding="utf-8") if DOTENV.exists() else ""
    found = re.search(r"^INTAKE_PORT=(\d+)", text, re.MULTILINE)
    return os.environ.get("INTAKE_PORT") or (found[1] if found else "8080")


def create_secrets() -> None:
    key, greenhouse = "sp_" + secrets.token_urlsafe(32), secrets.token_hex(32)
    CLIENT.mkdir(mode=0o700, exist_ok=True)
    for old in CLIENT.iterdir():
        old.unlink()
    write(CLIENT / "client.env", f"SIGNPOST_URL=http://127.0.0.1:{read_port()}\nSIGNPOST_API_KEY={key}", 0o600)
    write(CLIENT / "greenhouse-demo.secret", greenhouse, 0o600)
    # Compose mounts each file with its own mode into containers of several users; the folder keeps other accounts out.
    SECRETS.mkdir(mode=0o700)
    for name, text in make_secrets(key, greenhouse).items():
        write(SECRETS / name, text, 0o444)


def complete_secrets() -> list[Path]:
    """Add the secrets and the rights in the broker that an earlier version did not need. Returns the changed files."""
    made = {
        "postgres_service": postgres_service((SECRETS / "postgres_password").read_text(encoding="utf-8").strip()),
        "grafana_password": secrets.token_hex(12),
        "deliverer_broker_url": BROKER_WITHOUT_USER,
    }
    if (CLIENT / "client.env").exists():
        made["demo_api_key"] = (CLIENT / "client.env").read_text(encoding="utf-8").partition("_API_KEY=")[2].strip()
    missing = {SECRETS / name: text for name, text in made.items() if not (SECRETS / name).exists()}
    definitions = json.loads((SECRETS / "rabbitmq_definitions.json").read_text(encoding="utf-8"))
    rights = json.loads((DEPLOY / "rabbitmq" / "definitions.json").read_text(encoding="utf-8"))["permissions"]
    if definitions["permissions"] != rights:
        missing[SECRETS / "rabbitmq_definitions.json"] = json.dumps(definitions | {"permissions": rights}, indent=1)
    for role in ROLES:
        if not (SECRETS / f"{role}_database_url").exists():
            password = secrets.token_hex(24)
            known = SECRETS / "postgres_passwords.sql"
            before = missing.get(known) or known.read_text(encoding="utf-8").strip()
            missing[known] = f"{before}\n{database_passwords({role: password})}"
            missing[SECRETS / f"{role}_database_url"] = database_url(role, password)
    for file, text in missing.items():
        file.unlink(missing_ok=True)
        write(file, text, 0o444)
    return list(missing)


def create_config() -> None:
    """Folders that the account of the containers and yours can change; the folder around them keeps others out."""
    CONFIG.mkdir(mode=0o700)
    for name, mode in (("tenants", 0o777), ("tenants/secrets", 0o777), ("vendors", 0o777), ("rules", 0o755)):
        (CONFIG / name).mkdir()
        (CONFIG / name).chmod(mode)
    for source, mode in (("tenants/tenants.yaml", 0o666), ("rules/words.yaml", 0o644)):
        shutil.copyfile(DEPLOY / "templates" / Path(source).name, CONFIG / source)
        (CONFIG / source).chmod(mode)


def complete_dotenv() -> bool:
    """Write .env, or add to it where the folder of `create_config` is. False if it says so."""
    text = (DOTENV if DOTENV.exists() else DEPLOY.parent / ".env.example").read_text(encoding="utf-8")
    if re.search(r"^CONFIG_FOLDER=", text, re.MULTILINE):
        return False
    line = "CONFIG_FOLDER=./deploy/config"
    text = text.replace(f"#{line}", line) if f"#{line}" in text else f"{text}\n{line}\n"
    if port := os.environ.get("INTAKE_PORT"):
        text = re.sub(r"^#INTAKE_PORT=.*", f"INTAKE_PORT={port}", text, flags=re.MULTILINE)
    DOTENV.write_text(text, encoding="utf-8")
    return True


def main() -> int:
    made = []
    if not SECRETS.exists():
        create_secrets()
        made += [SECRETS, CLIENT]
    made += complete_secrets()
    if not CONFIG.exists():
        create_config()
        made.append(CONFIG)
    if complete_dotenv():
        made.append(DOTENV)
    nothing = f"{SECRETS} exists; nothing changed. Delete it to create new secrets"
    print("\n".join(f"created {one}" for one in made) or nothing)
    return 0


if __name__ == "__main__":
    sys.exit(main())
