"""What was done to a request and its answer beside passing them on."""

from msgspec import Struct

from gateway.core.errors import Unsupported

__all__ = ["Notes"]


class Notes(Struct, kw_only=True, gc=False):
    """One per request, filled in on the way and told to the caller in headers.

    `ignored` are fields of the request that had no effect, in the caller's spelling. With `strict`
    there are none: such a field is refused.
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

    def ignore(self, name: str, *, why: str = "has no effect here") -> None:
        """Note a field without effect, or refuse it where the caller wants strictness."""
        if self.strict:
            raise Unsupported(
                f"'{name}' {why}, and MOCHI_STRICT refuses what has none.",
                param=name,
                reason="unsupported_parameter",
            )
        self.ignored[name] = None

    def repair(self, kind: str) -> None:
        """Note a kind of repair, once."""
        if kind not in self.repairs:
            self.repairs.append(kind)
