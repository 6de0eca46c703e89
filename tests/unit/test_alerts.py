"""Alerts, dashboard and runbooks: every metric that they name exists, every alert can fire and has its page."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from signpost.cli import COMMANDS
from signpost.metrics.table import ROLES, TABLE

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
TESTS = ROOT / "tests/data/alerts.test.yaml"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]
]
DASHBOARD = json.loads((ROOT / "deploy/grafana/signpost.json").read_text(encoding="utf-8"))
RUNBOOKS = sorted(path for path in (ROOT / "docs/runbooks").glob("*.md") if path.name != "README.md")
SAMPLES = {sample for metric in TABLE for sample in metric.samples}
HEADINGS = ("What it means for candidates", "See the cause", "Mend it", "Check that it is mended")
PROMTOOL = os.environ.get("SIGNPOST_TEST_PROMTOOL") or shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool (Debian: the package prometheus), so no alert is evaluated"
)


def expressions() -> list[str]:
    """The queries of all panels and annotations of the dashboard."""
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
    return panels + [one["expr"] for one in DASHBOARD["annotations"]["list"]]


def named(text: str) -> set[str]:
    return set(re.findall(r"\bsignpost_[a-z_]+\b", text))


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_every_metric_that_is_named_exists() -> None:
    for text in (*(rule["expr"] for rule in RULES), *expressions(), TESTS.read_text(encoding="utf-8")):
        assert named(text) - SAMPLES == set(), text
    names = SAMPLES | {metric.name for metric in TABLE}
    for page in RUNBOOKS:
        found = named(page.read_text(encoding="utf-8"))
        assert found, page
        assert found - names == set(), page


def test_labels_in_queries_are_those_of_the_metric() -> None:
    labels = {sample: set(metric.labels) for metric in TABLE for sample in metric.samples}
    matchers = [
        (metric, set(re.findall(r"(\w+)(?:=~|!~|!=|=)", inside)))
        for text in (*(rule["expr"] for rule in RULES), *expressions())
        for metric, inside in re.findall(r"\b(signpost_[a-z_]+)\{([^}]*)\}", text)
    ]
    assert matchers
    assert [(metric, used) for metric, used in matchers if not used <= labels[metric] | {"le"}] == []


def test_the_dashboard_shows_every_metric() -> None:
    shown = set().union(*map(named, expressions()))
    assert [metric.name for metric in TABLE if not shown & set(metric.samples)] == []
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert len(RULES) >= 10
    assert [
        rule["annotations"]["runbook"] for rule in RULES if not (ROOT / rule["annotations"]["runbook"]).exists()
    ] == []
    assert {ROOT / rule["annotations"]["runbook"] for rule in RULES} == set(RUNBOOKS)
    index = (ROOT / "docs/runbooks/README.md").read_text(encoding="utf-8")
    for rule in RULES:
        page = ROOT / rule["annotations"]["runbook"]
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {rule['alert']}\n")
        assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == HEADINGS
        assert f"| [{rule['alert']}]({page.name}) | {rule['labels']['severity']} |" in index


def test_every_command_of_a_runbook_exists() -> None:
    commands = {
        command
        for page in RUNBOOKS
        for command in re.findall(r"(?:^|`)signpost ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert commands >= {"status", "doctor", "dead-letters", "topology", "consumers"}
    assert commands - set(COMMANDS) == set()


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    cases = [
        case for one in yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"] for case in one["alert_rule_test"]
    ]
    names = {rule["alert"] for rule in RULES}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


@needs_promtool
def test_alerts_fire_when_they_should() -> None:
    done = promtool("test", "rules", TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_accepts_every_query_of_the_dashboard(tmp_path: Path) -> None:
    queries = [query.replace("$__rate_interval", "5m") for query in expressions()]
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    done = promtool("check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(queries)} rules found" in done.stdout


def test_every_container_serves_metrics_and_every_worker_is_asked_itself() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [port] = re.findall(r"SIGNPOST_METRICS_BIND=0\.0\.0\.0:(\d+)", image)
    for role in ROLES[1:]:
        assert f"127.0.0.1:{port}/readyz" in services[role]["healthcheck"]["test"][-1]
    assert [role for role in ROLES if any(port in one for one in services[role].get("ports", ()))] == []
    [scrape] = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    [found] = scrape["dns_sd_configs"]
    assert (scrape["job_name"], set(found["names"]), str(found["port"])) == ("signpost", set(ROLES), port)
