"""Examines an installation: what is wrong, and what mends it. Changes nothing; the command line and a page show it."""

from signpost.doctor.examination import NAMES, NoSuchCheck, check_names, examine, read_site_settings
from signpost.doctor.finding import Finding, Line, Status, by_severity, summary
from signpost.doctor.site import Limits, Site

__all__ = [
    "NAMES",
    "Finding",
    "Limits",
    "Line",
    "NoSuchCheck",
    "Site",
    "Status",
    "by_severity",
    "check_names",
    "examine",
    "read_site_settings",
    "summary",
]
