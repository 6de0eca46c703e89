"""Checks the signature with which a sample was recorded. Its age does not count. Pure."""

from typing import Final

from signpost.ingress.mapping import Sample
from signpost.ingress.signatures import InvalidSignature, Scheme, verify

ANY_AGE_US: Final = 10**18


def check_recorded(scheme: Scheme, sample: Sample, secret: str = "") -> tuple[str, tuple[str, ...]]:
    """Return what is wrong with the recorded signature, or "", and what could not be checked.

    `secret`: of the vendor, where the sample names none. A sample without a signature has nothing to check.
    """
    headers = {name.lower(): value for name, value in sample.headers.items()}
    if scheme.header and scheme.header not in headers:
        return "", ()
    if not (secret := sample.secret or secret):
        remark = f"its recorded signature in {scheme.header} was not verified; give the secret with --secret-file"
        return "", (remark,) if scheme.header else ()
    try:
        key = scheme.key_of(secret)
    except ValueError as error:
        return f"has a signature that cannot be verified: {error}", ()
    body = sample.body()
    problem = _verify(scheme, key, headers, body)
    if problem and not _verify(scheme, key, headers, body.rstrip(b"\r\n")):
        problem = "the file ends with a line end that the vendor did not send; remove it"
    return problem and f"has a signature that does not fit: {problem}", ()


def _verify(scheme: Scheme, key: bytes, headers: dict[str, str], body: bytes) -> str:
    try:
        verify(scheme, [key], headers, body, now=0, tolerance_us=ANY_AGE_US)
    except InvalidSignature as error:
        return str(error)
    return ""
