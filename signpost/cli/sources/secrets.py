"""Secrets of sources as files beside the tenants file: generated here, or issued by the vendor."""

import base64
import secrets as randomness
from pathlib import Path

from signpost.cli.first_run import write_private
from signpost.tenants.editing import CannotEdit
from signpost.tenants.model import length_problem


def new_secret(vendor: str) -> str:
    """A new random secret in the format of the vendor."""
    if vendor == "standard":
        return "whsec_" + base64.b64encode(randomness.token_bytes(32)).decode()
    return randomness.token_hex(32)


def write_secret(folder: Path, source: str, secret: str) -> str:
    """Write a secret to a new file that only its owner can read: in `secrets` in the folder if there is such a folder
    (see docker-compose.yml), else in the folder itself. Returns the reference to the file."""
    place, number = folder / "secrets" if (folder / "secrets").is_dir() else folder, 1
    while (path := place / f"{source}{'' if number == 1 else f'-{number}'}.secret").exists():
        number += 1
    write_private(path, secret)
    return f"file:{path.relative_to(folder)}"


def read_secret(file: Path | None, vendor: str) -> str:
    """The secret in a file, or a new one without a file. Raises CannotEdit for a file without a valid secret."""
    from signpost.ingress.sources import source_problem

    if file is None:
        return new_secret(vendor)
    try:
        secret = file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise CannotEdit(f"{file} is not UTF-8 text; write the secret into it as plain text") from None
    if not secret:
        raise CannotEdit(f"{file} contains no secret")
    if problem := length_problem(secret):
        raise CannotEdit(f"the secret in {file} {problem}; without --secret-file, a secret is generated")
    if problem := source_problem(vendor, (secret,)):
        raise CannotEdit(f"{file}: {problem}")
    return secret
