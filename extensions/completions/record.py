"""A chat completion as it is kept, and the file that it is kept in."""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from extensions.documents import Document, fields_of, legible, parsed
from extensions.shards import Unreadable

__all__ = ["Completion", "read", "write"]


class Completion(Struct, frozen=True, kw_only=True):
    """A stored chat completion. Messages and the object are JSON, and nobody looks into them.

    `kept_at`, in seconds since 1970, tells those of one second apart; 0 where that is not known.
    `messages` are those of the request, `completion` is the object as the client got it, `extra`
    what another program has added to the file. The metadata stand here alone.
    """

    id: str
    created: int
    kept_at: float = 0.0
    model: str
    metadata: Mapping[str, str] = {}
    messages: tuple[Raw, ...] = ()
    completion: Raw
    extra: Mapping[str, Raw] = {}

    def shown(self) -> bytes:
        """The object with its metadata as they are now."""
        fields = msgspec.json.decode(self.completion, type=dict[str, Raw])
        fields["metadata"] = Raw(msgspec.json.encode(self.metadata))
        return msgspec.json.encode(fields)


class File(Document, kw_only=True):
    """The keys of a file, in their order."""

    created: int
    kept_at: float = 0.0
    model: str
    metadata: Mapping[str, str] = {}
    messages: tuple[Raw, ...] = ()
    completion: Raw


def write(completion: Completion) -> bytes:
    return legible({"version": File.VERSION, **fields_of(completion, File), **completion.extra})


def read(id: str, data: bytes) -> Completion:
    """The completion of this id in the content of its file; `Unreadable` if there is none in it."""
    found, others = parsed(id, data, File)
    completion = Completion(
        id=id,
        created=found.created,
        kept_at=found.kept_at,
        model=found.model,
        metadata=found.metadata,
        messages=found.messages,
        completion=found.completion,
        extra=others,
    )
    try:
        completion.shown()
    except msgspec.DecodeError as error:
        raise Unreadable(f"the completion: {error}") from None
    return completion
