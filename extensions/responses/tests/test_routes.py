"""`/v1/responses`, over HTTP and through the official SDK."""

from pathlib import Path
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError

from extensions.responses.tests.serving import HI, Notebook, files, said, serving
from gateway.core.errors import BackendFailed, ContextOverflow
from gateway.core.events import ChatEvent, Finished, TextDelta, ToolCalled, Usage
from gateway.core.messages import ToolCall
from gateway.http.openai.hot import Rules
from gateway.testing import ScriptedBackend
from gateway.tests.sdk_types import judge_response

WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}


async def test_a_response_is_answered_kept_and_read_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        made = await gateway.made(metadata={"a": "b"})
        judge_response(made)
        assert (said(made), made["status"], made["store"]) == ("Hi there.", "completed", True)
        assert made["usage"]["total_tokens"] == 5
        assert (await gateway.get(made["id"])).json() == made
        deleted = (await gateway.http.delete(f"/responses/{made['id']}")).json()
        assert deleted == {"id": made["id"], "object": "response", "deleted": True}
        gone = await gateway.get(made["id"])
        assert (gone.status_code, gone.json()["error"]["type"]) == (404, "invalid_request_error")


async def test_what_shall_not_be_stored_leaves_no_trace(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        made = await gateway.made(store=False)
        assert (await gateway.get(made["id"])).status_code == 404
        answer = await gateway.post(previous_response_id=made["id"])
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "previous_response_not_found")
        assert error["param"] == "previous_response_id"
    assert files(tmp_path) == []


