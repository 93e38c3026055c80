"""The system prompt of a session: what may be one, and where files of them are read."""

from typing import Protocol, runtime_checkable

from gateway.core.errors import InvalidRequest

__all__ = ["PromptReader", "check_prompt"]

LIMIT = 10_000


@runtime_checkable
class PromptReader(Protocol):
    """The prompt files."""

    def may_exist(self, filename: str) -> bool:
        """Whether a prompt file can have this name."""
        ...

    async def read(self, filename: str) -> str:
        """The text of a prompt file; `PromptNotFound`, also for a name that none can have."""
        ...


def check_prompt(text: str, field: str) -> str:
    """The text, or `InvalidRequest` that blames the field it was given in."""
    if not text or text.isspace():
        raise InvalidRequest("A system prompt must not be blank.", param=field)
    if len(text) >= LIMIT:
        raise InvalidRequest(
            f"A system prompt has fewer than {LIMIT} characters; this one has {len(text)}.",
            param=field,
        )
    return text
