"""The playground: try the text of a rule on events and timelines, and export it. Keeps nothing."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from flask import Blueprint, Response, request

from signpost.authoring.editor import sources_in
from signpost.authoring.new_rule import acts_to_choose
from signpost.authoring.skeleton import rule_text, timeline_text
from signpost.case.event import Event
from signpost.case.instant import format_instant, parse_instant
from signpost.errors import CallerError
from signpost.explain import UnknownRule
from signpost.facts.vocabulary import KINDS
from signpost.ingress.strict_json import loads
from signpost.rulebook.acts import read_acts
from signpost.rulebook.folders import Folders
from signpost.rulebook.own_fields import read_own_fields
from signpost.rulebook.schema import rule_file_schema
from signpost.schemas import InvalidEvent
from signpost.schemas.simulation import load_simulation
from signpost.services.intake import prices
from signpost.services.intake.analysis import StoredCase
from signpost.services.intake.page.parts import PageParts
from signpost.services.intake.page.playground_jobs import FILE, TryRule
from signpost.services.intake.page.rendering import render
from signpost.services.intake.page.rulebook_jobs import ReadRule
from signpost.services.intake.page.viewers import viewer
from signpost.services.intake.page.what_if import with_what_if
from signpost.services.intake.problems import BadQuery, NotFound
from signpost.services.intake.reading import case_of
from signpost.yaml_files.problems import Problems

MAX_TEXT: Final = 20_000
"""Characters of each text."""
MAX_EVENTS: Final = 50
EXAMPLE: Final = "my-rule"


class TooLong(CallerError):
    """A text that is longer than one may try."""


@dataclass(slots=True)
class Draft:
    """What stands in the form."""

    text: str
    timelines: str = ""
    events: str = "[]"
    candidate: str = ""
    at: str = ""


def add_routes(routes: Blueprint, parts: PageParts) -> None:
    """Add the routes."""
    if parts.files is None:
        return
    folders = parts.files.rules

    @routes.get("/playground")
    def playground() -> Response:
        draft, wanted = Draft(_skeleton(folders), timeline_text(EXAMPLE, "offer")), request.args.get("rule", "")
        draft.timelines = f"timelines:\n{_indent(draft.timelines)}"
        draft.candidate = request.args.get("candidate", "")
        if wanted:
            draft = Draft(_text_of(parts, viewer().tenant, wanted), candidate=draft.candidate)
        viewer()
        return render("playground.html", draft=draft, result=None, event_problems=[])

    @routes.post("/playground")
    def try_rule() -> Response:
        draft, tenant = _draft(), viewer().tenant
        try:
            events, candidate, at = _events(parts, tenant, draft)
        except InvalidEvent as error:
            problems = [f"{one.pointer} {one.message}" for one in error.problems]
            return render("playground.html", draft=draft, result=None, event_problems=problems)
        row = case_of(parts.context, tenant, draft.candidate) if draft.candidate else None
        case = None if row is None else StoredCase(row.key, row.state)
        with tempfile.TemporaryDirectory(prefix="signpost-playground-") as folder:
            job = TryRule(
                tenant, folders, draft.text, draft.timelines, case, candidate, events, at,
                "mutants" in request.form, Path(folder),
            )  # fmt: skip
            result = orjson.loads(parts.run(job, prices.MUTANTS))
        result["others"] = [one for one in result.get("advice", []) if one["rule"] not in result["rules"]]
        result["explanations"] = [with_what_if(one) for one in result.get("explanations", [])]
        return render("playground.html", draft=draft, result=result, event_problems=[])

    @routes.post("/playground/export")
    def export() -> Response:
        viewer()
        response = Response(_draft().text, mimetype="application/yaml")
        response.headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
        return response

    @routes.get("/playground/words")
    def words() -> Response:
        viewer()
        return Response(orjson.dumps(_words(folders)), mimetype="application/json")


def _draft() -> Draft:
    """The form. Raises TooLong."""
    names = ("text", "timelines", "events", "candidate", "at")
    # Forms send lines with CR LF
    values = {name: request.form.get(name, "").replace("\r\n", "\n") for name in names}
    for name, value in values.items():
        if len(value) > MAX_TEXT:
            raise TooLong(f"{name} has {len(value)} characters; at most {MAX_TEXT} can be tried")
    values["candidate"] = values["candidate"].strip()
    return Draft(**values)


def _events(parts: PageParts, tenant: str, draft: Draft) -> tuple[list[Event], str, int]:
    """The events, whose case they are folded into, and the instant: by default that of the last event, or now."""
    now = parts.context.clock()
    listed = loads(draft.events.encode() or b"[]", max_depth=parts.context.limits.max_depth)
    if isinstance(listed, list) and len(listed) > MAX_EVENTS:
        raise TooLong(f"{len(listed)} events; at most {MAX_EVENTS} can be tried")
    document = {"events": listed, "candidate": draft.candidate or None}
    if not listed and not draft.candidate:
        return [], "c-1", _instant(draft.at, now)
    own = parts.context.tenants.own_fields(tenant)
    read = load_simulation(document, tenant=tenant, now=now, own=own)
    latest = max((event.time for event in read.events), default=now)
    return read.events, read.candidate, _instant(draft.at, now if draft.candidate else latest)


def _instant(text: str, default: int) -> int:
    try:
        return parse_instant(text.strip()) if text.strip() else default
    except (ValueError, OverflowError):
        raise BadQuery({"at": f"must be an instant like {format_instant(default)}"}) from None


def _text_of(parts: PageParts, tenant: str, rule: str) -> str:
    assert parts.files is not None
    try:
        found = orjson.loads(parts.run(ReadRule(tenant, parts.files.rules, rule), prices.RULEBOOK))
    except UnknownRule as error:
        raise NotFound(str(error)) from None
    return str(found["text"])


def _skeleton(folders: Folders) -> str:
    articles = sources_in(folders, Problems()).articles
    article = next(iter(articles), "an-article")
    return rule_text(EXAMPLE, "offer", "candidate", article, acts_to_choose(folders, "candidate"))


def _indent(text: str) -> str:
    return "".join(f"  {line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _words(folders: Folders) -> list[dict[str, str]]:
    """What the editor completes: keys of rules, fields of the vocabulary with their choices, articles, norms, acts."""
    problems = Problems()
    vocabulary, sources = read_own_fields(folders, problems), sources_in(folders, problems)
    acts = read_acts(folders, problems)
    schema: Any = rule_file_schema(sources, vocabulary, acts)
    keys = [{"word": name, "about": "key of a rule"} for name in schema["$defs"]["rule"]["properties"]]
    fields = [
        {"word": name, "about": f"{kind}: {field.meaning or field.type}"}
        for kind in KINDS.kinds
        for name, field in vocabulary[kind].items()
    ]
    choices = [
        {"word": choice, "about": f"{kind} {name}"}
        for kind in KINDS.kinds
        for name, field in vocabulary[kind].items()
        for choice in field.choices
    ]
    named = [{"word": name, "about": "article"} for name in sources.articles]
    named += [{"word": name, "about": "norm"} for name in sources.norms]
    return [*keys, *fields, *choices, *named, *({"word": name, "about": "act"} for name in acts.known)]
