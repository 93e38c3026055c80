"""Open WebUI 0.12: its server asks for models, chats with its tools, and wants titles beside.

Recorded on the wire, and read in the source of 0.12.4.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from conformance_tests.clients.replay import (
    Call,
    Client,
    chunks_of,
    deltas,
    function,
    only,
    prose,
    text_of,
)
from conformance_tests.wire import Answer, Server, ask

HEADERS = {
    "Content-Type": "application/json",
    "Accept": "*/*",
    "User-Agent": "Python/3.12 aiohttp/3.13.2",
}
BUILT_IN = [
    *["get_current_timestamp", "calculate_timestamp", "ask_user", "search_web", "fetch_url"],
    *["list_chat_files", "query_chat_files", "grep_chat_files", "view_file", "search_chats"],
    *["view_chat", "delegate_task", "timer", "search_memories", "add_memory", "update_memory"],
    *["delete_memory", "list_memories", "search_notes", "view_note", "write_note"],
    *["replace_note_content", "search_channels", "search_channel_messages", "list_knowledge"],
    *["query_knowledge_files", "query_knowledge_bases", "view_skill", "create_tasks"],
    *["update_task", "create_automation", "update_automation", "list_automations"],
    *["toggle_automation", "delete_automation", "notify"],
]
NOW = function("get_current_timestamp", "The date and the time at this moment.")
QUERY = {"query": {"type": "string", "description": prose(260)}}
TOOLS = [NOW, *[function(name, prose(250), QUERY) for name in BUILT_IN[1:]]]
TIME = "What is the time now? Call get_current_timestamp."
TASKS = {"title": "How to make mochi", "follow_ups": "Which rice?", "tags": "Cooking"}
WORD = "juniper"


@pytest.fixture(scope="module")
def webui(server: Server) -> Client:
    return Client(server, HEADERS)


def chat(webui: Client, model: str, messages: list[dict[str, Any]]) -> Answer:
    """A message from the browser, with every tool that is switched on by default."""
    return webui.chat(stream=True, model=model, messages=messages, tools=TOOLS)


def task(webui: Client, name: str) -> Answer:
    """A title, follow-up questions or tags: asked for in the background, in one piece."""
    example = json.dumps({name: TASKS[name]})
    prompt = (
        f"### Task:\nFind the {name} for the chat below. Your whole answer is one JSON object, "
        "without a fence around it.\n### Chat History:\n<chat_history>\n"
        f"USER: How do I make mochi?\n</chat_history>\n### Output:\nReply with {example}"
    )
    return webui.chat(model=webui.server.model, messages=ask(prompt), stream=False, max_tokens=1000)


def found_by(answer: Answer, name: str) -> Any:
    """What stands in the object between the first and the last brace of the only choice; of what
    was thought, where nothing was said."""
    assert answer.status == 200, answer.body[:500]
    assert len(answer.json["choices"]) == 1
    message = answer.json["choices"][0]["message"]
    said = message.get("content") or message.get("reasoning_content") or ""
    return json.loads(said[said.find("{") : said.rfind("}") + 1]).get(name)


def calls(answer: Answer) -> list[Call]:
    """Calls go by their index: a fragment without one is dropped, and no tool runs. An id that is
    missing is made up."""
    known: dict[int, Call] = {}
    for delta in deltas(chunks_of(answer)):
        for fragment in delta.get("tool_calls") or ():
            if (index := fragment.get("index")) is None:
                continue
            call, said = known.setdefault(index, Call()), fragment.get("function") or {}
            call.name = said.get("name") or call.name
            call.pieces.append(said.get("arguments") or "")
    return [*known.values()]


def test_the_list_of_models_is_found(webui: Client) -> None:
    """Open WebUI 0.12.4, routers/openai.py: it takes `data`, and of each model its `id`; a second
    model of the same id is not shown."""
    answer = webui.get("/models")
    assert answer.status == 200, answer.body[:500]
    ids = [model["id"] for model in answer.json["data"]]
    assert ids
    assert all(isinstance(id, str) and id for id in ids)
    assert len({*ids}) == len(ids)


def test_the_list_of_models_comes_within_ten_seconds(webui: Client) -> None:
    """Open WebUI 0.12.4, AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST: after 10 s the connection counts as
    one without models, and every page load waits for it."""
    began = time.monotonic()
    assert webui.get("/models").json["data"]
    assert time.monotonic() - began < 10


@pytest.mark.cooperation(times=3, least=1)
def test_twenty_six_kilobytes_of_tools_are_answered(webui: Client, tools_model: str) -> None:
    """Open WebUI 0.12 sends its 36 built-in tools, 26 kB, with every message."""
    assert 24_000 < len(json.dumps(TOOLS)) < 28_000
    assert len(TOOLS) == 36
    answer = chat(webui, tools_model, ask(f"Repeat: {WORD}"))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert WORD in text_of(chunks_of(answer)) or calls(answer)


@pytest.mark.cooperation(times=3, least=1)
def test_a_call_of_one_of_its_tools_can_be_run(webui: Client, tools_model: str) -> None:
    """Open WebUI 0.12.4, utils/middleware.py: calls go by `index`, their arguments are joined and
    read as JSON, and the tool is looked up by its name."""
    answer = chat(webui, tools_model, ask(TIME))
    call = only(calls(answer))
    assert call.name == "get_current_timestamp"
    assert call.arguments == {}


@pytest.mark.cooperation(times=3, least=1)
def test_two_calls_of_a_turn_are_two(webui: Client, tools_model: str) -> None:
    """Open WebUI 0.12.4 tells calls apart by their index alone: two of the same are one, and its
    arguments no JSON."""
    asked = "Call search_web twice, two calls at once: for rice, and for tea."
    both = calls(chat(webui, tools_model, ask(asked)))
    assert [call.name for call in both] == ["search_web", "search_web"]
    assert all(call.arguments for call in both)


@pytest.mark.cooperation(times=3, least=1)
def test_the_result_of_a_tool_is_used(webui: Client, tools_model: str) -> None:
    """Open WebUI 0.12.4, convert_output_to_messages: the call goes back with `content: ""`, and
    all of it is sent again after each round of tools."""
    called = {"name": "get_current_timestamp", "arguments": "{}"}
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You help."},
        *ask(TIME),
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_1", "type": "function", "function": called}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": '{"current_iso": "2026-11-21"}'},
    ]
    answer = chat(webui, tools_model, messages)
    assert "2026" in text_of(chunks_of(answer))


@pytest.mark.cooperation(times=3, least=1)
def test_a_title_is_an_object_in_one_choice(webui: Client) -> None:
    """Open WebUI 0.12.4: a title is read from an answer with just one choice, and cut out between
    its first and its last brace."""
    answer = task(webui, "title")
    assert found_by(answer, "title") == TASKS["title"]
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.cooperation(times=3, least=1)
def test_titles_are_written_while_others_chat(webui: Client, tools_model: str) -> None:
    """Open WebUI asks for title, follow-ups and tags in the background: a server that takes one
    request at a time still has to answer them all, each with its own."""
    with ThreadPoolExecutor(len(TASKS) + 1) as pool:
        chatting = pool.submit(chat, webui, tools_model, ask("Hello!"))
        tasks = {name: pool.submit(task, webui, name) for name in TASKS}
        assert {name: found_by(each.result(), name) for name, each in tasks.items()} == TASKS
        assert chunks_of(chatting.result())


@pytest.mark.cooperation(times=3, least=1)
def test_an_answer_is_continued(webui: Client) -> None:
    """Open WebUI's button Continue sends the conversation as it is: its last message is the
    assistant's."""
    messages = [*ask("Repeat: amber birch cedar"), {"role": "assistant", "content": "amber"}]
    answer = webui.chat(stream=True, model=webui.server.model, messages=messages)
    assert "cedar" in text_of(chunks_of(answer))


@pytest.mark.cooperation(times=3, least=1)
def test_the_stop_button_leaves_a_server_that_answers(webui: Client) -> None:
    """Open WebUI stops an answer by closing its connection, in the middle of a line."""
    story = ask("Count from 1 to 300, in words.")
    body = {"stream": True, "model": webui.server.model, "messages": story}
    with webui.open("/chat/completions", **body) as live:
        assert live.begin() == 200
        assert live.line()
    answer = webui.chat(**{**body, "messages": ask(f"Repeat: {WORD}")})
    assert WORD in text_of(chunks_of(answer))


def test_a_model_that_is_gone_is_told_of_in_json(webui: Client) -> None:
    """Open WebUI 0.12.4 hands the JSON of a failure on to the browser, which shows
    `error.message`; it takes an event stream for an answer."""
    answer = webui.chat(stream=True, model="deleted:latest", messages=ask("Hello!"))
    assert 400 <= answer.status < 500
    assert answer.headers["content-type"].startswith("application/json")
    assert isinstance(answer.json["error"]["message"], str)
