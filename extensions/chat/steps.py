"""What happens while a model answers, before anybody has given it a public name."""

from collections.abc import Sequence

from msgspec import Struct

from extensions.events import Event
from extensions.sessions.session import AssistantMessage
from extensions.tools.outcome import ToolOutcome
from gateway.core.messages import ToolCall

__all__ = [
    "Again",
    "Asking",
    "Called",
    "Calling",
    "Ended",
    "Said",
    "Step",
    "Steps",
    "Thought",
    "Told",
]


class Said(Struct, frozen=True):
    """More text of a reply."""

    text: str


class Thought(Struct, frozen=True):
    """More of the model's reasoning."""

    text: str


class Calling(Struct, frozen=True):
    """A call is run now. `index` counts within one reply; `confirmed` is a call that was asked
    about, and so has been told of."""

    index: int
    call: ToolCall
    confirmed: bool = False


class Told(Struct, frozen=True):
    """A tool tells of its work, in words that are public already."""

    event: Event


class Asking(Struct, frozen=True):
    """A call waits for the answer to a question."""

    index: int
    call: ToolCall
    question: str


class Called(Struct, frozen=True):
    """A call was run, failed or was denied, and the result is kept; `told` if its tool has told
    so by itself."""

    index: int
    call: ToolCall
    outcome: ToolOutcome
    told: bool = False


class Again(Struct, frozen=True):
    """The model is asked again, with so many results; with none, because it may not end yet."""

    results: int


class Ended(Struct, frozen=True):
    """The final reply, as it is kept."""

    message: AssistantMessage


Step = Said | Thought | Calling | Asking | Told | Called | Again | Ended

Steps = Sequence[Step]
"""All that one read from upstream brought, or one thing that happened here; never empty."""