async def test_a_chain_is_told_to_the_model_without_its_instructions(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        first = await gateway.made(input="One", instructions="Be short.")
        assert gateway.heard() == ["Be short.", "One"]
        second = await gateway.made(input="Two", previous_response_id=first["id"])
        assert gateway.heard() == ["One", "Hi there.", "Two"]
        await gateway.made(input="Branch", previous_response_id=first["id"])
        assert gateway.heard() == ["One", "Hi there.", "Branch"]
        third = await gateway.made(input="Three", previous_response_id=second["id"])
        assert gateway.heard() == ["One", "Hi there.", "Two", "Hi there.", "Three"]
        assert third["previous_response_id"] == second["id"]
        await gateway.http.delete(f"/responses/{first['id']}")
        broken = await gateway.post(previous_response_id=third["id"])
        assert broken.json()["error"]["code"] == "previous_response_not_found"


async def test_a_call_and_its_result_in_the_next_response(tmp_path: Path) -> None:
    calling: list[ChatEvent] = [
        ToolCalled(ToolCall("call_1", "weather", {"city": "Rome"})),
        Finished("tool_calls"),
    ]
    async with serving(tmp_path, ScriptedBackend(calling)) as gateway:
        made = await gateway.made(tools=[WEATHER])
        [call] = made["output"]
        assert (call["type"], call["call_id"]) == ("function_call", "call_1")
        result = {"type": "function_call_output", "call_id": "call_1", "output": "Sun"}
        following = {"tools": [WEATHER], "previous_response_id": made["id"]}
        await gateway.made(input=[result], **following)
        assert gateway.heard() == ["Hello", "", "Sun"]
        orphan = await gateway.post(input=[{**result, "call_id": "call_2"}], **following)
        assert (orphan.status_code, orphan.json()["error"]["param"]) == (400, "input")
        unanswered = await gateway.post(**following)
        assert unanswered.status_code == 400


async def test_a_reference_stands_for_an_item_of_any_kept_response(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        made = await gateway.made(input="One")
        id = made["output"][0]["id"]
        await gateway.made(
            input=[{"type": "item_reference", "id": id}, {"role": "user", "content": "Two"}]
        )
        assert gateway.heard() == ["Hi there.", "Two"]
        unknown = await gateway.post(input=[{"type": "item_reference", "id": "msg_" + "0" * 28}])
        assert unknown.status_code == 400


async def test_the_items_of_an_input_come_in_pages(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        input = [{"role": "user", "content": str(number)} for number in range(5)]
        made = await gateway.made(input=input)
        whole = (await gateway.get(f"{made['id']}/input_items", order="asc")).json()
        assert [item["content"][0]["text"] for item in whole["data"]] == list("01234")
        assert (whole["object"], whole["has_more"]) == ("list", False)
        page = (await gateway.get(f"{made['id']}/input_items", limit=2)).json()
        assert [item["content"][0]["text"] for item in page["data"]] == ["4", "3"]
        assert page["has_more"]
        after = {"after": page["last_id"], "limit": 3}
        rest = (await gateway.get(f"{made['id']}/input_items", **after)).json()
        assert [item["content"][0]["text"] for item in rest["data"]] == ["2", "1", "0"]
        assert not rest["has_more"]
        for bad in ({"limit": 0}, {"limit": "x"}, {"order": "up"}, {"after": "msg_1"}):
            refused = await gateway.get(f"{made['id']}/input_items", **bad)
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, *bad)
        paged = gateway.sdk.responses.input_items.list(made["id"], limit=2)
        assert len([item async for item in paged]) == 5


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_" + "0" * 24}, "previous_response_id"),
        ({"previous_response_id": "no/path"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"conversation": "c", "previous_response_id": "r"}, "previous_response_id"),
        ({"background": True, "store": False}, "background"),
        ({"tools": [{"type": "nonsense"}]}, "tools[0].type"),
        ({"max_output_tokens": 3}, "max_output_tokens"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_refused(
    tmp_path: Path, fields: dict[str, Any], param: str, stream: bool
) -> None:
    async with serving(tmp_path) as gateway:
        answer = await gateway.post(**{**fields, "stream": stream})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        assert not gateway.backend.requests


@pytest.mark.parametrize("stream", [False, True])
async def test_an_error_before_the_first_event_has_its_status(tmp_path: Path, stream: bool) -> None:
    async with serving(tmp_path, ScriptedBackend(BackendFailed("Broke."))) as gateway:
        answer = await gateway.post(stream=stream)
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")
    async with serving(tmp_path, ScriptedBackend(ContextOverflow("Too long."))) as gateway:
        answer = await gateway.post(stream=stream)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "input")


async def test_what_has_no_effect_is_named_or_refused(tmp_path: Path) -> None:
    hosted = [{"type": "web_search"}]
    async with serving(tmp_path) as gateway:
        answer = await gateway.post(tools=hosted, unknown=1, reasoning={"effort": "high"})
        assert answer.headers["x-mochi-ignored"] == "unknown, tools[0], reasoning"
        assert gateway.backend.requests[0].thinking is None
        hosted_choice = await gateway.post(tools=hosted, tool_choice={"type": "web_search"})
        assert hosted_choice.json()["error"]["param"] == "tools[0].type"
    async with serving(tmp_path, rules=Rules(strict=True)) as gateway:
        assert (await gateway.post(tools=hosted)).status_code == 400


class Forgetful(ScriptedBackend):
    """A model whose window has room for three messages."""

    def chat(self, request: Any) -> Any:
        self.requests.append(request)
        if len(request.messages) > 3:
            return ScriptedBackend(ContextOverflow("Too long.")).chat(request)
        return self._play()


async def test_truncation_leaves_out_the_oldest(tmp_path: Path) -> None:
    async with serving(tmp_path, Forgetful(HI)) as gateway:
        first = await gateway.made(input="One")
        second = await gateway.made(input="Two", previous_response_id=first["id"])
        following = {"input": "Three", "previous_response_id": second["id"]}
        assert (await gateway.post(**following)).status_code == 400
        await gateway.made(**following, truncation="auto")
        assert gateway.heard() == ["Two", "Hi there.", "Three"]
        many = [{"role": "user", "content": "x"}, *[{"role": "system", "content": "y"}] * 3]
        assert (await gateway.post(input=many, truncation="auto")).status_code == 400


async def test_a_conversation_grows_and_can_be_branched_from(tmp_path: Path) -> None:
    notebook = Notebook("conv_1")
    async with serving(tmp_path, conversations=notebook) as gateway:
        first = await gateway.made(input="One", conversation="conv_1")
        assert first["conversation"] == {"id": "conv_1"}
        await gateway.made(input="Two", conversation={"id": "conv_1"}, store=False)
        assert gateway.heard() == ["One", "Hi there.", "Two"]
        assert len(notebook.pages["conv_1"]) == 4
        branch = await gateway.made(input="Branch", previous_response_id=first["id"])
        assert gateway.heard() == ["One", "Hi there.", "Branch"]
        await gateway.made(input="On", previous_response_id=branch["id"])
        assert gateway.heard() == ["One", "Hi there.", "Branch", "Hi there.", "On"]
        assert len(notebook.pages["conv_1"]) == 4
        unknown = await gateway.post(conversation="conv_2")
        assert (unknown.status_code, unknown.json()["error"]["param"]) == (404, "conversation")
        del notebook.pages["conv_1"]
        gone = await gateway.post(previous_response_id=first["id"])
        assert gone.json()["error"]["code"] == "previous_response_not_found"
        assert "'conv_1'" in gone.json()["error"]["message"]


async def test_a_question_is_counted_by_the_model(tmp_path: Path) -> None:
    cut: list[ChatEvent] = [TextDelta("H"), Finished("length", Usage(3, 1))]
    async with serving(tmp_path, ScriptedBackend(cut)) as gateway:
        first = await gateway.made(input="One")
        counted = await gateway.sdk.responses.input_tokens.count(
            model="demo", input="Two", previous_response_id=first["id"]
        )
        assert counted.input_tokens == 3
        assert gateway.heard() == ["One", "H", "Two"]
        assert gateway.backend.requests[-1].sampling.max_tokens == 1
    async with serving(tmp_path, ScriptedBackend([Finished("length")])) as gateway:
        assert (await gateway.post("/input_tokens")).status_code == 502


async def test_a_compaction_is_the_input_of_the_next_response(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        first = await gateway.made(input="One")
        short = await gateway.sdk.responses.compact(
            model="demo", input="Two", previous_response_id=first["id"]
        )
        assert [item.type for item in short.output] == ["compaction"]
        assert gateway.heard()[:3] == ["One", "Hi there.", "Two"]
        next = [*[item.model_dump() for item in short.output], {"role": "user", "content": "Go"}]
        await gateway.made(input=next)
        summary = "This is a summary of the conversation so far:\n\nHi there."
        assert gateway.heard() == [summary, "Go"]
    cut: list[ChatEvent] = [TextDelta("One and"), Finished("length", Usage(3, 16))]
    async with serving(tmp_path, ScriptedBackend(cut)) as gateway:
        assert (await gateway.post("/compact", max_output_tokens=16)).status_code == 502


async def test_what_a_count_or_a_summary_has_no_use_for_is_named(tmp_path: Path) -> None:
    cut: list[ChatEvent] = [TextDelta("H"), Finished("stop", Usage(3, 1))]
    async with serving(tmp_path, ScriptedBackend(cut)) as gateway:
        for path, useless in (("/input_tokens", "max_output_tokens"), ("/compact", "tool_choice")):
            fields = {"truncation": "disabled", "stream": False, "temperature": 0}
            asked = {"max_output_tokens": 99, "tool_choice": "none", "stream": True}
            answer = await gateway.post(path, **fields | {useless: asked[useless]})
            assert answer.status_code == 200, answer.text
            ignored = answer.headers["x-mochi-ignored"].split(", ")
            assert useless in ignored
            assert not {"truncation", "stream", "model", "input"} & {*ignored}
            answer = await gateway.post(path, stream=True, background=True, store=True)
            assert {"stream", "background", "store"} <= {
                *answer.headers["x-mochi-ignored"].split(", ")
            }


async def test_an_item_is_sent_once(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        first = await gateway.made(input="One")
        given = {"role": "user", "content": "Two", "id": "msg_1"}
        for asked in (
            {"input": [given, given]},
            {"input": first["output"], "previous_response_id": first["id"]},
        ):
            refused = await gateway.post(**asked)
            assert refused.status_code == 400
            assert refused.json()["error"]["code"] == "duplicate_item"


async def test_the_sdk(tmp_path: Path) -> None:
    async with serving(tmp_path) as gateway:
        responses = gateway.sdk.responses
        made = await responses.create(model="demo", input="One")
        assert made.output_text == "Hi there."
        again = await responses.retrieve(made.id)
        assert again.output == made.output
        with pytest.raises(BadRequestError):
            await responses.cancel(made.id)
        await responses.delete(made.id)
        with pytest.raises(NotFoundError):
            await responses.retrieve(made.id)


@pytest.mark.parametrize("path", ["", "/input_tokens", "/compact"])
async def test_only_posts(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path) as gateway:
        answer = await gateway.http.get(f"/responses{path}")
        assert answer.status_code == 405
