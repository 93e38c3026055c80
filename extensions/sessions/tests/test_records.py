"""Session files of every version and of other programs: what they mean, and what is made of them."""

import json
import logging
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from extensions.sessions.records import Unreadable, read, write
from extensions.sessions.session import (
    AgentSettings,
    AssistantMessage,
    Call,
    Kept,
    Session,
    Summary,
    SystemMessage,
    ToolMessage,
    ToolSettings,
    UserMessage,
    WindowChange,
    WindowConfig,
)

GOLDEN = Path(__file__).parent / "golden"
ID = "0f1e2d3c4b"
MODIFIED = "2026-03-05T00:00:00.000000"
DAY = "2026-03-04T05:06:0"

SYSTEM = SystemMessage(
    id="0000000000", timestamp=f"{DAY}7.500000", content="Be brief.", source_file="brief.md"
)
USER = UserMessage(id="1111111111", timestamp=f"{DAY}8.000000", content="1+2? Grüße 日本")
ASKS = AssistantMessage(
    id="2222222222",
    timestamp=f"{DAY}8.500000",
    content="",
    model="tools:7b",
    eval_count=7,
    prompt_eval_count=60,
    calls=(Call("add", {"a": 1, "b": 2}),),
)
TOOL = ToolMessage(id="3333333333", timestamp=f"{DAY}8.600000", content="3", tool_name="add")
SAYS = AssistantMessage(
    id="4444444444",
    timestamp=f"{DAY}9.119000",
    content="3.",
    model="tools:7b",
    eval_count=3,
    prompt_eval_count=75,
)
ADD = ToolSettings(tools=("add",), execution_policy="never_confirm")
WINDOW = WindowConfig(
    current_window=8192,
    last_adjustment="initial_setup",
    history=(
        WindowChange(
            timestamp=f"{DAY}8.000001", window_size=8192, reason="initial_setup", usage_tokens=0
        ),
    ),
)


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def session(*messages: Any, **fields: Any) -> Session:
    known: dict[str, Any] = {
        "id": ID,
        "model": "tools:7b",
        "created_at": f"{DAY}7.000890",
        "updated_at": f"{DAY}9.120000",
        "messages": messages,
    }
    return Session(**{**known, **fields})


def from_file(data: bytes | dict[str, Any]) -> Session:
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    return read(data, id=ID, modified=MODIFIED)


def as_file(*messages: Any, **metadata: Any) -> dict[str, Any]:
    known = {
        "model": "m",
        "updated_at": f"{DAY}9.000000",
        "format_version": "1.3",
        "tool_settings": {},
        "agent_settings": {},
        "context_window_config": {},
    }
    return {"metadata": known | metadata, "messages": list(messages)}


