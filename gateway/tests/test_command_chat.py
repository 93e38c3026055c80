"""`mochi chat` without a terminal: one message in, one answer out."""

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main, parsed
from gateway.commands.chatting.answering import kept
from gateway.commands.chatting.events import ContentDelta, Event, ToolCall
from gateway.tests.chat_server import CONFIRMED, DROP, Step, chat_server, said
from gateway.tests.processes import ROOT

NOWHERE = "http://127.0.0.1:9"
THINKING: Step = ("thinking_delta", {"content": "Hm.\nHm!"})
QUESTION: Step = (
    "tool_call_confirmation_required",
    {
        "tool_name": "drop_file",
        "arguments": {"path": "a.txt"},
        "call_index": 0,
        "confirmation_id": "conf_1",
    },
)
DENIED: Step = (
    "tool_result",
    {
        "tool_name": "drop_file",
        "success": False,
        "result": "Error: Tool execution denied by user",
        "error_message": "Tool execution denied by user",
        "call_index": 0,
    },
)
ADDED: Step = (
    "tool_result",
    {
        "tool_name": "add",
        "success": True,
        "result": "3" * 500,
        "error_message": None,
        "call_index": 0,
    },
)


class Input(io.TextIOWrapper):
    """Standard input that is a pipe."""

    def __init__(self, text: str) -> None:
        super().__init__(io.BytesIO(text.encode()))


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MOCHI_BASE_URL", "MOCHI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def chat(monkeypatch: pytest.MonkeyPatch, text: str, *arguments: str) -> int:
    monkeypatch.setattr(sys, "stdin", Input(text))
    return main(["chat", *arguments])


def test_all_of_the_input_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server(said("It *is*", " so.")) as server:
        asked = ["--model", "demo:latest", "--base-url", server.url]
        assert chat(monkeypatch, "/one\n\ntwo\n", *asked) == 0
        assert server.bodies("POST", "/sessions") == [{"model": "demo:latest"}]
        assert server.bodies("POST", "/stream") == [{"message": "/one\n\ntwo", "think": False}]
    assert capsys.readouterr() == ("It *is* so.\n", "")


def test_the_latest_session_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server(said("a")) as server:
        server.keep("2222222222", ("user", "new"))
        server.keep("1111111111", ("user", "old"))
        assert chat(monkeypatch, "x", "--last", "--base-url", server.url) == 0
        assert server.asked[-1][1] == "/api/v1/chat/2222222222/stream"


def test_thoughts_and_tools_are_beside_the_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server([THINKING, QUESTION, CONFIRMED, DENIED, *said("Then not.")]) as server:
        server.keep("1111111111")
        asked = ["--session", "1111111111", "--think", "--base-url", server.url]
        assert chat(monkeypatch, "Drop it", *asked) == 0
        assert server.bodies("POST", "/stream")[0]["think"] is True
        assert server.bodies("POST", "/confirm-tool") == [
            {"confirmation_id": "conf_1", "approved": False}
        ]
    output = capsys.readouterr()
    assert output.out == "Then not.\n"
    assert output.err.splitlines() == [
        "thinking: Hm.",
        "thinking: Hm!",
        'The model wants to run drop_file(path="a.txt")',
        "Denied: without a terminal there is nobody to ask.",
        "drop_file failed: Tool execution denied by user",
    ]


def test_tools_and_agents_are_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called = {"tool_name": "add", "arguments": {"a": 1, "to": "x\ny"}, "call_index": 0}
    jotted = {"agent_name": "scribe", "tool_name": "jot", "success": True, "result": "stored\n"}
    events: list[Step] = [
        ("tool_call", called),
        ADDED,
        ("tool_continuation_start", {"message": "Continuing."}),
        ("agent_start", {"agent_name": "scribe", "instruction": "Note\nit."}),
        ("agent_planning", {"content": "I will "}),
        ("agent_planning", {"content": "jot."}),
        ("agent_tool_call", {"agent_name": "scribe", "tool_name": "jot", "arguments": {}}),
        ("agent_tool_result", jotted),
        ("agent_execution", {"content": "Noted."}),
        ("agent_complete", {"agent_name": "scribe", "session_id": "7", "output": "Long."}),
        ("weather_changed", {"content": "?"}),
    ]
    with chat_server([*events, *said("Done.")]) as server:
        server.keep("1111111111")
        assert chat(monkeypatch, "x", "--last", "--base-url", server.url) == 0
    output = capsys.readouterr()
    assert output.out == "Done.\n"
    assert output.err.splitlines() == [
        'add(a=1, to="x\\ny")',
        f"add → {'3' * 153}…",
        "scribe begins: Note it.",
        "thinking: I will jot.",
        "scribe: jot()",
        "scribe: jot → stored",
        "thinking: Noted.",
        "scribe is done, in its chat 7.",
    ]


