"""Requests of every kind, many of them left at some point, as a day brings them."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from conformance_tests.checks import completion, fold
from conformance_tests.mochi.sessions import Sessions, completed, events_of, refusal
from conformance_tests.mochi.toolboxes import named
from conformance_tests.responding import Responses, text_of
from conformance_tests.wire import Server, ask

__all__ = ["PLAIN", "Action", "Doors"]

CHAT = "/chat/completions"
COUNT = ask("Count to 50")
# Ollama holds three models at a time, and lets requests for a fourth wait.
SLOW, BROKEN = "demo-slow", "demo-broken-reset"

Action = Callable[[Server, random.Random], None]


def whole(server: Server, chance: random.Random) -> None:
    completion(server.chat(messages=COUNT))


def streamed(server: Server, chance: random.Random) -> None:
    assert fold(server.stream(messages=COUNT)).finish_reasons == ["stop"]


def wrong(server: Server, chance: random.Random) -> None:
    assert server.chat(temperature=9).status == 400
    assert server.chat(model="there-is-no-such-model").status == 404


def broken(server: Server, chance: random.Random) -> None:
    assert b"[DONE]" not in server.stream(model=BROKEN, messages=COUNT).body
    assert server.chat(model=BROKEN, messages=COUNT).status == 502


def listed(server: Server, chance: random.Random) -> None:
    assert server.get("/models").status == 200


def left_in_the_stream(server: Server, chance: random.Random) -> None:
    body = server.body(model=SLOW, messages=COUNT, stream=True)
    with server.open("POST", CHAT, body) as live:
        assert live.begin() == 200
        for _ in range(chance.randint(1, 9)):
            live.line()


def left_before_the_answer(server: Server, chance: random.Random) -> None:
    body = server.body(model=SLOW, messages=COUNT, stream=chance.choice([True, False]))
    with server.open("POST", CHAT, body):
        time.sleep(chance.random() / 10)


def left_in_the_request(server: Server, chance: random.Random) -> None:
    head = server.head("POST", CHAT, {"Content-Type": "application/json", "Content-Length": "99"})
    raw = head + b'{"model": "demo", '
    server.send(raw[: chance.randrange(len(raw))]).connection.close()


PLAIN: list[Action] = [
    *[whole, streamed, wrong, broken, listed],
    *[left_in_the_stream, left_before_the_answer, left_in_the_request],
]
"""Chat completions, which leave nothing."""


class Doors:
    """All that keeps something, in a gateway with a tool `add`. What is begun is removed."""

    def __init__(self, server: Server, sessions: Sessions) -> None:
        self.server = server
        self.sessions = sessions
        self.responses = Responses(server)

    @property
    def actions(self) -> list[Action]:
        return [
            *[self.talk, self.tool_turn, self.left_tool_turn, self.refused],
            *[self.chain, self.background, self.left_response, self.one_conversation],
        ]

    def talk(self, server: Server, chance: random.Random) -> None:
        with self.session() as id:
            for _ in range(3):
                assert completed(events_of(self.sessions.stream(id, "Say hello.")))

    def tool_turn(self, server: Server, chance: random.Random) -> None:
        with self.session(tool_settings=TOOLS) as id:
            events = events_of(self.sessions.stream(id, "Call the tool add."))
            assert named(events, "tool_result"), events

    def left_tool_turn(self, server: Server, chance: random.Random) -> None:
        asking = TOOLS | {"execution_policy": "always_confirm"}
        with (
            self.session(tool_settings=asking) as id,
            self.sessions.watch(id, "Call the tool add.") as live,
        ):
            assert live.begin() == 200
            for _ in range(chance.randint(1, 3)):  # of the question, which waits
                live.line()

    def refused(self, server: Server, chance: random.Random) -> None:
        assert refusal(self.sessions.http.get("/sessions/0000000000"))[0] == 404
        assert refusal(self.sessions.http.request("POST", "/sessions", {}))[0] == 422

    def chain(self, server: Server, chance: random.Random) -> None:
        first = self.responses.made("My name is Ada.")
        second = self.responses.streamed("Who am I?", previous_response_id=first["id"])
        assert "Ada" in text_of(second[-1]["response"])
        for response in (first, second[-1]["response"]):
            assert self.responses.delete(response["id"]).status == 200

    def background(self, server: Server, chance: random.Random) -> None:
        made = self.responses.create("Count to 20", background=True).json
        if chance.random() < 0.5:
            self.responses.cancel(made["id"])
        assert self.responses.ended(made["id"])
        assert self.responses.delete(made["id"]).status == 200

    def left_response(self, server: Server, chance: random.Random) -> None:
        with self.responses.watch("Count to 50", model=SLOW, store=False) as live:
            assert live.begin() == 200
            for _ in range(chance.randint(1, 9)):
                live.line()

    def one_conversation(self, server: Server, chance: random.Random) -> None:
        id = server.request("POST", "/conversations", {}).json["id"]
        self.responses.made("My name is Ada.", conversation=id, store=False)
        headers: dict[str, str | None] = {"x-mochi-session": id.removeprefix("conv_")}
        body = server.body(messages=ask("Who am I?"))
        assert completion(server.request("POST", CHAT, body, headers))
        assert server.request("DELETE", f"/conversations/{id}").status == 200

    @contextmanager
    def session(self, **fields: Any) -> Iterator[str]:
        id = self.sessions.begin(**fields)
        try:
            yield id
        finally:
            self.sessions.http.request("DELETE", f"/sessions/{id}")


TOOLS = {"tools": ["add"], "execution_policy": "never_confirm"}
