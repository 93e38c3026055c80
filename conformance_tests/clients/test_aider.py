"""aider 0.86 through litellm: examples before the question, plain text, and patience.

Recorded from aider 0.86.2, which brings version 2 of the OpenAI SDK for Python.
"""

from typing import Any

import pytest

from conformance_tests.clients.replay import (
    STAINLESS,
    Client,
    chunks_of,
    finished,
    prose,
    read_whole,
    text_of,
)
from conformance_tests.wire import Answer, Server, ask

HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "OpenAI/Python 2.20.0",
    **STAINLESS,
    "X-Stainless-Package-Version": "2.20.0",
    "X-Stainless-Raw-Response": "true",
    "X-Stainless-Read-Timeout": "600.0",
}
WORD = "juniper"
FENCE = "```"
CODE = f'hello.py\n{FENCE}\ndef hello(name):\n    print(f"Hello, {{name}}")\n{FENCE}'
RULES = {"role": "system", "content": "You change code. " + prose(1200)}


@pytest.fixture(scope="module")
def aider(server: Server) -> Client:
    return Client(server, HEADERS)


def said(*turns: str) -> list[dict[str, Any]]:
    """The user, the assistant, the user, and so on."""
    return [
        {"role": ("user", "assistant")[number % 2], "content": text}
        for number, text in enumerate(turns)
    ]


EXAMPLES = said(
    "Make the greeting less stiff.",
    f"Gladly:\n\n{CODE}",
    "This is another code base now. Forget the files above.",
    "Ok.",
    "Some files of the repository, which you may only read:\n" + prose(150),
    "Ok, I will leave them as they are.",
    f"These files may be changed:\n\nhello.py\n{FENCE}\nprint('hi')\n{FENCE}\n",
    "Ok, only those.",
)


def stream(aider: Client, messages: list[dict[str, Any]], **fields: Any) -> Answer:
    """Messages come first, nothing but the model, `stream` and the temperature after them."""
    return aider.chat(
        messages=messages, model=aider.server.model, stream=True, temperature=0, **fields
    )


@pytest.mark.cooperation(times=3, least=1)
def test_examples_come_before_the_question(aider: Client) -> None:
    """aider 0.86.2 begins with a made-up conversation: ten messages, the roles in turns."""
    chunks = chunks_of(stream(aider, [RULES, *EXAMPLES, *ask(f"Repeat: {WORD}")]))
    assert WORD in text_of(chunks)
    assert finished(chunks) == ["stop"]


@pytest.mark.cooperation(times=3, least=1)
def test_a_conversation_may_begin_with_the_assistant(aider: Client) -> None:
    """Recorded from aider: of the examples at the start, the first part may be the assistant's."""
    chunks = chunks_of(stream(aider, [*EXAMPLES[1:], *ask(f"Repeat: {WORD}")]))
    assert WORD in text_of(chunks)


def test_no_chunk_counts_tokens_unasked(aider: Client) -> None:
    """OpenAI API reference, include_usage: without it every chunk has a choice. Clients older than
    the option read `choices[0]` of each; aider counts tokens itself."""
    chunks = chunks_of(stream(aider, ask("Say hello.")))
    assert all(chunk["choices"] for chunk in chunks)
    assert not any(chunk.get("usage") for chunk in chunks)


@pytest.mark.cooperation(times=3, least=1)
def test_code_arrives_as_it_was_written(aider: Client) -> None:
    """aider writes what stands in a fence into the file: indentation and line ends included."""
    text = text_of(chunks_of(stream(aider, ask(f"Repeat: {CODE}"))))
    assert CODE.partition("\n")[2] in text


def test_the_end_by_length_is_told(aider: Client) -> None:
    """aider 0.86.2, base_coder.py: `length` in a chunk makes it ask for the rest; with `stop` half
    an answer would be taken for a whole one."""
    chunks = chunks_of(stream(aider, ask("Count from 1 to 90, in words."), max_tokens=5))
    assert finished(chunks) == ["length"]


@pytest.mark.cooperation(times=3, least=1)
def test_the_rest_is_asked_for_by_the_beginning(aider: Client) -> None:
    """aider 0.86.2, base_coder.py: what was cut goes back as the last message, the assistant's,
    with `prefix: true`, to models of which aider knows that they go on from there."""
    begun = {"role": "assistant", "content": "amber", "prefix": True}
    chunks = chunks_of(stream(aider, [*ask("Repeat: amber birch cedar"), begun]))
    assert "cedar" in text_of(chunks)


def test_the_message_of_a_commit_comes_in_one_piece(aider: Client) -> None:
    """aider 0.86.2 asks for it without `stream`, `max_tokens` or tools; its first choice is it."""
    rules = {"role": "system", "content": "Write a commit message of one line. " + prose(700)}
    diff = "diff --git a/hello.py b/hello.py\n-print('hi')\n+print('hello')\n"
    messages = [rules, *ask(diff)]
    answer = aider.chat(messages=messages, model=aider.server.model, temperature=0)
    assert answer.status == 200, answer.body[:500]
    assert answer.headers["content-type"].startswith("application/json")
    choice = answer.json["choices"][0]
    assert choice["message"]["content"].strip()
    assert choice["finish_reason"] == "stop"
    read_whole(answer.json["usage"], messages)


def test_twelve_kilobytes_of_files_are_read_whole(aider: Client) -> None:
    """aider puts whole files into its prompt, and asks for changes of their last lines."""
    messages = [RULES, *EXAMPLES, *ask(prose(12_000) + "How many rules are there?")]
    answer = aider.chat(messages=messages, model=aider.server.model, temperature=0)
    assert answer.status == 200, answer.body[:500]
    read_whole(answer.json["usage"], messages)


def test_an_unknown_model_is_not_worth_a_retry(aider: Client) -> None:
    """litellm takes 404 for NotFoundError and gives up; on 408, 409, 429 and 500 aider asks again,
    for a minute."""
    answer = aider.chat(messages=ask("Hello."), model="no-such-model", stream=True)
    assert answer.status in (400, 404)
    assert isinstance(answer.json["error"]["message"], str)
