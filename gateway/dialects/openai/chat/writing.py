"""A reply as a chat completion, and a stream of events as its chunks."""

from collections.abc import Iterable

import msgspec
from msgspec import UNSET

from gateway.core.errors import Unsupported
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import ToolCall, text_of
from gateway.core.replies import Reply
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.errors import error_body

__all__ = ["ChunkWriter", "write"]

encode = msgspec.json.Encoder().encode


def write(reply: Reply, *, id: str, model: str, created: int, logprobs: bool = False) -> bytes:
    """The JSON of the whole answer, under the model name that was asked for.

    With `logprobs` asked for, `Unsupported` if the answer has text and none of them.
    """
    message = reply.message
    calls = [write_call(call) for call in message.tool_calls]
    said = text_of(message.content)
    answer = wire.ResponseMessage(
        content=None if calls and not said else said,
        reasoning_content=message.thinking or UNSET,
        reasoning=message.thinking or UNSET,
        tool_calls=calls or UNSET,
    )
    choice = wire.Choice(
        index=0,
        message=answer,
        logprobs=write_logprobs(said, reply.logprobs) if logprobs else None,
        finish_reason=reply.reason,
    )
    return encode(
        wire.ChatCompletion(
            id=id, created=created, model=model, choices=[choice], usage=write_usage(reply.usage)
        )
    )


def write_logprobs(said: str, entries: Iterable[TokenLogprob]) -> wire.Logprobs:
    content = [
        wire.TokenLogprob(
            entry.token,
            entry.logprob,
            entry.bytes,
            [wire.TopLogprob(top.token, top.logprob, top.bytes) for top in entry.top],
        )
        for entry in entries
    ]
    if said and not content:
        raise Unsupported("This Ollama gives no logprobs; 0.12.11 and later do.", param="logprobs")
    return wire.Logprobs(content)


def write_call(call: ToolCall) -> wire.ToolCall:
    return wire.ToolCall(id=call.id, function=write_function(call))


def write_function(call: ToolCall) -> wire.FunctionCall:
    return wire.FunctionCall(call.name, encode(call.arguments).decode())


def write_usage(usage: Usage) -> wire.Usage:
    return wire.Usage(
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.prompt_tokens + usage.completion_tokens,
        wire.PromptTokensDetails(cached_tokens=usage.cached_tokens),
        wire.CompletionTokensDetails(reasoning_tokens=usage.reasoning_tokens),
    )


class ChunkWriter:
    """One stream of `chat.completion.chunk` objects as server-sent events.

    Every chunk repeats the same id, time and model, so they are rendered once and a token costs one
    JSON string between two constants. The role stands in the first chunk only, the finish reason in
    one of its own, and usage, when asked for, in one without choices while all others say
    `"usage":null` (OpenAI API reference, "The chat completion chunk object").
    """

    def __init__(
        self, *, id: str, model: str, created: int, include_usage: bool, logprobs: bool = False
    ) -> None:
        self._head = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b' % (
            encode(id),
            created,
            encode(model),
        )
        self._head += b',"service_tier":"default","system_fingerprint":null,"choices":['
        self._delta = self._head + b'{"index":0,"delta":'
        self._close = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._tail = b',"logprobs":null,"finish_reason":null}]' + self._close
        self._text = self._delta + b'{"content":'
        self._text_tail = b"}" + self._tail
        self._include_usage = include_usage
        self._logprobs = logprobs
        self._begun = False
        self._calls = 0

    def frames(self, batch: Batch) -> bytes:
        """The chunks of one batch, the role chunk before the first of all."""
        frames = [] if self._begun else [self._role(batch[0])]
        self._begun = True
        for event in batch:
            match event:
                case TextDelta(text) if not self._logprobs:
                    frames.append(self._text + encode(text) + self._text_tail)
                case TextDelta(text, entries):
                    frames.append(self._text_with_logprobs(text, entries))
                case ThinkingDelta(text):
                    frames.append(self._thinking(encode(text)))
                case ToolCalled(call):
                    frames.append(self._call(call))
                case Finished(reason, usage):
                    frames.append(self._finish(reason, usage))
        return b"".join(frames)

    def failure(self, error: Exception) -> bytes:
        """The frame that ends a stream that broke: no finish reason and no `[DONE]` after it."""
        return b"data: %b\n\n" % error_body(error)

    def end(self) -> bytes:
        """What follows the last chunk of a stream that came to its end."""
        return b"data: [DONE]\n\n"

    def _role(self, first: ChatEvent) -> bytes:
        content = b"null" if isinstance(first, ToolCalled) else b'""'
        delta = b'{"role":"assistant","content":%b,"refusal":null}' % content
        return self._delta + delta + self._tail

    def _text_with_logprobs(self, text: str, entries: tuple[TokenLogprob, ...]) -> bytes:
        return b'%b%b},"logprobs":%b,"finish_reason":null}]%b' % (
            self._text,
            encode(text),
            encode(write_logprobs(text, entries)),
            self._close,
        )

    def _thinking(self, text: bytes) -> bytes:
        return b'%b{"reasoning_content":%b,"reasoning":%b}%b' % (
            self._delta,
            text,
            text,
            self._tail,
        )

    def _call(self, call: ToolCall) -> bytes:
        """One opening fragment with complete arguments, which every client accepts."""
        fragment = wire.ToolCallFragment(
            index=self._calls, id=call.id, function=write_function(call)
        )
        self._calls += 1
        return self._delta + b'{"tool_calls":[%b]}' % encode(fragment) + self._tail

    def _finish(self, reason: FinishReason, usage: Usage) -> bytes:
        choice = b'{},"logprobs":null,"finish_reason":"%b"}]' % reason.encode()
        finish = self._delta + choice + self._close
        if not self._include_usage:
            return finish
        return finish + self._head + b'],"usage":%b}\n\n' % encode(write_usage(usage))
