"""The manifests are ones that Kubernetes takes, and the pods are shut in."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]

from bot.settings import load_settings, sources
from tests.deploy.conftest import documents

OLDEST = "1.29"
"""Of Kubernetes; `unhealthyPodEvictionPolicy` is the newest that is used."""
FILES = ("common.yaml", "secret.example.yaml", "single.yaml", "scale.yaml")
Manifest = dict[str, Any]


@pytest.fixture
def manifests(deploy: Path) -> dict[str, list[Manifest]]:
    """All of them, by their files."""
    return {name: list(documents(deploy / "kubernetes" / name)) for name in FILES}


@pytest.fixture
def filled_in(deploy: Path) -> list[Manifest]:
    """Give what is common with all that stands there as comments."""
    text = (deploy / "kubernetes" / "common.yaml").read_text("utf-8")
    text = re.sub(r"^#(?=  BOT_)", "", text.replace("data: {}", "data:"), flags=re.MULTILINE)
    return list(yaml.safe_load_all(re.sub(r"(?m)^( +)# (?=- |  )", r"\1", text)))


def only(manifests: list[Manifest], kind: str) -> Manifest:
    """Return the one of a kind."""
    (found,) = (manifest for manifest in manifests if manifest["kind"] == kind)
    return found


def pod(manifests: list[Manifest]) -> Manifest:
    """Return what a deployment starts."""
    found: Manifest = only(manifests, "Deployment")["spec"]["template"]["spec"]
    return found


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("name", FILES)
def test_kubernetes_takes_it(
    manifests: dict[str, list[Manifest]], name: str, version: str
) -> None:
    """By its own schema, strictly: no field that it does not know."""
    for manifest in manifests[name]:
        kubernetes_validate.validate(manifest, version, strict=True)
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate({**manifest, "sepc": {}}, version, strict=True)


def test_every_file_is_looked_at(deploy: Path) -> None:
    """A new one is tested like the others."""
    assert {path.name for path in (deploy / "kubernetes").iterdir()} == set(FILES)


@pytest.mark.parametrize("name", ["single.yaml", "scale.yaml"])
def test_the_pod_is_shut_in(manifests: dict[str, list[Manifest]], name: str) -> None:
    """As the "restricted" standard of Kubernetes demands it, with a root that is read-only."""
    spec = pod(manifests[name])
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False  # else BOT_… of a service would be refused
    writable = {m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")}
    assert writable - {"/data"} == {"/tmp"}  # noqa: S108


def test_one_and_many_are_the_same_but_for_the_volume(
    manifests: dict[str, list[Manifest]],
) -> None:
    """What one learns, the other has."""
    single, scale = pod(manifests["single.yaml"]), pod(manifests["scale.yaml"])
    del scale["topologySpreadConstraints"]
    mounts = single["containers"][0]["volumeMounts"]
    assert mounts.pop() == {"name": "data", "mountPath": "/data"}
    assert single["volumes"].pop()["name"] == "data"
    assert single == scale


def test_one_gives_way_before_the_next(manifests: dict[str, list[Manifest]]) -> None:
    """A SQLite file has one user; with PostgreSQL there is never none."""
    one, many = (
        only(manifests[name], "Deployment")["spec"] for name in ("single.yaml", "scale.yaml")
    )
    assert (one["replicas"], one["strategy"]) == (1, {"type": "Recreate"})
    assert (many["replicas"], many["strategy"]["type"]) == (3, "RollingUpdate")
    assert only(manifests["scale.yaml"], "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("name", ["single.yaml", "scale.yaml"])
def test_what_is_not_well_is_not_killed(manifests: dict[str, list[Manifest]], name: str) -> None:
    """That Telegram is away is told by readiness; alive is what answers, whatever it says."""
    (container,) = pod(manifests[name])["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"
    for probe in (container["livenessProbe"], container["startupProbe"]):
        assert probe.keys() & {"httpGet", "tcpSocket"} == set()
        assert "status" not in probe["exec"]["command"][-1]


def test_names_belong_together(manifests: dict[str, list[Manifest]]) -> None:
    """What selects finds the pods, and what is mounted is there."""
    common = manifests["common.yaml"]
    labels = {"app.kubernetes.io/name": "balance-bot"}
    for name in ("single.yaml", "scale.yaml"):
        template = only(manifests[name], "Deployment")["spec"]["template"]
        assert template["metadata"]["labels"] == labels
        (container,) = template["spec"]["containers"]
        assert container["envFrom"][0]["configMapRef"]["name"] == "balance-bot"
        assert template["spec"]["volumes"][0]["secret"]["secretName"] == "balance-bot"
        assert container["ports"][0]["name"] == "web"
    assert only(common, "Service")["spec"]["selector"] == labels
    assert only(common, "NetworkPolicy")["spec"]["podSelector"] == {"matchLabels": labels}
    for kind in ("ConfigMap", "Service"):
        assert only(common, kind)["metadata"]["name"] == "balance-bot"
    assert only(manifests["secret.example.yaml"], "Secret")["metadata"]["name"] == "balance-bot"


def test_settings_win_as_long_as_nobody_fills_in_the_rest(
    manifests: dict[str, list[Manifest]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Secret made of settings.env is all of it: no account and no clock of ours come in."""
    monkeypatch.setattr(sources, "SECRETS", tmp_path)
    account = {f"BOT_ACCOUNTS__XT__{name}": "x" for name in ("API_KEY", "API_SECRET")}
    account["BOT_ACCOUNTS__XT__EXCHANGE"] = "xt"
    written = {"BOT_TIMEZONE": "Asia/Tokyo", "BOT_LOG__LEVEL": "DEBUG", **account}
    lines = (f"{name}={value}\n" for name, value in written.items())
    (tmp_path / "settings.env").write_text("".join(lines))
    environ = only(manifests["common.yaml"], "ConfigMap")["data"]
    settings = load_settings(environ, folder=tmp_path)
    assert settings.accounts.keys() == {"xt"}
    assert (settings.timezone.key, settings.log.level) == ("Asia/Tokyo", "DEBUG")


