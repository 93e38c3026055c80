"""`/conversations`, and responses that are made in one."""

from typing import Any
from urllib.parse import urlencode

import pytest

from conformance_tests.checks import error_of
from conformance_tests.responding import PIXEL, Responses, calls_of, function, listed, text_of, user
from conformance_tests.wire import Answer, Server

UNKNOWN = "conv_0000000000"


@pytest.fixture
def talk(conversations: Server) -> str:
    """A conversation in which nothing was said."""
    return str(begun(conversations)["id"])


def begun(server: Server, **fields: Any) -> dict[str, Any]:
    answer = server.request("POST", "/conversations", fields)
    assert answer.status == 200, answer.body
    conversation: dict[str, Any] = answer.json
    assert conversation["object"] == "conversation"
    assert conversation["id"].startswith("conv_")
    assert isinstance(conversation["created_at"], int)
    return conversation


def items(server: Server, id: str, **query: Any) -> list[dict[str, Any]]:
    asked = urlencode({"order": "asc", "limit": 100, **query})
    return listed(server.get(f"/conversations/{id}/items?{asked}"))


def added(server: Server, id: str, *new: dict[str, Any]) -> list[dict[str, Any]]:
    return listed(server.request("POST", f"/conversations/{id}/items", {"items": [*new]}))


def said(item: dict[str, Any]) -> tuple[str, str]:
    """Who said what."""
    return item["role"], "".join(part["text"] for part in item["content"])


def missing(answer: Answer) -> None:
    assert (answer.status, error_of(answer)["type"]) == (404, "invalid_request_error")


def test_a_conversation_lives_and_dies(conversations: Server) -> None:
    """OpenAI API reference, conversations: made, read, changed, deleted."""
    made = begun(conversations, metadata={"topic": "tea"})
    assert made["metadata"] == {"topic": "tea"}
    path = f"/conversations/{made['id']}"
    assert conversations.get(path).json == made
    changed = conversations.request("POST", path, {"metadata": {"topic": "rain"}})
    assert changed.json == {**made, "metadata": {"topic": "rain"}}
    assert conversations.get(path).json == changed.json
    gone = conversations.request("DELETE", path)
    assert (gone.status, gone.json) == (
        200,
        {"id": made["id"], "object": "conversation.deleted", "deleted": True},
    )
    missing(conversations.get(path))
    missing(conversations.request("DELETE", path))
    missing(conversations.get(f"{path}/items"))
    missing(conversations.request("POST", f"{path}/items", {"items": [user("Hi.")]}))


def test_an_empty_body_begins_one(conversations: Server) -> None:
    """openai-python's `conversations.create()` has nothing to say."""
    assert begun(conversations)["metadata"] in ({}, None)


def test_no_body_begins_one(conversations: Server) -> None:
    """OpenAI API reference, create a conversation: there is no field that must be there."""
    answer = conversations.request("POST", "/conversations")
    assert (answer.status, answer.json["object"]) == (200, "conversation")


def test_it_begins_with_items(conversations: Server) -> None:
    """OpenAI API reference, create: up to 20 items."""
    id = begun(conversations, items=[{"role": "system", "content": "Be brief."}, user("Hi.")])["id"]
    assert [said(item) for item in items(conversations, id)] == [
        ("system", "Be brief."),
        ("user", "Hi."),
    ]


def test_items_are_added_and_taken_out(conversations: Server, talk: str) -> None:
    """OpenAI API reference, items: each has an id; taking one out answers with the conversation."""
    new = added(conversations, talk, user("One."), {"role": "assistant", "content": "Two."})
    assert [said(item) for item in new] == [("user", "One."), ("assistant", "Two.")]
    assert all(item["type"] == "message" and item["status"] == "completed" for item in new)
    assert items(conversations, talk) == new
    path = f"/conversations/{talk}/items/{new[0]['id']}"
    assert conversations.get(path).json == new[0]
    gone = conversations.request("DELETE", path)
    assert (gone.status, gone.json["object"], gone.json["id"]) == (200, "conversation", talk)
    missing(conversations.get(path))
    assert items(conversations, talk) == new[1:]


