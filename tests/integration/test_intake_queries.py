"""Query parameters: a refusal names every wrong and every unknown one, on all routes that take any."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from signpost.schemas.documents.generate import GENERATED
from tests.support.intake_parts import NORTH_KEY, Intake, intake_at

OPERATIONS = [
    (method, path, [one["name"] for one in found["parameters"] if one["in"] == "query"])
    for path, operations in json.loads((GENERATED / "openapi.json").read_bytes())["paths"].items()
    for method, found in operations.items()
    if any(one["in"] == "query" for one in found.get("parameters", ()))
]
"""Method, path and query parameters of each operation that has some."""
WRONG = {
    "/v1/candidates": {"q": "x" * 201, "after": "x", "limit": "0"},
    "/v1/candidates/c-1/advice": {"audience": "candidat"},
    "/v1/candidates/c-1/questions": {"limit": "many"},
    "/v1/candidates/c-1/rules/give-notice": {"at": "soon"},
    "/v1/candidates/c-1/forecast": {"until": "soon", "audience": "nobody", "after": "x", "limit": "0"},
    "/v1/candidates/c-1/agenda": {"employer": "acme", "questions": "3"},
    "/v1/employers/acme/agenda": {"limit": "51", "after": "x"},
    "/v1/forecast": {"until": "2026-03-01T00:00:00Z", "after": "x", "limit": "0"},
    "/v1/recommendations": {"after": "x", "limit": "0", "audience": "nobody", "wait": "61"},
    "/v1/recommendations/rec_1/explanation": {"at": "soon"},
    "/v1/deliveries": {"status": "lost", "after": "x", "limit": "0"},
    "/v1/dead-letters": {"queue": "none", "kind": "x", "failed_after": "x", "failed_before": "x", "limit": "0"},
    "/v1/dead-letters/dl_0123456789abcdef": {"queue": "none"},
    "/v1/endpoints/ep_1/attempts": {"after": "x", "limit": "0"},
}
"""Path -> a wrong value of each parameter that can have one."""


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Intake]:
    made = intake_at(tmp_path_factory.mktemp("queries"))
    yield made
    made.broker.close()
    made.store.close()


def refuse(intake: Intake, path: str, query: dict[str, str], method: str = "get") -> dict[str, str]:
    """Parameter -> what the refusal says about it."""
    answer = intake.client.open(
        f"{path}?{urlencode(query)}", method=method.upper(), headers={"Authorization": f"Bearer {NORTH_KEY}"}
    )
    document: dict[str, Any] = answer.get_json()
    assert (answer.status_code, document["type"]) == (400, "urn:signpost:problem:bad-query"), document
    return {one["pointer"].removeprefix("?"): one["detail"] for one in document["errors"]}


@pytest.mark.parametrize(("method", "path", "names"), OPERATIONS)
def test_a_misspelt_parameter_is_refused_and_the_right_name_suggested(
    intake: Intake, method: str, path: str, names: list[str]
) -> None:
    found = refuse(intake, path, {f"{name}x": "1" for name in names}, method)
    assert found == {f"{name}x": f"is not a known parameter; did you mean {name}?" for name in names}


@pytest.mark.parametrize(("path", "wrong"), WRONG.items())
def test_a_refusal_names_every_wrong_parameter(intake: Intake, path: str, wrong: dict[str, str]) -> None:
    found = refuse(intake, path, wrong | {"zzz": "1"})
    assert sorted(found) == sorted([*wrong, "zzz"])
    assert found["zzz"] == "is not a known parameter"


def test_a_wrong_choice_is_answered_with_the_nearest(intake: Intake) -> None:
    found = refuse(intake, "/v1/candidates/c-1/advice", {"audience": "candidat"})
    assert found == {"audience": "must be one of candidate, employer; did you mean candidate?"}


def test_a_parameter_given_twice_is_refused(intake: Intake) -> None:
    path = "/v1/candidates/c-1/advice?audience=employer&audience=candidate&limt=1"
    document = intake.get(path).get_json()
    found = {one["pointer"]: one["detail"] for one in document["errors"]}
    assert found["?audience"] == "must be given once"
    assert found["?limt"].startswith("is not a known parameter")


def test_a_refusal_lists_so_many_parameters_and_counts_the_rest(intake: Intake) -> None:
    query = urlencode({f"p{number}": "1" for number in range(60)})
    document = intake.get(f"/v1/forecast?{query}").get_json()
    assert (len(document["errors"]), document["more"]) == (50, 10)
    assert document["detail"].endswith("p49 is not a known parameter; 10 more problems")


def test_a_name_of_any_characters_can_be_refused(intake: Intake) -> None:
    assert len(refuse(intake, "/v1/forecast", {"": "1", "\0": "2", "%": "3"})) == 3
    [name] = refuse(intake, "/v1/forecast", {"n" * 2000: "1"})
    assert len(name) <= 60


def test_a_route_without_parameters_takes_any(intake: Intake) -> None:
    assert intake.get("/v1/endpoints?limit=1").status_code == 200


def test_an_unknown_path_is_answered_with_where_all_are(intake: Intake) -> None:
    answer = intake.client.get("/v1/candidats")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json()["detail"] == "there is no such path; /docs lists all operations"
