"""Items as the messages of a session."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from extensions.conversations import ids
from extensions.conversations.beside import Beside, CallBeside, beside_of, with_beside
from extensions.conversations.layout import text_and_layout
from extensions.conversations.thoughts import thinking_and_beside
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    SystemMessage,
    ToolMessage,
    UserMessage,
)
from gateway.dialects.openai.responses import items, opaque, parts
from gateway.dialects.openai.responses.conversation import SUMMARY
from gateway.dialects.openai.tools import read_arguments

__all__ = ["KeptIds", "Step", "assistant_of", "result_message", "said_message"]

encode = msgspec.json.Encoder().encode

LONGEST = 128

Step = items.Reasoning | items.Message | items.FunctionCall | items.CustomToolCall
"""What a model does."""


class KeptIds:
    """Which ids items keep that they came with: plain words that no other item has. The others
    follow from the ids of their messages."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def __call__(self, given: str | None, derived: str) -> str:
        """The id to be noted; `""` where it follows from the message's."""
        if not given or given == derived or given in self._taken:
            return ""
        if len(given) > LONGEST or not given.replace("-", "_").isidentifier():
            return ""
        self._taken.add(given)
        return given


def said_message(
    item: items.Message | items.Compaction, kept: KeptIds, *, id: str, timestamp: str
) -> UserMessage | SystemMessage:
    """What a person or a program said."""
    if isinstance(item, items.Compaction):
        beside = Beside(id=kept(item.id, ids.compaction_id(id)), type="compaction")
        content = SUMMARY + (opaque.opened(item.encrypted_content) or "")
        return SystemMessage(
            id=id, timestamp=timestamp, content=content, extra=with_beside({}, beside)
        )
    content, layout = text_and_layout(listed(item.content), parts.InputText)
    beside = Beside(
        id=kept(item.id, ids.message_id(id)),
        role="developer" if item.role == "developer" else UNSET,
        status=UNSET if item.status == "completed" else item.status,
        phase=item.phase,
        parts=layout,
    )
    kind = UserMessage if item.role == "user" else SystemMessage
    return kind(id=id, timestamp=timestamp, content=content, extra=with_beside({}, beside))


def assistant_of(steps: Sequence[Step], kept: KeptIds, base: AssistantMessage) -> AssistantMessage:
    """What a model did in one go, as a message; all but the texts, the calls and what stands beside
    them is that of `base`."""
    reasoning = [step for step in steps if isinstance(step, items.Reasoning)]
    said = next((step for step in steps if isinstance(step, items.Message)), None)
    calls = [step for step in steps if isinstance(step, items.Call)]
    thinking, thoughts = thinking_and_beside(
        reasoning,
        [kept(item.id, ids.reasoning_id(base.id, at)) for at, item in enumerate(reasoning)],
    )
    message = replace(
        base,
        content="",
        thinking=thinking,
        calls=tuple([Call(call.name, arguments_in(call)) for call in calls]),
    )
    beside = Beside(
        silent=said is None and not calls,
        thoughts=thoughts,
        calls=noted_calls(calls, kept, base.id),
        points=beside_of(base).points,
    )
    if said is not None:
        message, beside = with_said(message, said, beside, kept)
    return replace(message, extra=with_beside(base.extra, beside))


def with_said(
    message: AssistantMessage, said: items.Message, beside: Beside, kept: KeptIds
) -> tuple[AssistantMessage, Beside]:
    content, layout = text_and_layout(listed(said.content, parts.OutputText), parts.OutputText)
    if layout is None and not content and message.calls:
        layout = (0,)  # an empty text beside calls is no item by itself
    counted = message.eval_count is not None or message.prompt_eval_count is not None
    usual = "completed" if counted or message.calls else "incomplete"
    noted = replace(
        beside,
        id=kept(said.id, ids.message_id(message.id)),
        status=UNSET if said.status == usual else said.status,
        phase=said.phase,
        parts=layout,
    )
    return replace(message, content=content), noted


def noted_calls(calls: Sequence[items.Call], kept: KeptIds, message: str) -> tuple[CallBeside, ...]:
    """Nothing, if all that can be said of the calls follows from them."""
    noted = [noted_call(call, kept, message, at) for at, call in enumerate(calls)]
    return tuple(noted) if any(beside != CallBeside() for beside in noted) else ()


def noted_call(call: items.Call, kept: KeptIds, message: str, index: int) -> CallBeside:
    custom = isinstance(call, items.CustomToolCall)
    arguments = arguments_in(call)
    spelling = None if isinstance(call, items.CustomToolCall) else call.arguments
    return CallBeside(
        id=kept(call.id, ids.call_item_id(message, index, custom=custom)),
        call_id="" if call.call_id == ids.call_id(message, index) else call.call_id,
        arguments=None if spelling == encode(arguments).decode() else spelling,
        custom=custom,
        status=call.status,
    )


def arguments_in(call: items.Call) -> dict[str, object]:
    if isinstance(call, items.CustomToolCall):
        return {"input": call.input}
    return read_arguments(call.arguments, "arguments")


def result_message(
    item: items.Result, kept: KeptIds, *, tool: str, custom: bool, id: str, timestamp: str
) -> ToolMessage:
    """The result of a call of this tool, `custom` or not."""
    is_custom = isinstance(item, items.CustomToolCallOutput)
    content, layout = item.output, None
    if not isinstance(content, str):
        content, layout = text_and_layout(content, parts.InputText)
        layout = (len(content),) if layout is None else layout  # a list is no string
    beside = Beside(
        id=kept(item.id, ids.result_id(id, custom=is_custom)),
        type=UNSET
        if custom == is_custom
        else ("custom_tool_call_output" if is_custom else "function_call_output"),
        status=UNSET if item.status == "completed" else item.status,
        parts=layout,
    )
    return ToolMessage(
        id=id, timestamp=timestamp, content=content, tool_name=tool, extra=with_beside({}, beside)
    )


def listed(
    content: str | Sequence[parts.Part],
    plain: type[parts.InputText] | type[parts.OutputText] = parts.InputText,
) -> Sequence[parts.Part]:
    """The content in its long form."""
    return [plain(text=content)] if isinstance(content, str) else content
