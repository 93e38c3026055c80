"""Clients that leave a session in the middle, and many that want the same one."""

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance_tests.mochi.sessions import Sessions, begin_of_stream, events_of, refusal
from conformance_tests.mochi.standin import StandIn
from conformance_tests.mochi.test_leaving import reset
from conformance_tests.wire import Answer, Live

SOON = 0.5
"""Seconds after which the request to Ollama must be gone."""

PIECE = "on and on "


@pytest.fixture
def id(watched_sessions: Sessions) -> str:
    return watched_sessions.begin()


def use(sessions: Sessions, id: str, model: str) -> None:
    assert sessions.http.request("PATCH", f"/sessions/{id}", {"model": model}).status == 200


def ask(sessions: Sessions, id: str, stream: bool) -> Live:
    path = f"/chat/{id}/stream" if stream else f"/chat/{id}"
    return sessions.http.open("POST", path, {"message": "Talk."})


def soon(happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 2
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.01)
    return happened()


def works(sessions: Sessions, id: str) -> None:
    """The next turn is answered, and what was said before is still there. Changing the model waits
    for the session, so that by then everybody's last words are on record."""
    use(sessions, id, "brief")
    before = sessions.messages(id)
    assert sessions.say(id, "And now?").status == 200
    after = sessions.messages(id)
    assert after[:-2] == before
    assert sessions.said(id)[-2:] == [("user", "And now?"), ("assistant", PIECE)]


