"""The engine: a request to the pieces of its answer. No clock, no socket, no chance."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from adapters.simulator.encoding import encode
from adapters.simulator.models import Model
from adapters.simulator.options import Options
from adapters.simulator.personalities import Answer, Asked, Personality
from adapters.simulator.refusals import engine_error
from adapters.simulator.requests import ChatRequest, GenerateRequest, Message, Think
from adapters.simulator.schemas import BadSchema, instance
from adapters.simulator.tokens import count, logprob, split
from adapters.simulator.tools import wanted_calls
from adapters.simulator.values import Guess
from adapters.simulator.words import Talk, bridge, compose, think_aloud

__all__ = ["Generation", "Piece", "answer_chat", "answer_generate"]

_ANY_JSON = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
}
_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

Reason = Literal["stop", "length"]


class Piece(Struct, frozen=True):
    """What one object of the stream carries; `calls` are tool calls as they are on the wire."""

    content: str = ""
    thinking: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    logprobs: tuple[dict[str, Any], ...] = ()


class Generation(Struct, frozen=True):
    """An answer in pieces, and what goes into the object that ends it."""

    pieces: tuple[Piece, ...]
    last: Piece
    reason: Reason
    prompt_tokens: int
    eval_tokens: int


class _Limits(Struct, frozen=True):
    """`tokens` is None where nothing but the end of the answer ends it."""

    tokens: int | None
    stop: tuple[str, ...]
    logprobs: int | None  # how many alternatives; None: no logprobs at all


def answer_chat(
    model: Model,
    request: ChatRequest,
    messages: Sequence[Message],
    options: Options,
    prompt_tokens: int,
    window: int,
) -> Generation:
    talk = Talk(messages, _salt(options))
    limits = _limits(request, options, prompt_tokens, window, zero=model.path == "native")
    asked = Asked(talk, request.format, request.tools)
    answer = _answer(model.personality, asked, _level(model, request.think))
    return _generation(model, answer, limits, prompt_tokens, seed=str(talk.choices().random()))


def answer_generate(
    model: Model,
    request: GenerateRequest,
    prompt: str,
    options: Options,
    prompt_tokens: int,
    window: int,
) -> Generation:
    """No parser knows the thinking of a native model here: its tags stay in the text."""
    last = Message(role="user", content=request.prompt or prompt, images=request.images)
    told = [Message(role="system", content=request.system)] if request.system else []
    talk = Talk([*told, last], _salt(options))
    limits = _limits(request, options, prompt_tokens, window, zero=False)
    if request.suffix and not request.raw:
        answer = Answer(text=bridge(request.prompt, request.suffix))
    else:
        level = _level(model, request.think)
        answer = _answer(model.personality, Asked(talk, request.format), level)
    if answer.thinking:
        answer = Answer(text=f"<think>{answer.thinking}</think>{answer.text}")
    return _generation(model, answer, limits, prompt_tokens, seed="")


def _salt(options: Options) -> str:
    return f"{options.seed}|{options.temperature:g}"


def _level(model: Model, think: Think) -> Think:
    """A model that can think does so unless it is told not to."""
    return (True if think is None else think) if model.can("thinking") else False


def _limits(
    request: ChatRequest | GenerateRequest,
    options: Options,
    prompt_tokens: int,
    window: int,
    *,
    zero: bool,
) -> _Limits:
    """`num_predict: 0` is no limit but on the native chat path (`zero`), where it is passed on."""
    asked = options.num_predict
    tokens = asked if asked > 0 or (zero and asked == 0) else None
    if not options.load.shift:
        room = max(window - prompt_tokens, 0)
        tokens = room if tokens is None else min(tokens, room)
    logprobs = request.top_logprobs if request.logprobs else None
    return _Limits(tokens, tuple(stop for stop in options.stop if stop), logprobs)


def _answer(personality: Personality, asked: Asked, level: Think) -> Answer:
    try:
        return personality.change(_said(asked, level), asked)
    except BadSchema:
        raise engine_error(400, "failed to parse grammar", "invalid_request_error") from None


def _said(asked: Asked, level: Think) -> Answer:
    talk = asked.talk
    thinking = think_aloud(talk, level) if level else ""
    if asked.format:
        schema = _ANY_JSON if asked.format == "json" else asked.format
        value = instance(schema, Guess(talk.question))
        return Answer(thinking, json.dumps(value, ensure_ascii=False))
    if asked.tools and talk.last.role == "user" and not (talk.refers_back and talk.results):
        return Answer(thinking, calls=tuple(wanted_calls(asked.tools, talk.question)))
    return Answer(thinking, compose(talk))


def _generation(
    model: Model, answer: Answer, limits: _Limits, prompt_tokens: int, seed: str
) -> Generation:
    thinking = split(answer.thinking)
    text = split(_before_stop(answer.text, limits.stop))
    calls = _called(model, answer.calls, seed)
    tokens = len(thinking) + len(text) + sum(_call_tokens(call) for call in calls)
    reason: Reason = "stop"
    if limits.tokens is not None and tokens > limits.tokens:
        reason, tokens, calls = "length", limits.tokens, []
        text = text[: max(tokens - len(thinking), 0)]
        thinking = thinking[:tokens]
    pieces = [_thought(token, limits) for token in thinking]
    pieces += [Piece(content=token, logprobs=_logprobs([token], limits)) for token in text]
    last = Piece()
    if model.path == "native":
        last = _final(calls, limits)
    else:
        pieces += [piece for call in calls for piece in _streamed(call, limits)]
    return Generation(tuple(pieces), last, reason, prompt_tokens, tokens)


def _before_stop(text: str, stops: Sequence[str]) -> str:
    ends = [text.index(stop) for stop in stops if stop in text]
    return text[: min(ends)] if ends else text


def _thought(token: str, limits: _Limits) -> Piece:
    return Piece(thinking=token, logprobs=_logprobs([token], limits))


def _final(calls: list[dict[str, Any]], limits: _Limits) -> Piece:
    """The native path gives every call at the end, in one object."""
    tokens = [token for call in calls for token in split(_call_text(call))]
    return Piece(calls=tuple(calls), logprobs=_logprobs(tokens, limits))


def _streamed(call: dict[str, Any], limits: _Limits) -> list[Piece]:
    """The rendered path gives a call once it is complete.

    With logprobs asked for, its tokens come as objects without content while the parser holds the
    text back.
    """
    held = [Piece(logprobs=_logprobs([token], limits)) for token in split(_call_text(call))]
    return [*(held if limits.logprobs is not None else ()), Piece(calls=(call,))]


def _logprobs(tokens: Sequence[str], limits: _Limits) -> tuple[dict[str, Any], ...]:
    if limits.logprobs is None:
        return ()
    return tuple(logprob(token, limits.logprobs) for token in tokens)


def _called(
    model: Model, calls: Sequence[tuple[str, dict[str, Any]]], seed: str
) -> list[dict[str, Any]]:
    return [
        {
            "id": _call_id(model, f"{seed}{index}"),
            "function": {"index": index, "name": name, "arguments": arguments},
        }
        for index, (name, arguments) in enumerate(calls)
    ]


def _call_id(model: Model, seed: str) -> str:
    digest = hashlib.sha256(seed.encode()).digest()
    letters = "".join(_ID_LETTERS[byte % len(_ID_LETTERS)] for byte in digest)
    return letters if model.path == "native" else f"call_{letters[:8]}"


def _call_text(call: dict[str, Any]) -> str:
    function = call["function"]
    arguments = encode(function["arguments"]).decode()
    return f'<tool_call>\n{{"name": "{function["name"]}", "arguments": {arguments}}}\n</tool_call>'


def _call_tokens(call: dict[str, Any]) -> int:
    return count(_call_text(call))
