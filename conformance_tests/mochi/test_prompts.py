"""The prompt files: what they may be called and hold, and that no name leaves their folder."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from conformance_tests.mochi.sessions import Sessions, refusal, snapshot
from conformance_tests.wire import Answer


@pytest.fixture
def folder(sessions: Sessions) -> Iterator[Path]:
    """The folder of prompts, empty before and after."""
    path = sessions.data / "system_prompts"
    path.mkdir(exist_ok=True)
    yield path
    for one in path.iterdir():
        if one.is_dir() and not one.is_symlink():
            one.rmdir()
        else:
            one.unlink()


def create(sessions: Sessions, name: Any, content: Any = "Be kind.") -> Answer:
    body = {"filename": name, "content": content}
    return sessions.http.request("POST", "/system-prompts", body)


def at(name: str) -> str:
    return f"/system-prompts/{quote(name, safe='')}"


def listed(sessions: Sessions) -> list[dict[str, Any]]:
    answer = sessions.http.get("/system-prompts")
    assert answer.status == 200
    assert list(answer.json) == ["prompts"]
    prompts: list[dict[str, Any]] = answer.json["prompts"]
    assert all(list(one) == ["filename", "preview", "word_count"] for one in prompts)
    return prompts


def test_a_life(sessions: Sessions, folder: Path) -> None:
    """201, 200, 200, 204; then 404, and the file on disk says the same all along."""
    prompt = {"filename": "a.md", "content": "Sei freundlich – bitte. 🌱\n"}
    answer = create(sessions, prompt["filename"], prompt["content"])
    assert (answer.status, answer.json) == (201, prompt)
    assert (folder / "a.md").read_text("utf-8") == prompt["content"]
    answer = sessions.http.get("/system-prompts/a.md")
    assert (answer.status, answer.json) == (200, prompt)
    answer = sessions.http.request("PUT", "/system-prompts/a.md", {"content": "Be brief."})
    assert (answer.status, answer.json) == (200, {"filename": "a.md", "content": "Be brief."})
    assert (folder / "a.md").read_text("utf-8") == "Be brief."
    answer = sessions.http.request("DELETE", "/system-prompts/a.md")
    assert (answer.status, answer.body) == (204, b"")
    assert list(folder.iterdir()) == []
    for method, body in (("GET", None), ("PUT", {"content": "x"}), ("DELETE", None)):
        answer = sessions.http.request(method, "/system-prompts/a.md", body)
        assert refusal(answer) == (404, "PROMPT_NOT_FOUND")
    assert list(folder.iterdir()) == []


def test_none_is_overwritten(sessions: Sessions, folder: Path) -> None:
    """CVE-2026-44562: create overwrote what was there. 409, also where case alone differs."""
    assert create(sessions, "Kind.md").status == 201
    for name in ("Kind.md", "kind.md"):
        assert refusal(create(sessions, name, "Other.")) == (409, "PROMPT_EXISTS")
    assert (folder / "Kind.md").read_text() == "Be kind."


def test_the_list(sessions: Sessions, folder: Path) -> None:
    """By name; previews of at most 250 characters; words between blanks."""
    for name, text in {
        "b.md": "x" * 250,
        "a.md": "one  two\nthree",
        "c.md": "é" * 251,
        "d.md": "x" * 240 + " " * 10 + "y",
    }.items():
        assert create(sessions, name, text).status == 201
    assert listed(sessions) == [
        {"filename": "a.md", "preview": "one  two\nthree", "word_count": 3},
        {"filename": "b.md", "preview": "x" * 250, "word_count": 1},
        {"filename": "c.md", "preview": "é" * 247 + "...", "word_count": 1},
        {"filename": "d.md", "preview": "x" * 240 + "...", "word_count": 2},
    ]


def test_files_of_others(sessions: Sessions, folder: Path) -> None:
    """Long ones are shown; what is no text, no prompt or no file is left out and left alone."""
    folder.joinpath("long.md").write_text("word " * 4_000)
    folder.joinpath("latin.md").write_bytes(b"caf\xe9")
    folder.joinpath("notes.txt").write_text("no")
    folder.joinpath(".hidden.md").write_text("no")
    folder.joinpath("folder.md").mkdir()
    os.mkfifo(folder / "pipe.md")
    (one,) = listed(sessions)
    assert (one["filename"], one["word_count"]) == ("long.md", 4_000)
    assert len(sessions.http.get("/system-prompts/long.md").json["content"]) == 20_000
    for name in ("latin.md", "notes.txt", ".hidden.md", "folder.md", "pipe.md"):
        assert refusal(sessions.http.get(at(name))) == (404, "PROMPT_NOT_FOUND"), name
        answer = sessions.http.request("DELETE", at(name))
        if name != "latin.md":  # which is a prompt file, if no readable one
            assert refusal(answer) == (404, "PROMPT_NOT_FOUND"), name
            assert folder.joinpath(name).exists()


def test_links_are_not_followed(sessions: Sessions, folder: Path) -> None:
    """A link out of the folder would read, write or delete what is none of a client's business."""
    secret = sessions.data / "secret.txt"
    secret.write_text("the secret")
    folder.joinpath("link.md").symlink_to(secret)
    assert listed(sessions) == []
    for method, body in (("GET", None), ("PUT", {"content": "x"}), ("DELETE", None)):
        answer = sessions.http.request(method, "/system-prompts/link.md", body)
        assert refusal(answer) == (404, "PROMPT_NOT_FOUND")
    assert create(sessions, "link.md", "x").status == 409
    body = {"model": "demo", "system_prompt_source_file": "link.md"}
    answer = sessions.http.request("POST", "/sessions", body)
    assert refusal(answer) == (404, "PROMPT_NOT_FOUND")
    assert secret.read_text() == "the secret"
    assert folder.joinpath("link.md").is_symlink()


