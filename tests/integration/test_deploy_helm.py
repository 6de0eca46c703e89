"""What the Helm chart promises, read off the rendered objects as Kubernetes and Signpost would read them."""

import json
import tomllib
from pathlib import Path
from typing import Any

import click
import httpx
import jsonschema
import pytest
import yaml

from signpost.cli import main
from signpost.ingress.vendors import VENDORS
from signpost.messaging.topology import advisor_queues
from signpost.metrics.server import MetricsServer
from signpost.rulebook import load
from signpost.settings import NAMES, Settings, read_settings
from signpost.tenants.live import LiveTenants
from signpost.tenants.model import hash_key, new_key
from signpost.workers.process import MAX_STOP_S
from tests.support import charts
from tests.support.charts import MIGRATE, ROLES, Document, containers, environment, mount, of_kind, pods, selected
from tests.support.rulebooks import FEW_RULES

VALUES = yaml.safe_load((charts.CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA = json.loads((charts.CHART / "values.schema.json").read_text(encoding="utf-8"))
API = json.loads((charts.ROOT / "schemas" / "documents" / "generated" / "openapi.json").read_bytes())
GRACEFUL_S = 30
"""Within which a stopping intake finishes its requests, `graceful_timeout` of gunicorn."""


@pytest.fixture(params=["plain", "full"])
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def documents(variant: str) -> list[Document]:
    return charts.render(variant)


def test_every_object_is_one_of_the_oldest_and_of_the_latest_kubernetes(documents: list[Document]) -> None:
    for schemas in charts.kubernetes_schemas():
        names = {
            (f"{each['group']}/{each['version']}".lstrip("/"), each["kind"]): name
            for name, definition in schemas["$defs"].items()
            for each in definition.get("x-kubernetes-group-version-kind", [])
        }
        for document in documents:
            if document["kind"] not in charts.CUSTOM:
                name = names[document["apiVersion"], document["kind"]]
                validator = jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schemas["$defs"]})
                assert [error.message for error in validator.iter_errors(document)] == [], document["kind"]


def test_no_process_can_write_gain_rights_or_call_the_cluster(documents: list[Document]) -> None:
    assert of_kind(documents, "ServiceAccount")[""]["automountServiceAccountToken"] is False
    for pod in pods(documents).values():
        # Links to services are variables like SIGNPOST_INTAKE_PORT, and an unknown setting is an error
        assert pod["automountServiceAccountToken"] is pod["enableServiceLinks"] is False
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            **dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), 10001),
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "command" not in container, "the entrypoint of the image holds signals"
            assert {"cpu", "memory"} == set(container["resources"]["limits"]) == set(container["resources"]["requests"])


def test_every_mount_has_its_volume_and_only_empty_ones_are_writable(documents: list[Document]) -> None:
    for pod in pods(documents).values():
        limits = {volume["name"]: volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if "emptyDir" in volume}
        for container in containers(pod):
            mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
            assert mounts.keys() == {volume["name"] for volume in pod["volumes"]}
            assert {name for name, mount in mounts.items() if not mount.get("readOnly")} == limits.keys()
            # A single file would stay as it was when it was mounted
            assert not [mount for mount in mounts.values() if "subPath" in mount]


def settings_of(container: Document, folder: Path) -> Settings:
    """As Signpost reads them, with addresses in the files that are mounted."""
    environ = environment(container)
    for name, url in (("database_url", "postgresql://db/signpost"), ("broker_url", "amqps://mq/%2F")):
        variable = f"SIGNPOST_{name.upper()}_FILE"
        assert environ[variable] == f"/run/secrets/stores/{name}"
        environ[variable] = str(folder / name)
        (folder / name).write_text(url)
    return read_settings(environ)


