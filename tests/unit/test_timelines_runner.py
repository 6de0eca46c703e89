"""Timelines: the rulebook's own pass; what fails or is malformed is named with its file and line."""

from pathlib import Path

import pytest

from signpost.authoring.timelines import TimelineError, find_timelines, run_timelines
from signpost.authoring.timelines.coverage import find_untested_rules
from signpost.engine import AUTO, choose_engine
from signpost.rulebook import load

RULES = Path(__file__).parents[2] / "rules"

ASK = "ask-response-deadline@offer/acme"
ONE = """
timelines:
  - name: an offer without a deadline
    start: 2026-03-02T09:00:00-05:00
    events:
      - {at: 1h, type: offer.extended, offer: acme}
      - {at: 2h, sent: 5h, type: offer.updated, offer: acme, respond_by: 2026-04-01T12:00:00Z}
    expect:
      - {at: 1h, %s}
"""


def test_the_rulebook_passes_its_own_timelines() -> None:
    """With durable-rules, each answer is compared with the compiled one too; a difference is a failure."""
    result = run_timelines([RULES], RULES, engine=choose_engine(AUTO).name)
    assert result.timelines > 20
    assert [str(failure) for failure in result.failures] == []


@pytest.mark.durable_rules
def test_what_durable_rules_gets_wrong_fails_timelines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In production the compiled answer is used, and nobody would see it here."""
    file = tmp_path / "t.yaml"
    file.write_text(ONE % f"includes: [{ASK}]")
    assert run_timelines([file], RULES, engine="durable_rules").failures == []
    monkeypatch.setattr("signpost.engine.durable._fire", lambda *arguments: [])
    found = [str(failure) for failure in run_timelines([file], RULES, engine="durable_rules").failures]
    message = "durable-rules has a difference in rule ask-response-deadline; see the log"
    assert f"{file}:3:5: an offer without a deadline: {message}" in found


def test_every_rule_has_a_timeline() -> None:
    assert find_untested_rules(load(RULES), find_timelines([RULES])) == []


def failures(tmp_path: Path, expectation: str) -> list[str]:
    file = tmp_path / "t.yaml"
    file.write_text(ONE % expectation)
    return [str(failure).replace(str(file), "t.yaml") for failure in run_timelines([file], RULES).failures]


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("excludes: [ask-response-deadline@offer/acme]", "ask-response-deadline@offer/acme is advised"),
        ("includes: [ask-benefits@offer/globex]", "ask-benefits@offer/globex is not advised; "),
        ("includes: [ask-response-deadline@offer/ac-me]", f"/ac-me is not advised; did you mean {ASK}?"),
        ("includes: [withdraw-promptly@offer/acme]", "@offer/acme is not advised; advised: "),
        ("exactly: [ask-response-deadline@offer/acme]", "is advised too"),
        ("priority: {ask-response-deadline@offer/acme: low}", "has priority high, not low"),
        (
            "due: {ask-response-deadline@offer/acme: 2026-04-01T12:00:00Z}",
            "is due at no time, not 2026-04-01T12:00:00Z",
        ),
        ("because: {ask-response-deadline@offer/acme: [globex]}", "does not name globex; it names acme, e-1"),
        ("priority: {ask-response-deadline@offer/ac-me: high}", f"/ac-me is not advised; did you mean {ASK}?"),
        ("because: {ask-response-deadline@offer/ac-me: [acme]}", f"/ac-me is not advised; did you mean {ASK}?"),
        ("excludes: [ask-benefits@offer/ac-me]", ": this timeline has no offer/ac-me; it has: offer/acme"),
        ("excludes: [send-thank-you@interview/i-1]", ": this timeline has no interview/i-1; it has: candidate/c-1, of"),
        ("excludes: [ask-respnse-deadline@offer/acme]", "no rule 'ask-respnse-deadline'; did you mean ask-response-"),
    ],
)
def test_a_failed_expectation_names_file_line_and_what_was_seen(tmp_path: Path, expectation: str, message: str) -> None:
    found = failures(tmp_path, expectation)
    assert found
    assert found[0].startswith("t.yaml:9:")
    assert any(message in line for line in found)


def test_of_many_recommendations_a_failure_lists_the_nearest(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    second = "      - {at: 1h, type: offer.extended, offer: globex}\n    expect:\n"
    file.write_text(ONE.replace("    expect:\n", second) % "includes: [withdraw-promptly@offer/globex]")
    [failure] = run_timelines([file], RULES).failures
    listed, _, more = failure.message.partition("; advised: ")[2].partition(" and ")
    assert all(one.endswith("@offer/globex") for one in listed.split(", "))
    assert (len(listed.split(", ")), more.partition(" ")[2]) == (5, "more")


@pytest.mark.parametrize("kind", ["includes: [%s]", "excludes: [%s]", "exactly: [%s]", "priority: {%s: high}"])
def test_a_rule_that_does_not_exist_is_told_once(tmp_path: Path, kind: str) -> None:
    expectation = kind % "ask-respnse-deadline@offer/acme"
    found = failures(tmp_path, f"{expectation}}}\n      - {{at: 2h, {expectation}")
    assert [line.partition(": there is ")[2] for line in found] == [
        "no rule 'ask-respnse-deadline'; did you mean ask-response-deadline or respond-before-deadline?"
    ]
    assert found[0].startswith("t.yaml:9:")


def test_what_stands_beside_a_rule_that_does_not_exist_is_checked(tmp_path: Path) -> None:
    found = failures(tmp_path, f"excludes: [ask-respnse-deadline@offer/acme, {ASK}]")
    assert [line.rpartition(": ")[2].partition(" ")[0] for line in found] == ["there", "at"], found


def test_a_late_event_counts_from_its_arrival_on(tmp_path: Path) -> None:
    assert failures(tmp_path, "includes: [ask-response-deadline@offer/acme]") == []
    assert failures(tmp_path, f"includes: [{ASK}]}}\n      - {{at: 4h59m, includes: [{ASK}]") == []
    assert failures(tmp_path, f"includes: [{ASK}]}}\n      - {{at: 5h, excludes: [{ASK}]") == []


def test_a_consumers_answer_names_the_advice_by_rule_and_subject(tmp_path: Path) -> None:
    dismissed = (
        "      - {at: 3h, type: advice.dismissed, recommendation: ask-response-deadline@offer/acme}\n    expect:\n"
    )
    file = tmp_path / "t.yaml"
    file.write_text(
        ONE.replace("    expect:\n", dismissed) % f"includes: [{ASK}]}}\n      - {{at: 3h, excludes: [{ASK}]"
    )
    assert run_timelines([file], RULES).failures == []


def test_an_answer_to_what_is_not_advised_is_a_failure(tmp_path: Path) -> None:
    answered = "{at: 3h, type: advice.dismissed, recommendation: ask-response-deadline@offer/globex}"
    file = tmp_path / "t.yaml"
    file.write_text(
        ONE.replace("    expect:\n", f"      - {answered}\n    expect:\n")
        % f"includes: [{ASK}]}}\n      - {{at: 3h, includes: [{ASK}]"
    )
    (failure,) = run_timelines([file], RULES).failures
    assert str(failure) == (
        f"{file}:8:9: an offer without a deadline: "
        "ask-response-deadline@offer/globex is answered, but not advised at that time"
    )


def test_parameters_are_a_tenants_overrides(tmp_path: Path) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(
        """
