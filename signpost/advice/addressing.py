"""Whom drafts address, and how they do it and sign: names where they are known, else a place to fill in. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from signpost.facts.entity import Entity
from signpost.rulebook.text_values import shorten
from signpost.schemas.texts import one_line

YOUR_NAME: Final = "[your name]"
_TO_EMPLOYER: Final = {"interview": "[interviewer's name]", "application": "[name of your contact]"}
_TO_ANYBODY: Final = "[hiring manager's name]"
_TO_PRESENT_EMPLOYER: Final = "[manager's name]"
_TO_CANDIDATE: Final = "[candidate's name]"


def addressee(subject: Entity, related: Mapping[str, list[Entity]], parts: Collection[tuple[str, str]]) -> Entity:
    """The entity whose employer gets the drafts of a rule: that of a relation where only its `salutation` is used, else
    the subject. `parts`: what the drafts use, as in `variables_in`."""
    greeted = [name for name, part in parts if part == "salutation" and related.get(name)]
    return related[greeted[0]][0] if greeted and ("salutation", "") not in parts else subject


def salutation(kind: str, values: Mapping[str, Any], *, by_candidate: bool) -> str:
    """`Dear Ms Lee` if the form is stated, else `Dear Ann Lee`. `kind`, `values`: of the offer, interview or
    application that the draft is about; `by_candidate`: the candidate writes, else the employer."""
    if not by_candidate:
        return f"Dear {_name(values.get('candidate_name')) or _TO_CANDIDATE}"
    name = _name(values.get("contact_addressed_as")) or _name(values.get("contact_name"))
    anybody = _TO_PRESENT_EMPLOYER if values.get("internal") else _TO_ANYBODY
    return f"Dear {name or _TO_EMPLOYER.get(kind, anybody)}"


def signature(name: Any) -> str:
    """The name of the person who signs."""
    return _name(name) or YOUR_NAME


def the_candidate(kind: str, id: str, values: Mapping[str, Any]) -> str:
    """How texts name the candidate to an employer: `Ann Lee`, else `the candidate of application a-7`. `kind`, `id`,
    `values`: of the offer, interview or application."""
    application = values.get("application")
    about = (kind, id) if application is None else ("application", application)
    return _name(values.get("candidate_name")) or f"the candidate of {about[0]} {shorten(one_line(about[1]))}"


def _name(value: Any) -> str:
    return shorten(one_line(value)).strip() if isinstance(value, str) else ""
