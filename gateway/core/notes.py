"""What was done to a request and its answer beside passing them on."""

from typing import Literal, Optional

from msgspec import Struct

from gateway.core.errors import Unsupported
from gateway.core.events import Finished
from gateway.core.tallies import OTHER, Tally

__all__ = ["Ending", "ModelAnswer", "NoteCounts", "Notes"]

Ending = Literal["complete", "failed", "left", "stopped"]

ModelAnswer = tuple[str, Finished, float, Optional["ModelAnswer"]]
"""A model, the end of an answer of it, the seconds until there was something of that to pass on (0
where nothing grew), and the answer to the same request before it. No struct and no list: there is
one for every request, and this is the cheapest."""


class NoteCounts:
    """What was noted of all requests together, and of their errors, streams and WebSockets.

    Only documented `fields` are named in `ignored`: others are whatever a caller writes.
    """

    def __init__(self) -> None:
        self.fields: frozenset[str] = frozenset()
        self.ignored = Tally()
        self.repairs = Tally()
        self.retries = 0
        self.errors = Tally()
        """By their codes, also those in which streams ended."""
        self.open_sockets = 0
        self.open_streams = 0
        self.ended_streams = Tally("complete", "failed", "left", "stopped")


NOBODYS = NoteCounts()


class Notes(Struct, kw_only=True, gc=False):
    """One per request, filled in on the way; told to the caller in headers, and to the log.

    `ignored` are fields of the request that had no effect, in the caller's spelling. With `strict`
    there are none: such a field is refused. What is noted is counted in `counts`, too.
    """

    strict: bool = False
    ignored: dict[str, None] = {}
    """A set that keeps the order: a request can have any number of them."""
    repairs: list[str] = []
    """What was mended of the tool calls that a model wrote, a word for each kind."""
    retries: int = 0
    """How often the model was asked again, because its answer was not what was demanded."""
    waiting: int = 0
    """How many of its questions Ollama has not begun to answer."""
    num_ctx: int | None = None
    """The context window that Ollama was asked for, in tokens."""
    counts: NoteCounts = NOBODYS
    model: str = ""
    """The model that was asked for, and then the one that was asked last."""
    last_answer: ModelAnswer | None = None
    """The last that a model has answered to the end."""
    answer: str = ""
    """The id of the answer, where it has one."""
    session: str = ""
    """The id of the session that it belongs to, if it does."""
    ending: Ending | None = None
    """How the stream of the answer ended, if it was one."""
    error: str = ""
    """The code of the error that its stream ended in."""

    def ignore(self, name: str, *, why: str = "has no effect here") -> None:
        """Note a field without effect, or refuse it where the caller wants strictness."""
        if self.strict:
            raise Unsupported(
                f"'{name}' {why}, and MOCHI_STRICT refuses what has none.",
                param=name,
                reason="unsupported_parameter",
            )
        if name not in self.ignored:
            self.ignored[name] = None
            field = name.partition(".")[0].partition("[")[0]
            self.counts.ignored.add(field if field in self.counts.fields else OTHER)

    def repair(self, kind: str) -> None:
        """Note a kind of repair, once."""
        if kind not in self.repairs:
            self.repairs.append(kind)
            self.counts.repairs.add(kind)

    def retry(self) -> None:
        """Note that the model is asked again."""
        self.retries += 1
        self.counts.retries += 1
