"""Links between the entities of a case: by offer, application or employer. Pure."""

from signpost.facts.facts import Entity, Facts, is_for

LINK_FIELDS = ("offer", "application", "employer")


def is_linked(how: str, item: Entity, subject: Entity) -> bool:
    """Return whether two entities are linked.

    `for`: the same offer or application; `same`: the same employer; `another`: a known different employer. An unknown
    employer is no link.
    """
    if how == "for":
        return is_for(item, subject)
    ours, theirs = item.values.get("employer"), subject.values.get("employer")
    if ours is None or theirs is None:
        return how == "same" and is_for(item, subject)
    return bool((ours == theirs) == (how == "same"))


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
            for name in LINK_FIELDS:
                if name in item.values:
                    index.setdefault((name, item.values[name]), []).append(item)
    own = {**subject.values, "offer": subject.id} if subject.kind == "offer" else subject.values
    found = {item.id: item for name in LINK_FIELDS for item in facts.sharing[kind].get((name, own.get(name, "")), ())}
    return [found[id] for id in sorted(found)]
