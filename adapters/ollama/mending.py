"""Which answers need mending: by what is known of the model, and what was offered to it."""

import re

from adapters.repair.mending import Mender
from gateway.core.models import ModelDetails
from gateway.core.requests import AnyText, ChatRequest

__all__ = ["mender"]

TAIL = 160
"""Characters at the end of a template that can hold what opens the answer."""
OPEN_END = re.compile(
    r"""<think>(?:\\n|\s){0,9}(?:['"]\s{0,9}-?\}\}\s{0,9}(?:\{%-?\s{0,9}endif\s{0,9}-?%\}\s{0,9}){0,3})?\Z"""
)


def mender(request: ChatRequest, known: ModelDetails, *, repair: bool) -> Mender | None:
    """What mends the answer; `None` where Ollama sees to thinking and no tools are offered.

    Without `repair` only thinking is split off.
    """
    tools = request.tools if repair and request.tool_choice != "none" else ()
    can = known.capabilities
    if can is not None and "thinking" in can:
        return Mender(tools, request.notes, prefers=family(known)) if tools else None
    free = isinstance(request.response_format, AnyText)
    opened = free and opens_thinking(known.template)
    return Mender(tools, request.notes, opened=opened, prefers=family(known))


def opens_thinking(template: str) -> bool:
    """Whether a prompt surely ends with an open `<think>`, so that the text begins inside it.

    Read off the end of the template: behind the tag only line ends, the end of the string that it
    stands in, and the end of Jinja's `if add_generation_prompt` may follow. A wrong guess would
    make reasoning of a whole answer.
    """
    return OPEN_END.search(template[-TAIL:]) is not None


def family(known: ModelDetails) -> str:
    return "harmony" if "<|channel|>" in known.template else ""
