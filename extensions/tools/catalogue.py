"""What was found in the folder of the user's tools."""

from typing import Any

from msgspec import Raw, Struct

from gateway.core.requests import ToolDefinition

__all__ = ["Catalogue", "FoundTool", "Rejected"]


class FoundTool(Struct, frozen=True, kw_only=True):
    """A function that can be offered.

    `description` is its docstring without the parts about arguments and results, `parameters` the
    JSON schema of each argument, `schema` the JSON Schema object of all, as models are shown it.
    """

    name: str
    package: str
    description: str
    parameters: dict[str, dict[str, Any]]
    required: tuple[str, ...]
    schema: Raw

    @property
    def definition(self) -> ToolDefinition:
        return ToolDefinition(self.name, self.description, self.schema)


class Rejected(Struct, frozen=True):
    """What was found and is not offered. `name` is `None` for a package that cannot be imported;
    the package at the root of the folder is called `.`."""

    name: str | None
    package: str
    reason: str


class Catalogue(Struct, frozen=True):
    """All tools by name in the order they were found, their groups, and what was left out."""

    tools: dict[str, FoundTool] = {}
    groups: dict[str, tuple[str, ...]] = {}
    rejected: tuple[Rejected, ...] = ()
