"""The compose files are ones that Docker takes, and what they start is shut in."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.settings import load_settings, sources
from tests.deploy.conftest import Tool, documents

FILES = ("compose.yaml", "compose.scale.yaml")
NOT_IN_VERSION_1 = "name"


def read(path: Path) -> dict[str, Any]:
    """Read a compose file."""
    (found,) = documents(path)
    return found


@pytest.mark.parametrize("name", FILES)
def test_docker_takes_it(deploy: Path, tmp_path: Path, tool: Tool, name: str) -> None:
    """By the schema that docker-compose brings along; it needs no engine for that."""
    written = read(deploy / name)
    assert written.pop(NOT_IN_VERSION_1)
    (tmp_path / "deploy").mkdir()
    file = tmp_path / "deploy" / name
    for misspelt, taken in ((None, True), ("read_onyl", False)):
        if misspelt:
            written["services"]["bot"][misspelt] = True
        file.write_text(json.dumps(written))
        command = [tool("docker-compose"), "-f", str(file), "config", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode == 0) is taken, done.stderr


@pytest.mark.parametrize("name", FILES)
def test_the_bot_is_shut_in(deploy: Path, name: str) -> None:
    """Nothing can be written but what must be, and no right be gained."""
    bot = read(deploy / name)["services"]["bot"]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert [mount.partition(":")[0] for mount in bot["tmpfs"]] == ["/tmp"]  # noqa: S108
    assert bot["restart"] == "unless-stopped"
    assert "environment" not in bot, "settings are in settings.env"
    assert all(port.startswith("127.0.0.1:") for port in bot.get("ports", ()))
    assert not {"privileged", "network_mode", "pid", "user"} & bot.keys()


@pytest.mark.parametrize("name", FILES)
def test_every_secret_is_a_file(deploy: Path, name: str) -> None:
    """Each that is used is declared, and each that is declared is a file beside README.md."""
    written = read(deploy / name)
    used = {secret for service in written["services"].values() for secret in service["secrets"]}
    assert used == written["secrets"].keys()
    ignored = (deploy.parent / ".gitignore").read_text().splitlines()
    for secret in written["secrets"].values():
        path = (deploy / secret["file"]).resolve().relative_to(deploy.parent)
        assert {str(path), f"/{path.parent}/"} & set(ignored), f"{path} could be committed"


def test_many_share_a_database_and_nothing_else(deploy: Path) -> None:
    """Three bots; the database is reached by them alone, and its password by it alone."""
    scale = read(deploy / "compose.scale.yaml")
    bot, database = scale["services"]["bot"], scale["services"]["database"]
    assert bot["deploy"]["replicas"] == 3
    assert "volumes" not in bot
    assert database["networks"] == ["inside"]
    assert scale["networks"]["inside"]["internal"] is True
    assert "ports" not in database
    assert bot["depends_on"]["database"]["condition"] == "service_healthy"
    assert not set(bot["secrets"]) & set(database["secrets"])


def test_what_is_mounted_is_read(
    deploy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret arrives in /run/secrets under its own name, and the program knows it by that."""
    monkeypatch.setattr(sources, "SECRETS", tmp_path)
    values = {"settings.env": "BOT_TIMEZONE=Asia/Tokyo\n", "BOT_DATABASE_URL": "postgresql://x/y"}
    for name in read(deploy / "compose.scale.yaml")["services"]["bot"]["secrets"]:
        (tmp_path / name).write_text(values[name])
    settings = load_settings({}, folder=deploy)
    assert settings.database_url.get_secret_value() == values["BOT_DATABASE_URL"]
    assert settings.timezone.key == "Asia/Tokyo"
