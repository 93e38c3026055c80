"""The prompt files over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from extensions.prompts.routes import PromptsExtension
from extensions.prompts.store import PromptFiles
from extensions.tests.serving import refusal, serving
from gateway.testing import ScriptedBackend

PATH = "/system-prompts"
A = {"filename": "a.md", "content": "Be brief."}


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    extension = PromptsExtension(PromptFiles(tmp_path))
    async with serving(ScriptedBackend(), extension) as http:
        yield http


async def test_a_file_lives_and_dies(http: httpx.AsyncClient) -> None:
    assert (await http.get(PATH)).json() == {"prompts": []}
    made = await http.post(PATH, json=A)
    assert (made.status_code, made.json()) == (201, A)
    listed = {"filename": "a.md", "preview": "Be brief.", "word_count": 2}
    assert (await http.get(PATH)).json() == {"prompts": [listed]}
    other = await http.put(f"{PATH}/a.md", json={"content": "Be kind."})
    assert (other.status_code, other.json()) == (200, {**A, "content": "Be kind."})
    assert (await http.get(f"{PATH}/a.md")).json() == other.json()
    gone = await http.delete(f"{PATH}/a.md")
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await http.get(PATH)).json() == {"prompts": []}


async def test_names_with_blanks_and_accents(http: httpx.AsyncClient) -> None:
    await http.post(PATH, json={"filename": "für Köche #1.md", "content": "x"})
    read = await http.get(f"{PATH}/f%C3%BCr%20K%C3%B6che%20%231.md")
    assert read.json() == {"filename": "für Köche #1.md", "content": "x"}


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (A, 409, "PROMPT_EXISTS", None),
        ({**A, "filename": "A.md"}, 409, "PROMPT_EXISTS", None),
        ({**A, "filename": "../b.md"}, 422, "VALIDATION_ERROR", "filename"),
        ({**A, "filename": "CON.md"}, 422, "VALIDATION_ERROR", "filename"),
        ({**A, "filename": 5}, 422, "VALIDATION_ERROR", "filename"),
        ({"filename": "b.md"}, 422, "VALIDATION_ERROR", "content"),
        ({"filename": "b.md", "content": None}, 422, "VALIDATION_ERROR", "content"),
        ({"filename": "b.md", "content": " "}, 422, "VALIDATION_ERROR", "content"),
        ({"filename": "b.md", "content": "x" * 10_000}, 422, "VALIDATION_ERROR", "content"),
        ([], 422, "VALIDATION_ERROR", ""),
    ],
)
async def test_what_cannot_be_made(
    body: Any, status: int, code: str, field: str | None, http: httpx.AsyncClient
) -> None:
    await http.post(PATH, json=A)
    found = refusal(await http.post(PATH, json=body))
    assert found[:2] == (status, code)
    assert [wrong["field"] for wrong in found[2].get("errors", [])] == (
        [] if field is None else [field]
    )
    assert (await http.get(f"{PATH}/a.md")).json() == A


@pytest.mark.parametrize("name", ["b.md", "..%2Fa.md", "..%5Ca.md", "x/y.md", "CON.md", "a%00.md"])
@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PUT", {"content": "x"}), ("DELETE", None)]
)
async def test_what_is_not_there(
    method: str, body: Any, name: str, http: httpx.AsyncClient
) -> None:
    answer = await http.request(method, f"{PATH}/{name}", json=body)
    assert refusal(answer)[:2] == (404, "PROMPT_NOT_FOUND")


@pytest.mark.parametrize("content", ["", " ", "x" * 10_000, 5, None])
async def test_what_nothing_is_replaced_with(content: Any, http: httpx.AsyncClient) -> None:
    await http.post(PATH, json=A)
    answer = await http.put(f"{PATH}/a.md", json={"content": content})
    assert refusal(answer)[:2] == (422, "VALIDATION_ERROR")
    assert (await http.get(f"{PATH}/a.md")).json() == A


async def test_longer_files_that_are_there_are_shown(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "long.md").write_text("word " * 3_000)
    assert (await http.get(f"{PATH}/long.md")).json()["content"] == "word " * 3_000
    (listed,) = (await http.get(PATH)).json()["prompts"]
    assert listed["word_count"] == 3_000


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    extension = PromptsExtension(PromptFiles(tmp_path / "file"))
    async with serving(ScriptedBackend(), extension) as http:
        for answer in (await http.get(PATH), await http.post(PATH, json=A)):
            assert refusal(answer)[:2] == (503, "STORAGE_UNAVAILABLE")
