"""The Kubernetes manifests conform to the schemas, and keep what the guarantees depend on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from local.targets.config_table import SETTINGS
from tests.deploy.keda import SCALED_OBJECT

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/kubernetes"
# The oldest supported version, and the newest that the package knows.
VERSIONS = ("1.29", kubernetes_validate.latest_version())
SECRET = {one.name for one in SETTINGS if one.secret}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]


def _read(path: Path) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one]


MANIFESTS = [(path, one) for path in sorted(FOLDER.rglob("*.yaml")) for one in _read(path)]
WORKLOADS = {
    one["metadata"]["name"]: one
    for _, one in MANIFESTS
    if one["kind"] in ("Deployment", "StatefulSet")
}


def _pod(name: str) -> dict[str, Any]:
    found: dict[str, Any] = WORKLOADS[name]["spec"]["template"]["spec"]
    return found


def _container(name: str) -> dict[str, Any]:
    (found,) = _pod(name)["containers"]
    return dict(found)


def _environ(name: str) -> dict[str, str]:
    return {one["name"]: one["value"] for one in _container(name).get("env", [])}


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_conform_to_kubernetes(version: str) -> None:
    """Each field has a name and a type of that version's API."""
    for path, manifest in MANIFESTS:
        if not manifest["apiVersion"].startswith("keda.sh/"):
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as wrong:
                pytest.fail(f"{path.name}: {list(wrong.path)}: {wrong.message}")


def test_a_misspelt_field_is_noticed() -> None:
    """The schemas are strict, KEDA's too."""
    wrong = yaml.safe_load((FOLDER / "settings.yaml").read_text("utf-8")) | {"dta": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)
    (scaled,) = _read(FOLDER / "examples/scaledobject.yaml")
    scaled["spec"]["maxReplicas"] = 3
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(scaled, SCALED_OBJECT)


def test_the_scaled_object_conforms_to_keda() -> None:
    """It scales an existing Deployment, within limits, by Prometheus metrics."""
    (scaled,) = _read(FOLDER / "examples/scaledobject.yaml")
    jsonschema.validate(scaled, SCALED_OBJECT)
    spec = scaled["spec"]
    target = WORKLOADS[spec["scaleTargetRef"]["name"]]
    assert spec["minReplicaCount"] == target["spec"]["replicas"]
    queries = {trigger["metadata"]["query"] for trigger in spec["triggers"]}
    assert 'max(cards_oldest_command_seconds{lane="bulk"})' in queries


def test_names_exist() -> None:
    """Services, budgets and the ingress refer to existing names."""
    services = {one["metadata"]["name"] for _, one in MANIFESTS if one["kind"] == "Service"}
    kept = {
        one["metadata"]["name"] for _, one in MANIFESTS if one["kind"] in ("Secret", "ConfigMap")
    }
    for _, one in MANIFESTS:
        match one["kind"]:
            case "Service":
                selected = one["spec"]["selector"]["app.kubernetes.io/name"]
                named = {port["name"] for port in _container(selected)["ports"]}
                assert {port["targetPort"] for port in one["spec"]["ports"]} <= named
            case "PodDisruptionBudget":
                selected = one["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
                assert WORKLOADS[selected]["spec"]["replicas"] > 1, "it would never be drained"
            case "Ingress":
                (rule,) = one["spec"]["rules"]
                backends = {p["backend"]["service"]["name"] for p in rule["http"]["paths"]}
                assert backends <= services
    for name in WORKLOADS:
        for source in _container(name)["envFrom"]:
            ((_, reference),) = source.items()
            assert reference["name"] in kept


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_processes_are_the_same_as_in_compose(name: str) -> None:
    """They have the same commands and the same user."""
    process = {"cards-migrations": "web"}.get(name, name.removeprefix("cards-"))
    assert _container(name)["command"] == COMPOSE[process]["command"]
    user = _pod(name)["securityContext"]["runAsUser"]
    assert f"--uid {user} " in (ROOT / "Dockerfile").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_pods_have_few_rights(name: str) -> None:
    """No root, no capability, a read-only file system except for /tmp and /data, no API token."""
    pod, container = _pod(name), _container(name)
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    rights = container["securityContext"]
    assert rights["readOnlyRootFilesystem"] is True
    assert rights["allowPrivilegeEscalation"] is False
    assert rights["capabilities"] == {"drop": ["ALL"]}
    assert {mount["mountPath"] for mount in container["volumeMounts"]} <= {"/tmp", "/data"}
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", ["cards-web", "cards-migrations", "cards-worker"])
def test_there_is_time_to_end(name: str) -> None:
    """More than a worker takes to stop (30 s), and web with its delay (10 s more)."""
    delay = int(_environ(name).get("CARDS_SHUTDOWN_DELAY", 20))
    assert _pod(name)["terminationGracePeriodSeconds"] > delay + 10


@pytest.mark.parametrize("name", ["cards-web", "cards-worker"])
def test_a_rollout_leaves_no_gap(name: str) -> None:
    """There are at least two, and none is removed before its successor is ready."""
    spec = WORKLOADS[name]["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_only_the_worker_is_given_the_stripe_key() -> None:
    """Each process has its own secret; no secret is in a ConfigMap or has a value here."""
    secrets = {one["metadata"]["name"]: one for _, one in MANIFESTS if one["kind"] == "Secret"}
    holders = [name for name, one in secrets.items() if "STRIPE_API_KEY" in one["stringData"]]
    assert holders == ["cards-worker"]
    assert not any(value for one in secrets.values() for value in one["stringData"].values())
    for name in WORKLOADS:
        references = [
            s["secretRef"]["name"] for s in _container(name)["envFrom"] if "secretRef" in s
        ]
        assert references == ["cards-web" if name == "cards-migrations" else name]
        assert not SECRET & set(_environ(name))
    (settings,) = [one for _, one in MANIFESTS if one["kind"] == "ConfigMap"]
    assert not SECRET & set(settings["data"])


def test_files_are_kept() -> None:
    """The one process that accepts files has a disk, and the others accept none."""
    environ = _environ("cards-migrations")
    assert environ["CARDS_MIGRATIONS_DIR"].startswith("/data/")
    claims = WORKLOADS["cards-migrations"]["spec"]["volumeClaimTemplates"]
    assert [claim["metadata"]["name"] for claim in claims] == ["data"]
    assert WORKLOADS["cards-migrations"]["spec"]["replicas"] == 1
    assert _environ("cards-web")["CARDS_UPLOAD_LIMIT"] == "1"
