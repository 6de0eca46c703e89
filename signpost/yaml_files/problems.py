"""Problems of YAML files, each with a position, a stable code and a suggestion. Reads no file."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from signpost.errors import CallerError
from signpost.suggestions import nearest


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A position in a file: its name as given, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def below(self, folder: Path) -> "Position":
        """The same position with a file of this folder named by its path; other files stay as given."""
        path = folder / self.file
        return replace(self, file=str(path)) if Path(self.file).name == self.file and path.exists() else self


CODES = {
    "R001": "the file cannot be read as YAML",
    "R002": "a value or a file is missing or empty",
    "R003": "a key is not plain text",
    "R004": "a key is repeated",
    "R005": "YAML reads the value as another type than it looks like",
    "R006": "wrong shape: a mapping, list or text is expected",
    "R007": "a file is not read, or not as what it holds: it has another name or place",
    "R008": "a folder within the folder has rules, which are not read",
    "R010": "unknown key of a rule",
    "R011": "a required key is missing",
    "R012": "a rule id or name is malformed, or already used",
    "R013": "unknown value: audience, kind, priority, attachment",
    "R014": "unknown article or norm",
    "R015": "a review date is not a date",
    "R016": "a norm was last reviewed too long ago",
    "R017": "an article or norm is declared, but no rule uses it",
    "R018": "a review date is in the future",
    "R020": "unknown field",
    "R021": "the value does not fit the field's type",
    "R022": "a phrase cannot be understood",
    "R023": "unknown reference",
    "R024": "a duration written where a named parameter belongs",
    "R025": "conditions contradict each other",
    "R026": "a condition is repeated",
    "R027": "a relation cannot be understood",
    "R028": "a condition is redundant",
    "R030": "an escalation can never be reached",
    "R031": "no priority applies from the start",
    "R032": "an escalation, a condition or the due time is after the validity",
    "R033": "an alternative of a defined value is never used",
    "R034": "the condition of a defined value depends on the present time",
    "R040": "a text cannot be parsed",
    "R041": "a text names an unknown variable",
    "R042": "a text is too long",
    "R043": "a text uses an unknown filter, a filter that does not fit, or an expression that texts cannot use",
    "R044": "a text can be empty, or fails",
    "R045": "a title is too long with long names",
    "R046": "a text can become too long, or takes too many steps",
    "R047": "braces of a text are single or lack their other half, and are shown as they stand",
    "R050": "a suppressed or opposed rule does not exist or has another subject, or rules suppress each other",
    "R051": "a parameter is not used",
    "R052": "an override names an unknown rule or parameter, or has another type",
    "R053": "a defined value is not used",
    "R054": "a rule is suppressed whenever it holds",
    "R055": "two rules give opposite advice at the same time",
    "R056": "a rule has no end",
    "R057": "the act of a rule is missing or unknown",
    "R058": "an act replaces an unknown act, or one that is not after it",
    "R059": "what a rule implies is no event about its subject",
    "R060": "an employer's rule could read what that employer does not know",
    "R061": "a card joins the advice of an act that does not exist",
    "R062": "two cards join the advice of one act",
    "R063": "what a rule writes for a card is never used",
    "R070": "a rule has no timeline",
    "R071": "a timeline names a rule that does not exist",
    "R072": "a timeline names a subject that none of its events names",
}
EMPTY = "the file is empty"
WARNINGS = frozenset(("R008", "R016", "R017", "R018", "R028", "R033", "R045"))
"""Codes that `rules check` reports as warnings: the rulebook stays usable."""
MAX_TEXT_LENGTH = 500
"""Of a message or suggestion, in characters; both may quote the file."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem: its position, code, message and what to do."""

    position: Position
    code: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.position}: {self.code} {'warning: ' if self.is_warning else ''}{self.message}{hint}"

    @property
    def is_warning(self) -> bool:
        """Whether the rulebook can be used despite the problem."""
        return self.code in WARNINGS


@dataclass(slots=True)
class Problems:
    """Collects the problems of every step of loading."""

    found: list[Problem] = field(default_factory=list)
    rules: set[str] = field(default_factory=set)
    """The rules with a problem; later checks skip them."""

    fields: set[str] = field(default_factory=set)
    """The own fields whose declaration has a problem: what follows from it is not reported."""

    @property
    def has_unread_file(self) -> bool:
        """Whether a file could not be read as YAML, or is empty, so that nothing of it is known."""
        return any(problem.code == "R001" or problem.message == EMPTY for problem in self.found)

    def may_be_declared(self, name: str) -> bool:
        """Whether an unknown name can be that of an own field whose declaration has a problem."""
        return name in self.fields or bool(nearest(name, self.fields))

    def may_exist(self, rule_id: str) -> bool:
        """Whether an unknown rule can be in a file or rule that could not be read."""
        return rule_id in self.rules or self.has_unread_file

    def add(self, code: str, position: Position, message: str, suggestion: str = "") -> None:
        """Add a problem; loading continues, to find the others. Raises KeyError for an unknown code."""
        if code not in CODES:
            raise KeyError(code)
        self.found.append(Problem(position, code, _shorten(message), _shorten(suggestion)))


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_TEXT_LENGTH else text[:MAX_TEXT_LENGTH] + "..."


class FileError(CallerError):
    """A file that cannot be used; `problems` lists every reason, sorted by position."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def in_folder(problems: Iterable[Problem], folder: Path) -> list[Problem]:
    """The problems with files of this folder named by their path, so that an editor can open the position."""
    return [replace(problem, position=problem.position.below(folder)) for problem in problems]
