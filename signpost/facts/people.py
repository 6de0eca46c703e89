"""Who deals with whom: the candidate's name as each employer knows it, and each employer's contact person. Pure.

A name is shared only within one application or one employer, so no employer learns of another's people."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from signpost.facts.entity import Entity

CONTACT = ("contact_name", "contact_role", "contact_addressed_as")
_KINDS = ("application", "offer", "interview")
_Key: TypeAlias = tuple[str, str]


def add_people(candidate: Entity, entities: Mapping[str, Iterable[Entity]]) -> None:
    """Set the names that offers, interviews and applications of one employer share, and the candidate's own name.
    Employers must be resolved."""
    dealings = [entity for kind in _KINDS for entity in entities[kind]]
    for entity in dealings:
        _drop_predecessor(entity)
    stated = {name: [one for one in dealings if name in one.stamps] for name in ("candidate_name", CONTACT[0])}
    sources = {name: _latest_by_key(name, ones) for name, ones in stated.items()}
    if stated["candidate_name"] and "display_name" not in candidate.values:
        latest = max(stated["candidate_name"], key=lambda one: one.stamps["candidate_name"])
        candidate.set("display_name", latest.values["candidate_name"], latest.stamps["candidate_name"])
    found = [(entity, _source(entity, sources["candidate_name"], True)) for entity in dealings]
    contacts = [(entity, _source(entity, sources[CONTACT[0]], False)) for entity in dealings]
    for entity, source in found:
        _copy(("candidate_name",), source, entity)
    for entity, source in contacts:
        _copy(CONTACT, source, entity)


def _drop_predecessor(entity: Entity) -> None:
    """A role or a form of address that was stated before the name belongs to another person."""
    name = entity.stamps.get(CONTACT[0])
    for field in CONTACT[1:]:
        if field in entity.values and (name is None or entity.stamps[field] < name):
            del entity.values[field], entity.stamps[field]


def _latest_by_key(name: str, stated: Iterable[Entity]) -> dict[_Key, Entity]:
    """By application (of one employer) and by employer: the entity that states a name last."""
    latest: dict[_Key, Entity] = {}
    for entity in sorted(stated, key=lambda one: one.stamps[name]):
        for key in _keys(entity):
            latest[key] = entity
    return latest


def _keys(entity: Entity) -> list[_Key]:
    application, employer = entity.values.get("application"), entity.values.get("employer")
    within = [] if application is None else [(f"application {application}", employer or "")]
    return within if employer is None else [*within, ("employer", employer)]


def _source(entity: Entity, latest: Mapping[_Key, Entity], across: bool) -> Entity | None:
    """Where an entity has a name from: its application, else its employer if it has no application or `across`."""
    keys = _keys(entity)
    return next((latest[key] for key in (keys if across else keys[:1]) if key in latest), None)


def _copy(fields: Iterable[str], source: Entity | None, entity: Entity) -> None:
    """Take over the fields of a source, unless the entity states the first of them itself."""
    names = tuple(fields)
    if source is None or names[0] in entity.values:
        return
    for name in names:
        entity.set(name, source.values.get(name), source.stamps.get(name))
