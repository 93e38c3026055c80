"""Chat completions to keep."""

import msgspec
from msgspec import Raw

from extensions.completions.record import Completion

__all__ = ["completion", "identity"]


def identity(number: int) -> str:
    return f"chatcmpl-{number:024x}"


def completion(number: int = 1, *, model: str = "qwen3:8b", **metadata: str) -> Completion:
    """A completion that was made in the second of its number."""
    shown = {"id": identity(number), "object": "chat.completion", "created": number}
    return Completion(
        id=identity(number),
        created=number,
        model=model,
        metadata=metadata,
        messages=(Raw(b'{"role":"user","content":"Hello"}'), Raw(b'{"role":"user"}')),
        completion=Raw(msgspec.json.encode(shown)),
    )
