"""Secrets of sources as files beside the tenants file, made here or given by the vendor."""

import base64
import secrets as randomness
from pathlib import Path

from signpost.cli.first_run import write_private
from signpost.tenants.editing import CannotEdit


def new_secret(vendor: str) -> str:
    """A fresh secret in the form that the vendor's scheme takes."""
    if vendor == "standard":
        return "whsec_" + base64.b64encode(randomness.token_bytes(32)).decode()
    return randomness.token_hex(32)


def keep_secret(folder: Path, source: str, secret: str) -> str:
    """Write it to a new file that nobody else may read; gives the reference to it."""
    number = 1
    while (path := folder / f"{source}{'' if number == 1 else f'-{number}'}.secret").exists():
        number += 1
    write_private(path, secret)
    return f"file:{path.name}"


def given_secret(file: Path | None, vendor: str) -> str:
    """What the vendor gave, in a file, or else a fresh one. Raises CannotEdit for a file without a usable secret."""
    from signpost.ingress.sources import source_problem

    if file is None:
        return new_secret(vendor)
    try:
        secret = file.read_text("utf-8").strip()
    except UnicodeDecodeError:
        raise CannotEdit(f"{file} is not UTF-8 text; write the secret into it as the vendor shows it") from None
    if not secret:
        raise CannotEdit(f"{file} holds no secret")
    if problem := source_problem(vendor, (secret,)):
        raise CannotEdit(f"{file}: {problem}")
    return secret
