"""What the streamed answers of Ollama have in common, whatever their lines carry."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from adapters.ollama import wire
from adapters.ollama.errors import garbled, reported
from gateway.core.errors import MochiError
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    FinishReason,
    Timings,
    TokenLogprob,
    Usage,
)

__all__ = ["LineReader", "finished", "token_logprobs"]

A = TypeVar("A", bound=wire.Answer)


class LineReader(ABC, Generic[A]):
    """Reads the lines of one answer of `model`.

    `finished` is set once `Finished` was given out, which `end` is then; what comes after it is
    ignored. A line that ends the answer with an error is kept in `failure`, so that the events
    before it in the same read are not lost: whether they arrive in one packet with it is chance.
    """

    __slots__ = ("_model", "end", "failure", "finished")

    decoder: ClassVar[msgspec.json.Decoder[Any]]

    def __init__(self, model: str) -> None:
        self._model = model
        self.finished = False
        self.end: Finished | None = None
        self.failure: MochiError | None = None

    def read(self, lines: bytes) -> Batch:
        """The events of whole lines, empty when they say nothing."""
        events: list[ChatEvent] = []
        answers: Iterable[A]
        try:
            answers = self.decoder.decode_lines(lines)
        except (ValueError, RecursionError):
            answers = self._parsed_singly(lines)
        try:
            for answer in answers:
                if answer.error:
                    raise reported(answer.error, model=self._model)
                self._read(answer, events)
                if answer.done:
                    self.end = finished(answer, self._reason(answer))
                    events.append(self.end)
                    self.finished = True
                    break
        except MochiError as error:
            self.failure = error
        return events

    @abstractmethod
    def _read(self, answer: A, events: list[ChatEvent]) -> None:
        """Add the events of one line."""

    def _reason(self, answer: A) -> FinishReason:
        # Besides these two Ollama knows `load` and `unload`, the answers to an empty prompt.
        return "length" if answer.done_reason == "length" else "stop"

    def _parsed_singly(self, lines: bytes) -> Iterator[A]:
        """The lines before the bad one, which must not be lost, and only then the error."""
        for line in lines.split(b"\n"):
            if line.strip():
                try:
                    yield self.decoder.decode(line)
                except (ValueError, RecursionError) as error:
                    raise garbled() from error


def finished(answer: wire.Answer, reason: FinishReason) -> Finished:
    """The end of an answer, with what it took; what Ollama leaves out is 0."""
    usage = Usage(
        prompt_tokens=answer.prompt_eval_count or 0,
        completion_tokens=answer.eval_count or 0,
        cached_tokens=answer.prompt_eval_cached_count or 0,
    )
    timings = Timings(
        total=answer.total_duration or 0,
        load=answer.load_duration or 0,
        prompt=answer.prompt_eval_duration or 0,
        generation=answer.eval_duration or 0,
    )
    return Finished(reason, usage, timings)


def token_logprobs(entries: tuple[wire.Logprob, ...] | None) -> tuple[TokenLogprob, ...]:
    """The entries beside a text, and the rivals beside each of them."""
    return tuple(
        [
            TokenLogprob(
                entry.token, entry.logprob, entry.bytes, token_logprobs(entry.top_logprobs)
            )
            for entry in entries or ()
        ]
    )
