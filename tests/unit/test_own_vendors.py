"""Own mappings beside the shipped ones: a faulty file disables itself alone, and commands name it."""

import json
import logging
import os
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

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
from tests.support.own_mappings import HUNTFLOW, SECRET, call, own_mappings

TENANTS = f"""tenants: {{acme: {{api_keys: []}}}}
sources:
  hunters: {{tenant: acme, vendor: huntflow, secrets: ["plain:{SECRET}"]}}
  greens: {{tenant: acme, vendor: greenhouse, secrets: ["plain:{SECRET}"]}}
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    with own_mappings(tmp_path / "vendors") as folder:
        yield folder


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


@pytest.mark.parametrize("written", ["2d", "5", "[5m]", "soon"])
def test_a_mapping_says_how_late_a_signed_time_may_be(own: Path, written: str) -> None:
    (own / "huntflow.yaml").write_text("clock_skew: 40m\n" + HUNTFLOW)
    VENDORS.read_own(own)
    assert (VENDORS["huntflow"].clock_skew, VENDORS["merge"].clock_skew) == ("40m", "")
    (own / "huntflow.yaml").write_text(f"clock_skew: {written}\n" + HUNTFLOW)
    VENDORS.read_own(own)
    assert "huntflow.yaml:1:13: R021 clock_skew must be a duration up to 1d, like 5m" in check_vendor("huntflow")


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
