"""Creates the demo tenant of an embedded system: its API key, and the secrets of two sources."""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

from signpost.settings_reader import CLIENT_FILE
from signpost.tenants.model import hash_key, new_key

TENANT: Final = "demo"
SECRETS: Final = {"greenhouse-demo": "greenhouse-demo.secret", "webhooks-demo": "webhooks-demo.secret"}
"""Source -> file of its secret, in the folder of the tenants file."""

_TENANTS: Final = """\
# Tenants and sources. `signpost up` wrote this file once and does not change it: edit it as you like.
# API keys are stored as hashes; the key of the demo tenant is in client.env in this folder.
tenants:
  demo:
    api_keys: ["{hash}"]

# Sources of webhooks: POST /v1/webhooks/NAME. Several secrets can be active, so that you can rotate them.
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
    """Create missing files; True if it created the tenants file. `url`: the address of the intake for clients."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if tenants.exists():
        _update_client_url(data_dir / CLIENT_FILE, url)
        return False
    tenants.parent.mkdir(parents=True, exist_ok=True)
    key = new_key()
    write_private(tenants.parent / SECRETS["greenhouse-demo"], secrets.token_hex(32))
    write_private(
        tenants.parent / SECRETS["webhooks-demo"], "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    )
    write_private(data_dir / CLIENT_FILE, f"SIGNPOST_URL={url}\nSIGNPOST_API_KEY={key}")
    # Last, because its presence means that the other files exist
    write_private(tenants, _TENANTS.format(hash=hash_key(key)).rstrip())
    return True


def _update_client_url(file: Path, url: str) -> None:
    """Replace the URL in the client file; its API key stays."""
    if file.exists():
        kept = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("SIGNPOST_URL=")]
        write_private(file, "\n".join([f"SIGNPOST_URL={url}", *kept]))


def write_private(file: Path, text: str) -> None:
    """Write a file atomically, readable only by its owner."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    draft.replace(file)
