"""Cards of an overlay or a tenant: what joins, adds and replaces."""

from datetime import time
from pathlib import Path

import pytest
import yaml

from signpost.rulebook import RulebookError, load
from tests.support.agendas import RULES, Happening, play
from tests.support.guides import blocks
from tests.unit.test_agenda_texts import ACME, NOW, START, offer


def overlay(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return folder


GUIDE = {block.name: block.text for block in blocks("writing-rules.md")}
OWN_RULE, OWN_KIND = GUIDE["my-rules/parking.yaml"], GUIDE["my-rules/agenda.yaml"]
"""As the guide shows them."""


def test_a_rule_of_an_overlay_joins_the_letter(tmp_path: Path) -> None:
    ours = load((RULES, overlay(tmp_path / "own", parking=OWN_RULE)))
    [first, *_] = play([ACME], NOW, ours)["candidate"]["cards"]
    assert first["title"] == "Write to Acme: thank them and ask six things"
    assert first["drafts"][0]["body"].count("Is there somewhere to park near the office?") == 1
    assert "Ask where you would work; how much you would travel; and where you could park" in first["steps"]


def test_an_overlay_adds_a_kind_of_card(tmp_path: Path) -> None:
    due = {"respond_by": "2026-03-03T09:00:00Z"}
    events = [(START, "offer.extended", offer(name, name, **due)) for name in ("Acme", "Globex")]
    ours = load((RULES, overlay(tmp_path / "own", agenda=OWN_KIND)))
    titles = [one["title"] for one in play(events, NOW, ours)["candidate"]["cards"]]
    assert "Answer Acme and Globex" in titles
    assert "Answer Acme and Globex" not in [one["title"] for one in play(events, NOW)["candidate"]["cards"]]


def test_an_overlay_replaces_a_kind_of_card(tmp_path: Path) -> None:
    kind = "cards: {think: {acts: [settle, weigh, decide, consult], per: case, title: Think, message: Take your time.}}"
    ours = load((RULES, overlay(tmp_path / "own", agenda=kind)))
    assert [one["title"] for one in play([ACME], NOW, ours)["candidate"]["cards"]][1:] == ["Think"]


def test_two_kinds_cannot_take_one_act_even_from_an_overlay(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="R062"):
        load((RULES, overlay(tmp_path / "own", agenda=OWN_KIND.replace("[answer]", "[answer, settle]"))))


def test_words_replace_what_a_rule_adds_to_a_card(tmp_path: Path) -> None:
    words = "ask-travel: {item: how far you would travel, question: [How far would I travel?, How often?]}"
    ours = load((RULES, overlay(tmp_path / "own", words=words)))
    [first, *_] = play([ACME], NOW, ours)["candidate"]["cards"]
    assert "Ask where you would work, and how far you would travel" in first["steps"]
    assert "How far would I travel? How often?" in first["drafts"][0]["body"]


def test_a_tenant_sets_the_policy_and_the_candidate_their_own() -> None:
    ours = load(RULES, {"agenda": {"max_cards": 1}})
    found = play([ACME], NOW, ours)["candidate"]
    assert (len(found["cards"]), {one["reason"] for one in found["held"]}) == (1, {"1 card comes first"})
    wish: Happening = (START, "candidate.preferences", {"agenda_max_cards": 2, "agenda_topics_off": ["pay"]})
    found = play([ACME, wish], NOW, ours)["candidate"]
    assert len(found["cards"]) == 2
    assert {one["reason"] for one in found["held"]} == {"advice on pay is switched off"}


def test_the_tenant_of_the_guide_sets_a_policy_that_is_read() -> None:
    params = yaml.safe_load(GUIDE["tenants.yaml"])["tenants"]["acme"]["params"]
    policy = load(RULES, params).policy
    assert (policy.max_cards, policy.digest) == (2, (None, time(8)))
    assert policy.quiet_hours == (time(21), time(7, 30))
