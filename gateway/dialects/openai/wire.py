"""What the requests of several endpoints have in common, as OpenAI's API reference names it."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Raw, Struct

__all__ = [
    "ABSENT",
    "Effort",
    "FunctionDefinition",
    "Int64",
    "Metadata",
    "Penalty",
    "PositiveInt",
    "ServiceTier",
    "StopList",
    "StreamOptions",
    "ToolName",
]

ABSENT: Any = UNSET
"""The value of a raw field that the request does not have.

An empty `Raw` would do as well, but msgspec cannot describe a struct with such a default.
"""

ToolName = Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]+$", min_length=1, max_length=64)]
Penalty = Annotated[float, Meta(ge=-2, le=2)]
PositiveInt = Annotated[int, Meta(ge=1)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
StopList = Annotated[list[str], Meta(max_length=4)]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
ServiceTier = Literal["auto", "default", "flex", "scale", "priority", "fast"]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
    Meta(max_length=16),
]


class FunctionDefinition(Struct):
    name: ToolName
    description: str | None = None
    parameters: Raw = ABSENT
    strict: bool | None = None


class StreamOptions(Struct):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None
