"""A browser without scripts for tests of the page: signs in, follows links, sends forms, and checks the HTML."""

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.intake_parts import NORTH_KEY, Intake

VOID: Final = frozenset({"meta", "link", "input", "br", "img", "hr", "wbr", "line", "rect"})
FIELDS: Final = frozenset({"input", "select", "textarea"})
HEADINGS: Final = re.compile("h[1-6]")


@dataclass
class Element:
    """An element with its attributes and everything inside it."""

    tag: str
    attributes: dict[str, str]
    children: "list[Element | str]" = field(default_factory=list)

    def all(self, tag: str = "", **attributes: str) -> "list[Element]":
        """Return the elements inside with this tag and these attributes; `class_`: one of its classes."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if child.matches(tag, attributes):
                    found.append(child)
                found += child.all(tag, **attributes)
        return found

    def first(self, tag: str = "", **attributes: str) -> "Element":
        """Return the first of `all`."""
        return self.all(tag, **attributes)[0]

    def matches(self, tag: str, attributes: dict[str, str]) -> bool:
        """Return whether it has the tag and the attributes."""
        classes = self.attributes.get("class", "").split()
        return tag in ("", self.tag) and all(
            value in classes if name == "class_" else self.attributes.get(name) == value
            for name, value in attributes.items()
        )

    @property
    def text(self) -> str:
        """Return all text in it, with single spaces."""
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join(" ".join(parts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = Counter(name for name, _ in attrs)
        self.problems += [f"<{tag}> has {name} twice" for name, count in names.items() if count > 1]
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag == tag:
            self.open.pop()
        else:
            self.problems.append(f"</{tag}> ends <{self.open[-1].tag}>")

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(html: str) -> Element:
    """Return the document, after `faults` finds none in it."""
    reader = _Reader()
    reader.feed(html)
    unclosed = [f"<{one.tag}> is not closed" for one in reader.open[1:]]
    problems = [*reader.problems, *unclosed, *_faults(reader.root)]
    assert problems == []
    return reader.root


def _faults(root: Element) -> list[str]:
    elements = root.all()
    ids = Counter(one.attributes["id"] for one in elements if "id" in one.attributes)
    found = [f"the id {name} is used {count} times" for name, count in ids.items() if count > 1]
    labels = {one.attributes["for"] for one in elements if one.tag == "label" and "for" in one.attributes}
    for one in elements:
        if one.tag in FIELDS and one.attributes.get("type") != "hidden" and not _has_label(one, labels):
            found.append(f"<{one.tag} {one.attributes}> has no label")
        found += [f"<{one.tag}> has {name}" for name in one.attributes if name == "style" or name.startswith("on")]
        if one.tag in ("style", "script") and one.text:
            found.append(f"<{one.tag}> is inline")
        if one.tag == "img" and "alt" not in one.attributes:
            found.append("<img> has no alt")
        if one.tag == "button" and not one.text:
            found.append("<button> has no text")
        if one.tag == "form" and one.attributes.get("method") == "post" and not one.all("input", name="form"):
            found.append(f"the form to {one.attributes.get('action')} has no token")
        targets = ("aria-labelledby", "aria-describedby", "for")
        found += [
            f"no element {one.attributes[name]}" for name in targets if one.attributes.get(name, "") not in {"", *ids}
        ]
    return [*found, *_heading_faults(elements), *_document_faults(root)]


def _has_label(one: Element, labels: set[str]) -> bool:
    return one.attributes.get("id") in labels or "aria-label" in one.attributes


def _heading_faults(elements: list[Element]) -> list[str]:
    levels = [int(one.tag[1]) for one in elements if HEADINGS.fullmatch(one.tag)]
    found = [] if levels.count(1) == 1 else [f"{levels.count(1)} headings of the first level"]
    steps = itertools.pairwise(levels)
    return found + [f"h{after} follows h{before}" for before, after in steps if after > before + 1]


def _document_faults(root: Element) -> list[str]:
    named = root.all("html") and root.first("html").attributes.get("lang")
    found = [] if named else ["the document says no language"]
    found += [] if len(root.all("main")) == 1 else ["there is not one <main>"]
    return found + ([] if root.all("title") and root.first("title").text else ["there is no title"])


@dataclass
class Reader:
    """A person with a browser, who has signed in."""

    client: FlaskClient

    def get(self, path: str, status: int = 200) -> Element:
        """Return a page."""
        return check(self.client.get(path, headers={"Accept": "text/html"}), status)

    def send(self, page: Element, action: str, status: int = 200, **values: Any) -> Element:
        """Send the form of a page with this action; return the page to which it leads."""
        form = next(one for one in page.all("form") if one.attributes["action"].partition("#")[0] == action)
        data = {
            one.attributes["name"]: one.attributes.get("value", "")
            for one in form.all("input")
            if "name" in one.attributes
        }
        answer = self.client.post(action, data=data | values, follow_redirects=True)
        return check(answer, status)


def check(answer: TestResponse, status: int = 200) -> Element:
    """Return the page of an answer that may be shown: well-formed, and unable to load anything from elsewhere."""
    assert answer.status_code == status, answer.text[:2000]
    assert answer.mimetype == "text/html"
    assert "'unsafe" not in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    return parse(answer.text)


def sign_in(intake: Intake, key: str = NORTH_KEY) -> Reader:
    """Return a browser that has signed in with an API key."""
    reader = Reader(intake.client.application.test_client())
    reader.send(reader.get("/page/login"), "/page/login", key=key)
    return reader


def follow_link(intake: Intake, token: str) -> Reader:
    """Return a browser that has signed in with a one-time link."""
    reader = Reader(intake.client.application.test_client())
    reader.send(reader.get(f"/page/link/{token}"), f"/page/link/{token}")
    return reader


def links_of(page: Element) -> set[str]:
    """Return every address on this host that a page names."""
    named = {one.attributes.get(name, "") for one in page.all() for name in ("href", "src")}
    return {one.partition("#")[0] for one in named if one.startswith("/")}
