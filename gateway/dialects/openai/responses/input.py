"""The input of a request: which items it is made of, and where each of them stands."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw, Struct

from gateway.core.errors import InvalidRequest
from gateway.core.ids import new_id
from gateway.core.notes import Notes
from gateway.dialects.decoding import RequestDecoder, decode_part, missing
from gateway.dialects.openai.responses import items, parts, wire

__all__ = ["Placed", "kept", "placed", "read_input", "references", "resolved"]

NewId = Callable[[str], str]

# How a JSON string, a list and null begin.
QUOTE, BRACKET, NULL = b'"[n'


class Kind(Struct):
    """What tells the items apart. Easy messages and references may be without a type."""

    type: str | None = None
    role: Any = None


# The types that are read, each with the beginning of the ids that its items get.
READ: dict[str, tuple[RequestDecoder[Any], str]] = {
    str(kind.__struct_config__.tag): (RequestDecoder(kind), prefix)
    for kind, prefix in (
        (items.Message, "msg_"),
        (items.FunctionCall, "fc_"),
        (items.FunctionCallOutput, "fco_"),
        (items.CustomToolCall, "ctc_"),
        (items.CustomToolCallOutput, "ctco_"),
        (items.Reasoning, "rs_"),
        (items.Compaction, "cmp_"),
        (items.ItemReference, ""),
    )
}

# What the hosted tools of other servers have done, and what only those servers understand. A
# client that comes from one of them has such items in its history.
LEFT_OUT = frozenset(
    (
        "additional_tools",
        "apply_patch_call",
        "apply_patch_call_output",
        "code_interpreter_call",
        "compaction_trigger",
        "computer_call",
        "computer_call_output",
        "configuration_update",
        "file_search_call",
        "image_generation_call",
        "local_shell_call",
        "local_shell_call_output",
        "mcp_approval_request",
        "mcp_approval_response",
        "mcp_call",
        "mcp_list_tools",
        "program",
        "program_output",
        "shell_call",
        "shell_call_output",
        "tool_search_call",
        "tool_search_output",
        "web_search_call",
    )
)

STRING = msgspec.json.Decoder(str)
ITEMS = msgspec.json.Decoder(list[Raw])
KIND = msgspec.json.Decoder(Kind)


class Placed(NamedTuple):
    """An item, and where it stands: `input[0]` in the request, `history[0]` before it."""

    item: items.Item | items.ItemReference
    at: str


def placed(history: Iterable[items.Item]) -> list[Placed]:
    return [Placed(item, f"history[{index}]") for index, item in enumerate(history)]


def kept(own: Iterable[Placed]) -> list[items.Item]:
    """The items as they are kept, once nothing is a reference any more."""
    return [item for item, _ in own if not isinstance(item, items.ItemReference)]


def read_input(
    request: wire.ResponseRequest, notes: Notes, ids: NewId = new_id
) -> tuple[Placed, ...]:
    """The items of a request, each with an id; a string is one message of the user."""
    raw = request.input
    first = memoryview(raw)[0] if raw is not wire.ABSENT else NULL
    if first == QUOTE:
        said = parts.InputText(decode_part(STRING, raw, "input"))
        return (Placed(items.Message(id=ids("msg_"), role="user", content=[said]), "input"),)
    follows = request.previous_response_id is not None or request.conversation is not None
    if first == NULL:
        if follows:
            return ()
        raise missing("input")
    if first != BRACKET:
        raise InvalidRequest(
            "Invalid 'input': expected a string or a list of items.",
            param="input",
            reason="invalid_type",
        )
    raws = decode_part(ITEMS, raw, "input")
    if not raws and not follows:
        raise InvalidRequest("The input is empty.", param="input", reason="empty_array")
    read = [read_item(item, f"input[{index}]", notes, ids) for index, item in enumerate(raws)]
    own = tuple([item for item in read if item is not None])
    if not own and not follows:
        raise InvalidRequest(
            "The input has nothing but items of hosted tools, which have no effect here.",
            param="input",
            reason="invalid_value",
        )
    return own


def read_item(raw: Raw, at: str, notes: Notes, ids: NewId) -> Placed | None:
    """The item, or nothing for one that is left out and noted."""
    kind = decode_part(KIND, raw, at)
    name = kind.type or ("message" if kind.role is not None else "item_reference")
    if name in LEFT_OUT:
        notes.ignore(at, why=f"of the type '{name}' has no effect here")
        return None
    if name not in READ:
        raise InvalidRequest(
            f"Invalid '{at}.type': there is no item of the type '{name[:64]}'.",
            param=f"{at}.type",
            reason="invalid_value",
        )
    decoder, prefix = READ[name]
    item, unknown = decoder.decode_part(raw, at)
    for place in unknown:
        notes.ignore(place, why="is no field of this API")
    if isinstance(item, items.Message):
        item.content = listed(item)
    if not item.id:
        item.id = ids(prefix)
    return Placed(item, at)


def listed(message: items.Message) -> list[parts.Part]:
    """The content in its long form."""
    if not isinstance(message.content, str):
        return message.content
    if message.role == "assistant":
        return [parts.OutputText(text=message.content)]
    return [parts.InputText(message.content)]


def references(own: Iterable[Placed]) -> list[str]:
    """The ids of kept items that the input refers to, for the caller to look up."""
    return [item.id for item, _ in own if isinstance(item, items.ItemReference)]


def resolved(
    own: Sequence[Placed], history: Sequence[items.Item], found: Mapping[str, items.Item]
) -> tuple[Placed, ...]:
    """The input with what was `found` in the place of the references.

    A reference to what comes before anyway adds nothing; one to nothing is `InvalidRequest`.
    """
    if not references(own):
        return tuple(own)
    before = {item.id for item in history}
    read: list[Placed] = []
    for item, at in own:
        if not isinstance(item, items.ItemReference):
            read.append(Placed(item, at))
        elif item.id in found and item.id not in before:
            read.append(Placed(found[item.id], at))
        elif item.id not in before:
            raise InvalidRequest(f"Item with id '{item.id[:64]}' not found.", param="input")
    return tuple(read)
