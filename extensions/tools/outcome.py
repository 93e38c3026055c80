"""What comes of a call."""

from msgspec import Struct

__all__ = ["DENIED", "LOST", "ToolOutcome"]


class ToolOutcome(Struct, frozen=True):
    """What came of a call. `result` is what the model is told, a failure included."""

    success: bool
    result: str
    error: str | None = None

    @classmethod
    def failed(cls, error: str) -> "ToolOutcome":
        return cls(False, f"Error: {error}", error)

    @classmethod
    def unknown(cls, name: str) -> "ToolOutcome":
        return cls.failed(f"Tool '{name}' not found")


DENIED = ToolOutcome.failed("Tool execution denied by user")
LOST = ToolOutcome.failed("The result of this call was lost.")
