"""Links between the entities of a case: by offer, application or employer. Pure."""

from signpost.facts.entity import Entity, agree, are_of_one_employer, is_for, links_of
from signpost.facts.facts import Facts


def is_linked(how: str, item: Entity, subject: Entity) -> bool:
    """Return whether two entities are linked.

    `for`: the same offer or application; `same`: the same employer; `another`: a known different employer. Neither one
    of the same name (two systems have ids of their own of it) nor one application of which an agency is the employer at
    first is another. An unknown employer is no link.
    """
    if how == "for":
        return is_for(item, subject)
    same = are_of_one_employer(item, subject)
    if how == "another":
        return same is False and not any(agree(item, subject, name) for name in ("employer_name", "application"))
    return is_for(item, subject) if same is None else same


def linked(how: str, kind: str, subject: Entity, facts: Facts) -> list[Entity]:
    """Return the entities of a kind that are linked to a subject, in order. Cached with the facts, because many rules
    need the same ones and each search reads all entities of the kind."""
    key = (how, kind, subject.kind, subject.id)
    found = facts.linked.get(key)
    if found is None:
        items = facts.of_kind(kind) if how == "another" else _find_sharing(kind, subject, facts)
        found = facts.linked[key] = [item for item in items if is_linked(how, item, subject)]
    return found


def _find_sharing(kind: str, subject: Entity, facts: Facts) -> list[Entity]:
    """Return the entities of a kind with the same offer, application or employer as a subject. Only `another` links
    further ones."""
    if kind not in facts.sharing:
        index = facts.sharing[kind] = {}
        for item in facts.of_kind(kind):
            for link in links_of(item).items():
                index.setdefault(link, []).append(item)
    found = {item.id: item for link in links_of(subject).items() for item in facts.sharing[kind].get(link, ())}
    return [found[id] for id in sorted(found)]
