"""Problems of YAML files: all of a file in one pass, each with its place, a stable code and a suggestion."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from signpost.errors import CallerError


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where something stands: file as given, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def below(self, folder: Path) -> "Position":
        """The same place with a file of this folder named by its path; any other file stays as given."""
        path = folder / self.file
        return replace(self, file=str(path)) if Path(self.file).name == self.file and path.exists() else self


CODES = {
    "R001": "the file cannot be read as YAML",
    "R002": "nothing is there",
    "R003": "a key is not plain text",
    "R004": "a key stands twice",
    "R005": "a YAML trap: the value is not what it looks like",
    "R006": "wrong shape: a mapping, list or text is expected",
    "R010": "unknown key of a rule",
    "R011": "a required key is missing",
    "R012": "a rule id or name is malformed, or stands in two files",
    "R013": "unknown word: audience, kind, priority, attachment",
    "R014": "unknown article or norm",
    "R015": "a review date is no date",
    "R016": "a norm was last reviewed too long ago",
    "R017": "an article or norm is declared, and no rule names it",
    "R018": "a review date lies in the future",
    "R020": "unknown field",
    "R021": "the value does not fit the field's type",
    "R022": "a phrase cannot be understood",
    "R023": "unknown reference",
    "R024": "a duration written where a named parameter belongs",
    "R025": "conditions contradict each other",
    "R026": "a condition stands twice",
    "R027": "a relation cannot be understood",
    "R028": "a condition says nothing that the others do not say",
    "R030": "an escalation can never be reached",
    "R031": "no priority from the start",
    "R032": "an escalation, a condition or the due time lies beyond the validity",
    "R033": "an alternative of a defined value never counts",
    "R040": "a text cannot be parsed",
    "R041": "a text names an unknown variable",
    "R042": "a text is too long",
    "R043": "a text uses an unknown filter, a filter that does not fit, or what texts may not do",
    "R044": "a text can come out empty, or fails",
    "R045": "a title is too long where names are long",
    "R050": "a suppressed or opposed rule does not exist or speaks of another subject, or rules suppress in a circle",
    "R051": "a parameter is not used",
    "R052": "an override names an unknown rule or parameter, or has another type",
    "R053": "a defined value is not used",
    "R054": "a rule is suppressed whenever it holds",
    "R055": "two rules say opposite things at the same time",
    "R060": "an employer's rule could see what that employer does not know",
    "R070": "a rule has no timeline",
    "R071": "a timeline speaks of a rule that does not exist",
}
WARNINGS = frozenset(("R016", "R017", "R018", "R028", "R033", "R045"))
"""What is worth a look, and harms nobody."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong, where, and what to do."""

    position: Position
    code: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.position}: {self.code} {'warning: ' if self.is_warning else ''}{self.message}{hint}"

    @property
    def is_warning(self) -> bool:
        """Whether the rulebook can be used all the same."""
        return self.code in WARNINGS


@dataclass(slots=True)
class Problems:
    """The list that every step of loading adds to."""

    found: list[Problem] = field(default_factory=list)
    rules: set[str] = field(default_factory=set)
    """The rules in which something is wrong, so that nothing more can be told of them."""

    def may_exist(self, rule_id: str) -> bool:
        """Whether a rule that is not known may stand in a file or rule that could not be read."""
        return rule_id in self.rules or any(one.code == "R001" for one in self.found)

    def add(self, code: str, position: Position, message: str, suggestion: str = "") -> None:
        """Note a problem; loading goes on, to find the others too."""
        if code not in CODES:
            raise KeyError(code)
        self.found.append(Problem(position, code, message, suggestion))


class FileError(CallerError):
    """A file that cannot be used; `problems` has every reason, sorted by place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


def in_folder(problems: Iterable[Problem], folder: Path) -> list[Problem]:
    """The problems with the files of a rulebook's folder named by their path, so that an editor can open the place."""
    return [replace(one, position=one.position.below(folder)) for one in problems]
