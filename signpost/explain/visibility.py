"""Sight: whom an explanation may speak of. An employer's rule shows nothing that this employer does not know. Pure."""

from collections.abc import Iterable

from signpost.advice.evidence import Fact, fact_of
from signpost.engine.conditions import items
from signpost.engine.environment import Env
from signpost.engine.links import is_linked
from signpost.facts.facts import Entity, Facts
from signpost.facts.vocabulary import KINDS
from signpost.rulebook.analysis.barrier import LINKS, TOLD_IN_PRIVATE
from signpost.rulebook.analysis.guarantees import ALWAYS_KNOWN
from signpost.rulebook.terms import Linked, Ref, Relation, Rule, Scope


def subjects(rule: Rule, facts: Facts) -> list[Entity]:
    """The subjects that a rule can be explained of."""
    return [one for one in facts.of_kind(rule.about) if rule.audience == "candidate" or _is_public(one)]


def seen_items(rule: Rule, relation: Relation, env: Env) -> list[Entity]:
    """The entities that an explanation may show for a relation; an employer's are those of this very employer."""
    found = items(relation)(env)
    return found if rule.audience == "candidate" else [one for one in found if _is_theirs(one, env.subject)]


def link_refs(link: Linked, env: Env) -> list[Ref]:
    """The fields that tell whether an entity belongs to the subject as a relation asks."""
    item, subject = env.item, env.subject
    if link.how != "for" and "employer" in item.values and "employer" in subject.values:
        return _both_sides(("employer",), env)
    if link.how == "another":
        return _both_sides(("employer",), env)
    if item.kind == "contact" and subject.kind == "offer" and "offer" in item.values:
        return [Ref(Scope.ITEM, "offer", "text")]
    shared = [name for name in ("application", "employer") if name in item.values and name in subject.values]
    return _both_sides(shared[:1] or ("application", "employer"), env)


def link_facts(link: Linked, env: Env) -> list[Fact]:
    """Those fields as facts."""
    return [fact_of(ref, env) for ref in link_refs(link, env)]


def _both_sides(names: Iterable[str], env: Env) -> list[Ref]:
    sides = ((Scope.ITEM, env.item), (Scope.SUBJECT, env.subject))
    return [Ref(scope, name, "text") for name in names for scope, one in sides if name in KINDS[one.kind]]


def _is_theirs(item: Entity, subject: Entity) -> bool:
    return _is_public(item) and (is_linked("for", item, subject) or is_linked("same", item, subject))


def _is_public(entity: Entity) -> bool:
    """Whether anything is known of it that the candidate did not say in private (compare `barrier`)."""
    aside = (*LINKS, *ALWAYS_KNOWN.get(entity.kind, ()))
    fields = KINDS[entity.kind]
    told = (name for name in entity.values if name in fields and name not in aside and not fields[name].private)
    return entity.kind not in TOLD_IN_PRIVATE or any(told)