@pytest.mark.parametrize(
    ("end", "complaint"),
    [
        (
            [
                ("error", {"code": "OLLAMA_ERROR", "message": "Out of memory.", "details": {}}),
                ("done", {"session_id": "aaaaaaaaaa"}),
            ],
            "mochi: Out of memory.\n",
        ),
        ([DROP], "What was said so far is kept.\n"),
    ],
    ids=["error", "dropped"],
)
def test_an_answer_that_fails_is_status_1(
    end: list[Step],
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with chat_server([*said("Half")[:1], *end]) as server:
        asked = ["--model", "demo:latest", "--base-url", server.url]
        assert chat(monkeypatch, "x", *asked) == 1
    output = capsys.readouterr()
    assert output.out == "Half\n"
    assert output.err.endswith(complaint)
    assert output.err.count("\n") == 1


@pytest.mark.parametrize(
    ("typed", "settings"),
    [
        ("add", {"tools": ["add"]}),
        ("drop_file, add,add", {"tools": ["drop_file", "add"]}),
        ("all", {"tools": ["add", "drop_file"]}),
        ("@files", {"tool_group": "files"}),
        ("none", {}),
    ],
)
def test_a_session_begins_with_tools(
    typed: str, settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with chat_server(said("a")) as server:
        server.offer("add", "drop_file", files=["drop_file"])
        asked = ["--model", "demo:latest", "--tools", typed, "--base-url", server.url]
        assert chat(monkeypatch, "x", *asked) == 0
        assert server.bodies("POST", "/sessions") == [
            {"model": "demo:latest", "tool_settings": settings}
        ]


def test_a_session_begins_and_goes_on_with_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server(said("a"), said("b"), said("c")) as server:
        server.put_agent("builder")
        server.put_agent("broken", error="it has no SKILL.md")
        server.put_agent("scribe")
        at = ["--base-url", server.url]
        assert chat(monkeypatch, "x", "--model", "demo:latest", "--agents", "all", *at) == 0
        for _ in "bc":
            assert chat(monkeypatch, "x", "--last", "--agents", "scribe,scribe", *at) == 0
        assert server.bodies("POST", "/sessions") == [
            {"model": "demo:latest", "agent_settings": {"enabled_agents": ["builder", "scribe"]}}
        ]
        changes = [body for how, _, body in server.asked if how == "PATCH"]
        assert changes == [{"agent_settings": {"enabled_agents": ["scribe"]}}]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("scribe,scrib", "There is no 'scrib' among the agents: scribe."),
        ("broken", "Left out: broken: it has no SKILL.md."),
        ("", "Agents are named as in a,b; or it is all, or none."),
    ],
)
def test_without_the_agents_there_is_no_session(
    typed: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server() as server:
        server.put_agent("broken", error="it has no SKILL.md")
        server.put_agent("scribe")
        asked = ["--model", "demo:latest", "--agents", typed, "--base-url", server.url]
        assert chat(monkeypatch, "x", *asked) == 1
        assert server.asked == []
    assert capsys.readouterr().err == f"mochi: {line}\n"


def test_a_plan_ends_before_the_work_begins(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[Step] = [
        ("agent_planning", {"content": "I will see."}),
        ("agent_execution", {"content": "I "}),
        ("agent_execution", {"content": "saw."}),
    ]
    with chat_server([*told, *said("Done.")]) as server:
        server.keep("1111111111")
        assert chat(monkeypatch, "x", "--last", "--base-url", server.url) == 0
    assert capsys.readouterr().err == "thinking: I will see.\nthinking: I saw.\n"


@pytest.mark.parametrize("named", [["--last"], ["--session", "1111111111"]])
def test_a_session_goes_on_with_other_tools_and_the_same_policies(
    named: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {"execution_policy": "never_confirm", "tool_policies": {"add": "always_confirm"}}
    with chat_server(said("a"), said("b")) as server:
        server.offer("add", "drop_file", files=["drop_file"])
        server.keep("1111111111")
        server.sessions["1111111111"]["tool_settings"] = {"tool_group": "files", **kept}
        for _ in "ab":
            assert chat(monkeypatch, "x", *named, "--tools", "add", "--base-url", server.url) == 0
        assert server.bodies("PATCH", "/1111111111") == [
            {"tool_settings": {"tools": ["add"], "tool_group": None, **kept}}
        ]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("add,ad", "There is no 'ad' among the tools: add, drop_file, @files."),
        ("x,y", "There is no 'x', 'y' among the tools: add, drop_file, @files."),
        ("@x", "There is no '@x' among the tools: add, drop_file, @files."),
        (
            "helper",
            "There is no 'helper' among the tools: add, drop_file, @files. "
            "Left out: helper: it has no docstring.",
        ),
        ("add,@files", "A group is named alone: @files."),
        ("", "Tools are named as in a,b; or it is all, or none."),
    ],
)
def test_without_the_tools_there_is_no_session(
    typed: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server() as server:
        server.offer("add", "drop_file", files=["drop_file"])
        rejected = {"name": "helper", "package": "dice", "reason": "it has no docstring"}
        server.toolbox["rejected"] = [rejected]
        asked = ["--model", "demo:latest", "--tools", typed, "--base-url", server.url]
        assert chat(monkeypatch, "x", *asked) == 1
        assert server.asked == []
    assert capsys.readouterr().err == f"mochi: {line}\n"


@pytest.mark.parametrize("typed", ["add", "all"])
def test_a_gateway_without_tools_says_where_they_would_be(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with chat_server() as server:
        rejected = {"name": None, "package": "dice", "reason": "Syntax\x1b[2J\nerror"}
        server.toolbox["rejected"] = [rejected]
        asked = ["--model", "demo:latest", "--tools", typed, "--base-url", server.url]
        assert chat(monkeypatch, "x", *asked) == 1
        assert server.asked == []
    assert capsys.readouterr().err == (
        "mochi: The gateway has no tools: it finds them in its folder `tools` (MOCHI_TOOLS_DIR). "
        "Left out: dice: Syntax[2J error.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "text", "line"),
    [
        (["--session", "nobody"], "x", "mochi: No session 'nobody'."),
        (["--model", "nobody"], "x", "mochi: No model 'nobody'."),
        (["--last"], "x", "keeps no session yet."),
        ([], "x", "name one: --session, --last or --model."),
        (["--last"], "\n", "Standard input is empty"),
        (["--last", "--base-url", NOWHERE], "x", "start one with `mochi serve`"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str],
    text: str,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with chat_server() as server:
        monkeypatch.setenv("MOCHI_BASE_URL", f"{server.url}/v1")
        assert chat(monkeypatch, text, *arguments) == 1
    complaint = capsys.readouterr().err
    assert line in complaint
    assert complaint.count("\n") == 1


def test_an_address_that_is_none_is_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert chat(monkeypatch, "x", "--last", "--base-url", "ftp://box") == 2
    assert "'ftp://box' is not an address" in capsys.readouterr().err


def test_the_server_is_where_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOCHI_HOST", "0.0.0.0")
    monkeypatch.setenv("MOCHI_API_KEY", "secret")
    with chat_server(said("a"), key="secret") as server:
        server.keep("1111111111")
        monkeypatch.setenv("MOCHI_PORT", server.url.rpartition(":")[2])
        assert chat(monkeypatch, "x", "--last") == 0
    assert capsys.readouterr().out == "a\n"


def test_only_one_session_can_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(["chat", "--last", "--model", "x"])


def test_ctrl_c_stops_the_model_and_is_status_130(tmp_path: Path) -> None:
    on_and_on: list[Step] = [step for _ in range(200) for step in (*said("on ")[:1], 0.05)]
    with chat_server(on_and_on) as server:
        server.keep("1111111111")
        with subprocess.Popen(
            [sys.executable, "-m", "gateway", "chat", "--last", "--base-url", server.url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"x")
            process.stdin.close()
            process.stdin = None
            assert process.stdout.read(3) == b"on "
            process.send_signal(signal.SIGINT)
            _, complaint = process.communicate(timeout=10)
        assert process.returncode == 130
        assert complaint == b"Stopped. What was said so far is kept.\n"
        assert server.left.wait(5)


@pytest.mark.parametrize(
    ("last", "begun", "told"),
    [
        (None, False, "Nothing was said yet."),
        (ContentDelta("a"), True, "What was said so far is kept."),
        (ToolCall("slow", {}), True, "The tool goes on to its end, and what comes of it is kept."),
    ],
)
def test_what_is_told_of_an_answer_that_was_stopped(
    last: Event | None, begun: bool, told: str
) -> None:
    assert kept(last, begun=begun) == told


def test_a_talk_needs_nothing_of_the_server(tmp_path: Path) -> None:
    """Neither its start nor what it imports: a prompt is there at once."""
    program = """
import sys
import gateway.commands.chat
assert not {"litestar", "adapters", "rich", "httpx", "asyncio"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)
