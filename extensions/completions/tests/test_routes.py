"""Stored chat completions over HTTP: kept by the POST, found by everything beside it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from extensions.completions.routes import completion_routes
from extensions.completions.service import StoreKeeper
from extensions.completions.store import CompletionStore
from gateway.app import create_app
from gateway.core.events import ChatEvent, Finished, TextDelta, Usage
from gateway.http.guards import GuardRules
from gateway.testing import ScriptedBackend, live_server

PATH = "/chat/completions"
SCRIPT: Sequence[Sequence[ChatEvent]] = ([TextDelta("Hi")], [Finished("stop", Usage(3, 2))])
PARTS = [{"type": "text", "text": "Hello"}]
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": PARTS, "theirs": 1},
]


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    store = CompletionStore(tmp_path)
    app = create_app(
        ScriptedBackend(*SCRIPT),
        mounted=[completion_routes(store)],
        keeper=StoreKeeper(store),
        guards=GuardRules(),
    )
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=f"{url}/v1", trust_env=False) as http,
    ):
        yield http


async def stored(http: httpx.AsyncClient, **fields: Any) -> Any:
    body = {"model": "demo", "messages": MESSAGES, "store": True, **fields}
    answer = await http.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(http: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await http.get(f"{PATH}?{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["data"]]


async def test_it_is_found_as_it_was_answered(http: httpx.AsyncClient) -> None:
    made = await stored(http, metadata={"topic": "tea"})
    assert made["metadata"] == {"topic": "tea"}
    found = await http.get(f"{PATH}/{made['id']}")
    assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
    assert found.json() == made
    assert (await http.get(PATH)).json() == {
        "object": "list",
        "data": [made],
        "first_id": made["id"],
        "last_id": made["id"],
        "has_more": False,
    }


async def test_those_of_one_second_are_in_the_order_they_came_in(http: httpx.AsyncClient) -> None:
    made = [(await stored(http))["id"] for _ in range(12)]
    assert await ids(http, "order=asc") == made
    assert await ids(http, "order=desc") == made[::-1]


async def test_its_messages_have_ids_and_their_parts_apart(http: httpx.AsyncClient) -> None:
    id = (await stored(http))["id"]
    first, second = (await http.get(f"{PATH}/{id}/messages")).json()["data"]
    assert first == {
        "id": f"{id}-0",
        "role": "system",
        "content": "Be brief.",
        "content_parts": None,
        "refusal": None,
    }
    assert second == {
        "id": f"{id}-1",
        "role": "user",
        "content": None,
        "content_parts": PARTS,
        "refusal": None,
        "theirs": 1,
    }
    page = (await http.get(f"{PATH}/{id}/messages?limit=1&order=desc")).json()
    assert (page["first_id"], page["has_more"]) == (f"{id}-1", True)


async def test_metadata_are_replaced_and_nothing_else(http: httpx.AsyncClient) -> None:
    made = await stored(http, metadata={"a": "b", "c": "d"})
    changed = await http.post(f"{PATH}/{made['id']}", json={"metadata": {"a": "e"}})
    assert (changed.status_code, changed.json()) == (200, {**made, "metadata": {"a": "e"}})
    none = await http.post(f"{PATH}/{made['id']}", json={"metadata": None})
    assert none.json()["metadata"] == {}


async def test_what_is_deleted_is_gone(http: httpx.AsyncClient) -> None:
    id = (await stored(http))["id"]
    gone = await http.delete(f"{PATH}/{id}")
    assert gone.json() == {"id": id, "object": "chat.completion.deleted", "deleted": True}
    for answer in (
        await http.get(f"{PATH}/{id}"),
        await http.get(f"{PATH}/{id}/messages"),
        await http.post(f"{PATH}/{id}", json={"metadata": {}}),
        await http.delete(f"{PATH}/{id}"),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"]["type"] == "invalid_request_error"
    assert await ids(http) == []


async def test_lists_are_chosen_and_in_pages(http: httpx.AsyncClient) -> None:
    made = sorted([(await stored(http, metadata={"n": str(n), "x": "1"}))["id"] for n in range(3)])
    other = (await stored(http, model="demo:latest"))["id"]
    assert await ids(http, "model=demo%3Alatest") == [other]
    assert sorted(await ids(http, "metadata[x]=1")) == made
    assert len(await ids(http, "metadata%5Bx%5D=1&metadata[n]=2")) == 1
    everything = await ids(http)
    assert await ids(http, "order=desc") == everything[::-1]
    assert await ids(http, f"limit=2&after={everything[0]}") == everything[1:3]


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("limit=0", "limit", "integer_below_min_value"),
        ("limit=101", "limit", "integer_above_max_value"),
        ("limit=many", "limit", "invalid_type"),
        ("order=up", "order", "invalid_value"),
        ("after=x", "after", None),
        ("metadata=x", "metadata", "invalid_type"),
        ("metadata=x&metadata[a]=b", "metadata", "invalid_type"),
    ],
)
async def test_a_query_is_refused_by_name(
    http: httpx.AsyncClient, query: str, param: str, code: str | None
) -> None:
    answer = await http.get(f"{PATH}?{query}")
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, code)


@pytest.mark.parametrize("body", [{}, {"metadata": {"a": 1}}, {"metadata": {"a" * 65: "b"}}, []])
async def test_bad_metadata_are_refused(http: httpx.AsyncClient, body: Any) -> None:
    id = (await stored(http))["id"]
    assert (await http.post(f"{PATH}/{id}", json=body)).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_the_path_has_two_methods(http: httpx.AsyncClient, method: str) -> None:
    answer = await http.request(method, PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, GET")


async def test_the_document_has_both_methods_of_the_path(http: httpx.AsyncClient) -> None:
    document = (await http.get("/../schema/openapi.json")).json()
    path = document["paths"]["/v1/chat/completions"]
    assert set(path) == {"get", "post"}
    assert {p["name"] for p in path["get"]["parameters"]} >= {"after", "limit", "order", "model"}


async def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = CompletionStore(tmp_path / "file")
    app = create_app(ScriptedBackend(*SCRIPT), keeper=StoreKeeper(store), guards=GuardRules())
    body = {"model": "demo", "messages": MESSAGES, "store": True}
    async with live_server(app) as url, httpx.AsyncClient(trust_env=False) as http:
        whole = await http.post(f"{url}/v1{PATH}", json=body)
        assert (whole.status_code, whole.json()["error"]["code"]) == (503, "storage_unavailable")
        streamed = await http.post(f"{url}/v1{PATH}", json={**body, "stream": True})
        assert "storage_unavailable" in streamed.text
        assert "[DONE]" not in streamed.text