def test_settings_are_valid_and_name_what_is_mounted(documents: list[Document], variant: str, tmp_path: Path) -> None:
    has_files = variant == "full"
    for role, pod in pods(documents).items():
        for container in containers(pod):
            settings = settings_of(container, tmp_path)
            assert (settings.http_bind, settings.metrics_bind) == (("0.0.0.0", 8080), ("0.0.0.0", 9464))
            assert settings.partitions == (3 if has_files else 1)
            mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
            if role != MIGRATE:
                assert {str(settings.tenants.parent), str(settings.data_dir)} <= mounted
                assert [str(folder) in mounted for folder in settings.rules] == [has_files]
                assert (str(settings.vendors) in mounted) == has_files
                assert ("/etc/signpost/tenant-rules/north" in mounted) == has_files


def test_every_argument_is_a_command(documents: list[Document]) -> None:
    for role, pod in pods(documents).items():
        found = [container["args"] for container in containers(pod)]
        assert found == ([["db", "upgrade"], ["topology", "apply"]] if role == MIGRATE else [[role]])
        for words in found:
            command: Any = main
            for word in words:
                command = command.get_command(click.Context(command), word)
            assert command is not None, words


def test_tables_and_topology_come_before_everything_else(documents: list[Document], variant: str) -> None:
    job = of_kind(documents, "Job")[MIGRATE]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    # At the first installation, no object of the release exists yet
    pod = job["spec"]["template"]["spec"]
    assert "serviceAccountName" not in pod
    named = [volume["secret"]["secretName"] for volume in pod["volumes"] if "emptyDir" not in volume]
    assert named == ["migrate-stores" if variant == "full" else "signpost-stores"]
    assert pod["restartPolicy"] == "Never"


def test_only_the_intake_has_the_secrets_of_sources(documents: list[Document], variant: str) -> None:
    for role in ROLES:
        (tenants,) = [volume["projected"] for volume in pods(documents)[role]["volumes"] if volume["name"] == "tenants"]
        own = {"name": "demo-signpost-tenants" if variant == "full" else "signpost-tenants"}
        if role == "intake":
            others = charts.FULL["tenants"]["sourceSecrets"] if variant == "full" else []
            assert tenants["sources"] == [{"secret": own}, *({"secret": {"name": name}} for name in others)]
        else:
            items = [{"key": "tenants.yaml", "path": "tenants.yaml"}]
            assert tenants["sources"] == [{"secret": {**own, "items": items}}]