def test_lists_come_the_latest_first_and_in_pages(conversations: Server, talk: str) -> None:
    """OpenAI API reference, list items: `order` is `desc` unless it is given."""
    new = added(conversations, talk, *(user(f"Number {n}.") for n in range(5)))
    assert listed(conversations.get(f"/conversations/{talk}/items")) == new[::-1]
    first = conversations.get(f"/conversations/{talk}/items?order=asc&limit=2")
    assert (listed(first), first.json["has_more"]) == (new[:2], True)
    assert items(conversations, talk, after=new[1]["id"]) == new[2:]


ITEM: dict[str, list[dict[str, Any]]] = {
    "a call and its output": [
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"a": 1}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "5"},
    ],
    "a picture": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look."},
                {"type": "input_image", "image_url": PIXEL},
            ],
        }
    ],
    "reasoning": [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {"role": "assistant", "content": "Hi."},
    ],
}


@pytest.mark.parametrize("name", ITEM)
def test_an_item_of_any_type_comes_back(conversations: Server, talk: str, name: str) -> None:
    """OpenAI API reference, items: what was added is listed with its type and its fields."""
    given = [user("Hi."), *ITEM[name]]
    added(conversations, talk, *given)
    found = items(conversations, talk)
    assert len(found) == len(given)
    for new, item in zip(given, found, strict=True):
        assert item["type"] == new.get("type", "message")
        for field in ("call_id", "name", "output", "role"):
            assert item.get(field) == new.get(field)
    (last,) = [item for item in found if item["type"] == given[1].get("type", "message")][-1:]
    if name == "a picture":
        assert [part["type"] for part in last["content"]] == ["input_text", "input_image"]
        assert last["content"][1]["image_url"] == PIXEL
    if name == "reasoning":
        assert last["summary"] == [{"type": "summary_text", "text": "Hm."}]