timelines:
  - name: thanks within a shorter time
    start: 2026-03-02T09:00:00Z
    params: {send-thank-you: {valid_for: 3d}}
    events:
      - {at: 0h, type: interview.completed, interview: i}
    expect:
      - {at: 71h, includes: [send-thank-you@interview/i]}
      - {at: 72h, excludes: [send-thank-you@interview/i]}
"""
    )
    assert run_timelines([file], RULES).failures == []


MALFORMED = {
    "no timeline is here": None,
    "is missing": "timelines:\n  - {name: x, start: 2026-03-02T09:00:00Z, events: []}\n",
    "has no UTC offset": (
        "timelines:\n  - {name: x, start: 2026-03-02T09:00:00, events: [], expect: [{at: 1h, includes: []}]}\n"
    ),
    "has no time of day and no UTC offset .write for example 2026-03-02T09:00:00Z or": (
        "timelines:\n  - {name: x, start: 2026-03-02, events: [], expect: [{at: 1h, includes: []}]}\n"
    ),
    "R021 '2026-03-02Z' is no instant .write for example 2026-03-02T09:00:00Z.": (
        "timelines:\n  - {name: x, start: 2026-03-02Z, events: [], expect: [{at: 1h, includes: []}]}\n"
    ),
    "^[^ ]+ R010 there is no key 'evnts' here .did you mean events\\?.$": (
        "timelines:\n  - {name: x, start: 2026-03-02T09:00:00Z, evnts: [], expect: [{at: 1h, includes: []}]}\n"
    ),
    "did you mean offer.extended": (
        "timelines:\n  - name: x\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 1h, type: offer.extendet, offer: o}\n    expect:\n      - {at: 1h, includes: []}\n"
    ),
    "did you mean offer.updated": (
        "timelines:\n  - name: x\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 1h, type: offer.changed, offer: o}\n    expect:\n      - {at: 1h, includes: []}\n"
    ),
    "did you mean offer.withdrawn": (
        "timelines:\n  - name: x\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 1h, type: offer.withdrawen, offer: o}\n    expect:\n      - {at: 1h, includes: []}\n"
    ),
    "offer.extended: salry is not a known field; did you mean salary?": (
        "timelines:\n  - name: x\n    start: 2026-03-02T09:00:00Z\n    events:\n"
        "      - {at: 1h, type: offer.extended, offer: o, salry: 1}\n    expect:\n      - {at: 1h, includes: []}\n"
    ),
    "no virtual time": (
        "timelines:\n  - {name: x, start: 2026-03-02T09:00:00Z, events: [], expect: [{at: soon, includes: []}]}\n"
    ),
    "5bd' is no virtual time": (
        "timelines:\n  - {name: x, start: 2026-03-02T09:00:00Z, events: [], expect: [{at: 5bd, includes: []}]}\n"
    ),
    "expects nothing": "timelines:\n  - {name: x, start: 2026-03-02T09:00:00Z, events: [], expect: []}\n",
}


@pytest.mark.parametrize("message", MALFORMED)
def test_what_is_malformed_or_missing_is_refused(tmp_path: Path, message: str) -> None:
    content = MALFORMED[message]
    if content is not None:
        (tmp_path / "t.yaml").write_text(content)
    with pytest.raises(TimelineError, match=message):
        run_timelines([tmp_path], RULES)


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("includes: ask-benefits@offer/acme", "t.yaml:9:28: R006 includes is a list"),
        ("includes: [ask-benefits]", "t.yaml:9:29: R021 'ask-benefits' names no advice .write RULE@KIND/ID"),
        ("excludes: [ask-benefits@ofer/acme]", "t.yaml:9:29: R021 'ask-benefits@ofer/acme' names no advice"),
        (
            "exactly: [{ask-benefits@offer/acme: high}]",
            "t.yaml:9:28: R021 {'ask-benefits@offer/acme': 'high'} names no advice",
        ),
        ("priority: [ask-benefits@offer/acme]", "R006 priority is a mapping"),
        ("priority: {ask-benefits@offer/acme: hihg}", "R013 there is no priority 'hihg' .did you mean high"),
        ("due: {ask-benefits@offer/acme: tomorrow}", "t.yaml:9:49: R021 'tomorrow' is no instant"),
        ("due: {ask-benefits@offer/acme: 2026-04-01T12:00:00}", "is no instant .write an instant with its UTC offset"),
        ("because: {ask-benefits@offer/acme: acme}", "R006 the ids behind advice are a list"),
        ("inclode: [ask-benefits@offer/acme]", "R010 there is no key 'inclode' here .did you mean includes"),
    ],
)
def test_an_expectation_that_could_prove_nothing_is_refused(tmp_path: Path, expectation: str, message: str) -> None:
    with pytest.raises(TimelineError, match=message):
        failures(tmp_path, expectation)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("send-thank-you", "5:13: R006 params is a mapping of rules"),
        ("{send-thank-you: 3d}", "R006 params is a mapping of rules"),
        ("{send-thank-you: {valid_four: 3d}}", "3:5: R052 send-thank-you has no parameter .* .did you mean valid_for"),
        ("{send-thank-yous: {valid_for: 3d}}", "3:5: R052 .* which is not a rule .did you mean send-thank-you"),
    ],
)
def test_overrides_that_do_not_fit_are_refused_at_their_timeline(tmp_path: Path, params: str, message: str) -> None:
    file = tmp_path / "t.yaml"
    file.write_text(ONE.replace("    events:", f"    params: {params}\n    events:") % f"includes: [{ASK}]")
    with pytest.raises(TimelineError, match=message):
        run_timelines([file], RULES)


def test_two_timelines_of_one_name_in_a_file_are_refused(tmp_path: Path) -> None:
    file, one = tmp_path / "t.yaml", ONE % f"includes: [{ASK}]"
    file.write_text(one + one.partition("timelines:\n")[2])
    with pytest.raises(TimelineError) as caught:
        find_timelines([file])
    message = "the timeline 'an offer without a deadline' stands already at line 3 (give it another name)"
    assert str(caught.value) == f"{file}:10:5: R012 {message}"


def test_a_file_that_two_paths_reach_runs_once(tmp_path: Path) -> None:
    file = tmp_path / "timelines" / "a.yaml"
    file.parent.mkdir()
    file.write_text(ONE % f"includes: [{ASK}]")
    (tmp_path / "link.yaml").symlink_to(file)
    paths = [tmp_path, file.parent, file.parent / ".." / "timelines" / "a.yaml", tmp_path / "link.yaml"]
    assert run_timelines(paths, RULES).timelines == 1


def test_every_file_of_a_folder_of_timelines_must_hold_some(tmp_path: Path) -> None:
    folder = tmp_path / "timelines"
    folder.mkdir()
    (folder / "a.yaml").write_text(ONE % f"includes: [{ASK}]")
    assert run_timelines([tmp_path], RULES).timelines == 1
    (folder / "b.yaml").write_text((ONE % f"includes: [{ASK}]").replace("timelines:", "timelins:"))
    with pytest.raises(TimelineError, match="a timeline file is `timelines:` with a list"):
        run_timelines([tmp_path], RULES)
