"""`signpost sources new-vendor` writes a first mapping of any sample, and replaces nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st

from signpost.cli.sources.new_vendor import make_mapping
from tests.support.own_mappings import HUNTFLOW, SENT, call, own_mappings


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


def write_first(tmp_path: Path, body: object, *headers: str, name: str = "fresh") -> Result:
    (tmp_path / "hook.json").write_text(body if isinstance(body, str) else json.dumps(body))
    more = [part for header in headers for part in ("--header", header)]
    return call(tmp_path, "sources", "new-vendor", name, "--from", str(tmp_path / "hook.json"), *more, "--json")


def test_the_members_of_all_items_of_a_list_are_listed(own: Path, tmp_path: Path) -> None:
    people = [{"id": 1, "changes": [{"code": 2}, {"deal": {"visa": True}}]}, {"id": 2, "note": "x"}, None]
    result = write_first(tmp_path, {"event": "offer_sent", "people": people})
    assert result.exit_code == 0, result.output
    text = (own / "fresh.yaml").read_text()
    for path in ("people.0.id", "people.0.changes.0.code", "people.0.changes.0.deal.visa", "people.0.note"):
        assert path in text, text


@pytest.mark.parametrize(
    ("body", "gives"),
    [
        (json.loads(SENT), "offer.extended"),
        ({"type": "applied", "id": "e1", "data": {"application": {"id": 3}, "user": 5}}, "application.submitted"),
        ({"action": "interviewScheduled", "interview": {"id": "i"}, "candidate_id": 7}, "interview.scheduled"),
        ({"action": "candidate_hired", "person": {"id": 7, "at": "2026-03-01T10:00:00Z"}}, "offer.accepted"),
        ({"nothing": "known", "n": 5}, None),
        ([1, 2], ""),
        ([], ""),
        ([{"kind": "offer_sent", "who": {"ref": "p-1"}}, {"kind": "viewed"}], "offer.extended"),
        ([{"n": 1}], None),
        ({"a b": {"c d": 1}, "list": []}, None),
    ],
)  # fmt: skip
def test_a_first_mapping_passes_the_check(own: Path, tmp_path: Path, body: object, gives: str | None) -> None:
    result = write_first(tmp_path, body)
    if gives == "":
        assert "the sample hook.json must be a JSON object with members, or an array of such" in result.output
        return
    assert result.exit_code == 0, result.output
    made = json.loads(result.output)
    assert made["gives"] == ([] if gives is None else [gives])
    text = Path(made["mapping"]).read_text()
    assert "FILL IN" in text
    assert ('each: {item: "*"}' in text) == (isinstance(body, list) and gives is not None)
    assert ("subject: item.who.ref" in text) == ("who" in str(body))
    again = call(tmp_path, "sources", "check", made["mapping"])
    assert again.exit_code == 0, again.output
    assert Path(made["sample"]).read_bytes() == (tmp_path / "hook.json").read_bytes()


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (  # Greenhouse: an offer names only the application, and its own id stands beside it
            {"action": "offer_created", "payload": {"id": 3, "application_id": 9, "resolved_at": "2026-03-01T10:00Z"}},
            [
                'subject: "application:{payload.application_id}"',
                "- type: offer.extended",
                "data: {offer: payload.id}",
                "offer.extended: only the time of receipt is known",
            ],
        ),
        (  # Greenhouse: other people and other times stand beside those of the hire
            {
                "action": "hire_candidate",
                "payload": {
                    "application": {
                        "credited_to": {"employee_id": "e-1"},
                        "applied_at": "2026-02-01T10:00:00Z",
                        "jobs": [{"opened_at": "2026-01-01T10:00:00Z"}],
                        "candidate": {"id": 5},
                        "offer": {"id": 3, "resolved_at": "2026-03-01T10:00:00Z"},
                    }
                },
            },
            ["subject: payload.application.candidate.id", "time: payload.application.offer.resolved_at"],
        ),
        (  # Teamtailor: words and ids in lists and about the person are no event and no occurrence
            {"person": {"id": 5, "uuid": "u", "fields": [{"type": "boolean"}]}, "offers": [{"id": 3}]},
            ["event: {is: webhook}", "occurrence: digest", "events: []"],
        ),
        (  # Ashby: an interviewer is no interview
            {
                "action": "interviewScheduleUpdate",
                "candidateId": "c",
                "interviewSchedule": {
                    "interviewers": [{"interviewerId": "p", "updatedAt": "2026-03-01T10:00Z"}],
                    "id": "i",
                    "updatedAt": "2026-03-01T10:00Z",
                },
            },
            ["data: {interview: interviewSchedule.id}", "time: interviewSchedule.updatedAt"],
        ),
        (  # Kombo: the id of the webhook is no candidate
            {"type": "offer-sent", "id": "e-1", "data": {"candidate": {"remote_id": 5}, "offer": {"id": 3}}},
            ["occurrence: id", "subject: data.candidate.remote_id", "data: {offer: data.offer.id}"],
        ),
        (
            {"type": "offer-sent", "refs": {"person": {"key": "p"}, "offer": {"uuid": "o"}}},
            ["subject: refs.person.key", "data: {offer: refs.offer.uuid}"],
        ),
        ({"type": "offer-sent", "id": "e-1", "data": {"job": {"id": 3}}}, ["events: []", '"offer-sent": not mapped']),
    ],
)  # fmt: skip
def test_a_first_mapping_guesses_what_stands_where(body: object, lines: list[str]) -> None:
    text, _ = make_mapping("fresh", "hook.json", json.dumps(body).encode(), {})
    assert [line for line in lines if line not in text] == [], text


@pytest.mark.parametrize(
    ("event", "gives"),
    [
        ("offer_deleted", ["offer.rescinded"]),
        ("offerUpdate", ["offer.updated"]),
        ("offer.signed", ["offer.letter_signed"]),
        ("interviewScheduleUpdate", ["interview.rescheduled"]),
        ("interview_completed", ["interview.completed"]),
        ("candidate_withdrew", ["application.withdrawn"]),
        ("new_candidate_application", ["application.submitted"]),
        ("unhire_candidate", []),
        ("unreject_candidate", []),
        ("offer_approved", []),
        ("candidateDelete", []),
        ("candidateStageChange", []),
        ("application_updated", []),
        ("interviewPlanTransition", []),
        ("ping", []),
    ],
)
def test_an_event_of_no_known_meaning_is_ignored(event: str, gives: list[str]) -> None:
    made = make_mapping("fresh", "hook.json", json.dumps({"event": event, "candidate": {"id": 5}}).encode(), {})
    assert made[1] == gives


KEYS = st.sampled_from(
    ["event", "type", "id", "candidate", "no", "123", "created", "a b", "offer", "interview_id", "é", "null", "$", "*"]
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**20),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["20.03.2026", "2026-03-20T10:00:00Z", "03/04/2026", "offer made", "{x}", "a: b", "# c", "\u2028"]),
)
BODIES = st.dictionaries(
    KEYS,
    st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)),
    min_size=1,
    max_size=5,
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-Event", "X-Signature", "X-Event-Id", "Content-Type"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126)),
)


@settings(max_examples=100, deadline=None)
@given(BODIES | st.lists(BODIES, min_size=1, max_size=3), HEADERS)
def test_whatever_the_sample_a_mapping_that_passes_is_written(body: object, headers: dict[str, str]) -> None:
    text, _ = make_mapping("fresh", "hook.json", json.dumps(body).encode(), headers)
    assert "title:" in text


@pytest.mark.parametrize(
    ("header", "signature"),
    [
        ("X-Sign-Signature: " + "a" * 64, 'scheme: body, header: "X-Sign-Signature", algorithm: sha256}'),
        ("X-Hub-Signature: sha1=" + "a" * 40, 'header: "X-Hub-Signature", algorithm: sha1, prefix: "sha1="}'),
        ("X-Hmac: " + "A+/=" * 11, 'header: "X-Hmac", algorithm: sha256, encoding: base64}'),
        ("X-Hireloop-Sig: <base64>", 'header: "X-Hireloop-Sig", algorithm: sha256, encoding: base64}'),
        ("Their-Signature: t=1,v1=" + "a" * 64, 'scheme: listed, header: "Their-Signature"}'),
        ("X-Check: sha256=" + "0f" * 32, 'scheme: body, header: "X-Check", algorithm: sha256, prefix: "sha256="}'),
        ("Webhook-Signature: v1," + "A" * 43 + "=", "signature: {scheme: standard-webhooks}"),
        (
            "X-Sign-Signature: " + "a" * 64 + "|X-Sign-Time: 1795857974",
            'algorithm: sha256, timestamp: "header:X-Sign-Time", unit: seconds}',
        ),
        ("X-Sign: " + "a" * 64 + "|X-At: 1795857974123", 'timestamp: "header:X-At", unit: milliseconds}'),
        (
            "X-Fresh-Auth: at:1699999999000; mac:" + "A" * 43 + "=",
            'base64, separator: ";", prefix: "mac:", timestamp: "item:at:", unit: milliseconds}',
        ),
        (
            "X-Auth: at:1699999999; mac:BASE64",
            'encoding: base64, separator: ";", prefix: "mac:", timestamp: "item:at:"}',
        ),
        (
            "Authorization: HMAC key=5,ts=1699999999,mac=" + "a" * 40,
            'header: "Authorization", algorithm: sha1, prefix: "mac=", timestamp: "item:ts="}',
        ),
        ("Authorization: HMAC " + "a" * 128, 'algorithm: sha512, prefix: "HMAC "}'),
        ("X-Mac: " + "_" * 43 + "=|X-Sum: " + "a" * 64, 'header: "X-Mac", algorithm: sha256, encoding: base64url}'),
        ("X-Sig-Version: 2|X-Auth: k=5&sig=" + "a" * 64, 'header: "X-Auth", algorithm: sha256, separator: "&", pre'),
        ("X-Sum: " + "b" * 64 + "|X-Trace-Id: " + "a" * 40, 'header: "X-Sum", algorithm: sha256}'),
    ],
)
def test_the_signature_is_guessed_from_its_header(own: Path, tmp_path: Path, header: str, signature: str) -> None:
    made = json.loads(write_first(tmp_path, json.loads(SENT), *header.split("|"), "X-Event-Id: 5").output)
    assert signature in Path(made["mapping"]).read_text()
    again = call(tmp_path, "sources", "check", made["mapping"])
    assert again.exit_code == 0, again.output
    assert "was not verified" in again.output


@pytest.mark.parametrize(
    "header",
    ["Authorization: Bearer " + "a" * 64, "X-Author: Ada", "Digest: SHA-256=" + "A" * 43 + "=", "X-Key: " + "a" * 40],
)
def test_a_login_a_key_and_a_plain_digest_are_no_signature(header: str) -> None:
    name, _, value = header.partition(": ")
    text, _ = make_mapping("fresh", "hook.json", b'{"a": 1}', {name: value})
    assert 'signature: {scheme: body, header: "X-Fresh-Signature"}\n' in text


def test_a_sample_without_a_name_of_its_event_has_a_line_to_fill_in(own: Path, tmp_path: Path) -> None:
    made = json.loads(write_first(tmp_path, {"candidate": {"id": 4}, "offer": {"id": 5}}).output)
    [line] = [one for one in Path(made["mapping"]).read_text().splitlines() if one.startswith("event:")]
    assert line.startswith("event: {is: webhook}  # FILL IN: ")


def test_a_value_of_the_sample_is_not_in_the_mapping(own: Path, tmp_path: Path) -> None:
    made = json.loads(write_first(tmp_path, json.loads(SENT)).output)
    text = Path(made["mapping"]).read_text()
    assert "event.candidate.name: text" in text
    assert "event.offer.start: written as DD.MM.YYYY" in text
    assert "Petrova" not in text
    assert "60000" not in text


@pytest.mark.parametrize(
    ("event", "why"),
    [("proposal_sent", "its name says no event type"), ("offer_sent", "no id of a candidate or an application")],
)
def test_a_mapping_without_an_event_says_why(own: Path, tmp_path: Path, event: str, why: str) -> None:
    made = json.loads(write_first(tmp_path, {"event": event, "n": 1}).output)
    assert f"# FILL IN: {why}" in Path(made["mapping"]).read_text()
    again = call(tmp_path, "sources", "new-vendor", "other", "--from", str(tmp_path / "hook.json"))
    assert "It gives: no event yet.\n\nIts event is in `ignored`, where the mapping says why" in again.output


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("greenhouse", "{}", "comes with Signpost; choose another name"),
        ("../escape", "{}", "the name of a mapping file is"),
        ("huntflow", '{"a": 1}', ": there already, and not replaced; remove it, or choose another name"),
        ("fresh", "{", "no body of a webhook"),
        ("fresh", "{}", "must be a JSON object with members"),
    ],
)
def test_nothing_is_replaced_and_nothing_is_written_for_nonsense(
    own: Path, tmp_path: Path, name: str, body: str, said: str
) -> None:
    before = sorted(own.rglob("*"))
    result = write_first(tmp_path, body, name=name)
    assert result.exit_code != 0
    assert said in result.output
    assert sorted(own.rglob("*")) == before
    assert (own / "huntflow.yaml").read_text() == HUNTFLOW


def test_an_item_of_another_kind_than_the_first_is_no_event() -> None:
    known = {"candidate_id": "p", "id": 3, "at": "2026-01-01T00:00:00Z"}
    raw = json.dumps([known | {"kind": "offer_sent"}, known | {"kind": "offer_seen"}]).encode()
    text, gives = make_mapping("loop", "hook.json", raw, {})
    assert gives == ["offer.extended"]
    assert '        when: {"item.kind": "offer_sent"}' in text


@pytest.mark.parametrize(("name", "is_told"), [("msgs", True), ("a b", False), ("a\nb: c", False)])
def test_a_list_of_items_in_a_member_is_told_with_what_to_write(name: str, is_told: bool) -> None:
    raw = json.dumps({"n": [], name: [{"op": "offer:sent", "who": "p"}, {"op": "x"}]}).encode()
    text, gives = make_mapping("loop", "hook.json", raw, {})
    assert (gives, f"# write `each: {{item: {name}}}` beside `on`" in text) == ([], is_told)


def test_the_items_of_a_list_in_a_member_are_events_where_they_say_what_happened(own: Path, tmp_path: Path) -> None:
    item = {"candidate_id": "p", "id": 3, "at": "2026-01-01T00:00:00Z", "data": [{"key": "pay", "value": 2}]}
    entries = [item | {"kind": kind} for kind in ("offer_sent", "offer_seen", "offer_sent")]
    body = {"event": "batch", "sent_at": "2026-01-02T00:00:00Z", "page": [{"n": 1}], "entries": entries}
    made = json.loads(write_first(tmp_path, body).output)
    assert made["gives"] == ["offer.extended", "offer.extended"]
    text = Path(made["mapping"]).read_text()
    for line in (
        "each: {item: entries}",
        "subject: item.candidate_id",
        "time: item.at",
        "event: event",
        "pay: {item_of",
    ):
        assert line in text, text
    again = call(tmp_path, "sources", "check", made["mapping"])
    assert again.exit_code == 0, again.output


def test_a_list_beside_a_candidate_is_no_list_of_events() -> None:
    history = [{"type": "offer_sent", "candidate_id": "p"}]
    raw = json.dumps(
        {"event": "candidate_hired", "candidate_id": "p", "at": "2026-01-01T00:00Z", "log": history}
    ).encode()
    text, gives = make_mapping("loop", "hook.json", raw, {})
    assert (gives, "each:" in text) == (["offer.accepted"], False)


def test_headers_that_can_be_part_of_the_signed_message_are_named() -> None:
    raw, headers = json.dumps({"type": "offer-sent"}).encode(), {"X-Sign": "ab" * 32, "X-Request-Id": "r-1"}
    hint = '# A header can be part of the signed message, as {header:NAME}. Recorded: "X-Sign", "X-Request-Id"\n'
    assert hint in make_mapping("loop", "hook.json", raw, headers)[0]
    assert "{header:NAME}" not in make_mapping("loop", "hook.json", raw, {"X-Sign": "ab" * 32})[0]
