"""The responses that one follows, as they are found one by one."""

from extensions.responses.cache import Entry
from extensions.responses.record import Record
from gateway.core.errors import ContextOverflow, InvalidRequest

__all__ = ["Chain"]

PARAM = "previous_response_id"


class Chain:
    """The way from a response back to where its history begins.

    That is a response that follows none, or one that was made in a conversation: it stands for the
    conversation as it was. `next` is the id of the record to be taken next, `None` at the end.
    """

    def __init__(self, id: str, *, longest: int, largest: int) -> None:
        self.id = id
        self.next: str | None = id
        self._longest = longest
        self._left = largest
        self._entries: dict[str, Entry] = {}

    def take(self, entry: Entry) -> None:
        """The entry of the id `next`; `ContextOverflow` if that is more than any model reads."""
        self._left -= entry.size
        self._entries[entry.record.id] = entry
        if self._left < 0 or len(self._entries) > self._longest:
            raise ContextOverflow(
                f"The responses before '{self.id}' are too many, or too large.", param=PARAM
            )
        self.next = entry.follows
        if self.next in self._entries:
            raise InvalidRequest(
                f"The responses before '{self.id}' follow each other in a circle.",
                param=PARAM,
                reason="previous_response_not_found",
            )

    def __contains__(self, id: str) -> bool:
        return id in self._entries

    def unused_since(self, time: float) -> list[Entry]:
        return [entry for entry in self._entries.values() if entry.used < time]

    def oldest_first(self) -> tuple[Record, ...]:
        return tuple([entry.record for entry in reversed(self._entries.values())])
