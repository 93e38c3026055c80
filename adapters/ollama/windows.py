"""How large a context window Ollama is asked for, so that nothing is cut and little is reloaded."""

import math
import re
from functools import lru_cache
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
from gateway.core.windows import SMALLEST, step

__all__ = [
    "ContextPolicy",
    "Prompt",
    "Windows",
    "asked_window",
    "measured",
    "measured_text",
]

ContextPolicy = Literal["auto", "ollama"] | int
"""By need, Ollama's own choice, or so many tokens."""

AskedWindow = int | Literal["ollama"] | None

LARGEST = 2**31 - 1
ROOMY = 0.9
"""Of the smallest window that is chosen: what has less room is a window of one caller's own."""
BYTES_PER_TOKEN = 3.5
TOKENS_PER_MESSAGE = 4
TOKENS_PER_IMAGE = 768
"""What Ollama itself reckons with (server/prompt.go)."""
MOST_RESERVED = 4096
"""Tokens kept free for an answer at most: `max_tokens` is a limit, not a forecast."""

_OWN_WINDOW = re.compile(r"^num_ctx\s+(\d+)", re.MULTILINE)


class Prompt(Struct, frozen=True, gc=False):
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


def asked_window(request: ChatRequest | CompletionRequest) -> AskedWindow:
    """The window the caller insists on, by our field or among Ollama's own options."""
    own = request.options.get("num_ctx") if request.options else None
    if not isinstance(own, int) or isinstance(own, bool):
        return request.context_length
    if not 1 <= own <= LARGEST:
        raise InvalidRequest(
            f"The option 'num_ctx' must be a number from 1 to {LARGEST}.",
            param="options",
            reason="invalid_value",
        )
    return own


class Windows:
    """Chooses `num_ctx`, and remembers with what each model was last loaded.

    Ollama loads a model again, for seconds or minutes, whenever the window changes; so it grows in
    doublings, and does not shrink. Every chat and completion shares this memory; a caller's own
    small window is none that others have to live with.
    """

    def __init__(self, policy: ContextPolicy) -> None:
        self._policy = policy
        self._loaded: dict[str, int] = {}

    @property
    def by_need(self) -> bool:
        """Whether a choice depends on the prompt and on what is known of the model."""
        return self._policy == "auto"

    def choose(
        self,
        model: str,
        asked: AskedWindow,
        prompt: Prompt,
        answer: int | None,
        known: ModelDetails,
    ) -> int | None:
        """The window to send, in tokens; `None` sends none.

        `asked` is what the caller insists on, `answer` the most tokens the answer may have.
        """
        if isinstance(asked, int):
            return capped(asked, known)
        if asked == "ollama" or self._policy == "ollama":
            return None
        if self._policy != "auto":
            return self._policy
        # Half as much again as the prompt seems to take.
        need = prompt.tokens + max(prompt.tokens // 2, min(answer or 0, MOST_RESERVED))
        loaded = self._loaded.get(full_name(model), 0)
        if loaded >= need and loaded >= least_window(known.parameters, known.context_length):
            # Also one between the steps: kept conversations go up to nine tenths of a model.
            return loaded
        return capped(max(loaded, own_window(known.parameters), step(need)), known)

    def grown(self, prompt_tokens: int, sent: int, known: ModelDetails) -> int | None:
        """A larger window, now that the true length is known; `None` when the model has none."""
        window = capped(step(prompt_tokens + prompt_tokens // 2), known)
        return window if self.by_need and window > max(sent, prompt_tokens) else None

    def loaded(self, model: str, window: int) -> None:
        """The model answers in this window, so it is there."""
        self._loaded[full_name(model)] = window

    def failed(self, model: str) -> None:
        """The model could not be loaded: what went well before may go well no more."""
        self._loaded.pop(full_name(model), None)


def own_window(parameters: str) -> int:
    """The window that a model's file asks for; 0 when it asks for none."""
    found = _OWN_WINDOW.search(parameters)
    return int(found[1]) if found else 0


@lru_cache(maxsize=256)
def least_window(parameters: str, context_length: int | None) -> int:
    """The smallest window of a model that is nobody's own."""
    chosen = min(SMALLEST, context_length or SMALLEST)
    return max(own_window(parameters), int(ROOMY * chosen))


def capped(window: int, known: ModelDetails) -> int:
    return min(window, known.context_length or window)