def test_the_program_takes_what_they_give(
    filled_in: list[Manifest],
    manifests: dict[str, list[Manifest]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The ConfigMap as environment, each key of the Secret as a file, filled in."""
    monkeypatch.setattr(sources, "SECRETS", tmp_path)
    secret = only(manifests["secret.example.yaml"], "Secret")["stringData"]
    assert set(secret.values()) == {""}
    for name in secret:
        (tmp_path / name).write_text(f"12:{name}")
    environ = only(filled_in, "ConfigMap")["data"]
    settings = load_settings(environ, folder=tmp_path)
    assert settings.accounts["main"].exchange == "okx"
    assert len(settings.secrets) >= 4


def test_the_network_is_closed_but_for_what_is_needed(
    manifests: dict[str, list[Manifest]],
) -> None:
    """In for metrics; out for names, https and, where there is one, the database."""
    policy = only(manifests["common.yaml"], "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    (ingress,) = policy["ingress"]
    assert ingress["ports"] == [{"port": "web"}]
    assert [port["port"] for rule in policy["egress"] for port in rule["ports"]] == [53, 53, 443]
    assert [sorted(source) for source in ingress["from"]] == [["namespaceSelector"]]
    database = only(manifests["scale.yaml"], "NetworkPolicy")["spec"]
    assert [port["port"] for rule in database["egress"] for port in rule["ports"]] == [5432]


def test_the_network_can_be_opened_for_posts_and_mail(filled_in: list[Manifest]) -> None:
    """By taking the # away, and Kubernetes takes what is there then."""
    for manifest in filled_in:
        kubernetes_validate.validate(manifest, OLDEST, strict=True)
    policy = only(filled_in, "NetworkPolicy")["spec"]
    (ingress,) = policy["ingress"]
    named = [each["namespaceSelector"]["matchLabels"].popitem()[1] for each in ingress["from"]]
    assert named == ["monitoring", "ingress-nginx"]
    assert [port["port"] for port in policy["egress"][-1]["ports"]] == [443, 587, 8081]