MEANINGS = {
    "1.0": session(USER, SAYS, version="1.0"),
    "1.1": session(
        USER,
        SAYS,
        tool_settings=ToolSettings(tools=("add",), tool_group="maths"),
        version="1.1",
    ),
    "1.2": session(
        USER,
        ASKS,
        TOOL,
        SAYS,
        tool_settings=ADD,
        window=WindowConfig(
            current_window=10240,
            last_adjustment="performance_optimization",
            history=(
                WindowChange(
                    timestamp=f"{DAY}8.000001", window_size=10240, reason="performance_optimization"
                ),
            ),
        ),
        version="1.2",
    ),
    "1.3": session(
        SYSTEM,
        USER,
        ASKS,
        TOOL,
        SAYS,
        summary=Summary("A sum.", ("sums",)),
        summary_model="sums:1b",
        tool_settings=ADD,
        window=WINDOW,
        version="1.3",
    ),
    "1.4-ours": session(
        USER,
        ASKS,
        TOOL,
        AssistantMessage(
            id="4444444444",
            timestamp=f"{DAY}9.119000",
            content="3.",
            model="tools:7b",
            eval_count=3,
            prompt_eval_count=75,
            thinking="One and two.",
        ),
        tool_settings=ToolSettings(
            tools=("add",),
            execution_policy="never_confirm",
            tool_policies={"add": "always_confirm"},
        ),
        window=WINDOW,
        version="1.4",
    ),
    "coco": session(SYSTEM, USER, ASKS, TOOL, SAYS, version="1.2"),
    "2.0": session(
        USER,
        ASKS,
        TOOL,
        SAYS,
        tool_settings=ADD,
        window=WINDOW,
        kept=Kept(metadata={"branches": {"main": 4}}),
        version="2.0",
        read_only=True,
    ),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_every_version_is_read(name: str) -> None:
    assert from_file(golden(name)) == MEANINGS[name]


@pytest.mark.parametrize("name", ["1.3", "1.4-ours", "1.9", "2.0"])
def test_a_file_of_ours_or_of_later_versions_is_written_as_it_was(name: str) -> None:
    assert write(from_file(golden(name))).decode() == golden(name).decode()


@pytest.mark.parametrize("name", ["1.0", "1.1", "1.2", "coco"])
def test_an_older_file_is_written_in_the_form_of_1_3(name: str) -> None:
    written = json.loads(write(from_file(golden(name))))
    assert list(written["metadata"]) == [
        "session_id",
        "model",
        "created_at",
        "updated_at",
        "message_count",
        "summary",
        "summary_model",
        "format_version",
        "tool_settings",
        "agent_settings",
        "context_window_config",
    ]
    assert written["metadata"]["format_version"] == "1.3"
    assert written["metadata"]["agent_settings"] == {"enabled_agents": []}
    assert list(written["metadata"]["tool_settings"]) == ["tools", "tool_group", "execution_policy"]
    keys = {message["role"]: list(message) for message in written["messages"]}
    assert keys["user"] == ["role", "content", "message_id", "timestamp"]
    assert keys["assistant"] == [
        *("role", "content", "model", "message_id", "timestamp"),
        *("eval_count", "prompt_eval_count", "tool_calls"),
    ]
    if "tool" in keys:
        assert keys["tool"] == ["role", "tool_name", "content", "message_id", "timestamp"]


def test_the_ancestors_file_gets_its_policies_beside_and_local_times() -> None:
    read_ = from_file(golden("1.4-upstream"))
    assert read_.tool_settings == ToolSettings(
        tools=("a",), execution_policy="never_confirm", tool_policies={"a": "always_confirm"}
    )
    assert read_.window == WindowConfig(
        current_window=8192,
        history=(
            WindowChange(
                timestamp=read_.updated_at,
                window_size=8192,
                reason="no_adjustment",
                usage_tokens=50,
            ),
        ),
    )
    assert len(read_.updated_at) == len(read_.messages[0].timestamp) == 26
    metadata = json.loads(write(read_))["metadata"]
    assert metadata["tool_settings"] == {
        "tools": ["a"],
        "tool_group": None,
        "execution_policy": "never_confirm",
    }
    assert list(metadata)[-1] == "tool_policies"
    assert metadata["tool_policies"] == {"a": "always_confirm"}
    assert metadata["format_version"] == "1.4"


def test_a_later_minor_version_is_read_with_what_it_adds() -> None:
    read_ = from_file(golden("1.9"))
    assert read_.version == "1.9"
    assert not read_.read_only
    assert read_.kept == Kept(
        document={"attachments": [{"name": "a.png"}]},
        metadata={"pinned": True},
        tool_settings={"sandbox": True},
        agent_settings={"selection_metadata": {"by": "hand"}, "depth": 2},
        window={"ceiling": 65536},
        summary={"language": "en"},
    )
    assert [message.extra for message in read_.messages] == [
        {"mood": "curious"},
        {},
        {"took": 0.25},
        {"sources": [{"url": "a"}]},
    ]
    assert read_.window.history[0].extra == {"cost": 1.5}


@pytest.mark.parametrize("path", sorted((GOLDEN / "damaged").iterdir()), ids=lambda path: path.stem)
def test_a_damaged_file_is_unreadable_for_a_reason(path: Path) -> None:
    with pytest.raises(Unreadable, match=r"\w+ \w+"):
        from_file(path.read_bytes())


@pytest.mark.parametrize(
    ("version", "written", "read_only"),
    [
        ("1.0", "1.3", False),
        ("1.4", "1.3", False),
        ("1.5", "1.5", False),
        ("1.10", "1.10", False),
        (1.9, "1.9", False),
        ("2", "2", True),
        ("10.0", "10.0", True),
        (None, "1.3", False),
        ("", "1.3", True),
        ("new", "new", True),
        ("v2.0", "v2.0", True),
        (" 2.0", " 2.0", True),
        ("1.3\n", "1.3\n", True),
        (True, "True", True),
        ([2], "[2]", True),
        ("9" * 5000, "9" * 5000, True),
    ],
)
def test_versions(version: Any, written: str, read_only: bool) -> None:
    read_ = from_file(as_file(format_version=version))
    assert read_.read_only == read_only
    assert json.loads(write(read_))["metadata"]["format_version"] == written


@pytest.mark.parametrize(
    ("settings", "policies", "meaning"),
    [
        (None, None, ToolSettings()),
        ([], None, ToolSettings()),
        ({"tools": None, "execution_policy": None}, None, ToolSettings()),
        ({"tools": ["a", 1, None]}, None, ToolSettings(tools=("a",))),
        ({"tool_group": 7}, None, ToolSettings()),
        ({"confirmation_necessary": True}, None, ToolSettings()),
        ({"confirmation_necessary": False}, None, ToolSettings(execution_policy="never_confirm")),
        ({"confirmation_necessary": None}, None, ToolSettings()),
        (
            {"confirmation_necessary": True, "execution_policy": "never_confirm"},
            None,
            ToolSettings(execution_policy="never_confirm"),
        ),
        (
            {"execution_policy": "confirm_destructive"},
            None,
            ToolSettings(execution_policy="confirm_destructive"),
        ),
        (
            {"execution_policy": "never_confirm"},
            {"a": "confirm_destructive", "b": 1},
            ToolSettings(
                execution_policy="never_confirm",
                tool_policies={"a": "confirm_destructive", "b": "always_confirm"},
            ),
        ),
        (
            {"tool_policies": {"a": "always_confirm", "b": "always_confirm"}},
            {"b": "never_confirm"},
            ToolSettings(tool_policies={"a": "always_confirm", "b": "never_confirm"}),
        ),
        ({"tool_policies": None}, None, ToolSettings()),
    ],
)
def test_tool_settings(settings: Any, policies: Any, meaning: ToolSettings) -> None:
    read_ = from_file(as_file(tool_settings=settings, tool_policies=policies))
    assert read_.tool_settings == meaning
    assert read_.kept == Kept()


@pytest.mark.parametrize("policy", ["confirm_destructive", "sometimes", ""])
def test_a_policy_that_nobody_knows_asks(policy: str) -> None:
    own = {"wipe": policy}
    settings = ToolSettings(execution_policy="never_confirm", tool_policies=own)
    assert settings.policy_of("wipe") == "always_confirm"
    assert settings.policy_of("add") == "never_confirm"
    assert ToolSettings(execution_policy=policy).policy_of("add") == "always_confirm"


@pytest.mark.parametrize(
    ("config", "meaning"),
    [
        (None, WindowConfig()),
        ({"current_window": None, "last_adjustment": None}, WindowConfig()),
        ({"current_window": "8192"}, WindowConfig()),
        ({"current_window": 0}, WindowConfig()),
        ({"current_window": -1}, WindowConfig()),
        ({"current_window": True}, WindowConfig()),
        ({"current_window": 2**31}, WindowConfig()),
        ({"dynamic_enabled": False}, WindowConfig(dynamic_enabled=False)),
        ({"manual_override": "yes"}, WindowConfig()),
        ({"adjustment_history": {}}, WindowConfig()),
        ({"adjustment_history": [None, {}, {"window_size": "big"}]}, WindowConfig()),
        (
            {"adjustment_history": [{"window": 4096, "timestamp": "yesterday"}]},
            WindowConfig(
                history=(WindowChange(timestamp=f"{DAY}9.000000", window_size=4096, reason=""),)
            ),
        ),
    ],
)
def test_context_window_config(config: Any, meaning: WindowConfig) -> None:
    assert from_file(as_file(context_window_config=config)).window == meaning


@pytest.mark.parametrize(
    ("summary", "meaning", "others"),
    [
        (None, None, {}),
        ([], None, {}),
        ("A sum.", Summary("A sum."), {}),
        ({"summary": "A sum."}, Summary("A sum."), {}),
        (
            {"summary": None, "topics": [1, "a"], "mood": "good"},
            Summary("", ("a",)),
            {"mood": "good"},
        ),
    ],
)
def test_summaries(summary: Any, meaning: Summary | None, others: dict[str, Any]) -> None:
    read_ = from_file(as_file(summary=summary))
    assert read_.summary == meaning
    assert read_.kept.summary == others


def test_agent_settings() -> None:
    read_ = from_file(as_file(agent_settings={"enabled_agents": ["a"], "selection_metadata": None}))
    assert read_.agent_settings == AgentSettings(enabled_agents=("a",))
    assert read_.kept.agent_settings == {}


def test_metadata_without_anything_are_enough() -> None:
    assert from_file(b'{"metadata": {}, "messages": []}') == Session(
        id=ID, model="", created_at=MODIFIED, updated_at=MODIFIED, version="1.0"
    )


def test_the_name_of_the_file_is_the_id() -> None:
    read_ = from_file(as_file(session_id="ffffffffff", message_count=99))
    metadata = json.loads(write(read_))["metadata"]
    assert read_.id == metadata["session_id"] == ID
    assert metadata["message_count"] == 0


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2026-03-04T05:06:07.000890", "2026-03-04T05:06:07.000890"),
        ("2026-03-04T05:06:07", "2026-03-04T05:06:07.000000"),
        ("2026-03-04 05:06:07.5", "2026-03-04T05:06:07.500000"),
        ("2026-99-99T05:06:07.000890", f"{DAY}9.000000"),
        ("0001-01-01T00:00:00.000000", f"{DAY}9.000000"),
        ("", f"{DAY}9.000000"),
        (None, f"{DAY}9.000000"),
        (1772600767, f"{DAY}9.000000"),
    ],
)
def test_timestamps_are_local_times_with_six_digits(text: Any, meaning: str) -> None:
    (message,) = from_file(as_file({"role": "user", "content": "", "timestamp": text})).messages
    assert message.timestamp == meaning


