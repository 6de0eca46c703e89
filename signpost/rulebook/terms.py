"""The typed form of a rule, between YAML and the engines. Data only; parameters are already filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from signpost.case.instant import DAY
from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.yaml_files.problems import Position


class Scope(StrEnum):
    """The owner of the field that a reference names."""

    ITEM = "item"
    """The entity that the condition is about: the subject itself, or inside a relation the other entity."""
    SUBJECT = "this one's"
    CANDIDATE = "candidate's"
    DEFINED = "defined"
    """A value that the rule itself defines, on its subject."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A field or a defined value of an entity, with its type."""

    scope: Scope
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Duration:
    """Days (calendar days on a date, 24 h each on an instant), microseconds, and business days (Monday to
    Friday, at the same time of day)."""

    days: int = 0
    microseconds: int = 0
    business_days: int = 0

    @property
    def total(self) -> int:
        """Microseconds, with 24 h a day; without business days, which have no fixed length."""
        return self.days * DAY + self.microseconds


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant or date, moved by a duration (or a number of days that is itself a fact). `end`: for a date, the
    end of that day. `back_to`: a date is then moved back to the nearest "month end", or "15th or month end"."""

    base: Ref
    offset: Duration | Ref = Duration()
    sign: int = 1
    end: bool = False
    back_to: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. Terms compare equal regardless of their position."""

    position: Position = field(compare=False)


@dataclass(frozen=True, slots=True)
class Known(Term):
    """The field is known, or is unknown."""

    ref: Ref
    known: bool


