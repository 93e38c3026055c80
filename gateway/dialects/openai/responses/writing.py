"""The events of an answer as the response object."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

import msgspec
from msgspec import UNSET

from gateway.core.events import (
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.ids import new_id
from gateway.core.messages import ToolCall, text_of
from gateway.core.replies import Reply
from gateway.dialects.openai.logprobs import without_logprobs
from gateway.dialects.openai.responses import items, opaque, parts, wire
from gateway.dialects.openai.responses.answer import Answer

__all__ = [
    "events_of",
    "finished",
    "needs_message",
    "tells",
    "weighed",
    "write",
    "write_call",
    "write_logprobs",
    "write_message",
    "write_reasoning",
    "write_usage",
]

NewId = Callable[[str], str]
Output = list[items.OutputItem]

encode = msgspec.json.Encoder().encode


def write(
    events: Iterable[ChatEvent], answer: Answer, *, completed: int, ids: NewId = new_id
) -> wire.Response:
    """The whole response, with an item for each run of events of a kind; `completed` in seconds
    since 1970.

    With logprobs asked for, `Unsupported` if there is text and none of them.
    """
    output: Output = []
    end = Finished("stop")
    told = [event for event in events if tells(event)]
    if answer.logprobs:
        weighed(told)
    for kind, run in groupby(told, type):
        if kind is ThinkingDelta:
            thought = "".join([event.text for event in run if isinstance(event, ThinkingDelta)])
            output.append(write_reasoning(ids("rs_"), thought, answer))
        elif kind is TextDelta:
            output.append(gathered(ids("msg_"), run, answer))
        else:
            for event in run:
                if isinstance(event, ToolCalled):
                    output.append(write_call(ids("fc_"), event.call))
                elif isinstance(event, Finished):
                    end = event
    if needs_message(output, end):
        output.append(write_message(ids("msg_"), "", (), answer))
    if end.reason == "length" and isinstance(output[-1], items.Message | items.Reasoning):
        output[-1].status = "incomplete"
    return finished(answer, output, end, completed)


def events_of(reply: Reply) -> list[ChatEvent]:
    """A reply as the events that it could have come in."""
    message = reply.message
    return [
        ThinkingDelta(message.thinking),
        TextDelta(text_of(message.content), reply.logprobs),
        *[ToolCalled(call) for call in message.tool_calls],
        Finished(reply.reason, reply.usage, reply.timings),
    ]


def tells(event: ChatEvent) -> bool:
    """Whether there is anything in this event: an empty text begins no item."""
    match event:
        case TextDelta():
            return bool(event.text or event.logprobs)
        case ThinkingDelta():
            return bool(event.text)
    return True


def weighed(events: Iterable[ChatEvent], before: bool = False) -> bool:
    """Whether there were logprobs by the end of these events, or `before` them.

    `Unsupported` if there was text first. Later pieces may be without: a token's entry stands where
    the token begins.
    """
    for event in events:
        if isinstance(event, TextDelta):
            before = before or bool(event.logprobs)
            if event.text and not before:
                raise without_logprobs("include")
    return before


def gathered(id: str, run: Iterable[ChatEvent], answer: Answer) -> items.Message:
    said: list[str] = []
    logprobs: list[TokenLogprob] = []
    for event in run:
        if isinstance(event, TextDelta):
            said.append(event.text)
            logprobs += event.logprobs
    return write_message(id, "".join(said), logprobs, answer)


def write_reasoning(
    id: str, thought: str, answer: Answer, status: items.ItemStatus = "completed"
) -> items.Reasoning:
    return items.Reasoning(
        id=id,
        summary=[parts.SummaryText(thought)] if answer.summary else [],
        content=UNSET if answer.summary else [parts.ReasoningText(thought)],
        encrypted_content=opaque.sealed(thought) if answer.encrypted else UNSET,
        status=status,
    )


def write_message(
    id: str,
    said: str,
    logprobs: Iterable[TokenLogprob],
    answer: Answer,
    status: items.ItemStatus = "completed",
) -> items.Message:
    written = write_logprobs(logprobs) if answer.logprobs else []
    part = parts.OutputText(text=said, logprobs=written)
    return items.Message(id=id, role="assistant", status=status, content=[part])


def write_call(id: str, call: ToolCall) -> items.FunctionCall:
    arguments = encode(call.arguments).decode()
    return items.FunctionCall(id=id, call_id=call.id, name=call.name, arguments=arguments)


def write_logprobs(entries: Iterable[TokenLogprob]) -> list[parts.TokenLogprob]:
    return [
        parts.TokenLogprob(
            entry.token,
            entry.logprob,
            bytes_of(entry),
            [parts.TopLogprob(top.token, top.logprob, bytes_of(top)) for top in entry.top],
        )
        for entry in entries
    ]


def bytes_of(entry: TokenLogprob) -> list[int]:
    """Never null in this API, as they may be in chat completions."""
    if entry.bytes is None:
        return list(entry.token.encode("utf-8", "surrogatepass"))
    return list(entry.bytes)


def needs_message(output: Sequence[items.OutputItem], end: Finished) -> bool:
    """Whether an empty message must be put out.

    Clients take the last message for the answer and ask again without one (openai-agents); only
    reasoning that ran into the limit may stand alone.
    """
    if output and end.reason == "length":
        return False
    return not any(isinstance(item, items.Message | items.FunctionCall) for item in output)


def finished(answer: Answer, output: Output, end: Finished, completed: int) -> wire.Response:
    """The response at its end."""
    response = msgspec.structs.replace(
        answer.response, output=output, usage=write_usage(end.usage), status="completed"
    )
    if end.reason == "length":
        response.status = "incomplete"
        response.incomplete_details = wire.IncompleteDetails("max_output_tokens")
    else:
        response.completed_at = completed
    return response


def write_usage(usage: Usage) -> wire.Usage:
    return wire.Usage(
        usage.prompt_tokens,
        wire.InputTokensDetails(cached_tokens=usage.cached_tokens),
        usage.completion_tokens,
        wire.OutputTokensDetails(reasoning_tokens=usage.reasoning_tokens),
        usage.prompt_tokens + usage.completion_tokens,
    )
