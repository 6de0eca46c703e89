"""Own mappings beside the shipped ones: a faulty file disables itself alone, and commands help to write one."""

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from signpost.cli import main
from signpost.cli.sources.new_vendor import make_mapping
from signpost.ingress.expressions import Path as PathIn
from signpost.ingress.formats import Formats
from signpost.ingress.loops import each_item
from signpost.ingress.scope import DeliveryScope
from signpost.ingress.sources import OwnMappings, check_vendor, source_problem
from signpost.ingress.vendors import VENDORS
from signpost.messaging import Message
from signpost.services.intake.problems import SourceDisabled
from signpost.services.intake.rate import retry_status
from signpost.services.intake.readiness import ReadinessCheck
from signpost.services.intake.webhooks import to_request
from signpost.storage import open_store
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import Source
from tests.support.databases import migrate

GUIDE = (Path(__file__).parents[2] / "docs" / "vendors.md").read_text(encoding="utf-8")
HUNTFLOW = GUIDE.partition("<!-- huntflow -->\n```yaml file=.signpost/vendors/huntflow.yaml\n")[2].partition("```")[0]
SENT = GUIDE.partition("```json file=offer-sent.json\n")[2].partition("```")[0]
SECRET = "a secret of sixteen bytes or more"
TENANTS = f"""tenants: {{acme: {{api_keys: []}}}}
sources:
  hunters: {{tenant: acme, vendor: huntflow, secrets: ["plain:{SECRET}"]}}
  greens: {{tenant: acme, vendor: greenhouse, secrets: ["plain:{SECRET}"]}}
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "vendors"
    (folder / "samples" / "huntflow").mkdir(parents=True)
    (folder / "huntflow.yaml").write_text(HUNTFLOW)
    (folder / "samples" / "huntflow" / "offer-sent.json").write_text(SENT)
    yield folder
    VENDORS.read_own(None)


def call(folder: Path, *arguments: str) -> Result:
    return CliRunner(env={"SIGNPOST_DATA_DIR": str(folder)}).invoke(main, arguments)


# The folder


def test_an_own_mapping_is_a_vendor_like_any_other(own: Path) -> None:
    shipped = set(VENDORS)
    VENDORS.read_own(own)
    assert set(VENDORS) == shipped | {"huntflow"}
    assert len(VENDORS) == len(shipped) + 1
    assert VENDORS["huntflow"].title == "Huntflow"
    assert source_problem("huntflow", (SECRET,)) == ""
    assert VENDORS.faults == {}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("greenhouse.yaml", HUNTFLOW, "greenhouse is a vendor that comes with Signpost; rename the file"),
        ("Other.yaml", HUNTFLOW, "the name of a mapping file is NAME.yaml"),
        ("other.yml", HUNTFLOW, "the name of a mapping file is NAME.yaml"),
        ("other.yaml", HUNTFLOW.replace("scheme: body", "scheme: bodi"), "other.yaml:3:21: R013 'bodi' is not a known"),
        ("other.yaml", "title: [", "R001 not valid YAML"),
        ("other.yaml", "a: 1\nb: 2\nc: 3\nd: 4\n", "(and 5 more)"),
    ],
)
def test_a_faulty_file_disables_itself_alone(own: Path, name: str, text: str, fault: str) -> None:
    before = VENDORS["greenhouse"]
    (own / name).write_text(text)
    VENDORS.read_own(own)
    assert fault in VENDORS.faults[str(own / name)]
    assert VENDORS["greenhouse"] is before, "the shipped mapping is not replaced"
    assert "huntflow" in VENDORS
    assert ("other" in VENDORS, "Other" in VENDORS) == (False, False)
    if name == "other.yaml":
        assert fault in check_vendor("other")


def test_a_file_that_is_none_holds_nothing_up(own: Path) -> None:
    (own / "folder.yaml").mkdir()
    os.mkfifo(own / "pipe.yaml")
    (own / "gone.yaml").symlink_to(own / "nowhere")
    VENDORS.read_own(own)
    assert {Path(file).name for file in VENDORS.faults} == {"folder.yaml", "pipe.yaml", "gone.yaml"}
    assert VENDORS.own == {"huntflow"}


def test_hidden_files_and_a_missing_folder_are_no_mappings(own: Path, tmp_path: Path) -> None:
    (own / ".huntflow.yaml").write_text("title: [")
    VENDORS.read_own(own)
    assert VENDORS.faults == {}
    VENDORS.read_own(tmp_path / "none")
    assert "huntflow" not in VENDORS
    assert f"own mappings are read from {tmp_path / 'none'}" in check_vendor("huntflow")


class Connected:
    """A publisher without a problem."""

    problem: str | None = None

    def publish(self, message: Message) -> Future[None]:
        raise AssertionError("a check publishes nothing")

    def close(self, timeout_s: float) -> None:
        """Has nothing to close."""


def look(live: LiveTenants) -> None:
    assert live.poll(live.poll()) == ""


def test_a_running_intake_follows_the_folder(own: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANTS)
    url = f"sqlite:///{tmp_path / 'signpost.db'}"
    migrate(url)
    with open_store(url) as store, caplog.at_level(logging.INFO):
        live = LiveTenants(file, {}, source_problem, side=OwnMappings(own))
        check = ReadinessCheck(store, Connected, live)

        def parts() -> set[str]:
            return set(check.report(0).parts) & {"tenants", "sources", "vendors"}

        hunters = live.source("hunters")
        assert hunters is not None
        assert to_request(hunters, {}, b"", 0).vendor is VENDORS["huntflow"]
        assert parts() == set()
        (own / "huntflow.yaml").write_text(HUNTFLOW.replace("OFFER_SENT", "OFFER_MADE"))
        look(live)
        assert set(to_request(hunters, {}, b"", 0).vendor.mappings) == {"OFFER_MADE"}
        (own / "huntflow.yaml").write_text(HUNTFLOW.replace("event.created", "event created"))
        look(live)
        with pytest.raises(SourceDisabled, match="its mapping file changes"):
            to_request(hunters, {}, b"", 0)  # of a request that began before the change
        now = live.source("hunters")
        assert now is not None
        with pytest.raises(SourceDisabled, match=r"its mapping file is faulty: huntflow\.yaml:15:15: R022"):
            to_request(now, {}, b"", 0)
        greens = live.source("greens")
        assert greens is not None
        assert greens.problem == ""
        assert parts() == {"sources", "vendors"}
        look(live)
        faults = [record.getMessage() for record in caplog.records if record.getMessage().startswith("mapping file")]
        assert len(faults) == 1
        [disabled] = [one.getMessage() for one in caplog.records if "source hunters is disabled" in one.getMessage()]
        assert disabled.endswith(f"; correct it in {own}/huntflow.yaml")
        assert faults[0].startswith(f"mapping file {own}/huntflow.yaml is disabled, and every source of its vendor")
        (own / "huntflow.yaml").write_text(HUNTFLOW)
        look(live)
        assert parts() == set()
        assert live.source("hunters") == hunters


def test_a_source_that_is_switched_off_is_no_fault(own: Path, tmp_path: Path) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(TENANTS.replace("hunters: {", "hunters: {disabled: true, "))
    live = LiveTenants(file, {}, source_problem, side=OwnMappings(own))
    assert live.now().sources["hunters"].problem
    assert not live.has_disabled_sources
    file.write_text(TENANTS.replace("vendor: huntflow", "vendor: huntflow, time_zone: Mars"))
    look(live)
    assert live.has_disabled_sources


def test_a_secret_of_another_kind_is_no_error_while_a_mapping_changes(own: Path) -> None:
    (own / "huntflow.yaml").write_text(
        HUNTFLOW.replace("scheme: body, header: X-Huntflow-Signature", "scheme: standard-webhooks")
    )
    VENDORS.read_own(own)
    with pytest.raises(SourceDisabled):
        to_request(Source("s", "acme", "huntflow", (SECRET,)), {}, b"", 0)


@pytest.mark.parametrize(("line", "status"), [("", 503), ("retries: 429\n", 429), ("retries: never\n", None)])
def test_a_mapping_says_whether_its_vendor_sends_again(own: Path, line: str, status: int | None) -> None:
    """Else the rate limit would hold for no own vendor, because a refused webhook could be lost."""
    (own / "huntflow.yaml").write_text(line + HUNTFLOW)
    VENDORS.read_own(own)
    assert retry_status("huntflow") == status
    assert (retry_status("merge"), retry_status("teamtailor"), retry_status("nobody")) == (503, None, None)
    (own / "huntflow.yaml").write_text("retries: 200\n" + HUNTFLOW)
    VENDORS.read_own(own)
    assert "huntflow.yaml:1:10: R021 retries must be 429, 503 or never" in check_vendor("huntflow")


# Commands


def test_commands_know_own_vendors_and_name_faulty_files(own: Path, tmp_path: Path) -> None:
    assert call(tmp_path, "tenants", "add", "acme").exit_code == 0
    assert "huntflow" in call(tmp_path, "sources", "add", "--help").output
    assert call(tmp_path, "sources", "add", "hunters", "--vendor", "huntflow").exit_code == 0
    assert call(tmp_path, "sources", "rotate", "hunters").exit_code == 0
    checked = call(tmp_path, "sources", "check")
    assert checked.exit_code == 0
    assert checked.output.startswith("huntflow: valid, 1 sample tested")
    (own / "huntflow.yaml").write_text(HUNTFLOW.replace("title: Huntflow", "titel: Huntflow"))
    listed = call(tmp_path, "sources", "list").output
    assert "hunters is disabled: its mapping file is faulty: huntflow.yaml:1:1: R010" in listed
    assert f"The mapping file {own}/huntflow.yaml is disabled: huntflow.yaml:1:1: R010" in listed
    assert f"; correct it in {own}/huntflow.yaml\n" in listed
    assert f"; correct it in {own}/huntflow.yaml" in call(tmp_path, "sources", "test", "hunters").output
    result = call(tmp_path, "sources", "list", "--json")
    assert json.loads(result.stdout)[0]["status"] == "disabled"
    assert "huntflow.yaml is disabled" in result.stderr
    assert call(tmp_path, "sources", "check").exit_code == 1
    assert "its mapping file is faulty" in call(tmp_path, "sources", "add", "more", "--vendor", "huntflow").output


def test_check_refuses_the_name_of_a_shipped_vendor(own: Path, tmp_path: Path) -> None:
    (own / "huntflow.yaml").rename(own / "lever.yaml")
    (own / "samples" / "huntflow").rename(own / "samples" / "lever")
    result = call(tmp_path, "sources", "check", str(own / "lever.yaml"))
    assert result.exit_code == 1
    assert "lever.yaml: lever is a vendor that comes with Signpost" in result.output


def test_a_missing_sample_is_told_by_check_and_no_fault_of_the_intake(own: Path, tmp_path: Path) -> None:
    (own / "samples" / "huntflow" / "offer-sent.json").unlink()
    VENDORS.read_own(own)
    assert VENDORS.faults == {}
    assert "R023 there is no offer-sent.json" in call(tmp_path, "sources", "check").output
    call(tmp_path, "tenants", "add", "acme")
    call(tmp_path, "sources", "add", "hunters", "--vendor", "huntflow")
    assert "offer-sent.json; the mapping of Huntflow" in call(tmp_path, "sources", "test", "hunters").output


# What `check` tells


def checked(own: Path, tmp_path: Path, text: str, *more: str) -> dict[str, Any]:
    (own / "huntflow.yaml").write_text(text)
    result = call(tmp_path, "sources", "check", str(own / "huntflow.yaml"), "--json", *more)
    [found] = json.loads(result.output)
    return dict(found)


def test_a_path_and_a_condition_that_match_nothing_are_told(own: Path, tmp_path: Path) -> None:
    condition = "        when: [{event.type: OFFER_SENT, event.test: known}, {event.offer.id: 31}]\n"
    text = HUNTFLOW.replace("        time: event.created\n", f"        time: event.created\n{condition}").replace(
        "title: event.offer.position", "title: [event.offer.position, event.offer.name, header:x-title]"
    )
    assert checked(own, tmp_path, text)["unmatched"] == [
        "huntflow.yaml:16:41: the condition on 'event.test' matched nothing in any sample",
        "huntflow.yaml:20:41: the path 'event.offer.name' matched nothing in any sample",
        "huntflow.yaml:20:59: the path 'header:x-title' matched nothing in any sample",
        "huntflow.yaml:26:23: the path 'event.offer.answer_by' matched nothing in any sample",
    ]


def test_the_path_of_an_own_field_is_tried_too(own: Path, tmp_path: Path) -> None:
    more = "          custom.level: event.offer.period\n          custom.shift: event.offer.shift\n"
    text = HUNTFLOW.replace("          respond_by: event.offer.answer_by\n", more)
    assert checked(own, tmp_path, text)["unmatched"] == [
        "huntflow.yaml:26:25: the path 'event.offer.shift' matched nothing in any sample"
    ]


def test_check_alone_demands_an_occurrence_and_says_what_to_write(own: Path, tmp_path: Path) -> None:
    text = HUNTFLOW.replace("occurrence: event.id\n", "")
    [problem] = checked(own, tmp_path, text)["problems"]
    assert problem.startswith("huntflow.yaml:1:1: occurrence is missing")
    assert "write `occurrence: digest`" in problem
    VENDORS.read_own(own)
    assert check_vendor("huntflow") == "", "the intake takes it"
    assert checked(own, tmp_path, text + "occurrence: digest\n")["problems"] == []


def test_the_example_of_an_array_is_valid(own: Path, tmp_path: Path) -> None:
    text, _, rest = GUIDE.partition("<!-- hireloop -->\n```yaml\n")[2].partition("```")
    (own / "samples" / "hireloop").mkdir()
    (own / "samples" / "hireloop" / "batch.json").write_text(rest.partition("```json\n")[2].partition("```")[0])
    (own / "hireloop.yaml").write_text(text)
    [found] = json.loads(call(tmp_path, "sources", "check", str(own / "hireloop.yaml"), "--json").output)
    assert (found["problems"], found["unmatched"], found["samples"][0]["warnings"]) == ([], [], [])
    offer, *interviews = found["samples"][0]["events"]
    assert (offer["time"], offer["data"]["salary"]["amount"]) == ("2026-11-27T03:19:30Z", "72500")
    assert [one["data"]["interview"] for one in interviews] == ["s-1", "s-2"]


def test_a_path_that_misspells_a_name_of_let_or_each_is_told_which(own: Path, tmp_path: Path) -> None:
    let = "    let: {position: event.offer}\n    subject: event.candidate.id\n"
    text = HUNTFLOW.replace("    subject: event.candidate.id\n", let)
    text = text.replace("title: event.offer.position", "title: positon.position").replace("answer_by", "start")
    assert checked(own, tmp_path, text)["unmatched"] == [
        "huntflow.yaml:20:18: the path 'positon.position' matched nothing in any sample; did you mean position?"
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "read"),
    [
        ("450000", "EUR", "4500"), ('"450050"', "EUR", "4500.5"), ("450000.0", "USD", "4500"),
        ("450000", "JPY", "450000"), ("1250500", "kwd", "1250.5"), ("1", "EUR", "0.01"), ('"a lot"', "EUR", None),
        ('"1e999999999"', "EUR", None), ('"1e-999999999"', "EUR", None),
        ('"NaN"', "EUR", None), ("4.5e5", "EUR", "4500"),
    ],
)  # fmt: skip
def test_an_amount_in_minor_units_is_converted(
    own: Path, tmp_path: Path, amount: str, currency: str, read: str | None
) -> None:
    sent = SENT.replace("60000", amount).replace("EUR", currency)
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(sent)
    text = HUNTFLOW.replace(
        "currency: event.offer.currency", "currency: event.offer.currency\n            minor_units: true"
    )
    [sample] = checked(own, tmp_path, text)["samples"]
    salary = sample["events"][0]["data"].get("salary")
    assert (salary and salary["amount"]) == read
    assert any("salary was left out" in one for one in sample["warnings"]) == (read is None)


@pytest.mark.parametrize(
    ("right", "wrong", "warning"),
    [
        ("subject: event.candidate.id", "subject: event.candidat.id", "11:14: the path 'event.candidat.id'; candidate"),
        ("data: {offer: event.offer.id}", "data: {offer: event.offers.id}", "16:23: the path 'event.offers.id'; offer"),
        ("    emit:\n", "    when: {event.type: SENT}\n    emit:\n", "12:12: the condition on 'event.type';"),
        ("    emit:\n", "    each: {one: event.ofers}\n    emit:\n", "12:17: the path 'event.ofers'; offer"),
        ("      - type: offer.extended\n", "      - type: offer.extended\n        each: {one: event.ofers}\n",
         "14:21: the path 'event.ofers'; offer"),
    ],
)  # fmt: skip
def test_one_mistake_gives_one_warning(own: Path, tmp_path: Path, right: str, wrong: str, warning: str) -> None:
    found = checked(own, tmp_path, HUNTFLOW.replace(right, wrong, 1))
    place, _, near = warning.partition(";")
    hint = f"; did you mean{near}?" if near else ""
    assert found["unmatched"] == [f"huntflow.yaml:{place} matched nothing in any sample{hint}"]
    assert len(found["problems"]) == 1


def test_a_fixed_word_that_is_written_as_a_path_is_explained(own: Path, tmp_path: Path) -> None:
    text = HUNTFLOW.replace("per: {path: event.offer.period, words: periods}", "per: annual")
    assert any(
        one.endswith("in any sample; a fixed word is {is: annual}") for one in checked(own, tmp_path, text)["unmatched"]
    )


@pytest.mark.parametrize("each", ['"$"', "{}"])
def test_an_each_of_another_form_is_one_problem(own: Path, tmp_path: Path, each: str) -> None:
    text = HUNTFLOW.replace("    subject: event", f"    each: {each}\n    subject: event")
    assert checked(own, tmp_path, text)["problems"] == [
        'huntflow.yaml:11:11: R006 each must be names with the paths of lists, like {item: "*"}'
    ]


ROUNDS = [
    {"name": "screening", "slots": [{"id": "s-1", "with": [{"name": "Ada"}, {"name": "Bo"}]}, {"id": "s-2"}]},
    {"name": "final", "slots": [{"id": "s-3", "with": [{"name": "Cy"}]}]},
]


@pytest.mark.parametrize(
    ("lists", "emitted"),
    [
        ("{round: event.rounds, slot: round.slots}", [("s-1", "screening"), ("s-2", "screening"), ("s-3", "final")]),
        ('{slot: "event.rounds.*.slots.*"}', [("s-1", ""), ("s-2", ""), ("s-3", "")]),
        (
            "{round: event.rounds, slot: round.slots, person: slot.with}",
            [("s-1", "screening"), ("s-1", "screening"), ("s-3", "final")],
        ),
    ],
)
def test_each_walks_lists_inside_lists(own: Path, tmp_path: Path, lists: str, emitted: list[tuple[str, str]]) -> None:
    event = json.loads(SENT)["event"] | {"rounds": ROUNDS}
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(json.dumps({"event": event}))
    start = HUNTFLOW.partition("      - type")[0]
    text = f"""{start}      - type: interview.scheduled
        each: {lists}
        id: "interview-{{slot.id}}-{{person.name}}-{{occurrence}}"
        time: event.created
        data: {{interview: slot.id}}
        terms: {{application: round.name}}
