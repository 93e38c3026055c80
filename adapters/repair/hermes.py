"""`<tool_call>{"name": …, "arguments": …}</tool_call>`: Hermes, Qwen 2.5 and 3, and their kin.

The same opening tag stands before Qwen3-Coder's `<function=…>` and before GLM's bare name.
"""

import re
from typing import Final

from adapters.repair import glm, tagged
from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source, Words
from adapters.repair.units import values
from adapters.repair.written import Block, calls_in

__all__ = ["read", "read_list"]

_CLOSE: Final = Words(
    "</tool_call>", "</tool_calls>", "</toolcall>", "<|/tool_call|>", "<|end_of_text|>"
)
_STRAYS: Final = re.compile(r"[\s,;`}\]]*")


def read(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind `<tool_call>`."""
    outer = source.at
    yield from source.blank()
    match (yield from source.peek()):
        case "{" | "[" | "`":
            return (yield from read_list(source, offered))
        case "<":
            source.at = outer
            return (yield from tagged.read_wrapped(source, offered))
        case _:
            return (yield from glm.read(source, offered))


def read_list(source: Source, offered: Offered) -> Reading[Block | None]:
    """JSON behind any opening tag, and the closing tag if there is one.

    The name of the tag differs: `<TOOLCALL>` is Nemotron's, `<tool_calls>` MiniMax M1's,
    `<|tool_call|>` Granite's and Phi's.
    """
    found = yield from values(source)
    if found is None:
        return None
    behind = source.at
    # One brace too many is common before the closing tag.
    yield from source.over(_STRAYS)
    if not (yield from source.here(_CLOSE)):
        source.at = behind
    return calls_in("hermes", found.values, damaged=found.damaged)
