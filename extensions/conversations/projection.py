"""The messages of a session as the items of a conversation: there is no other copy of them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from extensions.conversations import ids
from extensions.conversations.beside import Beside, CallBeside, beside_of
from extensions.conversations.layout import parts_of
from extensions.conversations.thoughts import reasoning_of
from extensions.sessions.session import (
    AssistantMessage,
    Call,
    Message,
    SystemMessage,
    ToolMessage,
    UserMessage,
    answered,
)
from extensions.tools.outcome import LOST
from gateway.core.errors import InvalidRequest
from gateway.dialects.openai.responses import items, opaque, parts
from gateway.dialects.openai.responses.conversation import SUMMARY
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.tools import read_arguments

__all__ = ["Shown", "arguments_of", "call_of", "items_of", "projected", "with_results"]

encode = msgspec.json.Encoder().encode


class Shown(NamedTuple):
    """An item, and the index of the message that it is of."""

    item: Item
    at: int


def items_of(messages: Sequence[Message]) -> list[Item]:
    return [item for item, _ in projected(messages)]


def projected(messages: Sequence[Message]) -> Iterator[Shown]:
    """Each item with its id; those of a message stand together. A result to which there is no call,
    as another program may leave one behind, is none of the conversation."""
    waiting: dict[int, items.Call] = {}
    for at, message in enumerate(messages):
        beside = beside_of(message)
        if isinstance(message, ToolMessage):
            index = answered(message, waiting)
            if index is not None:
                yield Shown(result_of(message, beside, waiting.pop(index)), at)
            continue
        waiting = {}
        if isinstance(message, AssistantMessage):
            for item in said_by(message, beside):
                if isinstance(item, items.Call):
                    waiting[len(waiting)] = item
                yield Shown(item, at)
        else:
            yield Shown(said_to(message, beside), at)


def said_to(message: UserMessage | SystemMessage, beside: Beside) -> Item:
    """What a person or a program said."""
    text = message.content
    if isinstance(message, UserMessage):
        role: items.Role = "user"
    else:
        role = "system" if beside.role is msgspec.UNSET else beside.role
        if beside.type == "compaction" and text.startswith(SUMMARY):
            id = beside.id or ids.compaction_id(message.id)
            return items.Compaction(
                id=id, encrypted_content=opaque.sealed(text.removeprefix(SUMMARY))
            )
    return items.Message(
        id=beside.id or ids.message_id(message.id),
        role=role,
        status="completed" if beside.status is msgspec.UNSET else beside.status,
        content=parts_of(text, beside.parts, parts.InputText),
        phase=beside.phase,
    )


def said_by(message: AssistantMessage, beside: Beside) -> Iterator[Item]:
    """What a model did in one go: it thought, it said something, it called."""
    yield from reasoning_of(message.thinking, beside.thoughts, message.id)
    if speaks(message, beside):
        yield items.Message(
            id=beside.id or ids.message_id(message.id),
            role="assistant",
            status=status_of(message, beside),
            content=parts_of(message.content, beside.parts, parts.OutputText),
            phase=beside.phase,
        )
    noted = [*beside.calls, *[CallBeside()] * len(message.calls)]
    for index, call in enumerate(message.calls):
        yield call_of(call, noted[index], message.id, index)


def speaks(message: AssistantMessage, beside: Beside) -> bool:
    """Whether there is a message item: calls and reasoning can be without one."""
    if message.content or beside.parts is not None:
        return True
    return not (message.calls or beside.silent)


def status_of(message: AssistantMessage, beside: Beside) -> items.ItemStatus | None:
    """An answer without counts was cut short."""
    if beside.status is not msgspec.UNSET:
        return beside.status
    counted = message.eval_count is not None or message.prompt_eval_count is not None
    return "completed" if counted or message.calls else "incomplete"


def call_of(call: Call, beside: CallBeside, message: str, index: int) -> items.Call:
    id = beside.id or ids.call_item_id(message, index, custom=beside.custom)
    call_id = beside.call_id or ids.call_id(message, index)
    given = call.arguments.get("input")
    if beside.custom and isinstance(given, str):
        return items.CustomToolCall(
            id=id, call_id=call_id, name=call.name, input=given, status=beside.status
        )
    return items.FunctionCall(
        id=id,
        call_id=call_id,
        name=call.name,
        arguments=arguments_of(call, beside),
        status=beside.status,
    )


def arguments_of(call: Call, beside: CallBeside) -> str:
    """In the spelling they came in, if they are still the same."""
    spelling = beside.arguments
    if spelling is not None:
        with suppress(InvalidRequest):  # another program's
            if read_arguments(spelling, "arguments") == call.arguments:
                return spelling
    return encode(call.arguments).decode()


def result_of(message: ToolMessage, beside: Beside, call: items.Call) -> items.Result:
    custom = isinstance(call, items.CustomToolCall)
    if beside.type is not msgspec.UNSET:
        custom = beside.type == "custom_tool_call_output"
    kind = items.CustomToolCallOutput if custom else items.FunctionCallOutput
    output: str | list[parts.InputPart] = message.content
    if beside.parts is not None:
        output = [
            part
            for part in parts_of(message.content, beside.parts, parts.InputText)
            if isinstance(part, parts.InputPart)
        ]
    return kind(
        id=beside.id or ids.result_id(message.id, custom=custom),
        call_id=call.call_id,
        output=output,
        status="completed" if beside.status is msgspec.UNSET else beside.status,
    )


def with_results(history: Iterable[Item]) -> list[Item]:
    """The items with a result for every call, as a model needs it: that of a call that was never
    answered was lost."""
    whole: list[Item] = []
    waiting: list[items.Call] = []
    for item in history:
        if isinstance(item, items.Result):
            ids = [call.call_id for call in waiting]
            if item.call_id in ids:
                del waiting[ids.index(item.call_id)]
        elif isinstance(item, items.Call):
            waiting.append(item)
        elif waiting:
            whole += map(lost, waiting)
            waiting = []
        whole.append(item)
    return [*whole, *map(lost, waiting)]


def lost(call: items.Call) -> Item:
    return items.FunctionCallOutput(call_id=call.call_id, output=LOST.result)
