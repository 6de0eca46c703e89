"""The typed form of a rule, between YAML and the engines. Data only; parameters are already filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from signpost.facts.vocabulary import KINDS, Vocabulary
from signpost.rulebook.terms import Condition, Duration, Moment, Ref
from signpost.yaml_files.problems import Position


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
