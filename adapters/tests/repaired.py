"""What becomes of an answer that a model wrote, in a form that can be compared."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Raw, Struct

from adapters.repair.mending import Mender
from gateway.core.events import (
    Batch,
    ChatEvent,
    Finished,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
)
from gateway.core.notes import Notes
from gateway.core.requests import ToolDefinition


class Thought(Struct, frozen=True):
    text: str


class Call(Struct, frozen=True):
    name: str
    arguments: dict[str, Any]


Said = str | Thought | Call


class Case(Struct, frozen=True):
    """`text` comes in, `expected` goes out and the answer ends for the reason `ends`."""

    label: str
    text: str
    expected: list[Said]
    kinds: str = ""
    reason: FinishReason = "stop"
    opened: bool = False
    offered: bool = True
    prefers: str = ""

    @property
    def ends(self) -> FinishReason:
        called = any(isinstance(each, Call) for each in self.expected)
        return "tool_calls" if called and self.reason == "stop" else self.reason


def tool(name: str, required: Sequence[str] = (), **properties: Any) -> ToolDefinition:
    """A tool whose arguments are given as type names, or as whole schemas."""
    schemas = {
        key: value if isinstance(value, dict) else {"type": value}
        for key, value in properties.items()
    }
    schema = {"type": "object", "properties": schemas, "required": list(required)}
    return ToolDefinition(name, "", Raw(json.dumps(schema).encode()))


TOOLS = (
    tool("get_weather", ["city"], city="string", days="integer", metric="boolean"),
    tool(
        "write_file",
        ["filePath", "content"],
        filePath="string",
        content="string",
        mode={"type": ["integer", "null"]},
        tags={"type": "array", "items": {"type": "string"}},
    ),
    tool("now"),
)


def mender(case: Case, notes: Notes) -> Mender:
    tools = TOOLS if case.offered else ()
    return Mender(tools, notes, opened=case.opened, prefers=case.prefers)


def mended(case: Case, pieces: Iterable[str]) -> tuple[list[Said | FinishReason], list[str]]:
    """What goes out, merged, and the kinds of repair, for a text that comes in these pieces."""
    notes = Notes()
    subject = mender(case, notes)
    events: list[ChatEvent] = []
    for piece in filter(None, pieces):
        events.extend(subject.feed([TextDelta(piece)]))
    events.extend(subject.feed([Finished(case.reason)]))
    return merged(events), notes.repairs


def merged(events: Batch) -> list[Said | FinishReason]:
    """Events without ids and without their cuts."""
    out: list[Any] = []
    for event in events:
        match event:
            case TextDelta(text):
                if out and isinstance(out[-1], str):
                    out[-1] += text
                elif text:
                    out.append(text)
            case ThinkingDelta(text):
                if out and isinstance(out[-1], Thought):
                    out[-1] = Thought(out[-1].text + text)
                else:
                    out.append(Thought(text))
            case ToolCalled(call):
                out.append(Call(call.name, call.arguments))
            case Finished(reason):
                out.append((reason,))
    return out