MISTAKES: dict[str, tuple[str, dict[str, Any]]] = {
    "21 items": ("items", {"items": [user("x")] * 21}),
    "a string": ("items", {"items": "Hi."}),
    "a bad role": ("items", {"items": [{"role": "nobody", "content": "x"}]}),
    "metadata": ("metadata", {"metadata": {"a": 1}}),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_refused_by_name(conversations: Server, name: str) -> None:
    """OpenAI: 400 with the field at fault."""
    param, body = MISTAKES[name]
    answer = conversations.request("POST", "/conversations", body)
    error = error_of(answer)
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    assert (error["param"] or "").startswith(param)


def test_an_unknown_conversation(conversations: Server, responses: Responses) -> None:
    """OpenAI: 404, also for a response that shall be made in it."""
    missing(conversations.get(f"/conversations/{UNKNOWN}"))
    missing(conversations.request("POST", f"/conversations/{UNKNOWN}", {"metadata": {}}))
    missing(conversations.get(f"/conversations/{UNKNOWN}/items"))
    missing(responses.create(conversation=UNKNOWN))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.cooperation(times=3, least=2)
def test_turns_are_appended(conversations: Server, responses: Responses, stream: bool) -> None:
    """OpenAI API reference, conversation: input and output are added when the response ends."""
    talk = str(begun(conversations)["id"])

    def turn(text: str, conversation: Any) -> dict[str, Any]:
        fields = {"conversation": conversation}
        if stream:
            response: dict[str, Any] = responses.streamed(text, **fields)[-1]["response"]
            return response
        return responses.made(text, **fields)

    first = turn("My name is Ada.", talk)
    assert first["conversation"] == {"id": talk}
    second = turn("What is my name?", {"id": talk})
    assert "Ada" in text_of(second)
    found = items(conversations, talk)
    assert [said(item) for item in found] == [
        ("user", "My name is Ada."),
        ("assistant", text_of(first)),
        ("user", "What is my name?"),
        ("assistant", text_of(second)),
    ]
    assert len({item["id"] for item in found}) == 4


@pytest.mark.cooperation(times=3, least=2)
def test_items_that_were_added_are_heard(conversations: Server, responses: Responses) -> None:
    """What a conversation holds goes before the input."""
    talk = str(begun(conversations)["id"])
    added(conversations, talk, user("My name is Ada."), {"role": "assistant", "content": "Hello."})
    assert "Ada" in text_of(responses.made("What is my name?", conversation=talk))


def test_a_response_that_is_not_stored_is_appended(
    conversations: Server, responses: Responses, talk: str
) -> None:
    """`store` is about the response, not about the conversation that was named."""
    response = responses.made("Say hello.", conversation=talk, store=False)
    assert responses.get(response["id"]).status == 404
    assert said(items(conversations, talk)[-1]) == ("assistant", text_of(response))


def test_a_cut_answer_is_appended_and_marked(
    conversations: Server, responses: Responses, talk: str
) -> None:
    """A partial answer is part of what was said."""
    cut = responses.create("Count to 20", conversation=talk, max_output_tokens=16).json
    last = items(conversations, talk)[-1]
    assert (said(last), last["status"]) == (("assistant", text_of(cut)), "incomplete")


@pytest.mark.cooperation(times=3, least=2)
def test_a_tool_turn_is_appended(
    conversations: Server, responses: Responses, tools_model: str
) -> None:
    """A call and its result are items of the conversation."""
    talk = str(begun(conversations)["id"])
    fields = {"conversation": talk, "model": tools_model, "tools": [function()]}
    called = responses.made("What is the weather in Paris? Call the tool.", **fields)
    (call,) = calls_of(called)
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny."}
    assert text_of(responses.made([output], **fields))
    kinds = [item["type"] for item in items(conversations, talk)]
    assert kinds == ["message", "function_call", "function_call_output", "message"]
    found = items(conversations, talk)
    assert found[1]["call_id"] == found[2]["call_id"] == call["call_id"]


def test_a_result_that_is_sent_again_is_no_second_one(
    conversations: Server, responses: Responses, talk: str, tools_model: str
) -> None:
    """The AI SDK sends all results of its turn with each step; those before are kept already."""
    fields = {"conversation": talk, "model": tools_model}
    asked = "What is the weather in Paris? Call the tool."
    (call,) = calls_of(responses.made(asked, **fields, tools=[function()]))
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny."}
    responses.made([output], **fields)
    before = items(conversations, talk)
    assert text_of(responses.made([output, user("Say hello.")], **fields))
    found = items(conversations, talk)
    assert found[: len(before)] == before
    assert [item["type"] for item in found[len(before) :]] == ["message", "message"]
    changed = responses.create([{**output, "output": "Rain."}, user("Say hello.")], **fields)
    assert (changed.status, error_of(changed)["type"]) == (400, "invalid_request_error")
    assert (error_of(changed)["param"] or "").startswith("input")
    assert items(conversations, talk) == found


def test_a_branch_of_a_conversation_sees_it_as_it_was(
    conversations: Server, responses: Responses, talk: str
) -> None:
    """A response of a conversation, taken as predecessor, stands for it as it was at its end."""
    first = responses.made("My dog is called Rex.", conversation=talk)
    alone = responses.made("Say hello.", previous_response_id=first["id"])
    responses.made("My name is Ada. " * 30, conversation=talk)
    branch = responses.made("Say hello.", previous_response_id=first["id"])
    assert branch["usage"]["input_tokens"] == alone["usage"]["input_tokens"]
    assert len(items(conversations, talk)) == 4


def test_deleting_a_conversation_keeps_its_responses(
    conversations: Server, responses: Responses, talk: str
) -> None:
    """OpenAI API reference, delete a conversation: the responses stay."""
    response = responses.made("Say hello.", conversation=talk)
    assert conversations.request("DELETE", f"/conversations/{talk}").status == 200
    assert responses.found(response["id"]) == response
    missing(responses.create(conversation=talk))
