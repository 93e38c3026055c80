"""What the routes of stored chat completions take."""

from msgspec import Struct, field

from extensions.completions.store import Order, Query
from gateway.dialects.openai.wire import Metadata
from gateway.http.openai.lists import PageAsked

__all__ = ["CompletionsAsked", "MessagesAsked", "NewMetadata"]


class MessagesAsked(PageAsked, frozen=True, kw_only=True):
    """The query of a list of messages."""

    order: Order = "asc"


class CompletionsAsked(MessagesAsked, frozen=True, kw_only=True):
    """The query of a list of completions."""

    model: str | None = None
    metadata: Metadata = field(default_factory=dict)

    @property
    def query(self) -> Query:
        return Query(
            after=self.after,
            limit=self.limit,
            order=self.order,
            model=self.model,
            metadata=self.metadata,
        )


class NewMetadata(Struct, frozen=True):
    """At most 16 pairs, in place of those there are; `null`: none."""

    metadata: Metadata | None
