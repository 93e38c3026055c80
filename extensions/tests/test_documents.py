"""Files of one object, by their bytes."""

import pytest
from msgspec import Raw

from extensions.documents import Document, fields_of, legible, parsed
from extensions.shards import Unreadable


class Note(Document, kw_only=True):
    text: str
    items: tuple[Raw, ...] = ()


FILE = b"""{
"version": 1,
"id": "a",
"text": "One.",
"items": [
{"a":  1},
[2]
],
"theirs": {"kept":   "as it is"}
}
"""


def test_a_key_is_on_a_line_and_an_item_and_raw_values_stay_as_they_came() -> None:
    note, others = parsed("a", FILE, Note)
    assert legible({"version": 1, **fields_of(note, Note), **others}) == FILE
    assert [bytes(item) for item in note.items] == [b'{"a":  1}', b"[2]"]
    assert list(others) == ["theirs"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "truncated"),
        (FILE[:-20], "truncated"),
        (b"\0" * 100, "malformed"),
        (b"[]", "Expected `object`"),
        (FILE.replace(b'"One."', b"1"), r"\$.text"),
        (FILE.replace(b'{"a":  1}', b'{"a":  \xff}'), "utf-8"),
        (FILE.replace(b"as it is", b"\xc3\x28"), "utf-8"),
        (FILE.replace(b"[2]", b"[" * 10_000 + b"]" * 10_000), "recursion"),
        (FILE.replace(b'"version": 1', b'"version": 2'), "version 2"),
        (FILE.replace(b'"id": "a"', b'"id": "b"'), "another id"),
        (FILE.replace(b'"version": 1,\n', b""), "version"),
    ],
)
def test_what_is_no_such_file_is_unreadable(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parsed("a", data, Note)
