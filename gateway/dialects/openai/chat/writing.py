"""Replies as a chat completion, and streams of events as its chunks."""

from collections.abc import Iterable, Sequence

import msgspec
from msgspec import UNSET, Struct

from gateway.core.events import (
    Batch,
    ChatEvent,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.messages import AssistantMessage, ToolCall, text_of
from gateway.core.replies import Reply
from gateway.dialects.openai.chat import wire
from gateway.dialects.openai.errors import error_body
from gateway.dialects.openai.logprobs import without_logprobs

__all__ = ["Answer", "ChoicesWriter", "ChunkWriter", "write", "write_usage"]

encode = msgspec.json.Encoder().encode


class Answer(Struct, frozen=True, kw_only=True, gc=False):
    """What is the same in every choice and chunk of an answer.

    `model` is the name that was asked for, `created` in seconds since 1970. With `logprobs` they
    were asked for, with `functions` calls are written in the old form, which knows only one.
    """

    id: str
    model: str
    created: int
    logprobs: bool = False
    functions: bool = False


def write(replies: Sequence[Reply], answer: Answer) -> bytes:
    """The JSON of the whole answer, a choice for each reply.

    With logprobs asked for, `Unsupported` if there is text and none of them.
    """
    if len(replies) == 1 and not answer.logprobs:
        return write_single(replies[0], answer)
    choices = [write_choice(reply, index, answer) for index, reply in enumerate(replies)]
    usage = write_usage(total([reply.usage for reply in replies]))
    return encode(completion(answer.id, answer.created, answer.model, choices, usage))


def completion(
    id: str, created: int, model: str, choices: list[wire.Choice], usage: wire.Usage
) -> wire.ChatCompletion:
    return wire.ChatCompletion(id=id, created=created, model=model, choices=choices, usage=usage)


def write_single(reply: Reply, answer: Answer) -> bytes:
    """The same for one choice, by a template: a third of the cost."""
    message, usage = reply.message, reply.usage
    plain = not (message.tool_calls or message.thinking)
    return single % (
        encode(answer.id),
        answer.created,
        encode(answer.model),
        text_message % encode(text_of(message.content))
        if plain
        else encode(write_message(message, answer)),
        encode(write_reason(reply.reason, answer)),
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.prompt_tokens + usage.completion_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
    )


def made_templates() -> tuple[bytes, bytes]:
    """An answer of one choice, and a message that is just text, with a hole for each value.

    Made from the structs themselves, so that there is one description of an answer.
    """
    text, number = "length", 2**53
    message = wire.ResponseMessage(content=text)
    choice = wire.Choice(index=0, message=message, finish_reason="length")
    usage = wire.Usage(
        number,
        number,
        number,
        wire.PromptTokensDetails(cached_tokens=number),
        wire.CompletionTokensDetails(reasoning_tokens=number),
    )
    answer = encode(completion(text, number, text, [choice], usage))
    answer = answer.replace(encode(message), b"%b").replace(encode(text), b"%b")
    return answer.replace(encode(number), b"%d"), encode(message).replace(encode(text), b"%b")


single, text_message = made_templates()


def write_choice(reply: Reply, index: int, answer: Answer) -> wire.Choice:
    if answer.logprobs and text_of(reply.message.content) and not reply.logprobs:
        raise without_logprobs("logprobs")
    return wire.Choice(
        index=index,
        message=write_message(reply.message, answer),
        logprobs=write_logprobs(reply.logprobs) if answer.logprobs else None,
        finish_reason=write_reason(reply.reason, answer),
    )


def write_message(message: AssistantMessage, answer: Answer) -> wire.ResponseMessage:
    calls = message.tool_calls
    said = text_of(message.content)
    written = wire.ResponseMessage(
        content=None if calls and not said else said,
        reasoning_content=message.thinking or UNSET,
        reasoning=message.thinking or UNSET,
    )
    if calls and answer.functions:
        written.function_call = write_function(calls[0])
    elif calls:
        written.tool_calls = [write_call(call) for call in calls]
    return written


def write_reason(reason: FinishReason, answer: Answer) -> wire.FinishReason:
    return "function_call" if answer.functions and reason == "tool_calls" else reason


def total(usages: Sequence[Usage]) -> Usage:
    """What all choices took: they share one prompt, and each has its own completion."""
    if len(usages) == 1:
        return usages[0]
    return Usage(
        prompt_tokens=max(usage.prompt_tokens for usage in usages),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        cached_tokens=max(usage.cached_tokens for usage in usages),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
    )


def write_logprobs(entries: Iterable[TokenLogprob]) -> wire.Logprobs:
    content = [
        wire.TokenLogprob(
            entry.token,
            entry.logprob,
            entry.bytes,
            [wire.TopLogprob(top.token, top.logprob, top.bytes) for top in entry.top],
        )
        for entry in entries
    ]
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
    """One choice of a stream of `chat.completion.chunk` objects as server-sent events.

    Every chunk repeats the same id, time and model, so they are rendered once and a token costs one
    JSON string between two constants. The role stands in the first chunk only, the finish reason in
    one of its own, and usage, when asked for, in one without choices while all others say
    `"usage":null` (OpenAI API reference, "The chat completion chunk object").
    """

    def __init__(self, answer: Answer, *, include_usage: bool, index: int = 0) -> None:
        self._head = b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b' % (
            encode(answer.id),
            answer.created,
            encode(answer.model),
        )
        self._head += b',"service_tier":"default","system_fingerprint":null,"choices":['
        self._delta = self._head + b'{"index":%d,"delta":' % index
        self._close = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._tail = b',"logprobs":null,"finish_reason":null}]' + self._close
        self._text = self._delta + b'{"content":'
        self._text_tail = b"}" + self._tail
        self._include_usage = include_usage
        self._answer = answer
        self._logprobs = answer.logprobs
        self._begun = False
        self._probable = False
        self._calls = 0
        self.usage = Usage()

    def frames(self, batch: Batch) -> bytes:
        """The chunks of one batch, the role chunk before the first of all."""
        frames = [] if self._begun else [self._role(batch[0])]
        self._begun = True
        for event in batch:
            if isinstance(event, TextDelta):
                if self._logprobs:
                    frames.append(self._text_with_logprobs(event.text, event.logprobs))
                else:
                    frames.append(self._text + encode(event.text) + self._text_tail)
            elif isinstance(event, ThinkingDelta):
                frames.append(self._thinking(encode(event.text)))
            elif isinstance(event, ToolCalled):
                frames.append(self._call(event.call))
            else:
                self.usage = event.usage
                frames.append(self._finish(event.reason))
        return b"".join(frames)

    def failure(self, error: Exception) -> bytes:
        """The frame that ends a stream that broke: no finish reason and no `[DONE]` after it."""
        return b"data: %b\n\n" % error_body(error)

    def end(self) -> bytes:
        """What follows the last chunk of a stream that came to its end."""
        return self.ended(self.usage)

    def ended(self, usage: Usage) -> bytes:
        """The same, with the usage of all choices."""
        if not self._include_usage:
            return b"data: [DONE]\n\n"
        return b'%b],"usage":%b}\n\ndata: [DONE]\n\n' % (
            self._head,
            encode(write_usage(usage)),
        )

    def _role(self, first: ChatEvent) -> bytes:
        content = b"null" if isinstance(first, ToolCalled) else b'""'
        delta = b'{"role":"assistant","content":%b,"refusal":null}' % content
        return self._delta + delta + self._tail

    def _text_with_logprobs(self, text: str, entries: tuple[TokenLogprob, ...]) -> bytes:
        """A later piece may be without: a token's entry stands where the token begins."""
        self._probable = self._probable or bool(entries)
        if text and not self._probable:
            raise without_logprobs("logprobs")
        return b'%b%b},"logprobs":%b,"finish_reason":null}]%b' % (
            self._text,
            encode(text),
            encode(write_logprobs(entries)),
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
        if self._answer.functions:
            function = encode(write_function(call))
            return self._delta + b'{"function_call":%b}' % function + self._tail
        fragment = wire.ToolCallFragment(
            index=self._calls, id=call.id, function=write_function(call)
        )
        self._calls += 1
        return self._delta + b'{"tool_calls":[%b]}' % encode(fragment) + self._tail

    def _finish(self, reason: FinishReason) -> bytes:
        word = write_reason(reason, self._answer).encode()
        return self._delta + b'{},"logprobs":null,"finish_reason":"%b"}]' % word + self._close


class ChoicesWriter:
    """Several choices in one stream: the chunks of each, and one usage for all."""

    def __init__(self, writers: Sequence[ChunkWriter]) -> None:
        self._writers = writers

    def frames(self, batch: tuple[int, Batch]) -> bytes:
        """The chunks of one batch of the choice with this index."""
        index, events = batch
        return self._writers[index].frames(events)

    def failure(self, error: Exception) -> bytes:
        return self._writers[0].failure(error)

    def end(self) -> bytes:
        return self._writers[0].ended(total([writer.usage for writer in self._writers]))
