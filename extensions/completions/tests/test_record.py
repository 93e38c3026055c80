"""Completions and their files."""

import msgspec
import pytest
from msgspec import Raw
from msgspec.structs import replace

from extensions.completions.record import Completion, read, write
from extensions.completions.tests.samples import completion
from extensions.shards import Unreadable

FULL = replace(completion(topic="tea"), extra={"theirs": Raw(b"[ 1 ]")})


@pytest.mark.parametrize("kept", [FULL, completion()])
def test_what_is_written_is_read(kept: Completion) -> None:
    assert read(kept.id, write(kept)) == kept
    assert write(read(kept.id, write(kept))) == write(kept)


def test_a_file_has_these_keys() -> None:
    keys = ["version", "id", "created", "kept_at", "model", "metadata", "messages", "completion"]
    assert list(msgspec.json.decode(write(completion()))) == keys


def test_the_object_is_shown_with_the_metadata_of_now() -> None:
    kept = replace(
        completion(),
        completion=Raw(b'{"id":"x","metadata":{"a":"old"},"b":1.50}'),
        metadata={"a": "b"},
    )
    assert kept.shown() == b'{"id":"x","metadata":{"a":"b"},"b":1.50}'


@pytest.mark.parametrize(
    ("key", "value"),
    [("metadata", {"a": 1}), ("created", None), ("messages", "none"), ("completion", [])],
)
def test_what_is_no_completion_is_unreadable(key: str, value: object) -> None:
    fields = msgspec.json.decode(write(completion())) | {key: value}
    with pytest.raises(Unreadable):
        read(completion().id, msgspec.json.encode(fields))
