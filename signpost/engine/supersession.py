"""Decides which of the advice that holds takes the place of other advice: by the rules' own `suppresses`, then by their
acts. Pure."""

from collections.abc import Mapping

from signpost.engine.compiled import Answer, begin_us
from signpost.engine.links import is_linked
from signpost.rulebook.terms import Reach


def suppressors(current: Mapping[str, Answer]) -> dict[str, str]:
    """Suppressed key -> the key of the advice that takes its place. `current`: all advice that holds, by key.

    Acts are decided in the order of `acts.yaml`; advice that is itself suppressed replaces nothing by its act. So no
    two acts that exclude each other remain.
    """
    found = _named(current)
    remaining: list[Answer] = []
    for key in sorted(
        (key for key in current if key not in found and current[key].rule.act), key=lambda key: _order(current[key])
    ):
        by = next((other for other in remaining if replaces(other, current[key])), None)
        if by is not None:
            found[key] = by.key
        elif (act := current[key].rule.act) and act.replaces:
            remaining.append(current[key])
    return found


def _named(current: Mapping[str, Answer]) -> dict[str, str]:
    """Suppressed key -> the key of the rule that names it under `suppresses`."""
    found: dict[str, str] = {}
    for key in sorted(current):
        answer = current[key]
        for rule in answer.rule.suppresses:
            target = f"{rule}@{answer.subject.kind}/{answer.subject.id}"
            if target in current:
                found.setdefault(target, key)
    return found


def _order(answer: Answer) -> tuple[int, int, str]:
    """Earlier acts first; of one act, the subject that began later."""
    act = answer.rule.act
    return act.rank if act else 0, -begin_us(answer.subject), answer.key


def replaces(one: Answer, other: Answer) -> bool:
    """Whether the act of one piece of advice excludes that of another and takes its place."""
    first, second = one.rule.act, other.rule.act
    if first is None or second is None or one.rule.audience != other.rule.audience:
        return False
    return any(name == second.name and _reaches(reach, one, other) for reach, name in first.replaces)


def _reaches(reach: Reach, one: Answer, other: Answer) -> bool:
    mine, theirs = one.subject, other.subject
    is_same = (mine.kind, mine.id) == (theirs.kind, theirs.id)
    if one.rule.audience == "employer" and not (is_same or is_linked("same", theirs, mine)):
        return False
    match reach:
        case Reach.SAME_SUBJECT:
            return is_same
        case Reach.OTHER_SUBJECT:
            return not is_same
        case Reach.SAME_EMPLOYER:
            return is_same or is_linked("same", theirs, mine)
        case Reach.OTHER_EMPLOYER:
            return is_linked("another", theirs, mine)
    return True
