"""`life.yaml` and the overrides `life` of a tenant."""

from pathlib import Path
from typing import Any

import pytest

from signpost.case.instant import DAY
from signpost.facts.life import LIFE
from signpost.rulebook import RulebookError, load
from signpost.tenants.rulebooks import find_rulebook_problems, load_rulebooks
from tests.support.rulebooks import RULES


def test_the_shipped_file_states_the_defaults() -> None:
    assert load(RULES).vocabulary.life == LIFE


def test_an_override_changes_the_life_and_the_version() -> None:
    changed = load(RULES, {"life": {"quiet_after": "90d"}})
    assert (changed.vocabulary.life.quiet_after, changed.vocabulary.life.past_end) == (90 * DAY, 30 * DAY)
    assert changed.version != load(RULES).version


@pytest.mark.parametrize(
    ("params", "code"),
    [({"quite_after": "90d"}, "R052"), ({"quiet_after": 90}, "R021"), ({"quiet_after": "9bd"}, "R021")],
)
def test_a_wrong_override_is_refused(params: dict[str, Any], code: str) -> None:
    with pytest.raises(RulebookError) as caught:
        load(RULES, {"life": params})
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize(("value", "found"), [("90d", []), ("soon", ["R052"])])
def test_a_tenant_sets_it_like_the_parameters_of_a_rule(tmp_path: Path, value: str, found: list[str]) -> None:
    file = tmp_path / "tenants.yaml"
    file.write_text(f"tenants: {{north: {{api_keys: [], params: {{life: {{quiet_after: {value}}}}}}}}}\n")
    assert [problem.code for problem in find_rulebook_problems(RULES, file)[1]] == found
    if not found:
        assert load_rulebooks(RULES, file).of("north").vocabulary.life.quiet_after == 90 * DAY