def test_only_the_intake_is_reachable(documents: list[Document], variant: str) -> None:
    (service,) = of_kind(documents, "Service").values()
    assert selected(documents, service["spec"]["selector"]) == ["intake"]
    assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]
    policies = of_kind(documents, "NetworkPolicy")
    everywhere, intake, deliverer = (policies.pop(name)["spec"] for name in ("", "intake", "deliverer"))
    assert policies == {}
    assert selected(documents, everywhere["podSelector"]["matchLabels"]) == sorted([*ROLES, MIGRATE])
    assert selected(documents, intake["podSelector"]["matchLabels"]) == ["intake"]
    assert (everywhere["policyTypes"], intake["policyTypes"]) == (["Ingress", "Egress"], ["Ingress"])
    assert selected(documents, deliverer["podSelector"]["matchLabels"]) == ["deliverer"]
    assert deliverer["policyTypes"] == ["Egress"]
    (outwards,) = deliverer["egress"]
    assert outwards["ports"] == [{"port": 443}]
    assert {"10.0.0.0/8", "169.254.0.0/16"} < set(outwards["to"][0]["ipBlock"]["except"])
    names, *others = everywhere["egress"]
    assert names == {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    if variant == "full":
        assert everywhere["ingress"] == [{"from": [charts.SCRAPER], "ports": [{"port": "metrics"}]}]
        assert intake["ingress"] == [{"from": [charts.PROXY], "ports": [{"port": "http"}]}]
        assert others == [charts.BROKER]
    else:
        assert "ingress" not in everywhere
        assert intake["ingress"] == [{"ports": [{"port": "http"}]}]
        assert others == [{"ports": [{"port": 5671}, {"port": 5672}, {"port": 5432}]}]


@pytest.fixture(scope="module")
def internal_routes(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths that the internal server of a process knows, of those that the chart may name."""
    server = MetricsServer(("127.0.0.1", 0), tmp_path_factory.mktemp("metrics"), ["advisor"])
    server.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        return {path for path in ("/livez", "/readyz", "/metrics") if httpx.get(url + path).status_code != 404}
    finally:
        server.close()


def test_probes_meet_routes(documents: list[Document], internal_routes: set[str]) -> None:
    for role in ROLES:
        (container,) = pods(documents)[role]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == ({"http": 8080, "metrics": 9464} if role == "intake" else {"metrics": 9464})
        probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
        assert [probe["path"] for probe in probes] == ["/livez", "/livez", "/readyz"]
        # Only at its usual address an intake that was asked to stop says so
        assert {probe["port"] for probe in probes} == {"http" if role == "intake" else "metrics"}
        assert {probe["path"] for probe in probes} <= (API["paths"].keys() if role == "intake" else internal_routes)


def test_prometheus_finds_the_metrics_of_every_process(internal_routes: set[str]) -> None:
    assert "/metrics" in internal_routes
    for role, deployment in of_kind(charts.render("plain"), "Deployment").items():
        annotations = deployment["spec"]["template"]["metadata"]["annotations"]
        assert annotations == {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "9464",
            "prometheus.io/path": "/metrics",
        }, role
    full = charts.render("full")
    monitor = of_kind(full, "PodMonitor")[""]["spec"]
    assert monitor["podMetricsEndpoints"] == [{"port": "metrics", "path": "/metrics"}]
    assert set(selected(full, monitor["selector"]["matchLabels"])) >= set(ROLES)
    labels = of_kind(full, "Deployment")["relay"]["spec"]["template"]["metadata"]["labels"]
    assert labels[monitor["jobLabel"]] == "signpost", "the job of deploy/prometheus/alerts.yaml"
    assert not [each for each in of_kind(full, "Deployment").values() if "annotations" in each["spec"]["template"]]


def test_pods_are_replaced_spread_and_evicted_one_at_a_time(documents: list[Document]) -> None:
    budgets, deployments = of_kind(documents, "PodDisruptionBudget"), of_kind(documents, "Deployment")
    assert sorted(budgets) == sorted(deployments) == ROLES
    for role, deployment in deployments.items():
        selector = deployment["spec"]["selector"]
        assert selected(documents, selector["matchLabels"]) == [role]
        assert budgets[role]["spec"]["selector"] == selector
        assert budgets[role]["spec"]["maxUnavailable"] == 1
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        pod = deployment["spec"]["template"]["spec"]
        spread = {each["topologyKey"]: each["labelSelector"] for each in pod["topologySpreadConstraints"]}
        assert spread == dict.fromkeys(("topology.kubernetes.io/zone", "kubernetes.io/hostname"), selector)


def test_a_process_is_killed_only_after_it_has_drained(documents: list[Document], variant: str) -> None:
    drain = 30 if variant == "full" else 10
    for role in ROLES:
        pod = pods(documents)[role]
        assert environment(pod["containers"][0])["SIGNPOST_DRAIN_SECONDS"] == str(drain)
        longest = drain + GRACEFUL_S if role == "intake" else MAX_STOP_S
        assert longest < pod["terminationGracePeriodSeconds"] <= longest + 15


def test_the_intake_scales_on_cpu_and_advisors_on_their_queues() -> None:
    plain, full = charts.render("plain"), charts.render("full")
    fixed = [
        [role for role, each in of_kind(d, "Deployment").items() if "replicas" in each["spec"]] for d in (plain, full)
    ]
    assert fixed == [["advisor", "clock", "deliverer", "relay"], ["clock", "deliverer", "intake", "relay"]]
    assert of_kind(plain, "ScaledObject") == of_kind(full, "HorizontalPodAutoscaler") == {}
    scaler, queues = (
        of_kind(plain, "HorizontalPodAutoscaler")["intake"]["spec"],
        of_kind(full, "ScaledObject")["advisor"]["spec"],
    )
    assert scaler["scaleTargetRef"]["name"] == "demo-signpost-intake"
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 6)
    assert queues["scaleTargetRef"]["name"] == "demo-signpost-advisor"
    assert (queues["minReplicaCount"], queues["maxReplicaCount"]) == (2, 8)
    assert sorted(each["metadata"]["queueName"] for each in queues["triggers"]) == sorted(advisor_queues(3))
    access = of_kind(full, "TriggerAuthentication")["advisor"]["spec"]["secretTargetRef"]
    assert access == [{"parameter": "host", "name": "advisor-stores", "key": "broker_url"}]


def test_mounted_files_are_read_and_followed(tmp_path: Path) -> None:
    full = charts.render("full")
    made = of_kind(full, "ConfigMap")
    mount(tmp_path / "rules", made["rules"]["data"], 1)
    assert load(tmp_path / "rules").rules.keys() == load(FEW_RULES).rules.keys()
    mount(tmp_path / "vendors", made["vendors"]["data"], 1)
    VENDORS.read_own(tmp_path / "vendors")
    assert list(VENDORS.faults) == [str(tmp_path / "vendors" / "ours.yaml")]
    VENDORS.read_own(None)
    text = of_kind(full, "Secret")["tenants"]["stringData"]["tenants.yaml"]
    secrets = {"greens": "a secret of sixteen bytes or more"}
    mount(tmp_path / "tenants", {"tenants.yaml": text, **secrets}, 1)
    live, rotated = LiveTenants(tmp_path / "tenants" / "tenants.yaml", {}), new_key()
    assert (live.tenant_of_key(charts.API_KEY), live.has_disabled_sources) == ("north", False)
    text = text.replace(hash_key(charts.API_KEY), hash_key(rotated))
    mount(tmp_path / "tenants", {"tenants.yaml": text, **secrets}, 2)
    assert live.poll(live.poll()) == ""
    assert (live.tenant_of_key(charts.API_KEY), live.tenant_of_key(rotated)) == (None, "north")


ROLE_VALUES = VALUES["roles"]
WRONG: list[Document] = [
    {"replica": 2},
    {"roles": {**ROLE_VALUES, "worker": ROLE_VALUES["clock"]}},
    {"roles": {**ROLE_VALUES, "clock": {**ROLE_VALUES["clock"], "maxReplicas": 3}}},
    {"settings": {"SIGNPOST_PARTITIONS": 4}},
    {"settings": {"PARTITIONS": "4"}},
    {"settings": {"SIGNPOST_DATABASE_URL": "postgresql://u:p@h/db"}},
    {"stores": {"secret": ""}},
    {"tenants": {"content": {"tenants": {}}}},
    {"pod": {"hostNetwork": True}},
]


def test_wrong_values_are_refused() -> None:
    check = jsonschema.Draft7Validator(SCHEMA)
    assert [error.message for error in check.iter_errors(VALUES)] == []
    assert [wrong for wrong in WRONG if check.is_valid(VALUES | wrong)] == []


def test_what_the_chart_sets_cannot_be_set_beside_it() -> None:
    refused = set(SCHEMA["properties"]["settings"]["propertyNames"]["not"]["enum"])
    pod = pods(charts.render("full"))["intake"]
    assert environment(pod["containers"][0]).keys() - charts.FULL["settings"].keys() <= refused
    assert {name.removesuffix("_FILE") for name in refused} <= NAMES.keys()


def test_chart_and_package_have_one_version() -> None:
    chart = yaml.safe_load((charts.CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((charts.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert str(chart["appVersion"]) == project["version"]