@pytest.mark.parametrize("abort", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_before_the_first_token(
    watched_sessions: Sessions, standin: StandIn, id: str, stream: bool, abort: bool
) -> None:
    """Ollama is let go at once; the question is on record, and no answer."""
    use(watched_sessions, id, "silent")
    with ask(watched_sessions, id, stream) as live:
        assert standin.wait_for(1, 2)
        if abort:
            reset(live)
    assert standin.wait_for(0, SOON)
    assert watched_sessions.said(id) == [("user", "Talk.")]
    works(watched_sessions, id)


@pytest.mark.parametrize("abort", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("model", ["talk", "flood"])
def test_in_the_middle_of_a_stream(
    watched_sessions: Sessions, standin: StandIn, id: str, model: str, abort: bool
) -> None:
    """The text so far is kept, with counts of `null`; it begins with all that the client saw."""
    use(watched_sessions, id, model)
    with ask(watched_sessions, id, stream=True) as live:
        seen = begin_of_stream(live, events=3)
        if abort:
            reset(live)
    assert standin.wait_for(0, SOON)
    assert soon(lambda: len(watched_sessions.messages(id)) == 2)
    user, partial = watched_sessions.messages(id)
    assert user["content"] == "Talk."
    assert partial["content"].startswith("".join(event.data["content"] for event in seen))
    assert partial["content"].replace(PIECE, "") == ""
    assert partial["eval_count"] is partial["prompt_eval_count"] is partial["tool_calls"] is None
    works(watched_sessions, id)


def test_in_the_middle_of_an_answer_in_one_piece(
    watched_sessions: Sessions, standin: StandIn, id: str
) -> None:
    """LiteLLM 37140: only streams were cancelled there. The text so far is kept here as well."""
    with ask(watched_sessions, id, stream=False) as live:
        assert standin.wait_for(1, 2)
        time.sleep(0.2)
        live.connection.close()
    assert standin.wait_for(0, SOON)
    assert soon(lambda: len(watched_sessions.messages(id)) == 2)
    partial = watched_sessions.messages(id)[1]
    assert partial["content"].startswith(PIECE)
    assert partial["eval_count"] is None
    works(watched_sessions, id)


def test_without_reading(watched_sessions: Sessions, standin: StandIn, id: str) -> None:
    """A client may stop reading and go: the server is then blocked in the middle of a write."""
    use(watched_sessions, id, "flood")
    with ask(watched_sessions, id, stream=True) as live:
        assert live.begin() == 200
        time.sleep(0.5)
    assert standin.wait_for(0, SOON)
    assert soon(lambda: len(watched_sessions.messages(id)) == 2)
    works(watched_sessions, id)


@pytest.mark.parametrize("model", ["silent", "talk"])
def test_while_answering_again(
    watched_sessions: Sessions, standin: StandIn, id: str, model: str
) -> None:
    """The old answer stays until a new one is whole: a failed attempt loses nothing."""
    use(watched_sessions, id, "brief")
    assert watched_sessions.say(id, "Talk.").status == 200
    before = watched_sessions.messages(id)
    use(watched_sessions, id, model)
    with watched_sessions.watch(id, None) as live:
        if model == "talk":
            begin_of_stream(live, events=2)
        assert standin.wait_for(1, 2)
    assert standin.wait_for(0, SOON)
    time.sleep(0.1)
    assert watched_sessions.messages(id) == before
    works(watched_sessions, id)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_while_queued(watched_sessions: Sessions, standin: StandIn, id: str, stream: bool) -> None:
    """Who waits for the session has cost nothing yet, and holds up nobody when it is gone."""
    with ask(watched_sessions, id, stream=True) as first:
        begin_of_stream(first)
        with ask(watched_sessions, id, stream):
            time.sleep(0.2)
            assert standin.open == 1
        time.sleep(0.1)
        assert standin.open == 1
    assert standin.wait_for(0, SOON)
    time.sleep(0.1)
    assert standin.open == 0
    works(watched_sessions, id)


def test_who_queues_is_next(watched_sessions: Sessions, standin: StandIn, id: str) -> None:
    """One request at a time changes a session; the next begins when the first has ended."""
    with ThreadPoolExecutor(2) as pool:
        with ask(watched_sessions, id, stream=True) as first:
            begin_of_stream(first)
            patched = pool.submit(use, watched_sessions, id, "brief")
            time.sleep(0.1)
            second = pool.submit(watched_sessions.say, id, "And now?")
            time.sleep(0.2)
            assert not patched.done()
            assert not second.done()
        patched.result(5)
        assert second.result(5).status == 200
    roles = [role for role, _ in watched_sessions.said(id)]
    assert roles == ["user", "assistant", "user", "assistant"]
    assert standin.wait_for(0, SOON)


def test_reading_does_not_wait(watched_sessions: Sessions, standin: StandIn, id: str) -> None:
    """A UI shows sessions while one of them talks; the question is there already."""
    with ask(watched_sessions, id, stream=True) as live:
        begin_of_stream(live)
        began = time.monotonic()
        assert watched_sessions.said(id) == [("user", "Talk.")]
        for path in ("/sessions", f"/sessions/{id}/messages", f"/sessions/{id}/status"):
            assert watched_sessions.http.get(path).status == 200
        assert time.monotonic() - began < 1
    assert standin.wait_for(0, SOON)


def test_other_sessions_do_not_wait(watched_sessions: Sessions, standin: StandIn, id: str) -> None:
    """What is held is one session."""
    other = watched_sessions.begin(model="brief")
    with ask(watched_sessions, id, stream=True) as live:
        begin_of_stream(live)
        assert watched_sessions.say(other, "And now?").status == 200
    assert standin.wait_for(0, SOON)


@pytest.mark.parametrize("model", ["talk", "flood", "silent"])
def test_delete_during_a_stream(
    watched_sessions: Sessions, standin: StandIn, id: str, model: str
) -> None:
    """204 soon; the stream ends in order, Ollama is let go, and the file does not come back."""
    use(watched_sessions, id, model)
    with ask(watched_sessions, id, stream=True) as live, ThreadPoolExecutor(1) as pool:
        assert live.begin() == 200
        assert standin.wait_for(1, 2)
        rest = pool.submit(live.rest)
        time.sleep(0.1)
        began = time.monotonic()
        answer = watched_sessions.http.request("DELETE", f"/sessions/{id}")
        assert (answer.status, answer.body) == (204, b"")
        assert time.monotonic() - began < 1
        assert standin.wait_for(0, SOON)
        error, done = events_of(rest.result(5))[-2:]
    assert (error.name, error.data["code"]) == ("error", "SESSION_NOT_FOUND")
    assert done.data == {"session_id": id}
    time.sleep(0.1)
    assert not watched_sessions.path(id).exists()
    assert refusal(watched_sessions.say(id, "x")) == (404, "SESSION_NOT_FOUND")


def test_delete_while_others_wait(watched_sessions: Sessions, standin: StandIn, id: str) -> None:
    """Who talks and who queues for it are told that there is no such session any more."""
    with ask(watched_sessions, id, stream=True) as live, ThreadPoolExecutor(3) as pool:
        begin_of_stream(live)
        whole = pool.submit(watched_sessions.say, id, "x")
        stream = pool.submit(watched_sessions.stream, id, "x")
        time.sleep(0.2)
        assert watched_sessions.http.request("DELETE", f"/sessions/{id}").status == 204
        assert refusal(whole.result(5)) == (404, "SESSION_NOT_FOUND")
        error = events_of(stream.result(5))[-2]
        assert error.data["code"] == "SESSION_NOT_FOUND"
    assert standin.wait_for(0, SOON)
    assert not watched_sessions.path(id).exists()


def test_a_hundred_writers(sessions: Sessions) -> None:
    """None lost, none doubled, none between another's question and its answer; and changes of
    the settings meanwhile lose nothing either."""
    id = sessions.begin()

    def write(number: int) -> Answer:
        if number % 10 == 9:
            body = {"agent_settings": {"enabled_agents": [f"agent{number}"]}}
            return sessions.http.request("PATCH", f"/sessions/{id}", body)
        tell = sessions.stream if number % 2 else sessions.say
        return tell(id, f"Say number{number}.")

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(write, range(100)))
    assert {answer.status for answer in answers} == {200}
    for number, answer in enumerate(answers):
        if number % 10 == 9:
            continue
        if number % 2:
            text = "".join(e.data.get("content", "") for e in events_of(answer))
        else:
            text = answer.json["message"]["content"]
        assert text == f"number{number}"
    said = sessions.said(id)
    assert [role for role, _ in said] == ["user", "assistant"] * 90
    for (_, question), (_, told) in zip(said[::2], said[1::2], strict=True):
        assert question == f"Say {told}."
    assert {told for _, told in said[1::2]} == {
        f"number{number}" for number in range(100) if number % 10 != 9
    }
    assert sessions.detail(id)["agent_settings"]["enabled_agents"]
    assert sessions.written(id)["metadata"]["message_count"] == 180


def test_a_hundred_that_leave(watched_sessions: Sessions, standin: StandIn, id: str) -> None:
    """Whatever they leave behind, users and assistants still alternate where both spoke."""
    lives = [ask(watched_sessions, id, stream=bool(number % 2)) for number in range(100)]
    assert standin.wait_for(1, 2)
    time.sleep(0.2)
    for live in lives:
        live.response.close()
        live.connection.close()
    assert standin.wait_for(0, 2)
    works(watched_sessions, id)
    roles = [role for role, _ in watched_sessions.said(id)]
    assert ("assistant", "assistant") not in itertools.pairwise(roles)
