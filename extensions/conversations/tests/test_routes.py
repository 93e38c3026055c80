"""The conversation routes, over sessions in memory."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from extensions.context.window import first_window
from extensions.conversations.routes import conversation_routes
from extensions.conversations.service import Conversations
from extensions.sessions.memory_store import MemorySessionStore
from extensions.sessions.service import Sessions
from gateway.app import create_app
from gateway.dialects.openai.responses import opaque
from gateway.http.guards import GuardRules
from gateway.http.openai.hot import Rules
from gateway.testing import ScriptedBackend, live_server

PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@asynccontextmanager
async def serving(sessions: Sessions | None = None) -> AsyncGenerator[httpx.AsyncClient, None]:
    kept = sessions or Sessions(MemorySessionStore())
    conversations = Conversations(kept, window=first_window(None))
    mounted = [conversation_routes(conversations, Rules())]
    app = create_app(ScriptedBackend(), mounted=mounted, guards=GuardRules())
    async with (
        live_server(app) as url,
        httpx.AsyncClient(base_url=f"{url}/v1/conversations", trust_env=False) as http,
    ):
        yield http


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def error_of(answer: httpx.Response) -> tuple[int, Any, Any]:
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    return answer.status_code, error["param"], error["code"]


async def test_a_conversation_from_its_beginning_to_its_end() -> None:
    async with serving() as http:
        made = (await http.post("", json={"metadata": {"a": "b"}, "items": [user("Hi")]})).json()
        id = made["id"]
        assert id.startswith("conv_")
        assert made == {
            "id": id,
            "object": "conversation",
            "created_at": made["created_at"],
            "metadata": {"a": "b"},
        }
        assert (await http.get(f"/{id}")).json() == made
        changed = (await http.post(f"/{id}", json={"metadata": {"c": "d"}})).json()
        assert changed == {**made, "metadata": {"c": "d"}}
        assert (await http.post(f"/{id}", json={"metadata": None})).json()["metadata"] == {}
        gone = {"id": id, "object": "conversation.deleted", "deleted": True}
        assert (await http.delete(f"/{id}")).json() == gone
        for answer in (await http.get(f"/{id}"), await http.delete(f"/{id}")):
            assert error_of(answer) == (404, None, None)


async def test_the_list_comes_in_pages_of_either_order() -> None:
    async with serving() as http:
        made = await http.post("", json={"items": [user(f"n{n}") for n in range(5)]})
        path = f"/{made.json()['id']}/items"

        async def page(**query: Any) -> Any:
            return (await http.get(path, params=query)).json()

        whole = await page(order="asc")
        ids = [item["id"] for item in whole["data"]]
        assert [item["content"][0]["text"] for item in whole["data"]] == [
            "n0",
            "n1",
            "n2",
            "n3",
            "n4",
        ]
        assert whole == {
            "object": "list",
            "data": whole["data"],
            "first_id": ids[0],
            "last_id": ids[-1],
            "has_more": False,
        }
        assert (await page())["data"] == whole["data"][::-1]
        second = await page(limit=2, after=ids[3])
        assert ([item["id"] for item in second["data"]], second["has_more"]) == (
            [ids[2], ids[1]],
            True,
        )
        last = await page(limit=2, after=ids[1])
        assert ([item["id"] for item in last["data"]], last["has_more"]) == ([ids[0]], False)
        assert (await page(after=ids[0]))["data"] == []


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("order=up", "order"),
        ("after=msg_nobody", "after"),
        ("include[]=everything", "include[0]"),
    ],
)
async def test_a_page_that_cannot_be(query: str, param: str) -> None:
    async with serving() as http:
        id = (await http.post("", json={})).json()["id"]
        status, found, _ = error_of(await http.get(f"/{id}/items?{query}"))
        assert (status, found) == (400, param)


CALL = {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "2"}


async def test_items_are_added_found_and_removed() -> None:
    async with serving() as http:
        id = (await http.post("", json={})).json()["id"]
        image = {"type": "input_image", "image_url": PNG, "detail": "auto", "file_id": None}
        parts = [{"type": "input_text", "text": "Look"}, image]
        added = await http.post(
            f"/{id}/items", json={"items": [{"role": "user", "content": parts}, CALL]}
        )
        message, call = added.json()["data"]
        assert message["content"] == parts
        assert (call["call_id"], call["arguments"]) == ("c1", '{"a": 1}')
        later = await http.post(f"/{id}/items", json={"items": [user("Well?"), RESULT]})
        assert [item["type"] for item in later.json()["data"]] == [
            "function_call_output",
            "message",
        ]
        found = await http.get(f"/{id}/items/{call['id']}")
        assert found.json() == call
        gone = await http.delete(f"/{id}/items/{call['id']}")
        assert (gone.json()["id"], gone.json()["object"]) == (id, "conversation")
        left = (await http.get(f"/{id}/items", params={"order": "asc"})).json()["data"]
        assert [item["type"] for item in left] == ["message", "message"]
        for answer in (
            await http.get(f"/{id}/items/{call['id']}"),
            await http.delete(f"/{id}/items/{call['id']}"),
        ):
            assert error_of(answer) == (404, None, None)


async def test_what_has_to_be_asked_for_is_shown_then_alone() -> None:
    thought = {
        "type": "reasoning",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "Hm."}],
        "encrypted_content": opaque.sealed("Hm."),
    }
    async with serving() as http:
        id = (await http.post("", json={"items": [thought]})).json()["id"]
        [item] = (await http.get(f"/{id}/items")).json()["data"]
        assert "encrypted_content" not in item
        query = {"include[]": "reasoning.encrypted_content"}
        [item] = (await http.get(f"/{id}/items", params=query)).json()["data"]
        assert item["encrypted_content"] == thought["encrypted_content"]
        for path in (f"/{id}/items", f"/{id}/items/{item['id']}"):
            answer = await http.get(path, params={"include[]": "web_search_call.results"})
            assert answer.headers["x-mochi-ignored"] == "include[0]"


@pytest.mark.parametrize(
    ("items", "param", "code"),
    [
        ([user("n")] * 21, "items", "array_above_max_length"),
        ([{"type": "nothing"}], "items[0].type", "invalid_value"),
        ([user("n"), {"type": "item_reference", "id": "x"}], "items[1].type", "unsupported_value"),
        ([RESULT], "items", None),
        ([{**CALL, "arguments": "no"}], "items[0].arguments", "invalid_value"),
        (
            [{"role": "user", "content": [{"type": "text", "text": ""}]}],
            "items[0].content[0]",
            None,
        ),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "x:y"}]}],
            "items[0].content[0].image_url",
            "unsupported_value",
        ),
        ([{"type": "compaction", "encrypted_content": "x"}], "items[0].encrypted_content", None),
        ("no list", "items", "invalid_type"),
    ],
)
async def test_items_that_no_model_could_be_sent(items: Any, param: str, code: str | None) -> None:
    async with serving() as http:
        id = (await http.post("", json={})).json()["id"]
        for path in (f"/{id}/items", ""):
            status, at, why = error_of(await http.post(path, json={"items": items}))
            assert status == 400
            assert str(at).startswith(param)
            assert code in (None, why)
        assert (await http.get(f"/{id}/items")).json()["data"] == []


async def test_what_is_left_out_is_named() -> None:
    async with serving() as http:
        searched = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
        made = await http.post("", json={"items": [searched, user("Hi")]})
        assert made.headers["x-mochi-ignored"] == "items[0]"


async def test_nothing_need_be_said_to_begin_one() -> None:
    async with serving() as http:
        for answer in (
            await http.post(""),
            await http.post("", content=b"", headers={"content-type": "application/json"}),
            await http.post("", content=b"", headers={"content-type": "text/plain"}),
            await http.post("", json={}),
        ):
            assert (answer.status_code, answer.json()["metadata"]) == (200, {})
        id = answer.json()["id"]
        for path in (f"/{id}", f"/{id}/items"):
            assert error_of(await http.post(path)) == (400, None, None)


async def test_bodies_that_are_none() -> None:
    async with serving() as http:
        for body in (b"[]", b"null", b'{"metadata": 3}', b"{"):
            answer = await http.post("", content=body, headers={"content-type": "application/json"})
            assert answer.status_code == 400, answer.text
            error_of(answer)


async def test_an_image_may_be_large() -> None:
    async with serving() as http:
        large = msgspec.json.encode({"items": [user("x" * 12_000_000)]})
        made = await http.post("", content=large, headers={"content-type": "application/json"})
        assert made.status_code == 200


async def test_fields_that_no_one_knows_are_named() -> None:
    async with serving() as http:
        made = await http.post("", json={"zz": 1, "metadata": {}})
        assert made.headers["x-mochi-ignored"] == "zz"
        id = made.json()["id"]
        for path, body in ((f"/{id}", {"metadata": {}}), (f"/{id}/items", {"items": []})):
            answer = await http.post(path, json={**body, "yy": {"a": 1}})
            assert (answer.status_code, answer.headers["x-mochi-ignored"]) == (200, "yy")
