"""Reads `agenda.yaml`: which advice one action settles, and the words of the cards that join it."""

from collections.abc import Mapping
from typing import Any, Final

from signpost.case.instant import DAY
from signpost.facts.policy import Policy
from signpost.names import AUDIENCES
from signpost.rulebook.acts import Acts
from signpost.rulebook.folders import Folders, folders_of, name_of
from signpost.rulebook.policy import read_policy
from signpost.rulebook.rulebook import CardKind, Per, Rulebook
from signpost.rulebook.shapes import INSTANT, NUMBER, TEXT, Many, ObjectShape, Plain, Shape
from signpost.rulebook.templates import find_text_problems, names_in
from signpost.rulebook.text_reader import place_in, read_texts, read_word
from signpost.rulebook.typed_rule import Rule, Texts
from signpost.rulebook.values import parse_duration
from signpost.rulebook.wording import check_lengths
from signpost.suggestions import meant
from signpost.yaml_files.fields import FieldReader
from signpost.yaml_files.problems import Problems
from signpost.yaml_files.reader import Node, read

FILE: Final = "agenda.yaml"
KEYS: Final = ("acts", "per", "audience", "high_before", "title", "message", "steps", "drafts")
REQUIRED: Final = ("acts", "per", "title", "message")
_SHOWN_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "item": ("items", "others", "asked"),
    "opening": ("openings",),
    "question": ("questions", "asked"),
    "point": ("questions", "asked"),
}
"""A key of a rule -> the variables by which a card shows it."""
_MAX_LENGTHS: Final = {"title": 300, "message": 1200}
"""In characters without variables; one text has the words for every case."""
_PERS: Final = tuple(per.value for per in Per)
_LEAD: Final = ObjectShape("lead", {"title": TEXT, "message": TEXT, "steps": Many(TEXT)})
VARIABLES: Final[Mapping[str, Shape]] = {
    "lead": _LEAD,
    "others": Many(TEXT),
    "items": Many(TEXT),
    "asked": Many(TEXT),
    "openings": Many(TEXT),
    "questions": Many(TEXT),
    "questions_in_words": TEXT,
    "acts": Many(TEXT),
    "stages": Many(TEXT),
    "offered": Many(TEXT),
    "deadlines": Many(INSTANT),
    "missed_deadlines": Many(INSTANT),
    "interviewed": Many(INSTANT),
    "subjects": NUMBER,
    "offers": NUMBER,
    "offers_in_words": TEXT,
    "employer": TEXT,
    "employers": Many(TEXT),
    "candidate_name": TEXT,
    "positions": Many(TEXT),
    "day": Plain("date"),
    "times": Many(INSTANT),
    "interviews": NUMBER,
    "interviewers": Many(TEXT),
    "priority": TEXT,
    "due": INSTANT,
    "salutation": TEXT,
    "signature": TEXT,
}
"""The variables of a card's texts."""
_VARIABLES: Final = frozenset(VARIABLES.items())


def read_agenda(
    folders: Folders, acts: Acts, overrides: Mapping[str, Any], problems: Problems
) -> tuple[tuple[CardKind, ...], Policy]:
    """The kinds of cards of all folders, of which one of a later folder replaces that with the same name; and the
    policy. `overrides`: what a tenant sets of it. Adds all problems to `problems`."""
    reader = _Reader(acts, problems)
    for folder in folders_of(folders):
        file = folder / FILE
        root = read(file, name_of(file, folders), problems) if file.is_file() else None
        if root is not None:
            reader.file(root)
    return reader.cards(), read_policy(reader.policies, folders, overrides, problems)


