"""The Helm chart as helm renders it: once as it is, once with everything in use; and looks at the objects."""

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from signpost.tenants.model import hash_key, new_key
from tests.conftest import IN_CI
from tests.support.rulebooks import FEW_RULES

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "signpost"
TOOLS = Path(sys.prefix) / "helm"
HELM = shutil.which("helm", path=f"{TOOLS}:{os.environ['PATH']}")
ROLES = ["advisor", "clock", "deliverer", "intake", "relay"]
MIGRATE = "migrate"
CUSTOM = {"ScaledObject", "TriggerAuthentication", "PodMonitor"}
"""Kinds of KEDA and of the Prometheus operator."""
API_KEY = new_key()
SCRAPER = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
PROXY = {"podSelector": {"matchLabels": {"app": "proxy"}}}
BROKER = {"to": [{"ipBlock": {"cidr": "10.1.0.0/24"}}], "ports": [{"port": 5671}]}
FULL: dict[str, Any] = {
    "image": {"repository": "registry.example/signpost", "pullSecrets": [{"name": "registry"}]},
    "roles": {"advisor": {"maxReplicas": 8, "secret": "advisor-stores"}, "intake": {"maxReplicas": 0}},
    "migrate": {"secret": "migrate-stores"},
    "settings": {"SIGNPOST_PARTITIONS": "3", "SIGNPOST_MAX_BYTES_PER_TENANT": "50000000000"},
    "drainSeconds": 30,
    "tenants": {
        "content": f"""tenants: {{north: {{api_keys: ["{hash_key(API_KEY)}"]}}}}
sources:
  greens: {{tenant: north, vendor: greenhouse, secrets: ["file:greens"]}}
""",
        "sourceSecrets": ["acme-sources"],
        "rules": {"north": "north-rules"},
    },
    "rules": {"keepShipped": False, "files": {file.name: file.read_text() for file in FEW_RULES.glob("*.yaml")}},
    "vendors": {"files": {"ours.yaml": "vendor: ours\n"}},
    "metrics": {"podMonitor": True, "from": [SCRAPER]},
    "networkPolicy": {"from": [PROXY], "egress": [BROKER]},
    "pod": {"nodeSelector": {"pool": "signpost"}},
}
Document = dict[str, Any]


@cache
def render(variant: str) -> list[Document]:
    """What `helm template` gives: `plain` for the values as they are, `full` for FULL. Skips without helm."""
    if HELM is None:
        without_tools()
    command = [str(HELM), "template", "demo", str(CHART), "--values", "-"]
    values = json.dumps(FULL if variant == "full" else {})
    done = subprocess.run(command, input=values, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def kubernetes_schemas() -> list[Document]:
    """The JSON Schemas of all objects, of the oldest supported Kubernetes and of the latest. Skips without them."""
    found = sorted(TOOLS.glob("kubernetes-*.json"))
    if len(found) != 2:
        without_tools()
    return [json.loads(path.read_bytes()) for path in found]


def without_tools() -> None:
    """On a laptop the test is skipped; in CI it fails."""
    (pytest.fail if IN_CI else pytest.skip)("needs helm and the schemas of Kubernetes: run `make helm` once")


def of_kind(documents: list[Document], *kinds: str) -> dict[str, Document]:
    """Those of these kinds, by name without the release."""
    names = [(document["metadata"]["name"], document) for document in documents if document["kind"] in kinds]
    return {name.removeprefix("demo-signpost").lstrip("-"): document for name, document in names}


def pods(documents: list[Document]) -> dict[str, Document]:
    """Role, or MIGRATE -> the specification of its pods."""
    found = of_kind(documents, "Deployment", "Job")
    assert sorted(found) == sorted([*ROLES, MIGRATE])
    return {name: document["spec"]["template"]["spec"] for name, document in found.items()}


def containers(pod: Document) -> list[Document]:
    """All of a pod, in the order in which they start."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def environment(container: Document) -> dict[str, str]:
    """Its variables; none is there twice."""
    found = {variable["name"]: variable["value"] for variable in container["env"]}
    assert len(found) == len(container["env"])
    return found


def selected(documents: list[Document], selector: dict[str, str]) -> list[str]:
    """Whose pods a selector selects, sorted."""
    return sorted(
        role
        for role, document in of_kind(documents, "Deployment", "Job").items()
        if selector.items() <= document["spec"]["template"]["metadata"]["labels"].items()
    )


def mount(folder: Path, files: dict[str, str], number: int) -> None:
    """As the kubelet mounts a ConfigMap or Secret: links to a link to a folder, which it replaces as one."""
    new = folder / f"..{number}"
    new.mkdir(parents=True)
    for name, text in files.items():
        (new / name).write_text(text, encoding="utf-8")
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..draft").symlink_to(new.name)
    os.replace(folder / "..draft", folder / "..data")
