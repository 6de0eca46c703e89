"""Limits an explanation to what its audience may see: an employer sees only what it already knows. Pure."""

from collections.abc import Iterable

from signpost.advice.evidence import Fact, fact_of
from signpost.engine.conditions import items
from signpost.engine.environment import Env
from signpost.engine.links import is_linked
from signpost.facts.entity import agree
from signpost.facts.facts import Entity, Facts
from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.rulebook.analysis.barrier import LINKS, MAYBE_PRIVATE_KINDS
from signpost.rulebook.analysis.guarantees import ALWAYS_KNOWN
from signpost.rulebook.terms import Linked, Ref, Relation, Scope
from signpost.rulebook.typed_rule import Rule


def subjects(rule: Rule, facts: Facts) -> list[Entity]:
    """The subjects for which a rule can be explained."""
    entities = facts.of_kind(rule.about)
    if rule.audience == "candidate":
        return entities
    return [entity for entity in entities if _is_public(entity, rule.vocabulary)]


def seen_items(rule: Rule, relation: Relation, env: Env) -> list[Entity]:
    """The entities that an explanation may show for a relation; for an employer only its own."""
    related = items(relation)(env)
    if rule.audience == "candidate":
        return related
    return [item for item in related if _is_theirs(item, env.subject, rule.vocabulary)]


def link_refs(link: Linked, env: Env) -> list[Ref]:
    """The fields that decide whether an entity is linked to the subject as a relation requires."""
    item, subject = env.item, env.subject
    if link.how == "another" and agree(item, subject, "employer_name"):
        return _both_sides(("employer_name",), env)
    if link.how != "for" and "employer" in item.values and "employer" in subject.values:
        return _both_sides(("employer",), env)
    if link.how == "another":
        return _both_sides(("employer",), env)
    if item.kind == "contact" and subject.kind == "offer" and "offer" in item.values:
        return [Ref(Scope.ITEM, "offer", "text")]
    shared = [name for name in ("application", "employer") if name in item.values and name in subject.values]
    return _both_sides(shared[:1] or ("application", "employer"), env)


def link_facts(link: Linked, env: Env) -> list[Fact]:
    """The fields of `link_refs` as facts."""
    return [fact_of(ref, env) for ref in link_refs(link, env)]


def _both_sides(names: Iterable[str], env: Env) -> list[Ref]:
    sides = ((Scope.ITEM, env.item), (Scope.SUBJECT, env.subject))
    return [Ref(scope, name, "text") for name in names for scope, entity in sides if name in KINDS[entity.kind]]


def _is_theirs(item: Entity, subject: Entity, vocabulary: Vocabulary) -> bool:
    return _is_public(item, vocabulary) and (is_linked("for", item, subject) or is_linked("same", item, subject))


def _is_public(entity: Entity, vocabulary: Vocabulary) -> bool:
    """Whether the entity has any field that is not private to the candidate (see `barrier`)."""
    ignored = (*LINKS, *ALWAYS_KNOWN.get(entity.kind, ()))
    fields = vocabulary[entity.kind]
    public = (name for name in entity.values if name in fields and name not in ignored and not fields[name].private)
    return entity.kind not in MAYBE_PRIVATE_KINDS or any(public)
