"""Checks the signature with which a sample was recorded. Its age does not count. Pure."""

from typing import Final, NamedTuple

from signpost.ingress.first_signature import signature_of
from signpost.ingress.mapping import Sample, Vendor
from signpost.ingress.signature_schemes import Scheme
from signpost.ingress.signatures import InvalidSignature, verify

ANY_AGE_US: Final = 10**18


class Recorded(NamedTuple):
    """What is wrong with the recorded signature, or "", what could not be checked, and whether it fits; None: there is
    none."""

    problem: str = ""
    unsure: tuple[str, ...] = ()
    is_verified: bool | None = None


def check_recorded(scheme: Scheme, sample: Sample, secret: str = "") -> Recorded:
    """Return whether the recorded signature fits. `secret`: of the vendor, where the sample names none."""
    headers = {name.lower(): value for name, value in sample.headers.items()}
    if scheme.header and scheme.header not in headers:
        return Recorded(unsure=(f"it has no header {scheme.header}, so no signature was verified",) if secret else ())
    if not (secret := sample.secret or secret):
        remark = f"its recorded signature in {scheme.header} was not verified; give the secret with --secret-file"
        return Recorded(unsure=(remark,), is_verified=False) if scheme.header else Recorded()
    try:
        key = scheme.key_of(secret)
    except ValueError as error:
        return Recorded(f"has a signature that cannot be verified: {error}", is_verified=False)
    body = sample.body()
    problem = _verify(scheme, key, headers, body)
    if problem and not _verify(scheme, key, headers, body.rstrip(b"\r\n")):
        problem = "the file ends with a line end that the vendor did not send; remove it"
    return Recorded(problem and f"has a signature that does not fit: {problem}", is_verified=not problem)


def why_unsigned(vendor: Vendor) -> str:
    """Say that no sample of a vendor has a recorded signature, and which header may hold it instead."""
    header = vendor.scheme.header
    others = {name.lower(): value for sample in vendor.samples for name, value in sample.headers.items()}
    found, _ = signature_of(others)
    if header and found and header not in others:
        return f"no sample has the header {header}; did you mean {found}?"
    return "no sample has a recorded signature; one, with --secret-file, shows if `signature` is right"


def _verify(scheme: Scheme, key: bytes, headers: dict[str, str], body: bytes) -> str:
    try:
        verify(scheme, [key], headers, body, now=0, tolerance_us=ANY_AGE_US)
    except InvalidSignature as error:
        return str(error)
    return ""
