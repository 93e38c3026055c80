"""From Ollama to the core: the lines of a chat become events, the other answers core structs."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from adapters.ollama import wire
from adapters.ollama.errors import garbled, reported
from gateway.core.errors import BackendFailed, MochiError
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    TextDelta,
    ThinkingDelta,
    Timings,
    TokenLogprob,
    ToolCalled,
    Usage,
)
from gateway.core.ids import new_id
from gateway.core.messages import ToolCall
from gateway.core.models import Embeddings, ModelCard, ModelDetails

__all__ = ["AnswerReader", "card", "details", "embeddings"]

_answers = msgspec.json.Decoder(wire.Answer)
_decode_arguments = msgspec.json.Decoder(dict[str, Any]).decode

_UNKNOWN: Final = wire.ModelFacts()
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class AnswerReader:
    """Reads the lines of one answer to a chat with `model`.

    `finished` is set once `Finished` was given out; what comes after it is ignored. A line that
    ends the answer with an error is kept in `failure`, so that the events before it in the same
    read are not lost: whether they arrive in one packet with it is chance.
    """

    __slots__ = ("_ids", "_model", "failure", "finished")

    def __init__(self, model: str) -> None:
        self._model = model
        self._ids: set[str] = set()
        self.finished = False
        self.failure: MochiError | None = None

    def read(self, lines: bytes) -> Batch:
        """The events of whole lines, empty when they say nothing."""
        events: list[ChatEvent] = []
        try:
            for answer in _parsed(lines):
                self._read(answer, events)
                if self.finished:
                    break
        except MochiError as error:
            self.failure = error
        return events

    def _read(self, answer: wire.Answer, events: list[ChatEvent]) -> None:
        if answer.error:
            raise reported(answer.error, model=self._model)
        message = answer.message
        if message is not None:
            if message.thinking:
                events.append(ThinkingDelta(message.thinking))
            if answer.logprobs:
                _say_with_logprobs(message, answer.logprobs, events)
            elif message.content:
                events.append(TextDelta(message.content))
            if message.tool_calls:
                events.extend([ToolCalled(self._call(call)) for call in message.tool_calls])
        if answer.done:
            events.append(_finished(answer, called=bool(self._ids)))
            self.finished = True

    def _call(self, call: wire.AnswerToolCall) -> ToolCall:
        function = call.function
        if function is None or not function.name:
            raise BackendFailed("Ollama sent a tool call without the name of a function.")
        call_id = call.id
        if not call_id or call_id in self._ids:
            call_id = new_id("call_")
        self._ids.add(call_id)
        return ToolCall(call_id, function.name, _arguments(function))


def _parsed(lines: bytes) -> Iterable[wire.Answer]:
    try:
        return _answers.decode_lines(lines)
    except (ValueError, RecursionError):
        return _parsed_singly(lines)


def _parsed_singly(lines: bytes) -> Iterator[wire.Answer]:
    """The lines before the bad one, which must not be lost, and only then the error."""
    for line in lines.split(b"\n"):
        if line.strip():
            try:
                yield _answers.decode(line)
            except (ValueError, RecursionError) as error:
                raise garbled() from error


def _say_with_logprobs(
    message: wire.AnswerMessage, logprobs: tuple[wire.Logprob, ...], events: list[ChatEvent]
) -> None:
    """Entries without text are tokens that a parser in Ollama still holds back, or those of
    thinking and tool calls, which would not line up with the text and are dropped."""
    if message.content:
        events.append(TextDelta(message.content, _logprobs(logprobs)))
    elif not message.thinking and not message.tool_calls:
        events.append(TextDelta("", _logprobs(logprobs)))


def _logprobs(entries: tuple[wire.Logprob, ...] | None) -> tuple[TokenLogprob, ...]:
    return tuple(
        [
            TokenLogprob(entry.token, entry.logprob, entry.bytes, _logprobs(entry.top_logprobs))
            for entry in entries or ()
        ]
    )


def _arguments(function: wire.AnswerFunction) -> dict[str, Any]:
    match function.arguments:
        case dict() as arguments:
            return arguments
        case None | "":
            return {}
        case str() as text:
            try:
                return _decode_arguments(text)
            except (ValueError, RecursionError) as error:
                raise BackendFailed(
                    "Ollama sent a tool call whose arguments are no JSON object."
                ) from error


def _finished(answer: wire.Answer, *, called: bool) -> Finished:
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
    if called:
        return Finished("tool_calls", usage, timings)
    # Besides these two Ollama knows `load` and `unload`, the answers to an empty list of messages.
    return Finished("length" if answer.done_reason == "length" else "stop", usage, timings)


def embeddings(answer: wire.EmbedAnswer, *, expected: int) -> Embeddings:
    """The vectors; `BackendFailed` unless there is one for each of the `expected` inputs."""
    vectors = answer.embeddings or ()
    if len(vectors) != expected:
        raise BackendFailed(f"Ollama sent {len(vectors)} vectors for {expected} inputs.")
    return Embeddings(vectors, answer.prompt_eval_count or 0)


def card(model: wire.TaggedModel) -> ModelCard:
    """An entry of the model list, under the name as it is listed."""
    facts = model.details or _UNKNOWN
    return ModelCard(
        name=model.name or model.model or "",
        modified_at=_moment(model.modified_at),
        size=model.size or 0,
        digest=model.digest or "",
        family=facts.family or "",
        parameter_size=facts.parameter_size or "",
        quantization=facts.quantization_level or "",
        format=facts.format or "",
        context_length=facts.context_length or None,
        capabilities=None if model.capabilities is None else frozenset(model.capabilities),
    )


def _moment(text: str | None) -> datetime:
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return _LONG_AGO
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def details(answer: wire.ShowAnswer, *, name: str) -> ModelDetails:
    """What `/api/show` says, under the name the caller used."""
    facts = answer.details or _UNKNOWN
    return ModelDetails(
        name=name,
        capabilities=None if answer.capabilities is None else frozenset(answer.capabilities),
        context_length=_context_length(answer.model_info or {}, facts),
        family=facts.family or "",
        parameter_size=facts.parameter_size or "",
        quantization=facts.quantization_level or "",
        format=facts.format or "",
        template=answer.template or "",
        parameters=answer.parameters or "",
    )


def _context_length(info: dict[str, Any], facts: wire.ModelFacts) -> int | None:
    """The length is filed under the architecture, which old and foreign metadata may not name."""
    keys = [
        f"{info.get('general.architecture')}.context_length",
        f"{facts.family}.context_length",
        *(key for key in info if key.endswith(".context_length")),
        "context_length",
    ]
    lengths = [info.get(key) for key in keys] + [facts.context_length]
    return next((n for n in lengths if type(n) is int and n > 0), None)
