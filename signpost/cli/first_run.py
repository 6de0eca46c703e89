"""Writes files of `signpost up`: a demo tenant with API key and sources, and what commands in its folder need."""

import base64
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from signpost.settings import Settings, written_folders
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


def prepare(data_dir: Path, tenants: Path) -> bool:
    """Create missing files; True if it created the tenants file."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if tenants.exists():
        return False
    tenants.parent.mkdir(parents=True, exist_ok=True)
    key = new_key()
    write_private(tenants.parent / SECRETS["greenhouse-demo"], secrets.token_hex(32))
    write_private(
        tenants.parent / SECRETS["webhooks-demo"], "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    )
    write_private(data_dir / CLIENT_FILE, f"SIGNPOST_API_KEY={key}")
    # Last, because its presence means that the other files exist
    write_private(tenants, _TENANTS.format(hash=hash_key(key)).rstrip())
    return True


def leave_for_clients(settings: Settings, url: str, environ: Mapping[str, str]) -> None:
    """Let the client file name the address of the system, and its files where variables chose them; the API key
    stays. Without this, commands in another terminal would read other rules than the system."""
    file = settings.data_dir / CLIENT_FILE
    files = {
        "SIGNPOST_RULES": written_folders(tuple(map(_lasting, settings.rules))),
        "SIGNPOST_TENANTS": str(settings.tenants.absolute()),
        "SIGNPOST_VENDORS": str(settings.vendors.absolute()),
        "SIGNPOST_STATE_DIR": str(settings.state_dir.absolute()),
    }
    # A name that is not printable would need more than a line of UTF-8
    chosen = {name: text for name, text in files.items() if name in environ and text.isprintable()}
    left = [f"{name}={shlex.quote(text)}" for name, text in {"SIGNPOST_URL": url, **chosen}.items()]
    before = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in before if line.partition("=")[0] not in ("SIGNPOST_URL", *files)]
    write_private(file, "\n".join([*left, *kept]))


def _lasting(folder: Path) -> Path:
    """The folder as a command in any folder finds it; one below a name with `:`, which separates folders, as it is."""
    return folder if ":" in str(folder.absolute()) else folder.absolute()


def write_private(file: Path, text: str) -> None:
    """Write a file atomically, readable only by its owner."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text + "\n")
    draft.replace(file)
