"""A conversation is a session: whatever is said through one door is heard through all of them."""

import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance_tests.checks import completion, error_of, fold, message_of
from conformance_tests.mochi.sessions import Sessions, events_of, whole
from conformance_tests.mochi.sessions import text_of as deltas
from conformance_tests.responding import Responses, listed, text_of
from conformance_tests.wire import Server, ask

pytestmark = pytest.mark.usefixtures("gateway")

Turns = list[tuple[str, str]]


@pytest.fixture
def session(sessions: Sessions) -> str:
    return sessions.begin()


def items(server: Server, session: str) -> list[dict[str, Any]]:
    return listed(server.get(f"/conversations/conv_{session}/items?order=asc&limit=100"))


def said(found: list[dict[str, Any]]) -> Turns:
    return [
        (item["role"], "".join(part["text"] for part in item["content"]))
        for item in found
        if item["type"] == "message"
    ]


def join(server: Server, session: str, text: str, **fields: Any) -> str:
    """A turn through chat completions; the answer."""
    body = server.body(messages=ask(text), **fields)
    headers: dict[str, str | None] = {"x-mochi-session": session}
    answer = server.request("POST", "/chat/completions", body, headers)
    content: str = message_of(answer)["content"]
    return content


def test_the_four_doors(server: Server, sessions: Sessions, responses: Responses) -> None:
    """The lists of both APIs agree, byte for byte; what branches off sees the first turn only."""
    made = server.request("POST", "/conversations", {})
    conversation, session = made.json["id"], made.json["id"].removeprefix("conv_")
    first = responses.made("My name is Ada.", conversation=conversation)
    second = whole(sessions.say(session, "What is my name?"))["message"]["content"]
    third = join(server, session, "Who am I?")
    branch = responses.made("What did I say first?", previous_response_id=first["id"])
    assert "Ada" in second
    assert "Ada" in third
    assert "My name is Ada." in text_of(branch)
    turns = [
        ("user", "My name is Ada."),
        ("assistant", text_of(first)),
        ("user", "What is my name?"),
        ("assistant", second),
        ("user", "Who am I?"),
        ("assistant", third),
    ]
    assert sessions.said(session) == turns
    assert said(items(server, session)) == turns
    alone = responses.made("My name is Ada.")
    as_alone = responses.made("What did I say first?", previous_response_id=alone["id"])
    assert branch["usage"]["input_tokens"] == as_alone["usage"]["input_tokens"]


def test_a_session_is_a_conversation(server: Server, sessions: Sessions) -> None:
    """One that began in `/api/v1`, with a system prompt, is listed and continued in `/v1`."""
    id = sessions.begin(system_prompt="Be brief.")
    sessions.say(id, "Say one.")
    found = server.get(f"/conversations/conv_{id}")
    assert (found.status, found.json["id"]) == (200, f"conv_{id}")
    assert said(items(server, id)) == sessions.said(id)
    assert said(items(server, id))[0] == ("system", "Be brief.")


def test_ids_of_items_stay(server: Server, sessions: Sessions, session: str) -> None:
    """They follow from those of the messages: a list that is read again has the same."""
    sessions.say(session, "Say one.")
    before = items(server, session)
    sessions.say(session, "Say two.")
    assert items(server, session)[: len(before)] == before
    one = before[0]["id"]
    assert server.get(f"/conversations/conv_{session}/items/{one}").json == before[0]


def test_a_conversation_has_no_model_until_it_is_answered(
    server: Server, sessions: Sessions, responses: Responses
) -> None:
    """Nobody has said which: `/api/v1` cannot answer in it, until somebody has."""
    conversation = server.request("POST", "/conversations", {}).json["id"]
    id = conversation.removeprefix("conv_")
    assert sessions.detail(id)["model"] == ""
    assert sessions.say(id, "Hello").status == 422
    responses.made("Hello", conversation=conversation)
    assert sessions.detail(id)["model"] == "demo"
    assert sessions.say(id, "Hello again").status == 200


def test_deletion_is_seen_through_every_door(
    server: Server, sessions: Sessions, responses: Responses
) -> None:
    """By either name."""
    for path in ("/v1/conversations/conv_{}", "/api/v1/sessions/{}"):
        id = sessions.begin()
        root = Server(server.base_url.removesuffix("/v1"), "demo")
        assert root.request("DELETE", path.format(id)).status in (200, 204)
        assert sessions.http.get(f"/sessions/{id}").status == 404
        assert server.get(f"/conversations/conv_{id}").status == 404
        assert responses.create(conversation=f"conv_{id}").status == 404


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("prefix", ["", "conv_"], ids=["session", "conversation"])
@pytest.mark.parametrize("named", ["header", "metadata"])
def test_chat_completions_join(
    server: Server, sessions: Sessions, session: str, named: str, prefix: str, stream: bool
) -> None:
    """The stored history goes first; the new messages and the answer are stored."""
    sessions.say(session, "My name is Ada.")
    fields: dict[str, Any] = {"stream": stream, "messages": ask("What is my name?")}
    headers: dict[str, str | None] = {}
    if named == "header":
        headers = {"x-mochi-session": prefix + session}
    else:
        fields["metadata"] = {"session_id": prefix + session}
    answer = server.request("POST", "/chat/completions", server.body(**fields), headers)
    content = fold(answer).content if stream else message_of(answer)["content"]
    assert "Ada" in content
    assert "x-mochi-ignored" not in answer.headers
    assert sessions.said(session)[-2:] == [("user", "What is my name?"), ("assistant", content)]


