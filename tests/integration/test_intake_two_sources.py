"""Two vendors of one tenant with the same candidate number are two people, unless the tenant says otherwise."""

import json
from pathlib import Path

import pytest

from signpost.ingress.signing import sign
from signpost.ingress.vendors import VENDORS
from tests.support.intake_parts import GREENHOUSE, NOW, TENANTS, intake_at, sign_greenhouse

ASHBY = "the secret of the other source"
SECOND = TENANTS + f'  other: {{tenant: north, vendor: ashby, secrets: ["plain:{ASHBY}"]IDS}}\n'
FIRST_BODY = {
    "action": "hire_candidate",
    "payload": {"application": {"id": 7, "candidate": {"id": 9}, "offer": {"id": 1}}},
}
OFFER = {"id": "7", "applicationId": "7", "offerStatus": "WaitingOnCandidateResponse", "latestVersion": {"id": "v"}}
SECOND_BODY = {
    "action": "candidateHire",
    "data": {"application": {"id": "7", "candidate": {"id": "9"}, "createdAt": "2026-03-01T00:00:00Z"}, "offer": OFFER},
}


@pytest.mark.parametrize(
    ("ids", "subjects"),
    [("", {"9", "other~9"}), (", ids: shared", {"9"}), (", ids: own", {"9", "other~9"})],
)
def test_the_same_number_is_two_people_until_something_says_they_are_one(
    tmp_path: Path, ids: str, subjects: set[str]
) -> None:
    intake = intake_at(tmp_path, text=SECOND.replace("IDS", ids))
    try:
        first, second = json.dumps(FIRST_BODY).encode(), json.dumps(SECOND_BODY).encode()
        assert intake.client.post("/v1/webhooks/acme", data=first, headers=sign_greenhouse(first, GREENHOUSE)).json
        headers, body = sign(VENDORS["ashby"].scheme, ASHBY, {}, second, NOW)
        answer = intake.client.post("/v1/webhooks/other", data=body, headers=headers)
        assert answer.status_code == 202, answer.json
        queued = intake.queued()
        assert {kept["subject"] for kept in queued} == subjects
        prefix = "other~" if "other~9" in subjects else ""
        (hired,) = [kept for kept in queued if kept["source"] == "ashby/other" and "offer.accepted" in kept["type"]]
        assert (hired["data"]["offer"], hired["data"]["application"]) == (f"{prefix}7", f"{prefix}7")
    finally:
        intake.broker.close()
        intake.store.close()
