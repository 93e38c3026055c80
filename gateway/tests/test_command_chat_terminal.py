"""`mochi chat` at a terminal, as a person types at it."""

import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.tests.chat_server import CONFIRMED, DROP, Step, chat_server, said
from gateway.tests.terminals import at_a_terminal, seen

HELLO = said("# Hel", "lo\n\nIt is **so", "**.\n\n- a\n- b\n")
THINKING: Step = ("thinking_delta", {"content": "Hm."})
RESULT: Step = (
    "tool_result",
    {
        "tool_name": "drop_file",
        "success": True,
        "result": "removed",
        "error_message": None,
        "call_index": 0,
    },
)


def wanted(confirmation: str) -> tuple[str, dict[str, Any]]:
    asked = {"tool_name": "drop_file", "arguments": {"path": "x" * 300}, "call_index": 0}
    return ("tool_call_confirmation_required", {**asked, "confirmation_id": confirmation})


def test_a_new_session_from_the_lists(tmp_path: Path) -> None:
    """Sessions, models, an answer in Markdown, and Ctrl-D."""
    with chat_server([THINKING, 0.2, *HELLO]) as server:
        server.keep("1111111111", ("user", "What was\nthat?"), ("assistant", "Nothing."))
        with at_a_terminal("chat", "--think", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("Enter for a new one: ")
            terminal.type("\r")
            terminal.until("Model (1-2): ")
            terminal.type("7\r")
            terminal.until("There is no '7'.")
            terminal.until("Model (1-2): ")
            terminal.type("2\r")
            terminal.until("/help for help.")
            terminal.type("Hi\r")
            terminal.until("\x1b[0mb")
            terminal.until("> ")
            terminal.type("\x04")
            assert terminal.status() == 0
        assert server.bodies("POST", "/sessions") == [{"model": "demo-tools:latest"}]
        assert server.bodies("POST", "/stream") == [{"message": "Hi", "think": True}]
    lines = [line.strip() for line in seen(terminal.output)]
    assert any(line.startswith("1  demo:latest") and "What was that?" in line for line in lines)
    answer = lines[lines.index("> Hi") + 1 :]
    assert [line for line in answer if line][:5] == ["Hm.", "Hello", "It is so.", "• a", "• b"]
    assert "\x1b[2mHm." in terminal.output
    assert "\x1b[1mso" in terminal.output


def test_ctrl_c_stops_an_answer_and_leaves_at_the_prompt(tmp_path: Path) -> None:
    on_and_on: list[Step] = [step for _ in range(400) for step in (*said("on ")[:1], 0.02)]
    with chat_server(on_and_on, said("Again.")) as server:
        server.keep("1111111111")
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            terminal.type("Go\r")
            terminal.until("on on")
            terminal.type("\x03")
            terminal.until("is kept. /retry asks again.")
            assert server.left.wait(5)
            terminal.until("> ")
            terminal.type("/retry\r")
            terminal.until("Again.")
            terminal.until("> ")
            terminal.interrupt()
            assert terminal.status() == 0
        assert server.bodies("POST", "/stream")[1]["message"] is None
    assert "Traceback" not in terminal.output


def test_slash_commands(tmp_path: Path) -> None:
    with chat_server(said("Better.")) as server:
        server.keep("1111111111", ("system", "Short."), ("user", "One"), ("assistant", "1"))
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            for typed, answered in {
                "/hlep": "did you mean /help?",
                "/help": "/delete",
                "/edit": "1  One",
                "/edit 9": "There is no message 9",
                "/edit 1": "edit> ",
                " more": "Better.",
                "/info": "8192 of ? tokens",
                "/think on": "Thinking is on.",
                "/system": "Short.",
                "/system pirate.md": "is set.",
                "/system Be brief.": "is set.",
                "/system off": "is off.",
                "/model demo-tools:latest": "demo-tools:latest answers from now on.",
                "/delete": "[y/N] ",
                "n": "It stays.",
                "/quit": "/quit",
            }.items():
                terminal.type(f"{typed}\r")
                terminal.until(answered)
            assert terminal.status() == 0
        changes = [(how, path.rpartition("/")[2], body) for how, path, body in server.asked]
    assert changes == [
        ("PUT", "1", {"content": "One more"}),
        ("POST", "stream", {"message": None, "think": False}),
        ("PUT", "system-prompt", {"source_file": "pirate.md"}),
        ("PUT", "system-prompt", {"content": "Be brief."}),
        ("DELETE", "system-prompt", None),
        ("PATCH", "1111111111", {"model": "demo-tools:latest"}),
    ]
    history = tmp_path / "mochi" / "chat_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert history.read_text().splitlines()[:2] == ["/hlep", "/help"]
    assert "n" not in history.read_text().splitlines()


def test_tools_are_listed_and_chosen(tmp_path: Path) -> None:
    with chat_server() as server:
        server.offer("add", "drop_file", "roll", files=["drop_file"])
        server.toolbox["rejected"] = [
            {"name": "helper", "package": "dice", "reason": "it has no docstring"},
            {"name": None, "package": "broken", "reason": "SyntaxError"},
        ]
        server.keep("1111111111")
        server.sessions["1111111111"]["tool_settings"] = SETTINGS | {
            "tools": ["drop_file", "add", "gone"],
            "tool_policies": {"add": "never_confirm"},
        }
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            for typed, answered in {
                "/tools": "On, but not there: gone",
                "/tools rol": "There is no 'rol' among the tools: add,",
                "/tools roll, add": "The model may use roll, add from now on.",
                "/tools @files": "The model may use @files from now on.",
                "/tools none": "The model may use no tools from now on.",
                "/quit": "/quit",
            }.items():
                terminal.type(f"{typed}\r")
                terminal.until(answered)
            assert terminal.status() == 0
        chosen = [body["tool_settings"] for body in server.bodies("PATCH", "/1111111111")]
    kept = SETTINGS | {"tool_policies": {"add": "never_confirm"}}
    assert chosen == [
        kept | {"tools": ["roll", "add"]},
        kept | {"tools": [], "tool_group": "files"},
        kept | {"tools": []},
    ]
    lines = [line.rstrip() for line in seen(terminal.output)]
    listed = lines.index("> /tools") + 2
    assert lines[listed : listed + 6] == [
        "add        on, unasked  Do what add does.",
        "drop_file  on           Do what drop_file does.",
        "roll                    Do what roll does.",
        "@files: drop_file",
        "Left out: helper: it has no docstring.",
        "Left out: broken: SyntaxError.",
    ]


def test_agents_are_listed_and_chosen_and_a_summary_is_shown(tmp_path: Path) -> None:
    with chat_server() as server:
        server.put_agent("scribe")
        server.put_agent("drafts", error="it has no SKILL.md")
        server.keep("1111111111")
        kept = server.sessions["1111111111"]
        kept["agent_settings"] = {"enabled_agents": ["scribe", "gone"]}
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            for typed, answered in {
                "/agents": "On, but not there: gone",
                "/agents drafts": "Left out: drafts: it has no SKILL.md.",
                "/agents scribe": "The model may call scribe from now on.",
                "/agents none": "The model may call no agents from now on.",
                "/summary": "There is no summary yet.",
            }.items():
                terminal.type(f"{typed}\r")
                terminal.until(answered)
            kept["summary"] = {"summary": "It was about **tea**.", "topics": ["tea", "milk"]}
            terminal.type("/summary\r")
            terminal.until("Topics: tea, milk")
            terminal.type("/quit\r")
            assert terminal.status() == 0
        chosen = [body["agent_settings"] for body in server.bodies("PATCH", "/1111111111")]
    assert chosen == [{"enabled_agents": ["scribe"]}, {"enabled_agents": []}]
    lines = [line.rstrip() for line in seen(terminal.output)]
    listed = lines.index("> /agents") + 2
    assert lines[listed : listed + 2] == [
        "scribe  on  jot, wipe  Does what a scribe does.",
        "Left out: drafts: it has no SKILL.md.",
    ]
    assert "It was about tea." in lines


def test_who_wants_to_run_a_call_is_named(tmp_path: Path) -> None:
    name, question = wanted("conf_1")
    with chat_server(
        [(name, {**question, "agent_name": "scribe"}), CONFIRMED, *said("A.")]
    ) as server:
        server.keep("1111111111")
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            terminal.type("Drop it\r")
            terminal.until("[a]lways: ")
            terminal.type("y\r")
            terminal.until("A.")
            terminal.type("/quit\r")
            assert terminal.status() == 0
    assert "Agent scribe wants to run drop_file(path=" in "".join(seen(terminal.output))


def test_tools_for_sessions_from_the_lists(tmp_path: Path) -> None:
    """The one that is chosen gets them, and those that are begun have them."""
    with chat_server() as server:
        server.offer("add", "roll")
        server.keep("1111111111")
        command = ("chat", "--tools", "roll", "--base-url", server.url)
        with at_a_terminal(*command, home=tmp_path) as terminal:
            terminal.until("Enter for a new one: ")
            terminal.type("1\r")
            terminal.until("help.")
            terminal.until("> ")
            assert server.bodies("PATCH", "/1111111111")[0]["tool_settings"]["tools"] == ["roll"]
            terminal.type("/new demo:latest\r")
            terminal.until("help.")
            terminal.type("/quit\r")
            assert terminal.status() == 0
        assert server.bodies("POST", "/sessions") == [
            {"model": "demo:latest", "tool_settings": {"tools": ["roll"]}}
        ]
        assert len(server.asked) == 2


SETTINGS = {
    "tools": ["drop_file", "add"],
    "tool_group": None,
    "execution_policy": "always_confirm",
    "tool_policies": {"add": "always_confirm"},
}


def test_a_call_runs_when_the_person_says_so(tmp_path: Path) -> None:
    """`always` holds for the next call of the same tool, and from the end of the answer on it is
    the session's own policy."""
    asked = [step for number in "12" for step in (wanted(f"conf_{number}"), CONFIRMED, RESULT)]
    with chat_server([*asked, *said("Gone.")]) as server:
        server.keep("1111111111")
        server.sessions["1111111111"]["tool_settings"] = SETTINGS
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            terminal.type("Drop it\r")
            terminal.until("[a]lways: ")
            terminal.type("what?\r")
            terminal.until("[a]lways: ")
            terminal.type("always\r")
            terminal.until("any more: drop_file.")
            terminal.type("/quit\r")
            assert terminal.status() == 0
        assert server.bodies("POST", "/confirm-tool") == [
            {"confirmation_id": "conf_1", "approved": True},
            {"confirmation_id": "conf_2", "approved": True},
        ]
        policies = {"add": "always_confirm", "drop_file": "never_confirm"}
        assert server.bodies("PATCH", "/1111111111") == [
            {"tool_settings": {**SETTINGS, "tool_policies": policies}}
        ]
    shown = "".join(seen(terminal.output))
    assert "x" * 300 in shown  # who approves a call sees all of it
    assert "drop_file → removed" in shown


def test_a_call_is_denied_by_no_and_by_the_end_of_input(tmp_path: Path) -> None:
    asked = [step for number in "12" for step in (wanted(f"conf_{number}"), CONFIRMED)]
    with chat_server([*asked, *said("Well.")]) as server:
        server.keep("1111111111")
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            terminal.type("Drop it\r")
            for answer in ("N\r", "\x04"):
                terminal.until("[a]lways: ")
                terminal.type(answer)
            terminal.until("Well.")
            terminal.until("> ")
            terminal.type("/quit\r")
            assert terminal.status() == 0
        assert [body["approved"] for body in server.bodies("POST", "/confirm-tool")] == [False] * 2
        assert server.bodies("PATCH", "/1111111111") == []


def test_ctrl_c_at_the_question_leaves_the_stream_and_answers_nothing(tmp_path: Path) -> None:
    with chat_server([wanted("conf_1"), 0.5, *said("x" * 100_000) * 50]) as server:
        server.keep("1111111111")
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            terminal.type("Drop it\r")
            terminal.until("[a]lways: ")
            terminal.type("\x03")
            terminal.until("Denied: drop_file does not run.")
            terminal.until("> ")
            assert server.left.wait(5)
            terminal.type("/quit\r")
            assert terminal.status() == 0
        assert server.bodies("POST", "/confirm-tool") == []


def test_what_was_typed_before_the_question_is_no_answer(tmp_path: Path) -> None:
    with chat_server([0.5, wanted("conf_1"), CONFIRMED, *said("Well.")]) as server:
        server.keep("1111111111")
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            terminal.type("Drop it\ry\r")
            terminal.until("[a]lways: ")
            terminal.type("n\r")
            terminal.until("Well.")
            terminal.type("/quit\r")
            assert terminal.status() == 0
        assert [body["approved"] for body in server.bodies("POST", "/confirm-tool")] == [False]


HOSTILE = {
    "path": "a.txt\x1b[2K\x1b[1A\r\x07\x7f\x9b1m",
    "x\u202e=1, path": "\u200b\u2066 \u3164  b\n\U000e0041",
}


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_arguments_hide_nothing_from_who_approves_them(
    environment: dict[str, str], tmp_path: Path
) -> None:
    asked = {"tool_name": "drop\x1b[8m", "arguments": HOSTILE, "confirmation_id": "conf_1"}
    question: Step = ("tool_call_confirmation_required", {**asked, "call_index": 0})
    with chat_server([question, CONFIRMED, *said("Well.")]) as server:
        server.keep("1111111111")
        command = ("chat", "--last", "--base-url", server.url)
        with at_a_terminal(*command, home=tmp_path, **environment) as terminal:
            terminal.until("help.")
            terminal.type("Drop it\r")
            terminal.until("[a]lways: ")
            terminal.type("n\r")
            terminal.until("Well.")
            terminal.type("/quit\r")
            assert terminal.status() == 0
    shown = "".join(seen(terminal.output))
    assert (
        r'The model wants to run "drop\u001b[8m"('
        r'path="a.txt\u001b[2K\u001b[1A\r\u0007\u007f\u009b1m", '
        r'"x\u202e=1, path"="\u200b\u2066 \u3164  b\n\udb40\udc41")'
    ) in shown


def test_a_dropped_connection_is_a_line_and_the_talk_goes_on(tmp_path: Path) -> None:
    with chat_server([*said("Half")[:1], DROP], said("Whole.")) as server:
        server.keep("1111111111")
        with at_a_terminal("chat", "--last", "--base-url", server.url, home=tmp_path) as terminal:
            terminal.until("help.")
            terminal.type("Hi\r")
            terminal.until("/retry asks")
            terminal.until("> ")
            terminal.type('"""one\rtwo"""\r')
            terminal.until("Whole.")
            terminal.type("/quit\r")
            assert terminal.status() == 0
        assert server.bodies("POST", "/stream")[1]["message"] == "one\ntwo"


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_plain_means_no_escape_sequence(environment: dict[str, str], tmp_path: Path) -> None:
    with chat_server([THINKING, *HELLO]) as server:
        server.keep("1111111111")
        asked = ["chat", "--last", "--base-url", server.url]
        with at_a_terminal(*asked, home=tmp_path, **environment) as terminal:
            terminal.until("help.")
            terminal.type("Hi\r")
            terminal.until("- b")
            terminal.type("/quit\r")
            assert terminal.status() == 0
    assert "\x1b" not in terminal.output
    assert "thinking: Hm.\r\n# Hello\r\n\r\nIt is **so**." in terminal.output
