"""The tools that a model may call, under all the names that it gives them."""

from typing import Any

from adapters.repair.plain import Plain
from gateway.core.remembered import Remembered
from gateway.core.requests import ToolDefinition, small

__all__ = ["Offered", "offered"]


class Offered:
    """Tools by their names. False when there are none. Nothing in it depends on an answer."""

    __slots__ = ("_folded", "_plain", "_schemas", "_tools")

    def __init__(self, tools: tuple[ToolDefinition, ...]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._schemas: dict[str, dict[str, Any]] = {}
        self._plain: dict[str, Plain] = {}
        self._folded: dict[str, str | None] = {}
        for name in self._tools:
            folded = name.lower()
            self._folded[folded] = None if folded in self._folded else name

    def __bool__(self) -> bool:
        return bool(self._tools)

    def named(self, written: str) -> str | None:
        """The tool that a model means; `None` if that is not certain.

        gpt-oss puts `functions.` before its names and now and then a channel token behind them.
        """
        return self._known(written) or self._known(
            written.partition("<|")[0].strip().removeprefix("functions.")
        )

    def _known(self, name: str) -> str | None:
        return name if name in self._tools else self._folded.get(name.lower())

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON Schema of a tool's arguments; `name` is one of the offered."""
        schema = self._schemas.get(name)
        if schema is None:
            try:
                schema = self._tools[name].schema
            except ValueError:
                schema = {}
            self._schemas[name] = schema
        return schema

    def settles(self, name: str, arguments: dict[str, Any]) -> bool:
        """Whether a call of just this name is right at a glance."""
        plain = self._plain.get(name)
        if plain is None:
            if name not in self._tools:
                return False
            plain = self._plain[name] = Plain(self.schema(name))
        return plain.settles(arguments)

    def properties(self, name: str) -> dict[str, Any]:
        """The schemas of a tool's arguments, by their names."""
        properties = self.schema(name).get("properties")
        return properties if isinstance(properties, dict) else {}

    def satisfied(self, name: str, arguments: dict[str, Any]) -> bool:
        """Whether no required argument is missing."""
        required = self.schema(name).get("required")
        return not isinstance(required, list) or all(key in arguments for key in required)

    def taking(self, keys: set[str]) -> str | None:
        """The only tool that takes arguments of just these names and lacks none."""
        fitting = [
            name
            for name in self._tools
            if keys <= self.properties(name).keys() and self.satisfied(name, dict.fromkeys(keys))
        ]
        return fitting[0] if len(fitting) == 1 and keys else None


offered = Remembered(Offered, small)
"""The tools as a mender looks them up."""
