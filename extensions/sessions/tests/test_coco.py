"""mochi-coco and this program at the same files. Needs the published mochi-coco, else skipped."""

import json
from pathlib import Path
from typing import Any

import pytest

from extensions.sessions.changes import MessageAppended, apply
from extensions.sessions.clock import local_now
from extensions.sessions.records import read, write
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    Session,
    SystemMessage,
    ToolMessage,
    ToolSettings,
    UserMessage,
    WindowChange,
    WindowConfig,
)

coco: Any = pytest.importorskip("mochi_coco.chat.session", exc_type=ImportError)

ID = "0f1e2d3c4b"
NOW = "2026-03-04T05:06:07.000890"

SESSION = Session(
    id=ID,
    model="tools:7b",
    created_at=NOW,
    updated_at=NOW,
    messages=(
        SystemMessage(id="a0", timestamp=NOW, content="Be brief.", source_file="brief.md"),
        UserMessage(id="a1", timestamp=NOW, content="1+2? Grüße 日本"),
        AssistantMessage(
            id="a2",
            timestamp=NOW,
            content="",
            model="tools:7b",
            eval_count=7,
            prompt_eval_count=60,
            thinking="One and two.",
            calls=(Call("add", {"a": 1, "b": 2}),),
        ),
        ToolMessage(id="a3", timestamp=NOW, content="3", tool_name="add"),
        AssistantMessage(id="a4", timestamp=NOW, content="3, I th", model="tools:7b"),
    ),
    tool_settings=ToolSettings(
        tools=("add",), execution_policy="never_confirm", tool_policies={"wipe": "always_confirm"}
    ),
    window=WindowConfig(
        current_window=8192,
        last_adjustment="initial_setup",
        history=(
            WindowChange(timestamp=NOW, window_size=8192, reason="initial_setup", usage_tokens=0),
        ),
    ),
)


def opened_by_coco(folder: Path) -> Any:
    """What mochi-coco finds; it only prints what goes wrong, and then shows nothing."""
    return coco.ChatSession("another:1b", session_id=ID, sessions_dir=str(folder))


def opened_by_us(folder: Path) -> Session:
    return read((folder / f"{ID}.json").read_bytes(), id=ID, modified=NOW)


def said(message: Any) -> tuple[str, str]:
    return message.role, message.content


def test_mochi_coco_opens_and_continues_a_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / f"{ID}.json").write_bytes(write(SESSION))
    theirs = opened_by_coco(tmp_path)
    assert theirs.model == "tools:7b"
    assert [said(message) for message in theirs.messages] == [
        ("system", "Be brief."),
        ("user", "1+2? Grüße 日本"),
        ("assistant", ""),
        ("tool", "3"),
        ("assistant", "3, I th"),
    ]
    assert theirs.messages[2].tool_calls == [
        {"function": {"name": "add", "arguments": {"a": 1, "b": 2}}}
    ]
    assert theirs.messages[3].tool_name == "add"
    assert theirs.metadata.tool_settings.tools == ["add"]
    assert theirs.metadata.tool_settings.execution_policy.value == "never_confirm"
    assert theirs.metadata.context_window_config["current_window"] == 8192

    theirs.add_user_message("And 2+2?")
    theirs.save_session()
    ours = opened_by_us(tmp_path)
    assert [message.content for message in ours.messages] == [
        *(message.content for message in SESSION.messages),
        "And 2+2?",
    ]
    assert ours.messages[:2] == SESSION.messages[:2]
    assert ours.messages[3:5] == SESSION.messages[3:]
    assert ours.window == SESSION.window


def test_mochi_coco_edits_a_file_of_ours(tmp_path: Path) -> None:
    (tmp_path / f"{ID}.json").write_bytes(write(SESSION))
    theirs = opened_by_coco(tmp_path)
    theirs.edit_message_and_truncate(1, "2+2?")
    theirs.save_session()
    assert [message.content for message in opened_by_us(tmp_path).messages] == ["Be brief.", "2+2?"]


def test_a_file_of_mochi_coco_is_read_and_continued(tmp_path: Path) -> None:
    from ollama import ChatResponse
    from ollama import Message as OllamaMessage

    theirs = coco.ChatSession("m:1", session_id=ID, sessions_dir=str(tmp_path))
    theirs.add_system_message("Be brief.", source_file="brief.md")
    theirs.add_user_message("Grüße?")
    answer = OllamaMessage(role="assistant", content="Hallo 😀")
    theirs.add_message(ChatResponse(model="m:1", message=answer, eval_count=3, prompt_eval_count=4))
    theirs.messages.append(coco.SessionMessage(role="tool", content="3", tool_name="add"))
    theirs.save_session()
    layout = (tmp_path / f"{ID}.json").read_bytes()

    ours = opened_by_us(tmp_path)
    assert [message.id for message in ours.messages] == [m.message_id for m in theirs.messages]
    assert [message.timestamp for message in ours.messages] == [
        m.timestamp for m in theirs.messages
    ]
    system, user, assistant, tool = ours.messages
    assert isinstance(system, SystemMessage)
    assert system.source_file == "brief.md"
    assert user.content == "Grüße?"
    assert isinstance(assistant, AssistantMessage)
    assert (assistant.content, assistant.model) == ("Hallo 😀", "m:1")
    assert (assistant.eval_count, assistant.prompt_eval_count) == (3, 4)
    assert isinstance(tool, ToolMessage)
    assert tool.tool_name == "add"
    assert not any(message.extra for message in ours.messages)
    assert ours.tool_settings == ToolSettings()
    assert ours.window == WindowConfig()

    more = UserMessage(id="b1", timestamp=local_now(), content="More.")
    written = write(apply(ours, MessageAppended(more), more.timestamp))
    assert layout.endswith(b"\n}") == written.endswith(b"\n}")
    assert layout.splitlines()[:4] == written.splitlines()[:4]
    (tmp_path / f"{ID}.json").write_bytes(written)
    again = opened_by_coco(tmp_path)
    assert [said(message) for message in again.messages] == [
        *(said(message) for message in theirs.messages),
        ("user", "More."),
    ]


@pytest.mark.parametrize("name", ["1.3", "1.4-ours", "coco"])
def test_the_golden_files_are_what_mochi_coco_takes(name: str, tmp_path: Path) -> None:
    golden = (Path(__file__).parent / "golden" / f"{name}.json").read_bytes()
    (tmp_path / f"{ID}.json").write_bytes(golden)
    theirs = opened_by_coco(tmp_path)
    assert len(theirs.messages) == len(json.loads(golden)["messages"])
    if name == "coco":
        theirs.save_session()
        assert (tmp_path / f"{ID}.json").read_bytes() == golden.replace(
            json.dumps("2026-03-04T05:06:09.120000").encode(),
            json.dumps(theirs.metadata.updated_at).encode(),
        )