class _Reader(FieldReader):
    def __init__(self, acts: Acts, problems: Problems) -> None:
        super().__init__(problems)
        self.acts = acts
        self.found: dict[str, tuple[CardKind, Node]] = {}
        self.policies: list[Node] = []

    def file(self, root: Node) -> None:
        blocks = self.members(root, FILE, ("cards", "policy"))
        self.policies += [blocks["policy"]] if "policy" in blocks else []
        block = blocks.get("cards")
        for name, node in (self.members(block, "cards") if block else {}).items():
            body = self.members(node, f"the card {name}", KEYS, REQUIRED)
            if all(key in body for key in REQUIRED):
                self.found[name] = (self._card(name, Node(body, node.position, node.keys)), node)

    def _card(self, name: str, node: Node) -> CardKind:
        texts = read_texts(node, self.problems)
        self._check_texts(texts, node)
        check_lengths(node, _MAX_LENGTHS, self.problems)
        audience = read_word(node, "audience", AUDIENCES, self.problems) or "candidate"
        per = read_word(node, "per", _PERS, self.problems) or Per.SUBJECT
        return CardKind(name, audience, self._acts(node.value["acts"]), Per(per), texts, self._high_before(node))

    def _high_before(self, node: Node) -> int:
        if "high_before" not in node.value:
            return 0
        value = node.value["high_before"]
        known = parse_duration(value.value) if isinstance(value.value, str) else None
        if known is None or known.business_days:
            message = f"high_before cannot be {value.plain()!r}"
            self.problems.add("R021", value.position, message, "write a duration like 48h or 2d")
            return 0
        return known.days * DAY + known.microseconds

    def _acts(self, node: Node) -> tuple[str, ...]:
        phrases = self.acts.phrases()
        known = (*phrases, *(name for name in self.acts.known if name not in phrases))
        acts = self.texts(node, "acts")
        for act in acts:
            if act not in known:
                self.problems.add("R061", node.position, f"there is no act {act!r}", meant(act, known))
        return acts

    def _check_texts(self, texts: Texts, node: Node) -> None:
        for key, sources in _sources(texts).items():
            for source in sources:
                for code, message, suggestion in find_text_problems(source, _VARIABLES):
                    self.problems.add(code, place_in(node.value[key], message), message, suggestion)

    def cards(self) -> tuple[CardKind, ...]:
        """All kinds of cards; reports an act that two of them take for one audience."""
        taken: dict[tuple[str, str], str] = {}
        for card, node in self.found.values():
            for act in card.acts:
                other = taken.setdefault((card.audience, act), card.name)
                if other != card.name:
                    message = f"the act {act!r} belongs to the card {other} already"
                    self.problems.add("R062", node.position, message, "let one card take it")
        return tuple(card for card, _ in self.found.values())


def _sources(texts: Texts) -> dict[str, list[str]]:
    drafts = [source for draft in texts.drafts for source in (draft.title, draft.body)]
    return {"title": [texts.title], "message": [texts.message], "steps": list(texts.steps), "drafts": drafts}


def check_card_keys(rulebook: Rulebook, problems: Problems) -> None:
    """Report what rules write for a card that never shows it."""
    have_acts = any(rule.act for rule in rulebook.rules.values())  # then R057 asks a rule without one to declare it
    for rule in rulebook.rules.values():
        keys = [key for key in _SHOWN_AS if key in rule.places]
        if keys and rule.id not in problems.rules and (rule.act or not have_acts):
            _check_keys(rule, keys, rulebook, problems)


def _check_keys(rule: Rule, keys: list[str], rulebook: Rulebook, problems: Problems) -> None:
    card = rulebook.card_of(rule)
    if card is None:  # one cause, however many keys
        what, hint = _why_no_card(rule, rulebook)
        names = f"{' and '.join(keys)} of {rule.id} {'are' if len(keys) > 1 else 'is'}"
        problems.add("R063", rule.places[keys[0]], f"the {names} never used: {what}", hint)
        return
    for key in keys:
        if why := _why_unused(rule, key, card):
            problems.add("R063", rule.places[key], f"the {key} of {rule.id} is never used: {why[0]}", why[1])


def _why_no_card(rule: Rule, rulebook: Rulebook) -> tuple[str, str]:
    """Why a rule joins no card, and what to do."""
    if rule.act is None:
        return "the rule has no act", f"remove it, or let a card of {FILE} join the act"
    names = {str(rule.act), rule.act.name}
    other = next((card.audience for card in rulebook.cards if not names.isdisjoint(card.acts)), None)
    if other is None:
        return f"no card joins the act {str(rule.act)!r}", f"remove it, or let a card of {FILE} join the act"
    what = f"no card for {rule.audience}s joins {str(rule.act)!r}; a card for {other}s does"
    return what, f"audience: {other}?"


def _why_unused(rule: Rule, key: str, card: CardKind) -> tuple[str, str] | None:
    """Why a card does not show this key of a rule, and what to do; None if it does."""
    if key == "point" and not rule.texts.questions:
        return "the rule has no question", "write the question, or remove the point"
    sources = [source for texts in _sources(card.texts).values() for source in texts]
    used = {name for source in sources for name in names_in(source)}
    if not used.isdisjoint(_SHOWN_AS[key]) or (key == "item" and not card.texts.steps):
        return None
    return f"the card {card.name} does not show {_SHOWN_AS[key][0]}", "remove it, or name that variable in the card"
