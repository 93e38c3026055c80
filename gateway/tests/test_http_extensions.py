"""What every extension gets: strict bodies, its services, and errors in the document."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from gateway.app import answer_error
from gateway.http.extensions import error_responses, extension_router
from gateway.http.operations import documented
from gateway.testing import live_server


class Thing(Struct):
    name: str
    size: int | None = None


class Shelf:
    def __init__(self) -> None:
        self.things = [Thing("lamp")]


@post(responses=error_responses({409: "There is such a thing."}))
async def make(data: JSONBody[Thing], shelf: NamedDependency[Shelf]) -> Thing:
    shelf.things.append(data)
    return data


@get()
async def look(shelf: NamedDependency[Shelf]) -> list[Thing]:
    return shelf.things


def app() -> Litestar:
    return Litestar(
        [extension_router("/things", [make, look], tag="Things", shelf=Shelf())],
        exception_handlers={Exception: answer_error},
        logging_config=None,
        request_max_body_size=1000_000,
    )


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        live_server(app()) as url,
        httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=False) as http,
    ):
        yield http


async def test_a_body_and_a_service_reach_the_handler(http: httpx.AsyncClient) -> None:
    made = await http.post("/things", json={"name": "chair", "size": None, "legs": 4})
    assert (made.status_code, made.json()) == (201, {"name": "chair", "size": None})
    assert (await http.get("/things")).json() == [{"name": "lamp", "size": None}, made.json()]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"{", ""),
        (b"[]", ""),
        (b'{"name": "\xff"}', ""),
        (b'{"name": "a", "other": "\xff"}', ""),
        (b'{"name": "\\ud800"}', ""),
        (b'{"name": "a", "other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
        (b"{}", "name"),
        (b'{"name": 5}', "name"),
        (b'{"name": "a", "size": "5"}', "size"),
        (b'{"name": "a", "size": true}', "size"),
        (b'{"name": "a", "size": 5.5}', "size"),
    ],
)
async def test_bodies_are_read_strictly(body: bytes, field: str, http: httpx.AsyncClient) -> None:
    answer = await http.post("/things", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert error["details"] == {"errors": [{"field": field, "message": error["message"]}]}


async def test_a_body_that_grows_too_large(http: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    answer = await http.post("/things", content=chunks())
    assert answer.status_code == 413
    assert answer.json()["error"]["details"] == {"limit": 1000_000}


async def test_who_leaves_within_a_body_is_no_failure_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with live_server(app()) as url:
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        head = b"POST /api/v1/things HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n"
        writer.write(head + b'{"name": ')
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await asyncio.sleep(0.1)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_the_document_has_the_body_and_the_errors() -> None:
    document: dict[str, Any] = documented(app().openapi_schema.to_schema(), [])
    operation = document["paths"]["/api/v1/things"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Thing"}
    assert list(operation["responses"]) == ["201", "409", "422"]
    for status in ("409", "422"):
        schema = operation["responses"][status]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/MochiErrorBody"}
    assert document["components"]["schemas"]["Thing"]["properties"].keys() == {"name", "size"}
