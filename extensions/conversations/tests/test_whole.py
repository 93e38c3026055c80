"""One conversation through every door, from the socket to a simulated Ollama and into a file."""

import asyncio
import itertools
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from adapters.simulator import Simulator
from gateway.assembly import build
from gateway.config import Config
from gateway.testing import live_server

Http = httpx.AsyncClient

TOOLS, VISION = "demo-tools", "demo-vision"
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@asynccontextmanager
async def gateway(folder: Path, **settings: Any) -> AsyncGenerator[Http, None]:
    async with Simulator(**settings) as simulator:
        app = build(Config(ollama_host=simulator.url, data_dir=folder, summarization_enabled=False))
        async with (
            live_server(app) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http,
        ):
            yield http


async def posted(http: Http, path: str, body: Any, **headers: str) -> Any:
    answer = await http.post(path, json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def begun(http: Http, **fields: Any) -> str:
    return str((await posted(http, "/v1/conversations", fields))["id"]).removeprefix("conv_")


async def respond(http: Http, said: Any, model: str = "demo", **fields: Any) -> Any:
    return await posted(http, "/v1/responses", {"model": model, "input": said, **fields})


async def chat(http: Http, id: str, said: str, model: str = "demo", **fields: Any) -> Any:
    body = {"model": model, "messages": [{"role": "user", "content": said}], **fields}
    return await posted(http, "/v1/chat/completions", body, **{"x-mochi-session": id})


async def listed(http: Http, id: str) -> list[Any]:
    query: dict[str, str | int] = {"order": "asc", "limit": 100}
    page = (await http.get(f"/v1/conversations/conv_{id}/items", params=query)).json()
    assert not page["has_more"]
    data: list[Any] = page["data"]
    return data


async def messages(http: Http, id: str) -> list[Any]:
    found: list[Any] = (await http.get(f"/api/v1/sessions/{id}/messages")).json()["messages"]
    return found


def texts(found: list[Any]) -> list[str]:
    return [part["text"] for item in found for part in item.get("content") or ()]


async def test_four_turns_through_four_doors_are_the_same_from_each(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        id = await begun(http, metadata={"topic": "doors"})
        early = await http.post(f"/api/v1/chat/{id}", json={"message": "Say too early"})
        assert (early.status_code, early.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
        first = await respond(http, "Say ä one", conversation=f"conv_{id}")
        second = await posted(http, f"/api/v1/chat/{id}", {"message": "Say two"})
        third = await chat(http, id, "Say 三 three")
        fourth = await respond(http, "Say four", previous_response_id=first["id"])
        said = ["Say ä one", "ä one", "Say two", "two", "Say 三 three", "三 three"]
        found = await listed(http, id)
        assert texts(found) == said
        assert found[1] == first["output"][0]
        assert second["message"]["content"] == "two"
        assert third["choices"][0]["message"]["content"] == "三 three"
        assert texts(fourth["output"]) == ["four"]
        inside = await messages(http, id)
        assert [message["content"] for message in inside] == said
        assert inside[1]["eval_count"] == first["usage"]["output_tokens"]
        assert {message["model"] for message in inside[1::2]} == {"demo"}
        for item, message in zip(found[2:4], inside[2:4], strict=True):
            assert item["id"] == f"msg_{message['message_id']}"
        await posted(http, f"/v1/conversations/conv_{id}/items", {"items": [item_of("Say five")]})
        fifth = await chat(http, id, "Say six", stream=False)
        assert fifth["choices"][0]["message"]["content"] == "six"
        assert texts(await listed(http, id)) == [*said, "Say five", "Say six", "six"]


def item_of(said: str, role: str = "user") -> Any:
    return {"role": role, "content": said}


async def test_a_branch_sees_the_conversation_as_it_was(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        id = await begun(http, items=[item_of("My name is Ada."), item_of("Noted.", "assistant")])
        first = await respond(http, "Say one", conversation={"id": f"conv_{id}"})
        await chat(http, id, "Say two")
        found = await listed(http, id)
        gone = await http.delete(f"/v1/conversations/conv_{id}/items/{found[0]['id']}")
        assert gone.json()["id"] == f"conv_{id}"
        tokens = {}
        for name, fields in {
            "branch": {"previous_response_id": first["id"]},
            "conversation": {"conversation": f"conv_{id}"},
        }.items():
            counted = await posted(
                http, "/v1/responses/input_tokens", {"model": "demo", "input": "Say x", **fields}
            )
            tokens[name] = counted["input_tokens"]
        assert tokens["branch"] < tokens["conversation"]


async def test_of_many_continuations_at_once_none_is_lost_and_none_doubled(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        id = await begun(http)
        await respond(http, "Say begin", conversation=f"conv_{id}")

        async def turn(number: int) -> None:
            said = f"Say n{number}"
            match number % 4:
                case 0:
                    await respond(http, said, conversation=f"conv_{id}")
                case 1:
                    await posted(http, f"/api/v1/chat/{id}", {"message": said})
                case 2:
                    await chat(http, id, said)
                case _:
                    pair = [item_of(said), item_of(f"n{number}", "assistant")]
                    await posted(http, f"/v1/conversations/conv_{id}/items", {"items": pair})

        await asyncio.gather(*map(turn, range(100)))
        contents = [message["content"] for message in await messages(http, id)]
    asked, answers = contents[2::2], contents[3::2]
    assert sorted(asked) == sorted(f"Say n{number}" for number in range(100))
    assert [f"Say {answer}" for answer in answers] == asked


async def test_a_client_that_leaves_leaves_what_was_said(tmp_path: Path) -> None:
    async with gateway(tmp_path, token_delay=0.02) as http:
        id = await begun(http)
        bodies: dict[str, dict[str, Any]] = {
            "/v1/chat/completions": {"messages": [item_of("Count to 500")]},
            "/v1/responses": {"input": "Count to 500", "conversation": f"conv_{id}"},
        }
        for path, body in bodies.items():
            headers = {"x-mochi-session": id} if "chat" in path else {}
            async with http.stream(
                "POST", path, json={"model": "demo", "stream": True, **body}, headers=headers
            ) as response:
                async for line in response.aiter_lines():
                    if '"1"' in line or '" 2"' in line or '"2"' in line or ",2" in line:
                        break
        await chat(http, id, "Say after")
        found = await listed(http, id)
    assert [item["status"] for item in found] == [
        "completed",
        "incomplete",
        "completed",
        "incomplete",
        "completed",
        "completed",
    ]
    assert texts(found)[-2:] == ["Say after", "after"]


async def test_an_edit_cuts_the_conversation_for_every_door(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        id = await begun(http)
        await respond(http, "Say one", conversation=f"conv_{id}")
        late = await respond(http, "Say two", conversation=f"conv_{id}")
        await http.put(f"/api/v1/sessions/{id}/messages/2", json={"content": "Say other"})
        assert texts(await listed(http, id)) == ["Say one", "one", "Say other"]
        await respond(http, [], conversation=f"conv_{id}")
        assert texts(await listed(http, id))[-2:] == ["Say other", "other"]
        branch = await respond(http, "Say again", previous_response_id=late["id"])
        assert texts(branch["output"]) == ["again"]


async def test_edits_and_turns_at_once_leave_a_conversation_that_all_doors_agree_on(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path) as http:
        id = await begun(http)
        await respond(http, "Say begin", conversation=f"conv_{id}")

        async def act(number: int) -> None:
            match number % 3:
                case 0:
                    await respond(http, f"Say r{number}", conversation=f"conv_{id}")
                case 1:
                    await chat(http, id, f"Say c{number}")
                case _:
                    edit = {"content": f"Say e{number}"}
                    edited = await http.put(f"/api/v1/sessions/{id}/messages/2", json=edit)
                    assert edited.status_code in (200, 400)

        await asyncio.gather(*map(act, range(24)))
        contents = [message["content"] for message in await messages(http, id)]
        assert texts(await listed(http, id)) == contents
        pairs = itertools.pairwise(contents)
        assert all(f"Say {answer}" == asked for asked, answer in pairs if "Say" not in answer)
        assert (await respond(http, "Say end", conversation=f"conv_{id}"))["status"] == "completed"


async def test_a_tool_goes_round_through_two_doors(tmp_path: Path) -> None:
    add = {"type": "object", "properties": {"a": {"type": "integer"}}}
    function = {"name": "add", "description": "Adds", "parameters": add}
    tool = {"type": "function", "function": function}
    async with gateway(tmp_path) as http:
        id = await begun(http)
        asked = await chat(http, id, "Call add", TOOLS, tools=[tool], tool_choice="required")
        [call] = asked["choices"][0]["message"]["tool_calls"]
        found = await listed(http, id)
        assert found[-1]["call_id"] == call["id"]
        assert found[-1]["arguments"] == call["function"]["arguments"]
        result = {"role": "tool", "tool_call_id": call["id"], "content": "3"}
        body = {"model": TOOLS, "messages": [result, item_of("Say done")]}
        await posted(http, "/v1/chat/completions", body, **{"x-mochi-session": id})
        found = await listed(http, id)
        assert [item["type"] for item in found] == [
            "message",
            "function_call",
            "function_call_output",
            "message",
            "message",
        ]
        again = await respond(
            http,
            "Call add",
            TOOLS,
            conversation=f"conv_{id}",
            tools=[{"type": "function", **function}],
            tool_choice="required",
        )
        [item] = [item for item in again["output"] if item["type"] == "function_call"]
        output = {"type": "function_call_output", "call_id": item["call_id"], "output": "4"}
        await posted(http, f"/v1/conversations/conv_{id}/items", {"items": [output]})
        await posted(http, f"/api/v1/chat/{id}", {"message": "Say fine"})
        roles = [message["role"] for message in await messages(http, id)]
    assert roles == [
        *("user", "assistant", "tool", "user", "assistant"),
        *("user", "assistant", "tool", "user", "assistant"),
    ]


async def test_what_is_refused_and_what_is_unknown(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        id = await begun(http)
        path, chatting = "/v1/conversations", "/v1/chat/completions"
        body = {"model": "demo", "messages": [item_of("Hi")]}
        unknown = await http.post(chatting, json=body, headers={"x-mochi-session": "nobody"})
        assert unknown.status_code == 404
        named = {**body, "metadata": {"session_id": "nobody"}}
        assert (await http.post(chatting, json=named)).status_code == 404
        many = await http.post(chatting, json={**body, "n": 2}, headers={"x-mochi-session": id})
        assert (many.status_code, many.json()["error"]["param"]) == (400, "n")
        assert (await http.get(f"{path}/{id}")).status_code == 404
        assert (await http.get(f"{path}/conv_nobody/items")).status_code == 404
        gone = await respond_refused(http, conversation="conv_nobody")
        assert gone.status_code in (400, 404)
        assert (await http.delete(f"{path}/conv_{id}")).json() == {
            "id": f"conv_{id}",
            "object": "conversation.deleted",
            "deleted": True,
        }
        assert (await http.get(f"/api/v1/sessions/{id}")).status_code == 404


async def respond_refused(http: Http, **fields: Any) -> httpx.Response:
    return await http.post("/v1/responses", json={"model": "demo", "input": "Hi", **fields})


async def test_metadata_names_a_session_too_and_an_image_stays(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        id = await begun(http, items=[item_of("Say a")])
        body = {
            "model": "demo",
            "messages": [item_of("Say b")],
            "metadata": {"session_id": id},
            "stream": True,
        }
        answer = await http.post("/v1/chat/completions", json=body)
        assert answer.text.endswith("data: [DONE]\n\n")
        assert "x-mochi-ignored" not in answer.headers
        assert texts(await listed(http, id)) == ["Say a", "Say b", "b"]
        body |= {"messages": [item_of("Say c")], "metadata": {"session_id": f"conv_{id}"}}
        assert (await http.post("/v1/chat/completions", json=body)).status_code == 200
        await chat(http, f"conv_{id}", "Say d")
        said = texts(await listed(http, id))
        assert said == ["Say a", "Say b", "b", "Say c", "c", "Say d", "d"]
        file = msgspec.json.decode((tmp_path / "chat_sessions" / f"{id}.json").read_bytes())
        assert file["metadata"]["model"] == "demo"
        assert file["metadata"]["message_count"] == 7


async def test_deleting_a_conversation_ends_an_answer_in_it(tmp_path: Path) -> None:
    async with gateway(tmp_path, token_delay=0.02) as http:
        for path in ("/v1/chat/completions", "/v1/responses"):
            id = await begun(http)
            body = {"model": "demo", "messages": [item_of("Count to 500")]}
            headers = {"x-mochi-session": id}
            if "responses" in path:
                headers = {}
                body = {
                    "model": "demo",
                    "input": "Count to 500",
                    "conversation": f"conv_{id}",
                }
            answering = asyncio.create_task(http.post(path, json=body, headers=headers))
            await asyncio.sleep(0.3)
            assert (await http.delete(f"/v1/conversations/conv_{id}")).status_code == 200
            answer = await answering
            assert answer.status_code == 404, answer.text


async def test_deleting_a_conversation_fails_what_is_made_in_it(tmp_path: Path) -> None:
    async with gateway(tmp_path, token_delay=0.02) as http:
        id = await begun(http)
        fields: dict[str, Any] = {"conversation": f"conv_{id}", "background": True}
        made = [await respond(http, "Count to 500", **fields) for _ in ("talks", "waits")]
        await asyncio.sleep(0.2)
        assert (await http.delete(f"/v1/conversations/conv_{id}")).status_code == 200
        for each in made:
            watched = await http.get(f"/v1/responses/{each['id']}", params={"stream": "true"})
            assert watched.text.count("event: response.failed") == 1
            found = (await http.get(f"/v1/responses/{each['id']}")).json()
            assert (found["status"], found["error"]["code"]) == ("failed", "server_error")
            assert f"'conv_{id}' was deleted" in found["error"]["message"]


async def test_an_image_is_seen_through_every_door(tmp_path: Path) -> None:
    image = {"type": "input_image", "image_url": PNG}
    async with gateway(tmp_path) as http:
        looked = []
        for ask in ("responses", "chat", "sessions"):
            look = {"role": "user", "content": [{"type": "input_text", "text": "Look"}, image]}
            id = await begun(http, items=[look, item_of("I do.", "assistant")])
            match ask:
                case "responses":
                    answer = await respond(http, "Hi", VISION, conversation=f"conv_{id}")
                    looked.append(answer["usage"]["input_tokens"])
                case "chat":
                    looked.append((await chat(http, id, "Hi", VISION))["usage"]["prompt_tokens"])
                case _:
                    await http.patch(f"/api/v1/sessions/{id}", json={"model": VISION})
                    answer = await posted(http, f"/api/v1/chat/{id}", {"message": "Hi"})
                    looked.append(answer["message"]["prompt_eval_count"])
            found = await listed(http, id)
            assert found[0]["content"][1]["image_url"] == PNG
        assert len({*looked}) == 1


async def test_what_its_client_has_given_up_is_not_added(tmp_path: Path) -> None:
    async with gateway(tmp_path) as http:
        id = (await posted(http, "/v1/conversations", {}))["id"]
        slow = {"model": "demo-slow", "input": "Count to 20", "conversation": id}
        answering = asyncio.create_task(http.post("/v1/responses", json=slow))
        await asyncio.sleep(0.1)
        body = {"items": [{"type": "message", "role": "user", "content": "Once"}]}
        for _ in range(3):  # as an SDK does that tries again
            with pytest.raises(httpx.ReadTimeout):
                await http.post(f"/v1/conversations/{id}/items", json=body, timeout=0.1)
        assert not answering.done()
        await answering
        found = (await http.get(f"/v1/conversations/{id}/items")).json()["data"]
        assert [item["role"] for item in found] == ["assistant", "user"]
