"""Shares what is known of an employer among the entities of a case that belong to it. Pure."""

from collections.abc import Iterable
from typing import Final

from signpost.facts.entity import Entity

EMPLOYER_FIELDS: Final = {
    "employer.id": "employer",
    "employer.name": "employer_name",
    "employer.time_zone": "employer_time_zone",
}
"""Field of a case -> field of an entity."""
_NAMED: Final = ("employer_name", "employer_time_zone")
"""What an employer's id says about it wherever it is named; the latest statement counts."""


def resolve_employers(entities: dict[str, list[Entity]]) -> None:
    """Share the employer of an application with its offers, interviews and contacts, and vice versa."""
    offers = {entity.id: entity for entity in entities["offer"]}
    for contact in entities["contact"]:
        _inherit(contact, offers.get(contact.values.get("offer", "")), ("application", *EMPLOYER_FIELDS.values()))
    everything = [entity for kind in ("application", "offer", "interview", "contact") for entity in entities[kind]]
    by_application: dict[str, Entity] = {}
    for entity in everything:
        if "application" in entity.values and "employer" in entity.values:
            by_application.setdefault(entity.values["application"], entity)
    for entity in everything:
        _inherit(entity, by_application.get(entity.values.get("application", "")), EMPLOYER_FIELDS.values())
    for name in _NAMED:
        latest = _latest(name, everything)
        for entity in everything:
            _inherit(entity, latest.get(entity.values.get("employer", "")), (name,))


def _latest(name: str, everything: Iterable[Entity]) -> dict[str, Entity]:
    """By id of the employer, the entity with the latest statement of a field."""
    latest: dict[str, Entity] = {}
    for entity in everything:
        if "employer" in entity.values and name in entity.values:
            known = latest.setdefault(entity.values["employer"], entity)
            if entity.stamps[name] > known.stamps[name]:
                latest[entity.values["employer"]] = entity
    return latest


def _inherit(entity: Entity, known: Entity | None, fields: Iterable[str]) -> None:
    if known is None or known is entity:
        return
    for name in fields:
        if name not in entity.values and name in known.values:
            entity.set(name, known.values[name], known.stamps.get(name))
