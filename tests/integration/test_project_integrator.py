"""A new integrator: from an empty folder to the first recommendation from a webhook, in the commands of the guide."""

import json
import re
from pathlib import Path

from tests.integration.test_project_up import started

GUIDE = Path(__file__).parents[2] / "docs" / "integrating.md"


def test_from_nothing_to_advice_from_a_lever_webhook_in_the_commands_of_the_guide(tmp_path: Path) -> None:
    block = re.search(r"^```sh\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert block is not None
    commands = [line.partition("#")[0].split() for line in block[1].splitlines() if line.strip()]
    assert len(commands) <= 4
    assert commands[0] == ["signpost", "up"]
    with started(tmp_path) as system:
        for command in commands[1:-1]:
            system.command("-m", *command)
        told = json.loads(system.command("-m", *commands[-1], "--json"))
    assert (told["answer"], told["expected"]) == (202, 202)
    assert [event["type"] for event in told["events"]] == ["signpost.interview.scheduled.v1"]
    assert "research-organisation" in {one["rule"] for one in told["advice"]}