samples: [{{file: offer-sent.json, attested: made up, gives: [{", ".join(["interview.scheduled"] * len(emitted))}]}}]
"""
    found = checked(own, tmp_path, text)
    assert found["problems"] == []
    [sample] = found["samples"]
    assert [(one["data"]["interview"], one["data"].get("application", "")) for one in sample["events"]] == emitted


def test_each_takes_the_first_thousand_items_of_all_lists_together() -> None:
    rounds, slots = PathIn(("rounds",)), PathIn(("round", "slots"))
    body = {"rounds": [{"slots": [1] * 600}, {"slots": [2] * 600}]}
    scope = DeliveryScope(body, {}, {}, Formats(), 0)
    scopes = each_item((("round", rounds), ("slot", slots)), scope)
    assert [one.names["slot"] for one in scopes] == [1] * 600 + [2] * 400
    assert scope.notes == ["'slot' has 1200 items: those after the first 1000 were left out"]


def test_an_event_without_a_sample_is_told_once_and_not_by_its_paths(own: Path, tmp_path: Path) -> None:
    more = """  - on: [OFFER_GONE]
    subject: event.nobody
    emit: [{type: offer.rescinded, id: "{event.nothing}-{occurrence}", time: event.created, data: {offer: event.none}}]
"""
    found = checked(own, tmp_path, HUNTFLOW.replace("samples:", more + "samples:"))
    assert found["untried"] == ["OFFER_GONE"]
    assert len(found["unmatched"]) == 1


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        (
            "event.offer.start\n",
            "event.offer.position\n",
            "huntflow.yaml:24:23: start_date was left out: its value cannot be read: it is 'Data engineer'; ",
        ),
        ("{yearly: year", "{annual: year", "the word 'yearly' is in no word table, so it is unknown"),
        (", zone: Europe/Berlin", "", "is '24.11.2026 10:15', which has no offset, and neither formats nor the source"),
        (
            "time: event.created",
            "time: event.candidate.name",
            "is 'Anna Petrova', which is neither ISO 8601 nor",
        ),
        ("time: event.created", "time: event.offer.start", "is '11.01.2027', a day; write {day: PATH}"),
        (
            "time: event.created",
            "time: {earliest: [event.created, event.candidate.name]}",
            "a time is left out: it is 'Anna Petrova', which is neither",
        ),
        ("time: event.created", "time: {day: event.offer.start}", "the time of offer.extended is in the future"),
        ("event.offer.start\n", "{path: event.offer.start, format: YYYY/MM/DD}\n", "it is not written as YYYY/MM/DD"),
    ],
)
def test_what_is_left_out_is_a_warning(own: Path, tmp_path: Path, old: str, new: str, warning: str) -> None:
    [sample] = checked(own, tmp_path, HUNTFLOW.replace(old, new))["samples"]
    assert any(warning in one for one in sample["warnings"]), sample["warnings"]
    assert sample["gives"] == ["offer.extended"]
    text = call(tmp_path, "sources", "check", str(own / "huntflow.yaml")).output
    assert f"  offer-sent: warning: {sample['warnings'][0]}" in text


@pytest.mark.parametrize(
    ("written", "mark", "amount"),
    [
        ("72.500,00", ",", "72500"),
        ("72 500,50", ",", "72500.5"),
        ("1\u202f072\u202f500", ",", "1072500"),
        ("72500,25", ",", "72500.25"),
        ("72,500.25", ".", "72500.25"),
        ("72.500,00", ".", None),
        ("72.50", ",", "72.5"),
        ("1.072 500", ",", None),
        ("72.500,00 EUR", ",", None),
    ],
)
def test_a_decimal_mark_is_read_as_the_mapping_says(
    own: Path, tmp_path: Path, written: str, mark: str, amount: str | None
) -> None:
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(SENT.replace("60000", f'"{written}"'))
    text = HUNTFLOW.replace("formats: {", f'formats: {{decimal: "{mark}", ')
    [sample] = checked(own, tmp_path, text)["samples"]
    assert sample["events"][0]["data"].get("salary", {}).get("amount") == amount
    told = [one for one in sample["warnings"] if "salary was left out" in one]
    if amount is None:
        assert told[0].startswith("huntflow.yaml:21:21: salary was left out: its value cannot be read: it is {'amount'")
        assert written in told[0]
        assert 'must be a number or a decimal text of at least 0, like "80000.50"' in told[0]
    else:
        assert told == []


def test_a_decimal_mark_is_a_comma_or_a_point(own: Path, tmp_path: Path) -> None:
    [problem] = checked(own, tmp_path, HUNTFLOW.replace("formats: {", 'formats: {decimal: ";", '))["problems"]
    assert "';' is not a known decimal mark" in problem


def test_quoted_seconds_are_read_where_the_unit_is_given(own: Path, tmp_path: Path) -> None:
    text = HUNTFLOW.replace("time: event.created", "time: {earliest: [event.offer.start, event.created]}")
    (own / "samples" / "huntflow" / "offer-sent.json").write_text(SENT.replace("24.11.2026 10:15", "1795749570"))
    [sample] = checked(own, tmp_path, text)["samples"]
    assert any("it is '1795749570', digits in quotation marks: formats reads 10" in one for one in sample["warnings"])
    [sample] = checked(own, tmp_path, text.replace("formats: {", "formats: {unit: seconds, "))["samples"]
    assert sample["events"][0]["time"] == "2026-11-27T03:19:30Z"
    assert not any("digits" in one for one in sample["warnings"])


def recorded(signature: str, more: str = "") -> str:
    sample = "{file: offer-sent.json, attested: made up, gives: [offer.extended]"
    return HUNTFLOW.replace(sample, f"{sample}, headers: {{X-Huntflow-Signature: {signature}}}{more}")


def test_a_recorded_signature_is_verified(own: Path, tmp_path: Path) -> None:
    right = hmac.digest(SECRET.encode(), SENT.encode(), "sha256").hex()
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    given = ("--secret-file", str(tmp_path / "secret"))
    [sample] = checked(own, tmp_path, recorded(right))["samples"]
    assert "was not verified; give the secret with --secret-file" in sample["warnings"][0]
    for mapping, more in ((recorded(right), given), (recorded(right, f", secret: {SECRET}"), ())):
        found = checked(own, tmp_path, mapping, *more)
        assert (found["problems"], found["samples"][0]["warnings"]) == ([], [])
        assert found["samples"][0]["verified"]
    file = str(own / "huntflow.yaml")
    assert "  offer-sent: its recorded signature fits\n" in call(tmp_path, "sources", "check", file).output
    [sample] = checked(own, tmp_path, HUNTFLOW, *given)["samples"]
    assert "it has no header x-huntflow-signature, so no signature was verified" in sample["warnings"]
    assert not sample["verified"]
    wrong = hashlib.sha256(b"x").hexdigest()
    [problem] = checked(own, tmp_path, recorded(wrong), *given)["problems"]
    assert "has a signature that does not fit: the signature does not match the body" in problem
    stripped = hmac.digest(SECRET.encode(), SENT.strip().encode(), "sha256").hex()
    [problem] = checked(own, tmp_path, recorded(stripped), *given)["problems"]
    assert "ends with a line end that the vendor did not send" in problem


# new-vendor


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
    ],
)
def test_the_signature_is_guessed_from_its_header(own: Path, tmp_path: Path, header: str, signature: str) -> None:
    made = json.loads(write_first(tmp_path, json.loads(SENT), *header.split("|"), "X-Event-Id: 5").output)
    assert signature in Path(made["mapping"]).read_text()
    again = call(tmp_path, "sources", "check", made["mapping"])
    assert again.exit_code == 0, again.output
    assert "was not verified" in again.output


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
    ("name", "body", "said"),
    [
        ("greenhouse", "{}", "comes with Signpost; choose another name"),
        ("../escape", "{}", "the name of a mapping file is"),
        ("huntflow", '{"a": 1}', "is there already; it is not replaced"),
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
