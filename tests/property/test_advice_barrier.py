"""The audience barrier: nothing that another employer or the candidate alone knows changes a byte of an employer's
advice."""

from dataclasses import replace
from pathlib import Path
from random import Random

import orjson

from signpost.advice import advise
from signpost.case import Case, Event
from signpost.engine import CompiledEngine
from signpost.rulebook import load
from tests.support.generators import random_event, random_events, random_now
from tests.support.long_suite import number_of
from tests.support.margins import is_enough
from tests.support.rulebooks import OWN_FIELDS, shipped_engine

CASES = number_of(500)
PRIVATE = ("candidate.", "employment.", "interview.prepared", "offer.withdrawal_planned", "offer.acceptance_planned")
ELSEWHERE = ("offer.", "interview.", "application.", "contact.")
ENGINE = shipped_engine()


def unseen(random: Random, number: int) -> Event:
    """Something that no employer of the case can know: said in private, or of the candidate's dealings elsewhere."""
    while True:
        event = random_event(random, number)
        if event.type.startswith(PRIVATE) and event.type != "employment.started":
            said = {key: value for key, value in event.data.items() if key not in ("employer", "application")}
            return replace(event, id=f"z-{number}", data=said)
        if event.type.startswith(ELSEWHERE):
            moved = {
                key: f"z-{event.data[key]}" for key in ("offer", "interview", "application") if event.data.get(key)
            }
            employer = {} if event.type.startswith("contact") else {"employer": {"id": "initech", "name": "Initech"}}
            return replace(event, id=f"z-{number}", data=event.data | moved | employer)


def employers_advice(events: list[Event], now: int, engine: CompiledEngine = ENGINE) -> list[bytes]:
    """What employers read, but for the advice about the employer elsewhere, who reads what is theirs."""
    advised = advise(engine, Case().fold(*events), b"", tenant="acme", key="c-1", now=now)
    emitted = [change.data for change in advised.changes if change.audience == "employer"]
    return [orjson.dumps(data) for data in emitted if not data["subject"]["id"].startswith("z-")]


def test_employers_advice_does_not_depend_on_what_they_cannot_know() -> None:
    random, seen = Random(17), 0
    for _ in range(CASES):
        events, now = random_events(random), random_now(random)
        hidden = [unseen(random, number) for number in range(random.randint(1, 6))]
        before = employers_advice(events, now)
        assert employers_advice([*events, *hidden], now) == before
        seen += len(before)
    assert is_enough(seen, CASES, 1.0)


OWN_RULES = """
own-offer:
  about: offer
  audience: employer
  source: a
  when: {stage: open, any of: [{probation_period: above 7}, {shift: night}, {car: known}]}
  priority: {normal: from the start, high: {visa_sponsored: true}}
  due: ends_on
  title: Probation of {{ probation_period }} days
  message: "{{ shift }} {{ car }} {{ sign_on }} {{ ends_on }}"
own-interview:
  about: interview
  audience: employer
  source: a
  when: {stage: known, panel_size: above 7, any application: {for: this one, referred: true}}
  priority: normal
  title: A panel of {{ panel_size }}
  message: M
"""
PRIVATE_FIELDS = {"offer": ("fit", "decided_at"), "interview": ("impression",), "application": ("fit",)}


def without_private_fields(event: Event) -> Event:
    """The event without what only the candidate may see of its declared fields."""
    hidden = PRIVATE_FIELDS.get(event.type.partition(".")[0])
    if "custom" not in event.data:
        return event
    custom = {} if hidden is None else {k: v for k, v in event.data["custom"].items() if k not in hidden}
    return replace(event, data=event.data | {"custom": custom})


def test_employers_advice_does_not_depend_on_declared_fields_that_they_cannot_see(tmp_path: Path) -> None:
    for name, text in (("sources", "articles: {a: A}\n"), ("fields", OWN_FIELDS), ("own", OWN_RULES)):
        (tmp_path / f"{name}.yaml").write_text(text)
    engine, random, seen, differ = CompiledEngine(load(tmp_path)), Random(23), 0, 0
    for _ in range(CASES // 2):
        events, now = random_events(random), random_now(random)
        hidden = [unseen(random, number) for number in range(random.randint(1, 4))]
        before = employers_advice([*events, *hidden], now, engine)
        blind = list(map(without_private_fields, events))
        assert employers_advice(blind, now, engine) == before
        seen += len(before)
        differ += blind != events
    assert is_enough(seen, CASES // 2, 0.08)
    assert is_enough(differ, CASES // 2, 0.3)


NAME_RULES = "".join(
    f"""
names-of-{kind}:
  about: {kind}
  audience: employer
  source: a
  when: {{stage: known}}
  priority: normal
  title: T
  message: "{{{{ candidate_name }}}} {{{{ contact_name }}}} {{{{ contact_role }}}} {{{{ contact_addressed_as }}}}"
  drafts:
    letter: {{title: T, body: "{{{{ salutation }}}}, {{{{ signature }}}}"}}
"""
    for kind in ("offer", "interview", "application")
)


def test_employers_advice_names_nobody_of_whom_they_cannot_know(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("articles: {a: A}\n")
    (tmp_path / "own.yaml").write_text(NAME_RULES)
    engine, random, seen, named = CompiledEngine(load(tmp_path)), Random(29), 0, 0
    for _ in range(CASES // 2):
        events, now = random_events(random), random_now(random)
        hidden = [unseen(random, number) for number in range(random.randint(1, 6))]
        before = employers_advice(events, now, engine)
        assert employers_advice([*events, *hidden], now, engine) == before
        seen += len(before)
        named += sum(b"Dear x" in advice or b"Dear y" in advice for advice in before)
    assert is_enough(seen, CASES // 2, 1.0)
    assert is_enough(named, CASES // 2, 0.5)
