"""Chat with tools, streamed and not, as the contract shows it."""

import json
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from extensions.chat.tests.stream import names, reading
from extensions.chat.tests.talking import ID, OLD, Rounds, Script, calls, end, kept, said, serving
from extensions.sessions.session import AssistantMessage, Session, ToolMessage, ToolSettings
from extensions.tests.serving import refusal
from extensions.tests.toolbox import AsyncTool, Box
from extensions.tools.tool import Tools
from gateway.core.errors import ToolsUnavailable
from gateway.core.events import TextDelta, ToolCalled
from gateway.core.messages import ToolCall
from gateway.core.models import ModelDetails

DONE = f'event: done\ndata: {{"session_id":"{ID}"}}\n\n'
DENIED = "Error: Tool execution denied by user"
CONTINUING = (
    'event: tool_continuation_start\ndata: {"message":"Continuing with 1 tool result."}\n\n'
)


def told(name: str, **data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def final(text: str, id: str) -> str:
    window = {"current_window": 8192, "usage_tokens": 15, "reason": "no_adjustment"}
    return (
        told("content_delta", content=text, role="assistant")
        + told(
            "message_complete",
            message_id=id,
            model="demo:latest",
            eval_count=4,
            prompt_eval_count=11,
            context_window=window,
        )
        + DONE
    )


async def clock(zone: str) -> str:
    return "12:00"


async def drop(path: str) -> str:
    return "removed"


async def plus(a: int, b: int) -> str:
    return str(a + b)


async def div(a: int, b: int) -> str:
    return str(a / b)


class Examples:
    """The tools of the contract's examples, anew for every test."""

    def __init__(self) -> None:
        self.clock = AsyncTool("read_clock", clock)
        self.drop = AsyncTool("drop_file", drop)
        self.add = AsyncTool("add", plus)
        self.div = AsyncTool("div", div)
        self.box = Box(self.clock, self.drop, self.add, self.div, maths=("add", "div"))


NAMES = ("read_clock", "drop_file", "add", "div")
FREELY = ToolSettings(tools=NAMES, execution_policy="never_confirm")
ASKING = ToolSettings(tools=NAMES)
MIXED = ToolSettings(
    tools=NAMES, execution_policy="never_confirm", tool_policies={"drop_file": "always_confirm"}
)


async def test_a_tool_that_nobody_confirms() -> None:
    backend = Rounds(calls(("read_clock", {"zone": "UTC"})), said("Noon, UTC."))
    async with serving(backend, toolbox=Examples().box, tool_settings=FREELY) as gateway:
        response = await gateway.stream()
        assert response.text == (
            told("tool_call", tool_name="read_clock", arguments={"zone": "UTC"}, call_index=0)
            + told(
                "tool_result",
                tool_name="read_clock",
                success=True,
                result="12:00",
                error_message=None,
                call_index=0,
            )
            + CONTINUING
            + final("Noon, UTC.", "00000000a3")
        )
        assert await kept(gateway.sessions) == [
            ("user", "Hi"),
            ("assistant", ""),
            ("tool", "12:00"),
            ("assistant", "Noon, UTC."),
        ]
    assert [tool.name for tool in backend.requests[0].tools] == list(NAMES)
    assert backend.requests[1].tools == backend.requests[0].tools


@pytest.mark.parametrize("approved", [True, False])
async def test_a_tool_that_is_confirmed_or_denied(approved: bool) -> None:
    tools, backend = Examples(), Rounds(calls(("drop_file", {"path": "a.txt"})), said("Well."))
    async with serving(backend, toolbox=tools.box, tool_settings=ASKING) as gateway:
        async with reading(gateway) as events:
            question = await events.until("tool_call_confirmation_required")
            assert tools.drop.ran == []
            assert (await gateway.confirm(question["confirmation_id"], approved)).status_code == 200
            seen = await events.rest()
        assert names(seen) == [
            "tool_call_confirmation_required",
            "tool_result",
            "tool_continuation_start",
            "content_delta",
            "message_complete",
            "done",
        ]
        assert question == {
            "tool_name": "drop_file",
            "arguments": {"path": "a.txt"},
            "call_index": 0,
            "confirmation_id": question["confirmation_id"],
        }
        result = "removed" if approved else DENIED
        assert seen[1][1] == {
            "tool_name": "drop_file",
            "success": approved,
            "result": result,
            "error_message": None if approved else "Tool execution denied by user",
            "call_index": 0,
        }
        assert await kept(gateway.sessions) == [
            ("user", "Hi"),
            ("assistant", ""),
            ("tool", result),
            ("assistant", "Well."),
        ]
        assert len(gateway.confirmations) == 0
    assert tools.drop.ran == ([{"path": "a.txt"}] if approved else [])
    assert backend.requests[1].messages[-1].content[0].text == result  # type: ignore[union-attr]


async def test_several_calls_in_one_reply_and_another_round() -> None:
    first = calls(("add", {"a": 1, "b": 2}), ("drop_file", {"path": "a"}), ("nope", {}))
    backend = Rounds(first, calls(("add", {"a": 3, "b": 4})), said("Done."))
    async with (
        serving(backend, toolbox=Examples().box, tool_settings=MIXED) as gateway,
        reading(gateway) as events,
    ):
        question = await events.until("tool_call_confirmation_required")
        assert len(gateway.confirmations) == 1
        await gateway.confirm(question["confirmation_id"])
        seen = await events.rest()
    told = [(name, data.get("tool_name"), data.get("call_index")) for name, data in seen]
    assert told == [
        ("tool_call", "add", 0),
        ("tool_result", "add", 0),
        ("tool_call_confirmation_required", "drop_file", 1),
        ("tool_result", "drop_file", 1),
        ("tool_call", "nope", 2),
        ("tool_result", "nope", 2),
        ("tool_continuation_start", None, None),
        ("tool_call", "add", 0),
        ("tool_result", "add", 0),
        ("tool_continuation_start", None, None),
        ("content_delta", None, None),
        ("message_complete", None, None),
        ("done", None, None),
    ]
    assert seen[6][1] == {"message": "Continuing with 3 tool results."}


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (("div", {"a": 1, "b": 0}), "Tool 'div' failed: division by zero"),
        (("nope", {"a": 1}), "Tool 'nope' not found"),
        (("read_clock", {}), "Invalid arguments for tool 'read_clock': "),
    ],
)
async def test_a_failure_is_told_to_the_reader_and_to_the_model(
    call: tuple[str, dict[str, Any]], error: str
) -> None:
    backend = Rounds(calls(call), said("Sorry."))
    async with (
        serving(backend, toolbox=Examples().box, tool_settings=FREELY) as gateway,
        reading(gateway) as events,
    ):
        result = await events.until("tool_result")
        assert "message_complete" in names(await events.rest())
    assert (result["success"], result["call_index"]) == (False, 0)
    assert result["error_message"].startswith(error)
    assert result["result"] == f"Error: {result['error_message']}"
    [*_, answer] = backend.requests[1].messages
    assert answer.content[0].text == result["result"]  # type: ignore[union-attr]