@pytest.mark.parametrize("name", ["a b.md", "Höflich.md", "提示.md", "x" * 117 + ".md", "-.md"])
def test_good_names(sessions: Sessions, folder: Path, name: str) -> None:
    """Blanks and letters of any language; at most 120 characters."""
    assert create(sessions, name).status == 201
    assert sessions.http.get(at(name)).json["filename"] == name
    assert sessions.http.request("PUT", at(name), {"content": "Other."}).status == 200
    assert [path.name for path in folder.iterdir()] == [name]
    assert sessions.http.request("DELETE", at(name)).status == 204


HOSTILE = {
    "up": "../evil.md",
    "up and up": "../../../../../../tmp/evil.md",
    "down": "sub/evil.md",
    "absolute": "/tmp/evil.md",
    "backslash": "..\\evil.md",
    "drive": "C:evil.md",
    "stream": "evil.md:stream",
    "device": "CON.md",
    "device, small": "nul.md",
    "device with more": "COM1.x.md",
    "null byte": "evil.md\x00",
    "null byte inside": "evil\x00.md",
    "line": "evil\n.md",
    "line at the end": "evil.md\n",
    "hidden": ".evil.md",
    "only its end": ".md",
    "dots": "..",
    "dot": ".",
    "empty": "",
    "other end": "evil.txt",
    "no end": "evil",
    "case": "evil.MD",
    "blank at the end": "evil.md ",
    "dot at the end": "evil.md.",
    "long": "x" * 118 + ".md",
    "very long": "x" * 5_000 + ".md",
    "wildcard": "ev*l.md",
    "decomposed": "e\u0301vil.md",
    "encoded": "..%2fevil.md",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_names(sessions: Sessions, folder: Path, case: str) -> None:
    """422 where a file would be made, 404 in paths; no file anywhere is touched."""
    name = HOSTILE[case]
    sessions.data.joinpath("evil.md").write_text("outside")
    before = snapshot(sessions.data)
    if case != "encoded":  # as a name in JSON it has nothing special
        assert refusal(create(sessions, name)) == (422, "VALIDATION_ERROR")
    if name:
        for method, body in (("GET", None), ("PUT", {"content": "x"}), ("DELETE", None)):
            status, code = refusal(sessions.http.request(method, at(name), body))
            known = code in ("PROMPT_NOT_FOUND", "NOT_FOUND")
            assert (status, known) == (404, True) or (name in (".", "..") and status == 405)
    body = {"model": "demo", "system_prompt_source_file": name}
    answer = sessions.http.request("POST", "/sessions", body)
    assert refusal(answer) == (404, "PROMPT_NOT_FOUND")
    assert snapshot(sessions.data) == before
    sessions.data.joinpath("evil.md").unlink()


BODIES: dict[str, Any] = {
    "nothing": {},
    "no content": {"filename": "x.md"},
    "null": {"filename": "x.md", "content": None},
    "empty": {"filename": "x.md", "content": ""},
    "blank": {"filename": "x.md", "content": " \n\t"},
    "long": {"filename": "x.md", "content": "x" * 10_000},
    "number": {"filename": "x.md", "content": 7},
    "name number": {"filename": 7, "content": "x"},
    "no name": {"content": "x"},
    "surrogate": b'{"filename": "x.md", "content": "\\ud800"}',
    "name surrogate": b'{"filename": "\\ud800.md", "content": "x"}',
    "list": [],
    "no JSON": b"{",
}


@pytest.mark.parametrize("case", BODIES)
def test_bad_bodies(sessions: Sessions, folder: Path, case: str) -> None:
    """422, and nothing is written; the same bounds for a replacement."""
    body = BODIES[case]
    answer = sessions.http.request("POST", "/system-prompts", body)
    assert refusal(answer) == (422, "VALIDATION_ERROR")
    assert list(folder.iterdir()) == []
    if "name" not in case:
        folder.joinpath("x.md").write_text("old")
        answer = sessions.http.request("PUT", "/system-prompts/x.md", body)
        assert refusal(answer) == (422, "VALIDATION_ERROR")
        assert folder.joinpath("x.md").read_text() == "old"


def test_the_largest(sessions: Sessions, folder: Path) -> None:
    """Fewer than 10 000 characters, whatever they are in bytes."""
    assert create(sessions, "large.md", "ö" * 9_999).status == 201


def test_text_is_only_text(sessions: Sessions, folder: Path) -> None:
    """CVE-2026-42203: prompts that were templates. Braces and percent signs mean nothing here."""
    text = "{{ 7*7 }} {0.__class__} %s ${HOME} <script>\r\n"
    assert create(sessions, "plain.md", text).json["content"] == text
    assert sessions.http.get("/system-prompts/plain.md").json["content"] == text
    assert folder.joinpath("plain.md").read_bytes() == text.encode()