@dataclass(frozen=True, slots=True)
class OneOf(Term):
    """The field is known and is (or is not) among literal values."""

    ref: Ref
    values: tuple[Any, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compare(Term):
    """Two amounts of one type, both known (money: by the year, same currency): `<`, `<=`, `>`, `>=`."""

    ref: Ref
    operator: str
    operand: Ref | int | float


@dataclass(frozen=True, slots=True)
class Same(Term):
    """Two fields, both known, are equal (or differ)."""

    ref: Ref
    other: Ref
    same: bool


@dataclass(frozen=True, slots=True)
class Lists(Term):
    """A list field is known and: `includes` one of, is `only` of, includes something `beyond` the values; or is
    `empty`, or not (`some`)."""

    ref: Ref
    mode: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Among(Term):
    """A text is known and is, ignoring case, in a known list of texts."""

    ref: Ref
    other: Ref


@dataclass(frozen=True, slots=True)
class Reached(Term):
    """`now` is at or past the moment (or, `reached` false, before it); not true where the moment is unknown."""

    moment: Moment
    reached: bool


@dataclass(frozen=True, slots=True)
class Order(Term):
    """A field's moment against another: `<`, `<=`, `>`, `>=`; not true where either is unknown."""

    left: Moment
    operator: str
    right: Moment


@dataclass(frozen=True, slots=True)
class Linked(Term):
    """How a relation's entity belongs to the subject: `for` this one, `same` employer, `another` employer."""

    how: str


Condition: TypeAlias = tuple[Term, ...]
"""All terms must hold."""


@dataclass(frozen=True, slots=True)
class AnyOf(Term):
    """At least one of several conditions."""

    alternatives: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Relation(Term):
    """At least `number` entities of a kind (`fewer`: fewer than that), other than the subject where `other`, meet
    a condition."""

    name: str = field(compare=False)
    kind: str
    number: int
    other: bool
    fewer: bool
    where: Condition


@dataclass(frozen=True, slots=True)
class Level:
    """A priority that applies while its condition holds; the last such level wins."""

    priority: str
    when: Condition
    position: Position


@dataclass(frozen=True, slots=True)
class Choice:
    """One alternative of a defined value: a moment, a duration, a number or a field, where its condition holds."""

    value: Moment | Duration | Ref | int | float
    when: Condition = ()


@dataclass(frozen=True, slots=True)
class Defined:
    """A value that a rule defines: the first alternative that holds and is known."""

    name: str
    type: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A text ready to send: Jinja source of its title and body."""

    name: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a recommendation, as Jinja sources. On a card that joins several: `item`, its line in the list;
    `opening`, its sentences at the beginning of the joined letter; `questions`, what the letter asks."""

    title: str
    message: str
    steps: tuple[str, ...] = ()
    drafts: tuple[Draft, ...] = ()
    item: str = ""
    opening: str = ""
    questions: tuple[str, ...] = ()

    def sources(self) -> Iterator[str]:
        """The sources of all texts."""
        yield from (self.title, self.message, *self.steps, self.item, *self.letter_sources())

    def letter_sources(self) -> Iterator[str]:
        """The sources of the texts that the reader of the advice sends to another."""
        yield from (self.opening, *self.questions)
        for draft in self.drafts:
            yield from (draft.title, draft.body)


@dataclass(frozen=True, slots=True)
class ArticleSource:
    """The evidence behind a rule: an article's id and title, and the declared norms."""

    article: str
    title: str
    norms: tuple[Mapping[str, Any], ...] = ()


class Reach(StrEnum):
    """Whose advice an act replaces, seen from the subject of its own rule."""

    SAME_SUBJECT = "same subject"
    OTHER_SUBJECT = "other subject"
    SAME_EMPLOYER = "same employer"
    OTHER_EMPLOYER = "other employer"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class Act:
    """What a rule would have the person do. `rank`: its place in `acts.yaml`; an act can replace only later ones.
    `counterpart`: whom it addresses."""

    name: str
    rank: int
    replaces: tuple[tuple[Reach, str], ...] = ()
    counterpart: str | None = None

    def excludes_about_one(self, other: "Act") -> bool:
        """Whether this act replaces another about the same subject."""
        reaches = (Reach.SAME_SUBJECT, Reach.SAME_EMPLOYER, Reach.ANYWHERE)
        return any((reach, other.name) in self.replaces for reach in reaches)

    def __str__(self) -> str:
        return f"{self.name} {self.counterpart}" if self.counterpart else self.name


@dataclass(frozen=True, slots=True)
class Implied:
    """An event that advice implies when it is done: its short type and its data, without the subject."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """One piece of advice, checked and typed."""

    id: str
    topic: str
    audience: str
    about: str
    source: ArticleSource
    when: Condition
    levels: tuple[Level, ...]
    texts: Texts
    position: Position
    valid: Moment | None = None
    due: Moment | None = None
    defined: tuple[Defined, ...] = ()
    suppresses: tuple[str, ...] = ()
    opposes: tuple[str, ...] = ()
    """Rules with opposite advice, which must never hold for the same subject at once."""
    attaches: str | None = None
    act: Act | None = None
    weight: float = 0
    """Orders cards of one priority and due time, and what one card joins; more comes first."""
    point: str = ""
    """Questions of rules with one point are one numbered point of the joined letter; empty: its own."""
    implies: tuple[Implied, ...] = ()
    done_since: str | None = None
    """A field of the subject, an instant: an answer `done` from before it does not count."""
    reworded: tuple[str, ...] = ()
    """The keys whose words are those of a `words.yaml`."""
    replaced: Texts | None = None
    """The texts before that; what they use counts as used."""
    lasting: str | None = None
    """Why it has no end; None: it ends."""
    params: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, Position] = field(default_factory=dict, compare=False)
    """Positions of its keys and their items: `due`, `define.NAME`, `suppresses.RULE`, `opposes.RULE`."""
    vocabulary: Vocabulary = field(default=KINDS, compare=False, repr=False)
    """The fields that it can use."""


def walk(condition: Condition) -> Iterator[Term]:
    """All terms, including those inside relations and alternatives."""
    for term in condition:
        yield term
        if isinstance(term, Relation):
            yield from walk(term.where)
        elif isinstance(term, AnyOf):
            for alternative in term.alternatives:
                yield from walk(alternative)


def is_timed(term: Term) -> bool:
    """Whether the passage of time alone can change the result."""
    return any(isinstance(inner, Reached) for inner in walk((term,)))