@pytest.mark.parametrize("id", ["0000000000", "", "..", "../../etc/passwd", "x" * 300, "%00"])
def test_an_unknown_session(server: Server, id: str) -> None:
    """404, whatever it is called; nothing is answered outside of a session that was named."""
    body = server.body(metadata={"session_id": id})
    answer = server.request("POST", "/chat/completions", body)
    assert (answer.status, error_of(answer)["type"]) == (404, "invalid_request_error")


def test_a_joined_completion_is_stored_as_well(
    server: Server, sessions: Sessions, session: str
) -> None:
    """`store` keeps the completion, with the messages that were sent, and no others."""
    sessions.say(session, "My name is Ada.")
    body = server.body(messages=ask("Hi."), store=True, metadata={"session_id": session})
    made = completion(server.request("POST", "/chat/completions", body))
    kept = listed(server.get(f"/chat/completions/{made['id']}/messages"))
    assert [message["content"] for message in kept] == ["Hi."]
    assert completion(server.get(f"/chat/completions/{made['id']}")) == made


def test_a_refusal_adds_nothing(
    server: Server, sessions: Sessions, responses: Responses, session: str
) -> None:
    """What could not be answered was not said."""
    sessions.say(session, "Say one.")
    before = sessions.said(session)
    headers: dict[str, str | None] = {"x-mochi-session": session}
    for body in (server.body(n=2), server.body(temperature=9), server.body(model="nobody")):
        assert server.request("POST", "/chat/completions", body, headers).status in (400, 404)
    assert responses.create(conversation=f"conv_{session}", temperature=9).status == 400
    assert responses.create(conversation=f"conv_{session}", model="nobody").status in (400, 404)
    assert sessions.said(session) == before


def doors(
    server: Server, sessions: Sessions, responses: Responses, id: str
) -> Iterator[Callable[[str], str]]:
    """Ways to say something in a session, over and over; each gives the answer."""
    conversation = f"conv_{id}"

    def by_response(text: str) -> str:
        return text_of(responses.made(text, conversation=conversation))

    def by_streamed_response(text: str) -> str:
        return text_of(responses.streamed(text, conversation=conversation)[-1]["response"])

    def by_completion(text: str) -> str:
        return join(server, id, text)

    def by_session(text: str) -> str:
        return str(whole(sessions.say(id, text))["message"]["content"])

    def by_stream(text: str) -> str:
        return deltas(events_of(sessions.stream(id, text)))

    yield from itertools.cycle(
        [by_response, by_streamed_response, by_completion, by_session, by_stream]
    )


def test_a_hundred_continuations_at_once(
    server: Server, sessions: Sessions, responses: Responses, session: str
) -> None:
    """One turn at a time, whichever door it came through: none is lost, none doubled, and an
    answer stands behind its question.
    """
    words = [f"word{number}" for number in range(100)]
    ways = itertools.islice(doors(server, sessions, responses, session), len(words))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda way, word: way(f"Say {word}."), ways, words))
    assert answers == words
    turns = sessions.said(session)
    assert len(turns) == 200
    asked, answered = turns[::2], turns[1::2]
    assert sorted(asked) == sorted(("user", f"Say {word}.") for word in words)
    assert answered == [("assistant", text[4:-1]) for _, text in asked]
    assert said(listed_all(server, session)) == turns


def listed_all(server: Server, session: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        path = f"/conversations/conv_{session}/items?order=asc&limit=100{after}"
        answer = server.get(path)
        found += listed(answer)
        if not answer.json["has_more"]:
            return found
        after = f"&after={answer.json['last_id']}"


def test_the_file_is_one_of_a_session(sessions: Sessions, responses: Responses) -> None:
    """mochi-coco reads it: what it has no word for stands in keys of its own."""
    id = sessions.begin()
    responses.made("My name is Ada.", conversation=f"conv_{id}", instructions="Be brief.")
    written = sessions.written(id)
    assert [message["role"] for message in written["messages"]] == ["user", "assistant"]
    assert "Be brief." not in json.dumps(written)