@pytest.mark.parametrize("text", ["2026-03-04T05:06:07Z", "2026-03-04T07:06:07.0+02:00"])
def test_times_of_a_zone_are_told_in_local_time(text: str) -> None:
    local = datetime.fromisoformat(from_file(as_file(updated_at=text)).updated_at)
    assert local.astimezone() == datetime.fromisoformat("2026-03-04T05:06:07+00:00")


def said(**fields: Any) -> AssistantMessage:
    record = {"role": "assistant", "content": "a", "message_id": "b", "timestamp": f"{DAY}0.000000"}
    (message,) = from_file(as_file(record | fields)).messages
    assert isinstance(message, AssistantMessage)
    return message


def meant(**fields: Any) -> AssistantMessage:
    known = {"id": "b", "timestamp": f"{DAY}0.000000", "content": "a", "model": "m"}
    return AssistantMessage(**{**known, **fields})


@pytest.mark.parametrize(
    ("fields", "meaning"),
    [
        ({}, meant()),
        ({"content": None}, meant(content="")),
        ({"model": None}, meant()),
        ({"model": "other"}, meant(model="other")),
        ({"eval_count": 3, "prompt_eval_count": None}, meant(eval_count=3)),
        ({"eval_count": "3", "prompt_eval_count": -1}, meant()),
        ({"thinking": None}, meant()),
        ({"thinking": ""}, meant()),
        ({"tool_calls": []}, meant()),
        ({"tool_calls": None, "tool_name": None, "source_file": None}, meant()),
        ({"tool_name": "add"}, meant(extra={"tool_name": "add"})),
        ({"mood": None}, meant(extra={"mood": None})),
    ],
)
def test_assistant_messages(fields: dict[str, Any], meaning: AssistantMessage) -> None:
    assert said(**fields) == meaning


