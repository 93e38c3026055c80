"""The Grafana dashboard asks for nothing that the gateway does not tell."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.core.events import Finished, Timings, Usage
from gateway.core.metrics import Metrics
from gateway.http.metrics.families import registry
from gateway.tests.scraping import Scrape

FOLDER = Path(__file__).parents[2] / "examples" / "grafana"
DASHBOARD = json.loads((FOLDER / "mochi-gateway.json").read_text("utf-8"))

NAME = re.compile(r"\bmochi_\w+")
MATCHERS = re.compile(r"(mochi_\w+)\{([^}]*)\}")
GROUPS = re.compile(r"\bby \(([^)]*)\)")
OF_PROMETHEUS = {"instance", "job", "le"}


def panels() -> Iterator[dict[str, Any]]:
    return (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


QUERIES = [
    (panel["title"], target["expr"], target["legendFormat"])
    for panel in panels()
    for target in panel["targets"]
]


@pytest.fixture(scope="module")
def scrape() -> Scrape:
    """What a gateway tells in which everything has happened once."""
    from prometheus_client import generate_latest

    metrics = Metrics()
    metrics.traffic.durations("/v1/models", "GET", 200).observe(0.1)
    end = Finished("stop", Usage(2, 2), Timings(4, 1, 1, 2))
    metrics.models.answered(("demo", end, 0.1, None))
    metrics.tools.ran("add", "ok", 0.1)
    noted = metrics.noted
    for tally in (noted.ignored, noted.repairs, noted.errors):
        tally.add("word")
    metrics.settle()
    return Scrape(generate_latest(registry(metrics)).decode())


@pytest.mark.parametrize(("title", "expr", "legend"), QUERIES)
def test_every_query_is_about_what_there_is(
    scrape: Scrape, title: str, expr: str, legend: str
) -> None:
    names = set(NAME.findall(expr))
    known = {sample.name for sample in scrape.samples}
    assert names
    assert names <= known, f"{title}: {names - known}"
    labels = {label for name in names for label in scrape.labels(name)} | OF_PROMETHEUS
    for name, matchers in MATCHERS.findall(expr):
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
        unknown = asked - scrape.labels(name) - OF_PROMETHEUS
        assert not unknown, f"{title}: {name} has no {unknown}"
    grouped = {label.strip() for group in GROUPS.findall(expr) for label in group.split(",")}
    assert grouped <= labels, f"{title}: {grouped - labels}"
    assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= labels


@pytest.mark.parametrize(("title", "expr", "legend"), QUERIES)
def test_counters_are_asked_for_their_rate(
    scrape: Scrape, title: str, expr: str, legend: str
) -> None:
    for name in NAME.findall(expr):
        counted = name.endswith(("_total", "_bucket"))
        assert counted == (f"rate({name}" in expr), f"{title}: {name}"


def test_the_variables_are_about_what_there_is(scrape: Scrape) -> None:
    variables = [each for each in DASHBOARD["templating"]["list"] if each["type"] == "query"]
    for variable in variables:
        name, label = re.findall(r"label_values\((\w+), (\w+)\)", variable["definition"])[0]
        assert label in scrape.labels(name) | OF_PROMETHEUS
    used = set(re.findall(r"\$(\w+)", json.dumps([expr for _, expr, _ in QUERIES])))
    assert used == {each["name"] for each in variables} | {"__rate_interval"}


def test_every_metric_is_shown() -> None:
    """But for those of the process, and the length of a histogram's values."""
    shown = {name for _, expr, _ in QUERIES for name in NAME.findall(expr)}
    told = Scrape(exposition())
    families = {name for name in told.families if not name.startswith("mochi_process_")}
    whole = {re.sub("_(total|bucket)$", "", name) for name in shown}
    assert {re.sub("_total$", "", name) for name in families} <= whole


def exposition() -> str:
    from prometheus_client import generate_latest

    return generate_latest(registry(Metrics())).decode()


def test_panels_stand_beside_each_other_and_have_ids_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["description"] and panel["targets"] for panel in panels())


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_prometheus_takes_every_query_and_the_configuration(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{number}", "expr": expr.replace("$__rate_interval", "1m")}
        for number, (_, expr, _) in enumerate(QUERIES)
    ]
    file = tmp_path / "rules.yml"  # YAML takes JSON
    file.write_text(json.dumps({"groups": [{"name": "all", "rules": rules}]}), "utf-8")
    for what in (["rules", str(file)], ["config", str(FOLDER / "prometheus.yml")]):
        checked = subprocess.run(
            ["promtool", "check", *what], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr
