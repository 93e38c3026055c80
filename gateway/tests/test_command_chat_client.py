"""What can go wrong between a terminal and a server, and the line that says so."""

from contextlib import closing

import pytest

from gateway.commands.chatting.client import (
    Dropped,
    Refused,
    ServerClient,
    Trouble,
    Unreachable,
    server_root,
)
from gateway.commands.chatting.events import ContentDelta, Done
from gateway.tests.chat_server import DROP, chat_server, said


@pytest.mark.parametrize(
    ("given", "root"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://box:8000/", "http://box:8000"),
        ("box:8000", "http://box:8000"),
        ("https://chat.example/v1", "https://chat.example"),
        ("http://[::1]:8000/api/v1/", "http://[::1]:8000"),
    ],
)
def test_the_server_behind_an_address(given: str, root: str) -> None:
    assert server_root(given) == root


@pytest.mark.parametrize("given", ["", "ftp://box", "http://", "http://box:x", "http://a b"])
def test_what_is_no_address(given: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        server_root(given)


def test_an_answer_is_a_stream_of_events() -> None:
    with chat_server(said("Hel", "lo")) as server, closing(ServerClient(server.url)) as client:
        session = client.create("demo:latest").session_id
        events = list(client.chat(session, "Hi", think=True))
        assert server.bodies("POST", "/stream") == [{"message": "Hi", "think": True}]
    assert events[:2] == [ContentDelta("Hel"), ContentDelta("lo")]
    assert events[-1] == Done("aaaaaaaaaa")


@pytest.mark.parametrize(
    "script", [[*said("Hel")[:1], DROP], said("Hel")[:1]], ids=["broken off", "no done"]
)
def test_a_stream_without_its_end_was_dropped(script: list[object]) -> None:
    with chat_server(script) as server, closing(ServerClient(server.url)) as client:  # type: ignore[arg-type]
        session = client.create("demo:latest").session_id
        events = client.chat(session, "Hi", think=False)
        assert next(events) == ContentDelta("Hel")
        with pytest.raises(Dropped, match="connection"):
            next(events)


def test_an_event_that_is_none_is_trouble() -> None:
    with (
        chat_server([("content_delta", {"content": "", "x": 1}), ("done", {})]) as server,
        closing(ServerClient(server.url)) as client,
    ):
        session = client.create("demo:latest").session_id
        with pytest.raises(Trouble, match="does not answer as a mochi gateway does"):
            list(client.chat(session, "Hi", think=False))


def test_a_refusal_is_what_the_server_says() -> None:
    with chat_server() as server, closing(ServerClient(server.url)) as client:
        with pytest.raises(Refused, match="No session") as caught:
            client.session("../x")
        assert caught.value.code == "SESSION_NOT_FOUND"
        with pytest.raises(Refused, match="No session"):
            list(client.chat("nobody", "Hi", think=False))


def test_a_missing_key_is_told_with_its_name() -> None:
    with chat_server(key="secret") as server:
        with (
            closing(ServerClient(server.url)) as client,
            pytest.raises(Refused, match="set MOCHI_"),
        ):
            client.models()
        with closing(ServerClient(server.url, "secret")) as client:
            assert client.models()[0].name == "demo:latest"


def test_nobody_there() -> None:
    with (
        closing(ServerClient("http://127.0.0.1:9")) as client,
        pytest.raises(Unreachable, match="start one with `mochi serve`"),
    ):
        client.sessions()


def test_a_proxy_is_not_asked_for_what_is_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with chat_server() as server, closing(ServerClient(server.url)) as client:
        assert client.sessions() == ()
