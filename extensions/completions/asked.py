"""What the routes of stored chat completions take."""

from typing import Annotated

from msgspec import Meta, Struct

from extensions.completions.store import Order, Query
from gateway.dialects.openai.wire import Metadata

__all__ = ["CompletionsAsked", "MessagesAsked", "NewMetadata"]


class MessagesAsked(Struct, frozen=True, kw_only=True):
    """The query of a list of messages."""

    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    order: Order = "asc"


class CompletionsAsked(MessagesAsked, frozen=True, kw_only=True):
    """The query of a list of completions."""

    model: str | None = None
    metadata: Metadata = {}

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
