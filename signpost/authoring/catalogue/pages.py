"""Pages of the catalogue: one for each topic, one of all rules, one of all fields, as Markdown."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from signpost.authoring.catalogue.articles import advice_by_article
from signpost.authoring.catalogue.excerpts import excerpts
from signpost.authoring.catalogue.samples import Sample, samples
from signpost.authoring.catalogue.statements import events_by_field
from signpost.facts.vocabulary import KINDS, Field
from signpost.rulebook import load
from signpost.rulebook.ends import ends_of
from signpost.rulebook.rulebook import CardKind, Rulebook
from signpost.rulebook.texts import show
from signpost.rulebook.typed_rule import Rule
from signpost.schemas import EVENT_SCHEMAS

NOTE = "<!-- Generated from the rules by `python -m signpost.authoring.catalogue`; change the rules, not this page. -->"

FIELDS = """\
The fields that conditions and texts can name, the words that a choice can have, and the events that
state each field. A field without an event follows from other fields, as its meaning says. Rules and
texts for employers cannot read private fields."""

CARDS = """\
## Cards of the agenda

The agenda joins what one action settles into a card. Advice that no card joins has a card of its own."""

ARTICLES = """\
What the articles behind the rulebook advise, in our words, and the rules that cover it. Advice that no
rule covers has the reason why."""


def pages(rules: Path, link: str) -> dict[str, str]:
    """File name -> text, for the rulebook in a folder. `link`: how the pages reach that folder.

    Raises RulebookError and TimelineError if rules or timelines have problems.
    """
    rulebook = load(rules)
    topics: dict[str, list[Rule]] = {}
    for rule in rulebook.rules.values():
        topics.setdefault(rule.topic, []).append(rule)
    samples_by_rule = samples(rules)
    texts = {"README.md": _index(topics, rulebook), "fields.md": _fields(), "articles.md": _articles(rules, rulebook)}
    for topic, members in sorted(topics.items()):
        sources = excerpts(rules / f"{topic}.yaml")
        body = [
            _rule(rule, sources[rule.id], samples_by_rule[rule.id], link, rulebook.card_of(rule)) for rule in members
        ]
        texts[f"{topic}.md"] = _page(_name(topic), f"[All rules](README.md) · [source]({link}/{topic}.yaml)", *body)
    return texts


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def _name(topic: str) -> str:
    return topic.replace("-", " ").capitalize()


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _index(topics: Mapping[str, list[Rule]], rulebook: Rulebook) -> str:
    number = sum(map(len, topics.values()))
    parts = [
        f"{number} rules in {len(topics)} topics. How they are written: [../writing-rules.md](../writing-rules.md).",
        "The advice of each article and the rules that cover it: [articles.md](articles.md).",
    ]
    for topic, rules in sorted(topics.items()):
        rows = (
            (f"[{rule.id}]({topic}.md#{_anchor(rule)})", rule.audience, rule.about, _levels(rule)) for rule in rules
        )
        parts += [f"## {_name(topic)}", _table(("rule", "for the", "about the", "priority"), rows)]
    return _page("The rulebook", *parts, *_cards(rulebook))


def _cards(rulebook: Rulebook) -> Iterator[str]:
    """The kinds of cards, and the rules that each joins."""
    rows = []
    for card in rulebook.cards:
        joined = [rule.id for rule in rulebook.rules.values() if rulebook.card_of(rule) is card]
        acts = ", ".join(act.replace("_", " ") for act in card.acts)
        rows.append((card.name, card.audience, acts, card.per.value, _link_rules(joined, rulebook)))
    if rows:
        yield CARDS
        yield _table(("card", "for the", "joins the acts", "one for each", "rules"), iter(rows))


def _articles(rules: Path, rulebook: Rulebook) -> str:
    titles = {rule.source.article: rule.source.title for rule in rulebook.rules.values()}
    parts = [ARTICLES]
    for article, listed in advice_by_article(rules, rulebook).items():
        covered = ((each.text, _link_rules(each.rules, rulebook) or f"left out: {each.left_out}") for each in listed)
        parts += [f"## {titles.get(article, article)}", _table(("advice", "covered by"), covered)]
        named = {name for each in listed for name in each.rules}
        beyond = [
            rule.id for rule in rulebook.rules.values() if rule.source.article == article and rule.id not in named
        ]
        if beyond:
            parts.append(f"Beyond the article: {_link_rules(beyond, rulebook)}.")
    return _page("Articles and the rules that cover them", *parts)


def _link_rules(names: Iterable[str], rulebook: Rulebook) -> str:
    rules = (rulebook.rules[name] for name in names)
    return ", ".join(f"[{rule.id}]({rule.topic}.md#{_anchor(rule)})" for rule in rules)


def _anchor(rule: Rule) -> str:
    return rule.id.replace(".", "")


def _levels(rule: Rule) -> str:
    return " → ".join(level.priority for level in rule.levels)


def _rule(rule: Rule, source: Mapping[str, str], sample: Sample, link: str, card: CardKind | None) -> str:
    parts = [f"## {rule.id}", _summary(rule, source, card)]
    for key in ("define", "when"):
        if key in source:
            parts.append(f"{key.capitalize()}:\n\n```yaml\n{source[key]}\n```")
    parts += [_sample(sample), _timelines(sample, link)]
    return "\n\n".join(part for part in parts if part)


def _summary(rule: Rule, source: Mapping[str, str], card: CardKind | None) -> str:
    rows = {
        "for the": rule.audience,
        "about the": rule.about,
        "act": str(rule.act or "").replace("_", " "),
        "card": f"[{card.name}](README.md#cards-of-the-agenda)" if card else "its own",
        "point of the letter": rule.point,
        "priority": f"`{source['priority']}`" if "\n" not in source["priority"] else _inline(source["priority"]),
        "due": f"`{source['due']}`" if "due" in source else "",
        "takes the place of": ", ".join(f"`{name}`" for name in rule.suppresses),
        "when done": ", ".join(f"`{one.type}`" for one in rule.implies),
        "done counts since": f"`{rule.done_since}`" if rule.done_since else "",
        "ends": "; ".join(ends_of(rule)) or f"never: {rule.lasting}",
        "attaches": rule.attaches or "",
        "reworded": ", ".join(f"`{key}`: {rule.places[key]}" for key in rule.reworded),
        "parameters": ", ".join(f"`{name}: {value}`" for name, value in rule.params.items()),
        "source": f"*{rule.source.title}*",
        "norms": "<br>".join(map(_norm, rule.source.norms)),
    }
    return _table(("", ""), ((name, value) for name, value in rows.items() if value))


def _inline(block: str) -> str:
    return "<br>".join(f"`{line.strip()}`" for line in block.splitlines())


def _norm(norm: Mapping[str, Any]) -> str:
    return (
        f"{norm['claim']} ({norm['source']}; quality {norm['quality']}, {norm['place']}, reviewed {norm['reviewed']})"
    )


def _sample(sample: Sample) -> str:
    if sample.data is None:
        return ""
    data = sample.data
    lines = [f"**{data['title']}**", "", *data["message"].splitlines()]
    if data["steps"]:
        lines += ["", *(f"{number}. {step}" for number, step in enumerate(data["steps"], 1))]
    for draft in data["drafts"]:
        lines += ["", f"*Draft, {draft['name']}: {draft['title']}*", "", *_with_line_breaks(draft["body"])]
    return "For example:\n\n" + "\n".join(f"> {line}".rstrip() for line in lines)


def _with_line_breaks(body: str) -> list[str]:
    """Keep the lines of a draft in Markdown."""
    return [f"{line}  " if line else "" for line in body.splitlines()]


def _timelines(sample: Sample, link: str) -> str:
    rows = [
        f"- [{timeline.name}]({link}/{Path(timeline.position.file).parent.name}/{Path(timeline.position.file).name}"
        f"#L{timeline.position.line})"
        for timeline in sample.timelines
    ]
    return "Timelines:\n\n" + "\n".join(rows)


def _fields() -> str:
    parts = [FIELDS]
    stated = events_by_field()
    for kind, fields in KINDS.items():
        rows = (
            (f"`{field.name}`", _type(field), _meaning(field), _events(stated[kind][field.name]))
            for field in fields.values()
        )
        parts += [f"## {kind.capitalize()}", _table(("field", "type", "meaning", "stated by"), rows)]
    return _page("Fields", *parts)


def _meaning(field: Field) -> str:
    return f"{field.meaning} Private." if field.private else field.meaning


def _events(types: Collection[str]) -> str:
    """The event types; `every offer event` if all of them are included."""
    names = []
    for kind in dict.fromkeys(type_.partition(".")[0] for type_ in types):
        every = [type_ for type_ in EVENT_SCHEMAS if type_.startswith(f"{kind}.")]
        whole = len(every) > 1 and set(every) <= set(types)
        names += [f"every {kind} event"] if whole else [f"`{type_}`" for type_ in types if type_ in every]
    return ", ".join(names)


def _type(field: Field) -> str:
    return f"{field.type}: {', '.join(field.choices)}" if field.choices else show(field.type)