@pytest.mark.parametrize(
    ("arguments", "meaning"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ("", {}),
        (None, {}),
        ("{a: 1", {"arguments": "{a: 1"}),
        ("[1]", {"arguments": "[1]"}),
        ([1], {"arguments": [1]}),
        ({"a": 10**400, "b": [10**30]}, {"a": None, "b": [10**30]}),
    ],
)
def test_arguments_of_calls_are_objects(arguments: Any, meaning: dict[str, Any]) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    assert said(tool_calls=[call]).calls == (Call("f", meaning),)


def test_a_call_without_arguments_has_none() -> None:
    assert said(tool_calls=[{"function": {"name": "f"}}]).calls == (Call("f", {}),)


def test_a_message_without_an_id_gets_the_same_one_each_time() -> None:
    file = as_file({"role": "user", "content": "a"}, {"role": "user", "content": "a"})
    first, second = from_file(file).messages
    assert first.id != second.id
    assert len(first.id) == 10
    assert from_file(file).messages == (first, second)


def test_a_tool_message_may_not_know_its_tool() -> None:
    (message,) = from_file(as_file({"role": "tool", "content": "3"})).messages
    assert isinstance(message, ToolMessage)
    assert message.tool_name == ""


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ("1e999", None),
        ("-1e999", None),
        ("Infinity", None),
        ("NaN", None),
        ("9" * 5000, None),
        (r'"\ud800"', "\ufffd"),
        (r'"a\udc00b\ud83d\ude00"', "a\ufffdb😀"),
        (r'{"\ud800": [1e999]}', {"\ufffd": [None]}),
    ],
)
def test_what_no_decoder_takes_gives_way(found: str, kept: Any) -> None:
    call = '{"function": {"name": "f", "arguments": {"a": ' + found + "}}}"
    message = '{"role": "assistant", "content": "hé", "tool_calls": [' + call + "]}"
    file = '{"metadata": {"x": ' + found + '}, "messages": [' + message + "]}"
    read_ = from_file(file.encode())
    (answer,) = read_.messages
    assert isinstance(answer, AssistantMessage)
    assert answer.calls == (Call("f", {"a": kept}),)
    assert answer.content == "hé"
    assert read_.kept.metadata == {"x": kept}