async def test_a_tool_that_the_session_does_not_use_is_not_run_whatever_its_policy() -> None:
    tools, backend = Examples(), Rounds(calls(("drop_file", {"path": "a"})), said("Sorry."))
    settings = ToolSettings(tools=("add", "gone"), tool_policies={"drop_file": "never_confirm"})
    async with (
        serving(backend, toolbox=tools.box, tool_settings=settings) as gateway,
        reading(gateway) as events,
    ):
        assert await events.until("tool_call")
        assert (await events.until("tool_result"))["error_message"] == (
            "Tool 'drop_file' not found"
        )
    assert tools.drop.ran == []
    assert [tool.name for tool in backend.requests[0].tools] == ["add"]


async def test_the_tools_are_those_of_the_group() -> None:
    backend = Rounds(calls(("add", {"a": 1, "b": 2})), said("3."))
    settings = ToolSettings(
        tools=("drop_file",), tool_group="maths", execution_policy="never_confirm"
    )
    async with serving(backend, toolbox=Examples().box, tool_settings=settings) as gateway:
        assert '"result":"3"' in (await gateway.stream()).text
    assert [tool.name for tool in backend.requests[0].tools] == ["add", "div"]


async def test_calls_from_several_batches_are_one_reply() -> None:
    batches: Script = [
        [TextDelta("I add. "), ToolCalled(ToolCall("a", "add", {"a": 1, "b": 2}))],
        [ToolCalled(ToolCall("b", "add", {"a": 3, "b": 4}))],
        [end()],
    ]
    async with serving(
        Rounds(batches, said("3, 7.")), toolbox=Examples().box, tool_settings=FREELY
    ) as gateway:
        await gateway.stream()
        _, reply, *results, _ = (await gateway.sessions.get(ID)).messages
    assert isinstance(reply, AssistantMessage)
    assert reply.content == "I add. "
    assert [call.arguments for call in reply.calls] == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    assert [(type(each), each.content) for each in results] == [
        (ToolMessage, "3"),
        (ToolMessage, "7"),
    ]


