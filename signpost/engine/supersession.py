"""Decides which of the advice that holds takes the place of other advice: by the rules' own `suppresses`, then by their
acts. Pure."""

from collections.abc import Mapping

from signpost.engine.compiled import Answer, begin_us
from signpost.engine.links import is_linked
from signpost.rulebook.typed_rule import Reach


def suppressors(current: Mapping[str, Answer], set_aside: Mapping[str, int | None]) -> dict[str, str]:
    """Suppressed key -> the key of the advice that takes its place. `current`: all advice that holds, by key.
    `set_aside`: the advice that was dismissed (None), or is snoozed and until when (microseconds), by key.

    Acts are decided in the order of `acts.yaml`; advice that is itself suppressed, or was dismissed, replaces nothing.
    So no two acts that exclude each other remain.
    """
    dismissed = {key for key, until in set_aside.items() if until is None}
    found = _named(current, set_aside)
    remaining: list[Answer] = []
    for key in sorted(
        (key for key in current if key not in found and current[key].rule.act), key=lambda key: _order(current[key])
    ):
        by = next((other for other in remaining if replaces(other, current[key])), None)
        if by is not None:
            found[key] = by.key
        elif key not in dismissed and (act := current[key].rule.act) and act.replaces:
            remaining.append(current[key])
    return found


def _named(current: Mapping[str, Answer], set_aside: Mapping[str, int | None]) -> dict[str, str]:
    """Suppressed key -> the key of the rule that names it under `suppresses`."""
    found: dict[str, str] = {}
    for key in sorted(current):
        answer = current[key]
        for rule in answer.rule.suppresses:
            target = f"{rule}@{answer.subject.kind}/{answer.subject.id}"
            if target in current and not (key in set_aside and _is_missed(current[target], set_aside[key])):
                found.setdefault(target, key)
    return found


def _is_missed(answer: Answer, until: int | None) -> bool:
    """Whether advice is due before what stands in for it comes back, at `until` (microseconds; None: never)."""
    return until is None or (answer.due is not None and answer.due <= until)


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
