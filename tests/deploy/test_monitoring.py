"""Rules and the dashboard: what they ask is asked rightly, and asked of metrics that exist."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import Tool, documents
from tests.web.test_metrics import ALWAYS, OF_WALLETS, page

NOT_ASKED = {"balance_bot_read_seconds_count", "balance_bot_read_seconds_sum"}
"""What a histogram has besides."""
OF_PROMETHEUS = {"job", "instance", "le"}
VARIABLES = {"$job": "balance-bot", "$path": "main/.*", "$__rate_interval": "1m"}


def asked_by_rules(deploy: Path) -> Iterator[str]:
    """What Prometheus asks itself."""
    (rules,) = documents(deploy / "prometheus" / "rules.yaml")
    yield from (rule["expr"] for group in rules["groups"] for rule in group["rules"])


def panels(deploy: Path) -> list[dict[str, Any]]:
    """All pictures of the dashboard."""
    dashboard = json.loads((deploy / "grafana" / "balance-bot.json").read_text("utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def asked_by_dashboard(deploy: Path) -> Iterator[str]:
    """What Grafana asks."""
    yield from (target["expr"] for panel in panels(deploy) for target in panel["targets"])


def promtool(tool: Tool, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Prometheus's own tool."""
    command = [tool("promtool"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("asked_by", [asked_by_rules, asked_by_dashboard])
def test_what_is_asked_exists(deploy: Path, asked_by: Any) -> None:
    """A misspelt metric would be silent for ever."""
    names = set(re.findall(r"balance_bot_[a-z_]+", " ".join(asked_by(deploy))))
    assert names
    assert names - ALWAYS - OF_WALLETS == set()


@pytest.mark.parametrize("asked_by", [asked_by_rules, asked_by_dashboard])
async def test_labels_exist(deploy: Path, asked_by: Any) -> None:
    """By the page itself: a misspelt label selects nothing."""
    found = await page(with_amounts=True)
    labels = {label for sample in found for label in re.findall(r"[{,]([a-z]+)=", sample)}
    asked = " ".join(asked_by(deploy))
    used = set(re.findall(r"([a-z]+)(?:=~|!=|=)\"", asked))
    for listed in re.findall(r"(?:by|on|group_left) \(([a-z, ]+)\)", asked):
        used |= set(listed.split(", "))
    assert {"job", "outcome"} <= used
    assert used - labels - OF_PROMETHEUS == set()


def test_the_dashboard_shows_everything(deploy: Path) -> None:
    """Whatever is measured can be seen."""
    asked = set(re.findall(r"balance_bot_[a-z_]+", " ".join(asked_by_dashboard(deploy))))
    assert (ALWAYS | OF_WALLETS) - NOT_ASKED - asked == set()


def test_the_dashboard_asks_rightly(deploy: Path, tmp_path: Path, tool: Tool) -> None:
    """With its variables filled in, Prometheus can read every question."""
    rules = []
    for number, asked in enumerate(asked_by_dashboard(deploy)):
        for variable, value in VARIABLES.items():
            asked = asked.replace(variable, value)  # noqa: PLW2901
        assert "$" not in asked
        rules.append({"record": f"asked_{number}", "expr": asked})
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}))
    done = promtool(tool, "check", "rules", str(file))
    assert done.returncode == 0, done.stderr


def test_no_picture_lies_upon_another(deploy: Path) -> None:
    """Each has a place of its own within the width of Grafana, and a number of its own."""
    places = [panel["gridPos"] for panel in panels(deploy)]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels(deploy)}) == len(places)
    assert all(panel["description"] for panel in panels(deploy))


def test_rules_fire_when_they_should(deploy: Path, tool: Tool) -> None:
    """`rules_test.yaml`, by Prometheus itself."""
    done = promtool(tool, "test", "rules", str(deploy / "prometheus" / "rules_test.yaml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_tried_and_says_what_to_do(deploy: Path) -> None:
    """None is there that nobody has seen fire."""
    (rules,) = documents(deploy / "prometheus" / "rules.yaml")
    tried = (deploy / "prometheus" / "rules_test.yaml").read_text("utf-8")
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        assert f'alertname="{rule["alert"]}"' in tried
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"].keys() == {"summary", "action"}
