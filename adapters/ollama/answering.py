"""From Ollama to the core: the lines of a chat become events, the other answers core structs."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from adapters.ollama import wire
from adapters.ollama.reading import LineReader, token_logprobs
from gateway.core.errors import BackendFailed
from gateway.core.events import ChatEvent, FinishReason, TextDelta, ThinkingDelta, ToolCalled
from gateway.core.ids import new_id
from gateway.core.messages import ToolCall
from gateway.core.models import Embeddings, ModelCard, ModelDetails

__all__ = ["AnswerReader", "card", "details", "embeddings"]

_decode_arguments = msgspec.json.Decoder(dict[str, Any]).decode

_UNKNOWN: Final = wire.ModelFacts()
_LONG_AGO = datetime.fromtimestamp(0, UTC)


class AnswerReader(LineReader[wire.Answer]):
    """Reads the lines of one answer to a chat with `model`."""

    __slots__ = ("_ids",)

    decoder = msgspec.json.Decoder(wire.Answer)

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self._ids: set[str] = set()

    def _read(self, answer: wire.Answer, events: list[ChatEvent]) -> None:
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

    def _reason(self, answer: wire.Answer) -> FinishReason:
        if self._ids:
            return "tool_calls"
        return "length" if answer.done_reason == "length" else "stop"

    def _call(self, call: wire.AnswerToolCall) -> ToolCall:
        function = call.function
        if function is None or not function.name:
            raise BackendFailed("Ollama sent a tool call without the name of a function.")
        call_id = call.id
        if not call_id or call_id in self._ids:
            call_id = new_id("call_")
        self._ids.add(call_id)
        return ToolCall(call_id, function.name, _arguments(function))


def _say_with_logprobs(
    message: wire.AnswerMessage, logprobs: tuple[wire.Logprob, ...], events: list[ChatEvent]
) -> None:
    """Entries without text are tokens that a parser in Ollama still holds back, or those of
    thinking and tool calls, which would not line up with the text and are dropped."""
    if message.content:
        events.append(TextDelta(message.content, token_logprobs(logprobs)))
    elif not message.thinking and not message.tool_calls:
        events.append(TextDelta("", token_logprobs(logprobs)))


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
