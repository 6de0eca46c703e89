"""Checks what others provide: the intake's own report, and certificates."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from signpost.case.instant import DAY, SECOND
from signpost.doctor.commands import quoted
from signpost.doctor.finding import Finding, failed, ok, or_ok, warning
from signpost.doctor.site import Site

READY_TIMEOUT_S: Final = 3.0
CERTIFICATES: Final = ("cacertfile", "certfile", "sslrootcert", "sslcert")
"""Names of certificate files in the addresses of broker and database."""


def intake(site: Site) -> Iterator[Finding]:
    """What the intake says of itself."""
    report = intake_report(site.settings.url)
    if report is None:
        text = f"no intake answers at {site.settings.url}"
        yield warning(text, "signpost intake", "or set SIGNPOST_URL to its address")
    elif report["status"] == "ok":
        yield ok(f"ready at {site.settings.url}")
    else:
        yield _degraded(site, report)


def _degraded(site: Site, report: Mapping[str, str]) -> Finding:
    """What the intake misses. Files that are faulty here too have a finding of their own."""
    faulty = site.faulty_files
    parts = [f"{name}: {text}" for name, text in report.items() if name not in {"status", *faulty}]
    if not parts:
        return ok(f"answers at {site.settings.url}; for faulty files see {', '.join(sorted(faulty))}")
    text = f"the intake is {report['status']}: {'; '.join(parts)}"
    return warning(text, step="the other lines say what mends each part")


def intake_report(url: str) -> dict[str, str] | None:
    """What /readyz says; None if nothing of ours answers."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=READY_TIMEOUT_S) as answer:
            return _report(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return _report(error.read())
    except (OSError, ValueError):
        return None


def _report(body: bytes) -> dict[str, str] | None:
    try:
        report = json.loads(body)
    except ValueError:
        return None
    return report if isinstance(report, dict) and "status" in report else None


def certificates(site: Site) -> Iterator[Finding]:
    """Certificate files that the settings name."""
    files = _files(site)
    lines = (line for file in files for line in _certificate(site, file))
    yield from or_ok(lines, f"{len(files)} certificate files are valid" if files else "no setting names a certificate")


def _files(site: Site) -> list[Path]:
    urls = (site.settings.broker_url, site.settings.database_url)
    pairs = (pair for url in urls for pair in parse_qsl(urlsplit(url).query))
    return list(dict.fromkeys(Path(value) for name, value in pairs if name in CERTIFICATES and value != "system"))


def _certificate(site: Site, file: Path) -> Iterator[Finding]:
    step = f"put a renewed certificate into {file}, then restart the processes"
    try:
        until = _valid_until(file)
    except (OSError, ValueError, ssl.SSLError) as error:
        yield failed(f"the certificate {file} cannot be read: {error}", step=f"correct the setting that names {file}")
        return
    days = (until * SECOND - site.clock()) / DAY
    show = quoted("openssl", "x509", "-enddate", "-noout", "-in", file)
    if days < 0:
        yield failed(f"the certificate {file} expired {-days:.0f} days ago", step=f"{step}; `{show}` shows its end")
    elif days < site.limits.certificate_days:
        yield warning(f"the certificate {file} expires in {days:.0f} days", step=f"{step}; `{show}` shows its end")


def _valid_until(file: Path) -> int:
    """When the first certificate of a file ends (seconds). Python has no public way to read one."""
    decoded: dict[str, Any] = ssl._ssl._test_decode_cert(str(file))  # type: ignore[attr-defined]
    return int(ssl.cert_time_to_seconds(decoded["notAfter"]))
