"""Ollama's words, unwrapped and fit to be shown."""

from typing import Any

import pytest

from adapters.ollama.complaints import Complaint, complaint

OVERFLOW = "request (9000 tokens) exceeds the available context size (4096 tokens), try"
COUNTS = {"n_prompt_tokens": 9000, "n_ctx": 4096}
KIND = "exceed_context_size_error"


@pytest.mark.parametrize(
    ("error", "read"),
    [
        (None, Complaint()),
        ("", Complaint()),
        ({}, Complaint()),
        ({"message": 5}, Complaint()),
        ("plain", Complaint("plain")),
        ({"message": "m", "type": "t"}, Complaint("m", "t")),
        ({"message": "m", "type": 5}, Complaint("m")),
        ({"error": {"message": "m", "type": "t"}}, Complaint("m", "t")),
        ('{"error":"m"}', Complaint("m")),
        ('{"error": {"code": 500, "message": "m", "type": "t"}}', Complaint("m", "t")),
        ('{"not": "an error"}', Complaint()),
        ('{"broken": ', Complaint('{"broken": ')),
        ("llama-server chat error: map[code:500 message:m: [x] type:t]", Complaint("m: [x]", "t")),
        ("map[message:m type:t]", Complaint("m", "t")),
        (OVERFLOW, Complaint(OVERFLOW, "", COUNTS)),
        ({"message": OVERFLOW, "type": KIND}, Complaint(OVERFLOW, KIND, COUNTS)),
        ({"message": "m", "type": KIND, **COUNTS}, Complaint("m", KIND, COUNTS)),
        (
            f"map[code:400 message:m n_ctx:4096 n_prompt_tokens:9000 type:{KIND}]",
            Complaint("m", KIND, COUNTS),
        ),
    ],
)
def test_the_innermost_text(error: Any, read: Complaint) -> None:
    assert complaint(error) == read


def test_nesting_without_end_is_only_a_text() -> None:
    bomb = '{"error":' * 100_000
    assert complaint(bomb) == Complaint(bomb)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31m\r\n\u2028b\u202ec", "a [31m b c"),
        ("ä" * 9_000, "ä" * 500),
        ("registry.ollama.ai/library/m:latest, and/or #/definitions/x", None),
        ('Get "http://me:secret@example.org/a/b": EOF', 'Get "http://example.org/a/b": EOF'),
        ("upgrade: https://ollama.com/upgrade/now", None),
    ],
)
def test_texts_are_short_and_printable(text: str, shown: str | None) -> None:
    assert Complaint(text).shown == (text if shown is None else shown)


@pytest.mark.parametrize(
    "text",
    [
        "open /usr/share/ollama/.ollama/models/blobs/sha256-1: no such file or directory",
        "binary not found (checked:/usr/lib/ollama/llama-server)",
        r"open C:\Users\someone\.ollama: access denied",
        r"open \\server\share: access denied",
        "<!DOCTYPE html><title>Bad Gateway</title>",
        "<HTML>",
    ],
)
def test_paths_and_pages_are_not_shown(text: str) -> None:
    assert "not shown" in Complaint(text).shown
    assert text[:20] not in Complaint(text).shown
