"""Certificates for tests, made by the command openssl: an authority, and what it signs."""

import shutil
import subprocess
from pathlib import Path

from tests.support.private_servers import ServerMissing


class Authority:
    """A certificate authority in a folder; `file` is its certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        if not shutil.which("openssl"):
            raise ServerMissing("the command openssl is not installed; install the package openssl")
        self._folder = folder
        self._key, self.file = folder / f"{name}.key", folder / f"{name}.pem"
        self._openssl(
            "req", "-x509", *_new_key(self._key), "-out", self.file, "-days", "2", "-subj", f"/CN={name}",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def issue(self, name: str, host: str = "localhost") -> tuple[Path, Path]:
        """Sign a certificate for a host, with the common name `name`. Return the files of certificate and key."""
        key, request, certificate = (self._folder / f"{name}.{ending}" for ending in ("key", "csr", "crt"))
        extensions = self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName=DNS:{host}\n")
        self._openssl("req", "-new", *_new_key(key), "-out", request, "-subj", f"/CN={name}")
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial",
            "-extfile", extensions, "-days", "2", "-out", certificate,
        )  # fmt: skip
        return certificate, key

    def _openssl(self, *arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def _new_key(file: Path) -> tuple[str | Path, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file)
