"""Links: how one entity of a case belongs to another. Pure."""

from signpost.facts.facts import Entity, Facts, is_for

NAMED = ("offer", "application", "employer")


def is_linked(how: str, item: Entity, subject: Entity) -> bool:
    """`for`: the same offer or application; `same`: the same employer; `another`: another employer for sure.
    Unknown is no link."""
    if how == "for":
        return is_for(item, subject)
    ours, theirs = item.values.get("employer"), subject.values.get("employer")
    if ours is None or theirs is None:
        return how == "same" and is_for(item, subject)
    return bool((ours == theirs) == (how == "same"))


def linked(how: str, kind: str, subject: Entity, facts: Facts) -> list[Entity]:
    """The entities of a kind that are linked to a subject, in their order. Many rules ask for the same ones, and each
    answer takes a look at all entities of the kind: so it is kept with the facts."""
    key = (how, kind, subject.kind, subject.id)
    found = facts.linked.get(key)
    if found is None:
        items = facts.of_kind(kind) if how == "another" else _sharing(kind, subject, facts)
        found = facts.linked[key] = [item for item in items if is_linked(how, item, subject)]
    return found


def _sharing(kind: str, subject: Entity, facts: Facts) -> list[Entity]:
    """The entities of a kind that name the same offer, application or employer as a subject: no other is linked to it
    but as `another`."""
    if kind not in facts.sharing:
        named = facts.sharing[kind] = {}
        for item in facts.of_kind(kind):
            for name in NAMED:
                if name in item.values:
                    named.setdefault((name, item.values[name]), []).append(item)
    own = {**subject.values, "offer": subject.id} if subject.kind == "offer" else subject.values
    found = {item.id: item for name in NAMED for item in facts.sharing[kind].get((name, own.get(name, "")), ())}
    return [found[id] for id in sorted(found)]
