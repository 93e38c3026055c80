"""How large a context window Ollama is asked for, so that nothing is cut and little is reloaded."""

import math
import re
from typing import Literal

from msgspec import Raw, Struct

from adapters.ollama.errors import not_fetched
from gateway.core.errors import InvalidRequest
from gateway.core.messages import (
    AssistantMessage,
    AudioPart,
    ImagePart,
    JSONTextPart,
    Message,
    TextPart,
)
from gateway.core.models import ModelDetails, full_name
from gateway.core.requests import ChatRequest, CompletionRequest

__all__ = [
    "ContextPolicy",
    "Prompt",
    "Windows",
    "asked_window",
    "measured",
    "measured_text",
    "step",
]

ContextPolicy = Literal["auto", "ollama"] | int
"""By need, Ollama's own choice, or so many tokens."""

SMALLEST = 8192
BYTES_PER_TOKEN = 3.5
TOKENS_PER_MESSAGE = 4
TOKENS_PER_IMAGE = 768
"""What Ollama itself reckons with (server/prompt.go)."""
MOST_RESERVED = 4096
"""Tokens kept free for an answer at most: `max_tokens` is a limit, not a forecast."""

_OWN_WINDOW = re.compile(r"^num_ctx\s+(\d+)", re.MULTILINE)


class Prompt(Struct, frozen=True):
    """What is known of a prompt before a tokenizer has seen it; `tokens` is an estimate."""

    tokens: int
    images: int = 0
    sounds: int = 0


def measured(messages: tuple[Message, ...], tools: Raw | None = None) -> Prompt:
    """The size of a conversation with the tools as they are sent.

    By bytes rather than characters: a character beyond ASCII is about a token, and 3 bytes.
    `Unsupported` for an image not yet fetched, before anything is asked of Ollama.
    """
    size = len(tools) if tools is not None else 0
    images = sounds = 0
    for message in messages:
        for part in message.content:
            if isinstance(part, JSONTextPart):
                size += len(part.json)
            elif isinstance(part, TextPart):
                size += octets(part.text)
            elif isinstance(part, ImagePart):
                images += 1
            elif isinstance(part, AudioPart):
                sounds += 1
            else:
                raise not_fetched(part.param)
        if isinstance(message, AssistantMessage):
            size += len(message.thinking)
            for call in message.tool_calls:
                size += len(call.name) + len(str(call.arguments))
    extra = TOKENS_PER_MESSAGE * len(messages) + TOKENS_PER_IMAGE * (images + sounds)
    return Prompt(math.ceil(size / BYTES_PER_TOKEN) + extra, images, sounds)


def measured_text(text: str) -> Prompt:
    """The size of a text that goes to the model as it is."""
    return Prompt(math.ceil(octets(text) / BYTES_PER_TOKEN))


def octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def asked_window(request: ChatRequest | CompletionRequest) -> int | None:
    """The window the caller insists on, by our field or among Ollama's own options."""
    own = request.options.get("num_ctx") if request.options else None
    if not isinstance(own, int):
        return request.context_length
    if own < 1:
        raise InvalidRequest(
            "The option 'num_ctx' must be at least 1.", param="options", reason="invalid_value"
        )
    return own


def step(tokens: int) -> int:
    """The smallest of 8192, 16384, 32768, … that is at least `tokens`."""
    return max(SMALLEST, 1 << max(tokens - 1, 0).bit_length())


class Floor(Struct):
    """The least window for a model: what was last sent, or what its file says."""

    tokens: int
    known: ModelDetails | None = None


class Windows:
    """Chooses `num_ctx`, and remembers what was last sent for each model.

    Ollama loads a model again, for seconds or minutes, whenever the window changes; so it grows in
    doublings, and does not shrink. Whatever reaches Ollama through the gateway shares this memory.
    """

    def __init__(self, policy: ContextPolicy) -> None:
        self._policy = policy
        self._floors: dict[str, Floor] = {}

    @property
    def by_need(self) -> bool:
        """Whether a choice depends on the prompt and on what is known of the model."""
        return self._policy == "auto"

    def choose(
        self, model: str, asked: int | None, prompt: Prompt, answer: int | None, known: ModelDetails
    ) -> int | None:
        """The window to send, in tokens; `None` sends none.

        `asked` is what the caller insists on, `answer` the most tokens the answer may have.
        """
        if asked is not None:
            window = capped(asked, known)
            # Without `known`, so that it is looked up again: a small window stays its caller's own.
            self._floors[full_name(model)] = Floor(window)
            return window
        if self._policy == "ollama":
            return None
        if self._policy != "auto":
            return self._sent(model, self._policy)
        # Half as much again as the prompt seems to take.
        need = prompt.tokens + max(prompt.tokens // 2, min(answer or 0, MOST_RESERVED))
        floor = self._floors.get(full_name(model))
        if floor is None or floor.known is not known:
            floor = self._looked_up(model, floor, known)
        if need <= floor.tokens:
            return floor.tokens
        return self._sent(model, capped(max(step(need), floor.tokens), known))

    def grown(self, model: str, prompt_tokens: int, sent: int, known: ModelDetails) -> int | None:
        """A larger window, now that the true length is known; `None` when the model has none."""
        window = capped(step(prompt_tokens + prompt_tokens // 2), known)
        if not self.by_need or window <= max(sent, prompt_tokens):
            return None
        return self._sent(model, window)

    def _sent(self, model: str, window: int) -> int:
        floor = self._floors.setdefault(full_name(model), Floor(window))
        floor.tokens = window
        return window

    def _looked_up(self, model: str, floor: Floor | None, known: ModelDetails) -> Floor:
        """With the window of the model's file taken into account, which may be new."""
        own = _OWN_WINDOW.search(known.parameters)
        least = max(floor.tokens if floor else 0, SMALLEST, int(own[1]) if own else 0)
        floor = Floor(capped(least, known), known)
        self._floors[full_name(model)] = floor
        return floor


def capped(window: int, known: ModelDetails) -> int:
    return min(window, known.context_length or window)
