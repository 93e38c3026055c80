"""What a gateway tells of itself: `/metrics`, and a line of JSON for every request."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.agentboxes import AgentBox
from conformance_tests.mochi.caller import call, script
from conformance_tests.mochi.scraping import Scrape, scrape, scrape_until
from conformance_tests.mochi.toolboxes import UNASKED, Toolbox, named, soon
from conformance_tests.wire import Server, ask

KEY = "sk-conformance-0123456789"
CHAT = "/v1/chat/completions"


def root_of(box: Toolbox) -> Server:
    return Server(box.http.base_url.removesuffix("/api/v1"))


def grown(before: Scrape, after: Scrape, name: str, **labels: str) -> float:
    return after.value(name, **labels) - before.value(name, **labels)


def test_a_chat_is_counted(root: Server) -> None:
    """One request, its duration, and the tokens that its usage tells."""
    server = Server(root.base_url + "/v1", root.model)
    before = scrape(root)
    usage = server.chat(messages=ask("Hello")).json["usage"]
    after = scrape(root)
    asked = {"route": CHAT, "method": "POST", "status": "200"}
    assert grown(before, after, "mochi_requests_total", **asked) >= 1
    assert grown(before, after, "mochi_request_duration_seconds_count", route=CHAT) >= 1
    assert grown(before, after, "mochi_prompt_tokens_total") >= usage["prompt_tokens"]
    assert grown(before, after, "mochi_completion_tokens_total") >= usage["completion_tokens"]


def test_tools_and_what_people_say_to_them(bench: Toolbox) -> None:
    """Calls by outcome, questions by answer, turns by how they ended."""
    root = root_of(bench)
    before = scrape(root)
    id = bench.with_tools("add", "div")
    bench.told(id, script([call("add", a=1, b=2)]), approve=True)
    bench.told(id, script([call("add", a=1, b=2)]), approve=False)
    free = bench.with_tools("div", **UNASKED)
    bench.told(free, script([call("div", a=1, b=0)]))
    after = scrape_until(
        root, lambda seen: grown(before, seen, "mochi_session_turns_total", outcome="replied") == 3
    )
    for tool, outcome in (("add", "ok"), ("add", "denied"), ("div", "failed")):
        calls = grown(before, after, "mochi_tool_calls_total", tool=tool, outcome=outcome)
        assert calls == 1, (tool, outcome)
    assert grown(before, after, "mochi_tool_duration_seconds_count") == 2
    for answer in ("approved", "denied"):
        assert grown(before, after, "mochi_confirmations_total", answer=answer) == 1
    assert after.value("mochi_confirmations_open") == 0


def test_a_question_that_is_open(bench: Toolbox) -> None:
    """It counts while it is, and as left when its client leaves."""
    root = root_of(bench)
    before = scrape(root)
    id = bench.with_tools("add")
    with bench.watch(id, script([call("add", a=1)])) as live:
        assert live.begin() == 200
        scrape_until(root, lambda seen: seen.value("mochi_confirmations_open") == 1)
    after = scrape_until(root, lambda seen: seen.value("mochi_confirmations_open") == 0)
    assert grown(before, after, "mochi_confirmations_total", answer="left") == 1
    left = scrape_until(
        root, lambda seen: grown(before, seen, "mochi_streams_total", ending="left") == 1
    )
    assert left.value("mochi_streams_open") == 0


def test_agents(desk: AgentBox) -> None:
    """A run that is done, and the call of its own tool."""
    root = root_of(desk)
    before = scrape(root)
    events = desk.run(desk.enabled(), script([call("jot", text="4 March")], plan=2))
    assert named(events, "agent_complete")
    after = scrape(root)
    assert grown(before, after, "mochi_agent_runs_total", outcome="done") == 1
    assert grown(before, after, "mochi_tool_calls_total", tool="jot", outcome="ok") == 1


def test_no_path_and_no_name_of_a_caller_becomes_a_label(root: Server) -> None:
    """Anybody could fill the memory of whoever scrapes."""
    server = Server(root.base_url + "/v1", "no-such-model-here")
    server.chat(messages=ask("Hello"), no_such_field_here=1)
    root.get("/no/such/path/here")
    root.request("GET", "/api/v1/sessions/0123456789")
    told = scrape(root).text
    for name in ("no-such-model-here", "no_such_field_here", "no/such/path", "0123456789"):
        assert name not in told


def test_every_name_begins_with_ours_and_is_explained(root: Server) -> None:
    """Prometheus, exposition formats: HELP and TYPE for each metric."""
    told = scrape(root)
    explained = {line.split(" ")[2] for line in told.text.splitlines() if line[:7] == "# HELP "}
    assert {line.split(" ")[2] for line in told.text.splitlines() if line[:7] == "# TYPE "} == (
        explained
    )
    assert all(name.startswith("mochi_") for name, _, _ in told.samples)


def test_only_get(root: Server) -> None:
    assert root.request("POST", "/metrics", {}).status == 405


@pytest.fixture(scope="module")
def logged(gateway: Gateway) -> Iterator[tuple[Server, Path]]:
    """A gateway with a key that logs JSON, and no metrics."""
    settings = {"MOCHI_LOG_JSON": "true", "MOCHI_API_KEY": KEY, "MOCHI_METRICS": "false"}
    with gateway_alone(gateway.ollama, **settings) as running:
        yield Server(running.root + "/v1", "demo", KEY), running.log


def lines(log: Path, id: str) -> list[dict[str, Any]]:
    """Those of the request with this id, once they are there."""
    assert soon(lambda: id in log.read_text("utf-8"))
    found = [line for line in log.read_text("utf-8").splitlines() if id in line]
    return [json.loads(line) for line in found]


def test_metrics_that_are_off(logged: tuple[Server, Path]) -> None:
    server, _ = logged
    root = Server(server.base_url.removesuffix("/v1"), key=KEY)
    assert root.get("/metrics").status == 404
    assert Server(root.base_url).get("/metrics").status == 401


def test_a_line_for_a_request(logged: tuple[Server, Path]) -> None:
    """What was asked, what came of it and how long it took; no word of what was said."""
    server, log = logged
    body = server.body(messages=ask("Tell nobody of the pineapple"), user="me")
    answer = server.request("POST", "/chat/completions", body, {"x-request-id": "line-1"})
    [entry] = lines(log, "line-1")
    assert (entry["method"], entry["path"], entry["route"]) == ("POST", CHAT, CHAT)
    assert (entry["status"], entry["model"], entry["finish_reason"]) == (200, "demo", "stop")
    assert entry["answer"] == answer.json["id"]
    assert entry["prompt_tokens"] == answer.json["usage"]["prompt_tokens"]
    assert entry["completion_tokens"] == answer.json["usage"]["completion_tokens"]
    assert entry["bytes"] == len(answer.body)
    assert entry["ignored"] == ["user"]
    assert entry["num_ctx"] == int(answer.headers["x-mochi-num-ctx"])
    assert entry["client"] == "127.0.0.1"
    assert 0 < entry["first_token_ms"] <= entry["duration_ms"]
    assert entry["time"].startswith(time.strftime("%Y-%m-", time.gmtime()))
    said = log.read_text("utf-8")
    assert KEY not in said
    assert "pineapple" not in said


def test_a_line_for_a_stream(logged: tuple[Server, Path]) -> None:
    server, log = logged
    body = server.body(messages=ask("Hello"), stream=True)
    server.request("POST", "/chat/completions", body, {"x-request-id": "line-2"})
    [entry] = lines(log, "line-2")
    assert (entry["status"], entry["stream"]) == (200, "complete")


def test_a_line_for_an_error(logged: tuple[Server, Path]) -> None:
    server, log = logged
    path = "/models/none?api_key=sk-hidden&x=1"
    server.get(path, {"x-request-id": "line-3"})
    [entry] = lines(log, "line-3")
    assert (entry["status"], entry["error"]) == (404, "MODEL_NOT_FOUND")
    assert entry["query"] == "api_key=***&x=1"
    assert "sk-hidden" not in log.read_text("utf-8")


def test_a_daily_file(gateway: Gateway, tmp_path: Path) -> None:
    """Nothing of a request is on standard error then."""
    file = tmp_path / "logs" / "mochi.log"
    settings = {"MOCHI_LOG_JSON": "true", "MOCHI_LOG_FILE": str(file)}
    with gateway_alone(gateway.ollama, **settings) as running:
        Server(running.root).get("/v1/models", {"x-request-id": "line-4"})
        said = running.log.read_text("utf-8")
    assert "line-4" not in said
    [entry] = lines(file, "line-4")
    assert entry["route"] == "/v1/models"
    assert file.stat().st_mode & 0o777 == 0o600
