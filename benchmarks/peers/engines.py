"""Other rule engines with flat rules over ready facts: prints the microseconds of processor time for each case.

Compares the answers with those expected, and fails if any differs.
"""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any, TypeAlias

from benchmarks.peers.environment import RESULT

Tests: TypeAlias = list[dict[str, Any]]
Kinds: TypeAlias = dict[str, list[tuple[str, Tests]]]
Case: TypeAlias = dict[str, list[dict[str, Any]]]
Answer: TypeAlias = tuple[str, str, int]
Evaluate: TypeAlias = Callable[[Case], set[Answer]]
SYMBOLS = {"$lt": "<", "$lte": "<=", "$gt": ">", "$gte": ">=", "$neq": "!="}
NUMBER = "n"
MAX_RULES = 40


def parts_of(test: dict[str, Any]) -> tuple[str, str, Any]:
    """The operator of a test, its property and its value."""
    [(name, value)] = test.items()
    if not name.startswith("$"):
        return "==", name, value
    [(prop, operand)] = value.items()
    return name, prop, operand


def durable_host(kinds: Kinds) -> Evaluate:
    """durable-rules through its documented `Host`."""
    from durable import engine as durable

    found: set[Answer] = set()

    def action(kind: str, rule: str) -> Callable[[Any], None]:
        return lambda c: found.add((kind, rule, int(c.m.n)))

    rulesets: dict[str, Any] = {}
    read: dict[str, set[str]] = {}
    for kind, rules in kinds.items():
        for start in range(0, len(rules), MAX_RULES):
            chunk = rules[start : start + MAX_RULES]
            definition: dict[str, Any] = {
                f"r{number}": {"all": [{"m": {"$and": tests}}], "run": action(kind, rule)}
                for number, (rule, tests) in enumerate(chunk)
            }
            definition["always"] = {"all": [{"m": {NUMBER: 0}}], "run": lambda c: None}
            rulesets[f"{kind}{start}"] = definition
            read[f"{kind}{start}"] = {"sid", NUMBER, *(parts_of(test)[1] for _, tests in chunk for test in tests)}
    host = durable.Host()
    host.set_rulesets(rulesets)

    def evaluate(case: Case) -> set[Answer]:
        found.clear()
        for name in rulesets:
            facts = case[name.rstrip("0123456789")]
            for fact in facts:
                # A fact of more than 255 properties may end the process
                known = {prop: value for prop, value in fact.items() if prop in read[name]}
                # It raises for a fact that no rule holds for
                with suppress(durable.MessageNotHandledException):
                    host.assert_fact(name, known)
            if facts:
                host.delete_state(name, "s")
        return set(found)

    return evaluate


def clips(kinds: Kinds) -> Evaluate:
    """CLIPS through clipspy: a template for each kind, a rule for each flat rule."""
    import clips as library

    environment = library.Environment()
    found: set[Answer] = set()
    names = [(kind, rule) for kind, rules in kinds.items() for rule, _ in rules]
    environment.define_function(lambda rule, fact: found.add((*names[int(rule)], int(fact))), name="hold")
    templates = {}
    for kind, rules in kinds.items():
        slots = {NUMBER, *(parts_of(test)[1] for _, tests in rules for test in tests)}
        body = " ".join(f"(slot {slot} (default nil))" for slot in sorted(slots))
        environment.build(f"(deftemplate {kind} {body})")
        templates[kind] = (environment.find_template(kind), slots)
    for index, (kind, tests) in enumerate((kind, tests) for kind, rules in kinds.items() for _, tests in rules):
        environment.build(f"(defrule r{index} {_clips_pattern(kind, tests)} => (hold {index} ?n))")

    def evaluate(case: Case) -> set[Answer]:
        found.clear()
        environment.reset()
        for kind, facts in case.items():
            template, slots = templates[kind]
            for fact in facts:
                template.assert_fact(**{name: _clips_value(value) for name, value in fact.items() if name in slots})
        environment.run()
        return set(found)

    def _clips_value(value: Any) -> Any:
        return library.Symbol(str(value).upper()) if isinstance(value, bool) else value

    return evaluate


def _clips_pattern(kind: str, tests: Tests) -> str:
    conditions: dict[str, list[str]] = {NUMBER: ["?n"]}
    for number, test in enumerate(tests):
        operator, name, value = parts_of(test)
        literal = str(value).upper() if isinstance(value, bool) else json.dumps(value)
        variable = f"?v{number}"
        if operator == "==":
            conditions.setdefault(name, []).append(literal)
        elif operator in ("$ex", "$nex"):
            conditions.setdefault(name, []).append("~nil" if operator == "$ex" else "nil")
        elif operator == "$neq":
            conditions.setdefault(name, []).append(f"~{literal}")
        else:
            compared = f"(and (numberp {variable}) ({SYMBOLS[operator]} {variable} {literal}))"
            conditions.setdefault(name, []).append(f"{variable}&:{compared}")
    slots = " ".join(f"({name} {'&'.join(parts)})" for name, parts in conditions.items())
    return f"({kind} {slots})"


def zen(kinds: Kinds) -> Evaluate:
    """zen-engine: one compiled expression for each rule."""
    import zen as library

    compiled = {
        kind: [(rule, library.compile_expression(_expression(tests, "null", "and"))) for rule, tests in rules]
        for kind, rules in kinds.items()
    }
    return _each(compiled, _slots(kinds), lambda expression, fact: bool(expression.evaluate(fact)))


def rule_engine(kinds: Kinds) -> Evaluate:
    """rule-engine: one rule object for each rule; unknown properties are null."""
    import rule_engine as library

    context = library.Context(default_value=None)
    compiled = {
        kind: [(rule, library.Rule(_expression(tests, "null", "and"), context=context)) for rule, tests in rules]
        for kind, rules in kinds.items()
    }
    return _each(compiled, _slots(kinds), lambda rule, fact: bool(rule.matches(fact)))


def _expression(tests: Tests, null: str, conjunction: str) -> str:
    parts = []
    for test in tests:
        operator, name, value = parts_of(test)
        if operator in ("$ex", "$nex"):
            parts.append(f"{name} {'!=' if operator == '$ex' else '=='} {null}")
            continue
        known = f"{name} != {null} {conjunction} " if operator in SYMBOLS else ""
        parts.append(f"({known}{name} {SYMBOLS.get(operator, operator)} {json.dumps(value)})")
    return f" {conjunction} ".join(parts)


def _slots(kinds: Kinds) -> dict[str, set[str]]:
    return {
        kind: {parts_of(test)[1] for _, tests in rules for test in tests} | {NUMBER} for kind, rules in kinds.items()
    }


def _each(
    compiled: dict[str, list[tuple[str, Any]]], slots: dict[str, set[str]], holds: Callable[[Any, Any], bool]
) -> Evaluate:
    def evaluate(case: Case) -> set[Answer]:
        return {
            (kind, rule, fact[NUMBER])
            for kind, facts in case.items()
            for fact in ({**dict.fromkeys(slots[kind]), **one} for one in facts)
            for rule, expression in compiled[kind]
            if holds(expression, fact)
        }

    return evaluate


ENGINES: dict[str, Callable[[Kinds], Evaluate]] = {
    "durable_host": durable_host,
    "clips": clips,
    "zen": zen,
    "rule_engine": rule_engine,
}


def main(name: str, path: str) -> None:
    """Evaluate all cases several times; the fastest counts."""
    work = json.loads(Path(path).read_text(encoding="utf-8"))
    evaluate = ENGINES[name](work["kinds"])
    best = float("inf")
    for _ in range(work["repeats"]):
        started = process_time()
        answers = [evaluate(case) for case in work["cases"]]
        best = min(best, process_time() - started)
    for number, (found, expected) in enumerate(zip(answers, work["expected"], strict=True)):
        if sorted(map(list, found)) != expected:
            difference = {tuple(one) for one in expected} ^ found
            sys.exit(f"{name} answers otherwise about case {number}: {sorted(difference)[:5]}")
    print(f"{RESULT}{best / len(work['cases']) * 1e6}")


if __name__ == "__main__":
    main(*sys.argv[1:])