def test_what_no_encoder_takes_gives_way() -> None:
    arguments = {"a": math.inf, "b": math.nan, "\ud800": "\udc00"}
    poisoned = session(
        UserMessage(id="a", timestamp=MODIFIED, content="half \ud83d", extra={"x": "\ud800"}),
        AssistantMessage(
            id="b", timestamp=MODIFIED, content="", model="m", calls=(Call("f", arguments),)
        ),
    )
    user, answer = from_file(write(poisoned)).messages
    assert user.content == "half \ufffd"
    assert isinstance(answer, AssistantMessage)
    assert answer.calls == (Call("f", {"a": None, "b": None, "\ufffd": "\ufffd"}),)


def test_a_byte_order_mark_is_no_damage() -> None:
    assert from_file(b"\xef\xbb\xbf" + golden("1.3")) == MEANINGS["1.3"]


def test_a_migration_is_one_line_without_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "mochi"):
        from_file(golden("coco").replace(b"1+2?", rb"1+2?\ud800"))
        from_file(golden("1.3"))
    (record,) = caplog.records
    assert record.getMessage() == (
        f"Session {ID} is of an older format; missing or moved: tool_settings, agent_settings."
    )


def test_a_file_is_laid_out_as_the_standard_library_does() -> None:
    written = write(MEANINGS["1.3"])
    assert written.decode() == json.dumps(json.loads(written), indent=2, ensure_ascii=False)


@pytest.mark.parametrize("name", ["1.0", "1.2", "1.3", "1.4-upstream", "coco"])
def test_the_lowest_version_that_holds_the_content(name: str) -> None:
    again = from_file(write(from_file(golden(name))))
    has_policies = bool(again.tool_settings.tool_policies)
    assert again.version == ("1.4" if has_policies else "1.3")