async def test_the_whole_answer_lists_its_calls() -> None:
    backend = Rounds(
        calls(("add", {"a": 1, "b": 2}), ("div", {"a": 1, "b": 0})),
        calls(("nope", {"x": 1})),
        said("Well."),
    )
    async with serving(backend, toolbox=Examples().box, tool_settings=FREELY) as gateway:
        answer = (await gateway.chat()).json()
    assert answer["message"]["content"] == "Well."
    assert answer["tool_calls_executed"] == [
        {"name": "add", "arguments": {"a": 1, "b": 2}, "success": True},
        {"name": "div", "arguments": {"a": 1, "b": 0}, "success": False},
        {"name": "nope", "arguments": {"x": 1}, "success": False},
    ]


async def test_a_whole_answer_that_would_need_a_yes_is_refused_and_can_be_streamed() -> None:
    wanted = calls(("add", {"a": 1, "b": 2}), ("drop_file", {"path": "a"}))
    tools, backend = Examples(), Rounds(wanted, wanted, said("Done."))
    async with serving(backend, *OLD, toolbox=tools.box, tool_settings=MIXED) as gateway:
        assert refusal(await gateway.chat("Drop it")) == (
            403,
            "TOOL_EXECUTION_DENIED",
            {"tool_name": "drop_file", "reason": "confirmation_requires_streaming"},
        )
        assert (tools.add.ran, tools.drop.ran) == ([], [])
        assert (await kept(gateway.sessions))[2:] == [("user", "Drop it")]
        async with reading(gateway, None) as events:
            question = await events.until("tool_call_confirmation_required")
            await gateway.confirm(question["confirmation_id"])
            await events.rest()
        assert [who for who, _ in (await kept(gateway.sessions))[2:]] == [
            "user",
            "assistant",
            "tool",
            "tool",
            "assistant",
        ]
    assert (len(tools.add.ran), len(tools.drop.ran)) == (1, 1)


async def test_a_refusal_in_a_later_round_keeps_the_earlier_ones() -> None:
    backend = Rounds(calls(("add", {"a": 1, "b": 2})), calls(("drop_file", {"path": "a"})))
    async with serving(backend, toolbox=Examples().box, tool_settings=MIXED) as gateway:
        assert (await gateway.chat()).status_code == 403
        assert await kept(gateway.sessions) == [("user", "Hi"), ("assistant", ""), ("tool", "3")]


async def test_a_refused_regeneration_replaces_nothing() -> None:
    backend = Rounds(calls(("drop_file", {"path": "a"})))
    async with serving(backend, *OLD, toolbox=Examples().box, tool_settings=ASKING) as gateway:
        assert (await gateway.chat(None)).status_code == 403
        assert (await gateway.sessions.get(ID)).messages == OLD


async def test_a_name_that_no_tool_has_needs_no_yes() -> None:
    backend = Rounds(calls(("nope", {})), said("Sorry."))
    async with serving(backend, toolbox=Examples().box, tool_settings=ASKING) as gateway:
        answer = (await gateway.chat()).json()
    assert answer["tool_calls_executed"] == [{"name": "nope", "arguments": {}, "success": False}]


class NoBox:
    async def active(self, session: Session) -> Tools:
        raise ToolsUnavailable("The tool host does not start.")


async def test_tools_that_cannot_be_had_are_an_error_and_the_question_is_kept() -> None:
    async with serving(Rounds(said("?")), toolbox=NoBox(), tool_settings=FREELY) as gateway:
        text = (await gateway.stream()).text
        assert text.startswith('event: error\ndata: {"code":"TOOL_EXECUTION_FAILED",')
        assert text.endswith(DONE)
        assert await kept(gateway.sessions) == [("user", "Hi")]
        assert (await gateway.chat()).status_code == 500


class Large(Rounds):
    """A model with a long context."""

    async def show(self, model: str) -> ModelDetails:
        return replace(await super().show(model), context_length=131072)


async def test_schemas_count_in_the_context_window() -> None:
    schema = Raw(b'{"type":"object","properties":{},"description":"' + b"x" * 100_000 + b'"}')
    box = Box(AsyncTool("add", plus, schema))
    backend = Large(said("Hm."))
    settings = ToolSettings(tools=("add",))
    async with serving(backend, toolbox=box, tool_settings=settings) as gateway:
        await gateway.stream()
    window = backend.requests[0].context_length
    assert isinstance(window, int)
    assert window > 100_000 / 3.5
