"""Replies as a completion, and streams of events as its chunks."""

from collections.abc import Sequence

import msgspec

from gateway.core.events import Batch, Finished, FinishReason, TextDelta, TokenLogprob, Usage
from gateway.core.messages import text_of
from gateway.core.replies import Reply
from gateway.dialects.openai.chat.writing import write_usage
from gateway.dialects.openai.completions import wire
from gateway.dialects.openai.completions.logprobs import LogprobsWriter, likelihood
from gateway.dialects.openai.completions.reading import Choices
from gateway.dialects.openai.errors import error_body

__all__ = ["TextChunkWriter", "write"]

encode = msgspec.json.Encoder().encode


def write(
    replies: Sequence[Reply], choices: Choices, *, id: str, model: str, created: int
) -> bytes:
    """The JSON of the whole answer, under the model name that was asked for.

    `replies` are those to `choices.requests`. `Unsupported` where logprobs are needed, and a reply
    has text and none of them.
    """
    answered = [
        write_choice(replies[at], choices, at, index)
        for index, at in enumerate(chosen(replies, choices))
    ]
    usage = total([reply.usage for reply in replies], choices.tries)
    return encode(
        wire.Completion(
            id=id, created=created, model=model, choices=answered, usage=write_usage(usage)
        )
    )


def chosen(replies: Sequence[Reply], choices: Choices) -> list[int]:
    """The places of the replies that are answered: the likeliest of each prompt first."""
    if choices.tries == choices.n:
        return list(range(len(replies)))
    places: list[int] = []
    for first in range(0, len(replies), choices.tries):
        tried = range(first, first + choices.tries)
        places += sorted(tried, key=lambda at: score(replies[at]), reverse=True)[: choices.n]
    return places


def score(reply: Reply) -> float:
    return likelihood(text_of(reply.message.content), reply.logprobs)


def write_choice(reply: Reply, choices: Choices, at: int, index: int) -> wire.CompletionChoice:
    said, echo = text_of(reply.message.content), choices.echoed(at)
    return wire.CompletionChoice(
        text=echo + said,
        index=index,
        logprobs=LogprobsWriter().write(said, reply.logprobs, echo) if choices.logprobs else None,
        finish_reason=ending(reply.reason),
    )


def ending(reason: FinishReason) -> wire.Ending:
    return "length" if reason == "length" else "stop"


def total(usages: Sequence[Usage], tries: int) -> Usage:
    """The prompts counted once, however often they were answered, and every answer to them."""
    prompts = usages[::tries]
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in prompts),
        completion_tokens=sum(usage.completion_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in prompts),
    )


class TextChunkWriter:
    """One stream of `text_completion` objects as server-sent events, their choices taking turns.

    What does not change is rendered once, as for chat completions. The finish reason of a choice
    stands in a chunk of its own, and usage, when asked for, in one without choices at the end while
    all others say `"usage":null`.
    """

    def __init__(
        self, choices: Choices, *, id: str, model: str, created: int, include_usage: bool
    ) -> None:
        self._choices = choices
        self._head = b'data: {"id":%b,"object":"text_completion","created":%d,"model":%b' % (
            encode(id),
            created,
            encode(model),
        )
        self._head += b',"choices":['
        count = len(choices.requests)
        self._texts = [self._head + b'{"index":%d,"text":' % index for index in range(count)]
        self._close = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._tail = b',"logprobs":null,"finish_reason":null}]' + self._close
        self._logprobs = [LogprobsWriter() for _ in range(count if choices.logprobs else 0)]
        self._usages = [Usage()] * count
        self._include_usage = include_usage
        self._begun: set[int] = set()

    def frames(self, said: tuple[int, Batch]) -> bytes:
        """The chunks of one batch of one choice, the echoed prompt before its first."""
        index, batch = said
        frames = [] if index in self._begun else self._echo(index)
        text_head = self._texts[index]
        for event in batch:
            match event:
                case TextDelta(text) if not self._logprobs:
                    frames.append(text_head + encode(text) + self._tail)
                case TextDelta(text, entries):
                    frames.append(self._text_with_logprobs(index, text, entries))
                case Finished(reason, usage):
                    self._usages[index] = usage
                    frames.append(self._finish(index, reason))
        return b"".join(frames)

    def failure(self, error: Exception) -> bytes:
        """The frame that ends a stream that broke: no finish reason and no `[DONE]` after it."""
        return b"data: %b\n\n" % error_body(error)

    def end(self) -> bytes:
        """What follows the last chunk of a stream that came to its end."""
        done = b"data: [DONE]\n\n"
        if not self._include_usage:
            return done
        usage = write_usage(total(self._usages, self._choices.tries))
        return self._head + b'],"usage":%b}\n\n' % encode(usage) + done

    def _echo(self, index: int) -> list[bytes]:
        self._begun.add(index)
        echo = self._choices.echoed(index)
        if not echo:
            return []
        if self._logprobs:
            return [self._text_with_logprobs(index, "", (), echo)]
        return [self._texts[index] + encode(echo) + self._tail]

    def _text_with_logprobs(
        self, index: int, text: str, entries: tuple[TokenLogprob, ...], echo: str = ""
    ) -> bytes:
        return b'%b%b,"logprobs":%b,"finish_reason":null}]%b' % (
            self._texts[index],
            encode(echo + text),
            encode(self._logprobs[index].write(text, entries, echo)),
            self._close,
        )

    def _finish(self, index: int, reason: FinishReason) -> bytes:
        choice = b'"","logprobs":null,"finish_reason":"%b"}]' % ending(reason).encode()
        return self._texts[index] + choice + self._close
