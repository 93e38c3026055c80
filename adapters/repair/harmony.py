"""gpt-oss's own format, harmony, where nobody parsed it.

    <|start|>assistant<|channel|>analysis<|message|>…<|end|>
    <|start|>assistant<|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{…}
    <|start|>assistant<|channel|>final<|message|>…<|return|>

Where the special tokens were stripped, bare words are left: `analysis…assistantfinal…`.
"""

import re
from typing import Final, NamedTuple

from adapters.repair.damage import objects_in
from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source, Words
from adapters.repair.units import value
from adapters.repair.written import Block, Written

__all__ = ["BARE", "BEGINNINGS", "ENDS", "HEADER", "Header", "body", "header", "naked"]

BEGINNINGS: Final = ("<|start|>", "<|channel|>")
ENDS: Final = ("<|end|>", "<|return|>", "<|call|>")
BARE: Final = ("assistantanalysis", "assistantcommentary", "assistantfinal")
HEADER: Final = 256
"""Characters that a header may have."""

_HEADER_END: Final = Words("<|message|>", "{", "\n", *ENDS)
_ENDS: Final = Words(*ENDS)
_IMPLIED: Final = {"<|start|>": "final", "assistantcommentary": "commentary"}
_CHANNEL: Final = re.compile(r"\b(analysis|commentary|final)\b")
_RECIPIENT: Final = re.compile(r"\bto=([\w.:/-]+)")


class Header(NamedTuple):
    """What a message is: its channel, and whom it calls (`""`: nobody)."""

    channel: str
    recipient: str


def header(source: Source, beginning: str) -> Reading[Header | None]:
    """Behind a beginning, up to where the message itself begins; `None` if this is no header."""
    text, end = yield from source.until(_HEADER_END)
    recipient = _RECIPIENT.search(text)
    if end == "{" and recipient:
        source.at -= 1
    elif end != "<|message|>":
        return None
    if beginning == "<|start|>" and not text.startswith("assistant"):
        return None
    found = _CHANNEL.search(text)
    channel = found[1] if found else _IMPLIED.get(beginning)
    return Header(channel, recipient[1] if recipient else "") if channel else None


def body(source: Source, offered: Offered, recipient: str) -> Reading[Block | None]:
    """The message of a call: a JSON object or nothing."""
    name = offered.named(recipient)
    if name is None:
        return None
    yield from source.blank()
    if (yield from source.here(_ENDS)):
        return Block("harmony", (Written(name, {}),))
    if (yield from source.peek()) != "{":
        return None
    found = yield from value(source)
    arguments = objects_in(found.values[0]) if found else None
    if found is None or arguments is None:
        return None
    yield from source.here(_ENDS)
    damaged = found.damaged or arguments.damaged
    return Block("harmony", (Written(name, arguments.value),), damaged)


def naked(source: Source, offered: Offered) -> Reading[Block | None]:
    """A message that calls nobody, yet is the arguments of exactly one tool."""
    yield from source.blank()
    if (yield from source.peek()) != "{":
        return None
    found = yield from value(source)
    if found is None or not isinstance(found.values[0], dict):
        return None
    name = offered.taking(set(found.values[0]))
    if name is None:
        return None
    yield from source.here(_ENDS)
    return Block("harmony", (Written(name, found.values[0]),), found.damaged)
