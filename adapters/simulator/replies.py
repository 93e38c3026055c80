"""The objects of `/api/chat` and `/api/generate`, key by key, and many of them as one."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from adapters.simulator.engine import Generation, Piece
from adapters.simulator.mistakes import Line
from adapters.simulator.times import now, utc

__all__ = ["ChatReply", "GenerateReply", "Timing", "folded"]

_PROMPT_TOKEN = 40_000  # nanoseconds that evaluating one token of a prompt is said to take

Metrics = Mapping[str, int]
NONE: Metrics = {}


class Timing(Struct, frozen=True):
    """When the request came and when its model was ready, in nanoseconds."""

    asked: int
    loaded: int

    def metrics(self, generation: Generation) -> Metrics:
        """As Ollama counts; what is 0 is left out."""
        moment = now()
        every = {
            "total_duration": max(moment - self.asked, 1),
            "load_duration": max(self.loaded - self.asked, 1),
            "prompt_eval_count": generation.prompt_tokens,
            "prompt_eval_duration": generation.prompt_tokens * _PROMPT_TOKEN,
            "eval_count": generation.eval_tokens,
            "eval_duration": max(moment - self.loaded, 1),
        }
        return {name: value for name, value in every.items() if value}


class ChatReply:
    """Objects of `/api/chat`: the text is in `message`, `logprobs` stand before the metrics."""

    def __init__(self, model: str) -> None:
        self.model = model

    def object(self, piece: Piece, reason: str = "", metrics: Metrics = NONE) -> Line:
        """One object; the last one is that which has a reason."""
        message: Line = {"role": "assistant", "content": piece.content}
        if piece.thinking:
            message["thinking"] = piece.thinking
        if piece.calls:
            message["tool_calls"] = list(piece.calls)
        ending = {"done": True, "done_reason": reason} if reason else {"done": False}
        return {**self._head(), "message": message, **ending, **_logprobs(piece), **metrics}

    def ended(self, reason: str) -> Line:
        """The only object after loading or unloading."""
        return self.object(Piece(), reason)

    def rendered(self, template: str) -> Line:
        return {**self.object(Piece()), "_debug_info": {"rendered_template": template}}

    def objects(self, generation: Generation, timing: Timing) -> Iterator[Line]:
        """One object a piece, made when it is asked for, and the last with the metrics."""
        for piece in generation.pieces:
            yield self.object(piece)
        yield self.object(generation.last, generation.reason, timing.metrics(generation))

    def _head(self) -> Line:
        return {"model": self.model, "created_at": utc(now())}


class GenerateReply(ChatReply):
    """Objects of `/api/generate`: the text is in `response`, `logprobs` come last of all.

    The last one has the whole exchange as tokens in `context`, but not after a raw prompt.
    """

    def __init__(self, model: str, *, raw: bool) -> None:
        super().__init__(model)
        self.raw = raw

    def object(self, piece: Piece, reason: str = "", metrics: Metrics = NONE) -> Line:
        said = {"response": piece.content}
        if piece.thinking:
            said["thinking"] = piece.thinking
        ending: Line = {"done": True, "done_reason": reason} if reason else {"done": False}
        if metrics and not self.raw:
            tokens = metrics.get("prompt_eval_count", 0) + metrics.get("eval_count", 0)
            ending["context"] = list(range(tokens))
        return {**self._head(), **said, **ending, **metrics, **_logprobs(piece)}


def _logprobs(piece: Piece) -> Line:
    return {"logprobs": list(piece.logprobs)} if piece.logprobs else {}


def folded(objects: list[Line]) -> Line:
    """The one object of an answer that is not streamed: all texts joined, the rest of the last."""
    if not objects:
        # what Go writes of a response that nobody filled
        return ChatReply("").object(Piece()) | {"created_at": "0001-01-01T00:00:00Z"}
    last = dict(objects[-1])
    logprobs = [entry for one in objects for entry in one.get("logprobs", ())]
    if "message" in last:
        last["message"] = _joined([one["message"] for one in objects if "message" in one])
    else:
        last["response"] = "".join(one.get("response", "") for one in objects)
    return _with_logprobs(last, logprobs) if logprobs else last


def _joined(messages: list[Any]) -> Any:
    if not all(isinstance(message, dict) for message in messages):
        return messages[-1]
    joined = {"role": "assistant", "content": "".join(m.get("content", "") for m in messages)}
    thinking = "".join(message.get("thinking", "") for message in messages)
    calls = [call for message in messages for call in message.get("tool_calls", ())]
    if thinking:
        joined["thinking"] = thinking
    return {**joined, "tool_calls": calls} if calls else joined


def _with_logprobs(last: Line, logprobs: list[Any]) -> Line:
    """`logprobs` where the kind of object has them: before the metrics, or at the very end."""
    last.pop("logprobs", None)
    if "message" not in last:
        return {**last, "logprobs": logprobs}
    names = list(last)
    at = names.index("total_duration") if "total_duration" in last else len(names)
    head, tail = names[:at], names[at:]
    return {**{k: last[k] for k in head}, "logprobs": logprobs, **{k: last[k] for k in tail}}
