"""Tool calls that are well-formed, as many as were asked for, and there when one is demanded."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import NamedTuple

import msgspec
from msgspec import Raw

from adapters.enforcing.answers import Asker, CutOff, check_usable, read_json
from adapters.enforcing.schemas import BadSchema, complaint
from adapters.enforcing.wording import asked_for_arguments, asked_for_name, told_format
from gateway.core.backend import Backend
from gateway.core.errors import InvalidRequest
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
)
from gateway.core.ids import new_id
from gateway.core.messages import Message, ToolCall
from gateway.core.requests import AnyJSON, AnyText, ChatRequest, JSONOf, NamedTool, ToolDefinition

__all__ = ["ToolChat"]


class Rejected(NamedTuple):
    """A call that the caller does not get as it is."""

    call: ToolCall
    tool: ToolDefinition
    mistakes: str


class ToolChat:
    """One chat with tools.

    Where a call is demanded (`required`, a named function) the model's text is kept back; a model
    that only chats is asked again for the arguments alone, under a grammar that leaves it nothing
    else to say. Arguments of a demanded call, and of a `strict` function, fit their schema or the
    model is asked again. With a format demanded beside the tools, what is no call has to fit it.
    """

    def __init__(self, backend: Backend, request: ChatRequest, retries: int) -> None:
        self._backend = backend
        self._request = request
        self._wanted = request.response_format
        self._forced = request.tool_choice not in ("auto", "none")
        self._one = not request.parallel_tool_calls or isinstance(request.tool_choice, NamedTool)
        self._offered = offered(request)
        self._by_name = {tool.name: tool for tool in self._offered}
        self._keeps_text = self._forced or not isinstance(self._wanted, AnyText)
        self._asker = Asker(backend, request, retries)
        self._said: list[TextDelta] = []
        self._calls = 0
        self._rejected: list[Rejected] = []
        self._finished = Finished("stop")

    async def batches(self) -> AsyncGenerator[Batch, None]:
        check_schemas(tool for tool in self._offered if tool.strict or self._forced)
        if not isinstance(self._wanted, AnyText):
            check_usable(self._wanted)
        # Ollama's engine has a grammar for the format or calls, not both.
        request = msgspec.structs.replace(
            self._request, tools=self._offered, tool_choice="auto", response_format=AnyText()
        )
        async with aclosing(self._backend.chat(request)) as batches:
            async for batch in batches:
                if passed := [event for event in batch if self._passes(event)]:
                    yield passed
        # Only now, with the first answer at its end: an Ollama that runs one request at a time
        # would otherwise wait for itself.
        yield await self._end()

    def _passes(self, event: ChatEvent) -> bool:
        match event:
            case TextDelta():
                if self._keeps_text:
                    self._said.append(event)
                return not self._keeps_text and not self._has_enough
            case ThinkingDelta():
                return not self._has_enough
            case ToolCalled(call):
                return self._accepts(call)
            case Finished():
                self._finished = event
                self._asker.heard(event.usage)
                return False

    @property
    def _has_enough(self) -> bool:
        """The one call is there that was wanted. What follows is read, for the sake of the counts
        at its end, and dropped."""
        return bool(self._calls) and self._one

    def _accepts(self, call: ToolCall) -> bool:
        if self._has_enough:
            return False
        tool = self._by_name.get(call.name)
        if tool is None:
            self._calls += not self._forced
            return not self._forced
        if (self._forced or tool.strict) and (mistakes := mistakes_in(call, tool)):
            self._rejected.append(Rejected(call, tool, mistakes))
            return False
        self._calls += 1
        return True

    async def _end(self) -> Batch:
        events: list[ChatEvent] = []
        reason = self._finished.reason
        try:
            await self._settle(events)
        except CutOff as cut:
            reason = "length"
            if not self._forced and not self._calls:
                events.append(TextDelta(cut.text))
        if any(isinstance(event, ToolCalled) for event in events):
            reason = "tool_calls"
        return [*events, Finished(reason, self._asker.usage, self._finished.timings)]

    async def _settle(self, events: list[ChatEvent]) -> None:
        """Add what the first answer did not give: calls mended, the demanded call, the format."""
        for call, tool, mistakes in self._rejected:
            if self._has_enough:
                return
            self._calls += 1
            events.append(ToolCalled(await self._called(tool, mistakes, call.id)))
        if self._calls:
            return
        if self._finished.reason == "length":
            # A text that was cut is given as far as it goes, a call never.
            if not self._forced:
                events.extend(self._said)
            return
        if self._forced:
            tool = await self._chosen()
            call = await self._called(tool, "it did not call the function")
            events.append(ToolCalled(call))
        elif not isinstance(self._wanted, AnyText):
            events.append(await self._formatted(self._wanted))

    async def _chosen(self) -> ToolDefinition:
        """The function to call; the model is asked when there are several."""
        if len(self._offered) == 1:
            return self._offered[0]
        names = [tool.name for tool in self._offered]
        schema = {
            "type": "object",
            "properties": {"name": {"type": "string", "enum": names}},
            "required": ["name"],
        }
        messages = asked_for_name(self._request.messages, self._text(), self._offered)
        answer = await self._asker.json(
            self._aside(messages),
            JSONOf("function", Raw(msgspec.json.encode(schema))),
            "it called no function",
        )
        return self._by_name[answer.value["name"]]

    async def _called(self, tool: ToolDefinition, mistakes: str, id: str = "") -> ToolCall:
        """A call of this function, its arguments written under the grammar of their schema."""
        messages = asked_for_arguments(self._request.messages, self._text(), tool)
        answer = await self._asker.json(
            self._aside(messages),
            JSONOf(tool.name, tool.parameters),
            mistakes,
        )
        return ToolCall(id or new_id("call_"), tool.name, answer.value)

    def _aside(self, messages: tuple[Message, ...]) -> ChatRequest:
        """A question of our own; what the caller asked of the text does not hold for it."""
        sampling = msgspec.structs.replace(self._request.sampling, stop=())
        return msgspec.structs.replace(
            self._request, messages=messages, sampling=sampling, logprobs=None
        )

    async def _formatted(self, wanted: AnyJSON | JSONOf) -> TextDelta:
        read = read_json(self._text(), wanted)
        if not read.mistakes:
            logprobs = [entry for delta in self._said for entry in delta.logprobs]
            return TextDelta(read.text, tuple(logprobs))
        messages = told_format(self._request.messages, wanted)
        told = msgspec.structs.replace(self._request, messages=messages)
        read = await self._asker.json(told, wanted, read.mistakes)
        return TextDelta(read.text, read.logprobs)

    def _text(self) -> str:
        return "".join([delta.text for delta in self._said])


def offered(request: ChatRequest) -> tuple[ToolDefinition, ...]:
    """The tools the model may know of: with a named one, that alone."""
    match request.tool_choice:
        case NamedTool(name):
            return tuple([tool for tool in request.tools if tool.name == name])
        case _:
            return request.tools


def check_schemas(tools: Iterable[ToolDefinition]) -> None:
    """`InvalidRequest` for a function whose arguments have to be checked and cannot be."""
    for tool in tools:
        try:
            complaint(bytes(tool.parameters), {})
        except BadSchema as error:
            raise InvalidRequest(
                f"The arguments of '{tool.name}' cannot be checked against its schema: {error}.",
                param="tools",
                reason="invalid_value",
            ) from None


def mistakes_in(call: ToolCall, tool: ToolDefinition) -> str:
    try:
        return complaint(bytes(tool.parameters), call.arguments)
    except BadSchema:
        return ""
