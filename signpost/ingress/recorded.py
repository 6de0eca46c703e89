"""Checks the signature with which a sample was recorded. Its age does not count. Pure."""

from typing import NamedTuple

from signpost.ingress.first_signature import signature_of
from signpost.ingress.fitting_scheme import what_fits, why_refused
from signpost.ingress.mapping import Sample, Vendor
from signpost.ingress.signature_hints import in_place_of, missing_header
from signpost.ingress.signature_schemes import Scheme


class Recorded(NamedTuple):
    """What is wrong with the recorded signature, or "", what could not be checked, and whether it fits; None: there is
    none. `fitting`: the options of `signature` by which one fits that does not."""

    problem: str = ""
    unsure: tuple[str, ...] = ()
    is_verified: bool | None = None
    fitting: str = ""


def check_recorded(scheme: Scheme, sample: Sample, secret: str = "") -> Recorded:
    """Return whether the recorded signature fits. `secret`: of the vendor, where the sample names none."""
    headers = {name.lower(): value for name, value in sample.headers.items()}
    if scheme.header and scheme.header not in headers:
        return Recorded(unsure=(f"it has no header {scheme.header}, so no signature was verified",) if secret else ())
    if not (secret := sample.secret or secret):
        remark = f"its recorded signature in {scheme.header} was not verified; give the secret with --secret-file"
        return Recorded(unsure=(remark,), is_verified=False) if scheme.header else Recorded()
    try:
        return _compare(scheme, secret, headers, sample.body())
    except ValueError as error:
        return Recorded(f"has a signature that cannot be verified: {error}", is_verified=False)


def _compare(scheme: Scheme, secret: str, headers: dict[str, str], body: bytes) -> Recorded:
    problem = why_refused(scheme, secret, headers, body)
    if not problem:
        return Recorded(is_verified=True)
    sent = body.rstrip(b"\r\n")
    line_end = "the file ends with a line end that the vendor did not send; remove it"
    if not why_refused(scheme, secret, headers, sent):
        return Recorded(f"has a signature that does not fit: {line_end}", is_verified=False)
    fitting = what_fits(scheme, secret, headers, body)
    if not fitting and (fitting := what_fits(scheme, secret, headers, sent)):
        fitting = f"{fitting}; {line_end}"
    refused = missing_header(scheme, headers) or in_place_of(scheme, headers, problem)
    problem = f"it fits with {fitting}" if fitting else refused
    return Recorded(f"has a signature that does not fit: {problem}", (), False, fitting)


def why_unsigned(vendor: Vendor) -> str:
    """Say that no sample of a vendor has a recorded signature, and which header may hold it instead."""
    header = vendor.scheme.header
    others = {name.lower(): value for sample in vendor.samples for name, value in sample.headers.items()}
    found, _ = signature_of(others)
    if header and found and header not in others:
        return f"no sample has the header {header}; did you mean {found}?"
    return "no sample has a recorded signature; one, with --secret-file, shows if `signature` is right"
