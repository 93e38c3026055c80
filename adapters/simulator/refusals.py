"""Ollama's errors: a status and a sentence."""

from typing import Any

from adapters.simulator.encoding import encode

__all__ = ["EngineRefused", "Refused", "engine_error", "exceeds_context"]


class Refused(Exception):
    """An answer `{"error": text}` with a real status; `more` stands beside `error`."""

    def __init__(self, status: int, text: str, **more: str) -> None:
        super().__init__(text)
        self.status = status
        self.body: dict[str, Any] = {"error": text, **more}


class EngineRefused(Refused):
    """Raised only once generation starts; framed in another way where a stream was asked for."""


def engine_error(code: int, message: str, kind: str, **more: int) -> EngineRefused:
    """llama-server's error object, which Ollama passes on whole, as a string."""
    inner = {"error": {"code": code, "message": message, "type": kind, **more}}
    return EngineRefused(code, encode(inner).decode())


def exceeds_context(tokens: int, window: int) -> EngineRefused:
    return engine_error(
        400,
        f"request ({tokens} tokens) exceeds the available context size ({window} tokens), "
        "try increasing it",
        "exceed_context_size_error",
        n_prompt_tokens=tokens,
        n_ctx=window,
    )
