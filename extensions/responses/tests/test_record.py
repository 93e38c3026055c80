"""Records and their files."""

import msgspec
import pytest
from msgspec import Raw

from extensions.responses.record import Background, ConversationPoint, Record, failed, read, write
from extensions.responses.tests.samples import identity, item, record, running
from extensions.shards import Unreadable

FULL = Record(
    id=identity(1),
    created_at=1_790_000_000,
    previous_response_id=identity(2),
    conversation=ConversationPoint("conv_1", 4),
    background=Background("failed", "It failed."),
    input=(item("One."), Raw(b'{"b": 1,   "a": "\\u00e9"}')),
    output=(item("Two."),),
    response=Raw(b'{"id":"x","new":[1, 2]}'),
    extra={"theirs": Raw(b"[ 1 ]")},
)


@pytest.mark.parametrize("kept", [FULL, record(), running()])
def test_what_is_written_is_read(kept: Record) -> None:
    assert read(kept.id, write(kept)) == kept
    assert write(read(kept.id, write(kept))) == write(kept)


def test_a_file_has_these_keys() -> None:
    assert list(msgspec.json.decode(write(record()))) == [
        "version",
        "id",
        "created_at",
        "previous_response_id",
        "conversation",
        "background",
        "input",
        "output",
        "response",
    ]


def test_what_is_missing_in_a_file_is_empty() -> None:
    data = b'{"version":1,"id":"a","created_at":5,"response":{}}'
    assert read("a", data) == Record(id="a", created_at=5, response=Raw(b"{}"))


@pytest.mark.parametrize(
    ("key", "value"),
    [("background", {"state": "asleep"}), ("created_at", "now"), ("input", {}), ("version", 2)],
)
def test_what_is_no_record_is_unreadable(key: str, value: object) -> None:
    fields = msgspec.json.decode(write(record())) | {key: value}
    with pytest.raises(Unreadable):
        read(record().id, msgspec.json.encode(fields))


def test_a_response_stands_for_its_conversation_and_follows_nothing_then() -> None:
    assert record(2, after=1).follows == identity(1)
    assert FULL.follows is None


def test_a_failed_response_says_so_in_its_object() -> None:
    ended = failed(running(), "The power went.")
    assert ended.background == Background("failed", "The power went.")
    assert msgspec.json.decode(ended.response) == {
        "id": identity(1),
        "status": "failed",
        "output": [],
        "text": "One.",
        "error": {"code": "server_error", "message": "The power went."},
    }
    assert (ended.input, ended.ended, running().ended) == (running().input, True, False)
