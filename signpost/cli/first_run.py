"""Writes what makes an embedded system usable at once: a demo tenant, its API key, secrets of two sources."""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

from signpost.settings import CLIENT_FILE
from signpost.tenants.model import hash_key, new_key

TENANT: Final = "demo"
SECRETS: Final = {"greenhouse-demo": "greenhouse-demo.secret", "webhooks-demo": "webhooks-demo.secret"}
"""Source -> file of its secret, beside the tenants file."""

_TENANTS: Final = """\
# Who may send and read. Written once by `signpost up`; from now on it is yours.
# An API key is kept as a hash; the demo tenant's own key lies in client.env beside this file.
tenants:
  demo:
    api_keys: ["{hash}"]

# Senders of webhooks: POST /v1/webhooks/NAME. Several secrets may be active at once, so that one can be replaced.
sources:
  greenhouse-demo:
    tenant: demo
    vendor: greenhouse
    secrets: ["file:greenhouse-demo.secret"]
    employer: {{id: acme, name: Acme}}
  webhooks-demo:
    tenant: demo
    vendor: standard
    secrets: ["file:webhooks-demo.secret"]
"""


def prepare(data_dir: Path, tenants: Path, url: str) -> bool:
    """Write what is missing; True where a tenants file was made. `url`: where clients find the intake from now on."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if tenants.exists():
        _tell_clients(data_dir / CLIENT_FILE, url)
        return False
    tenants.parent.mkdir(parents=True, exist_ok=True)
    key = new_key()
    write_private(tenants.parent / SECRETS["greenhouse-demo"], secrets.token_hex(32))
    write_private(
        tenants.parent / SECRETS["webhooks-demo"], "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    )
    write_private(data_dir / CLIENT_FILE, f"SIGNPOST_URL={url}\nSIGNPOST_API_KEY={key}")
    # Last, because its presence says that the rest is there
    write_private(tenants, _TENANTS.format(hash=hash_key(key)).rstrip())
    return True


def _tell_clients(file: Path, url: str) -> None:
    """Keep the API key that clients have, and renew the address."""
    if file.exists():
        kept = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("SIGNPOST_URL=")]
        write_private(file, "\n".join([f"SIGNPOST_URL={url}", *kept]))


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text + "\n")
    draft.replace(file)
