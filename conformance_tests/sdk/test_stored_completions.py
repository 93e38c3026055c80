"""`client.chat.completions` beside `create`: what was stored."""

from typing import Any

import openai
import pytest
from openai import OpenAI

from conformance_tests.wire import Server

HELLO: list[Any] = [{"role": "user", "content": "Say hello."}]


def test_it_lives_and_dies(client: OpenAI, stored: Server) -> None:
    """openai-python with strict validation: retrieved, updated, deleted."""
    made = client.chat.completions.create(
        model=stored.model, messages=HELLO, store=True, metadata={"a": "b"}
    )
    found = client.chat.completions.retrieve(made.id)
    assert found.choices == made.choices
    assert found.metadata == {"a": "b"}
    changed = client.chat.completions.update(made.id, metadata={"c": "d"})
    assert changed.metadata == {"c": "d"}
    assert client.chat.completions.delete(made.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(made.id)


def test_a_stream_is_kept(client: OpenAI, stored: Server) -> None:
    """openai-python's helper: the completion that it puts together is the one that is kept."""
    with client.chat.completions.stream(
        model=stored.model, messages=HELLO, store=True, stream_options={"include_usage": True}
    ) as stream:
        streamed = stream.get_final_completion()
    found = client.chat.completions.retrieve(streamed.id)
    assert found.choices[0].message.content == streamed.choices[0].message.content
    assert found.usage == streamed.usage


def test_lists_page_by_themselves(client: OpenAI, stored: Server) -> None:
    """openai-python's cursor pages, and an object in the query: `metadata[mark]=…`."""
    mark = client.chat.completions.create(model=stored.model, messages=HELLO).id
    made = {
        client.chat.completions.create(
            model=stored.model, messages=HELLO, store=True, metadata={"mark": mark}
        ).id
        for _ in range(3)
    }
    listed = list(client.chat.completions.list(metadata={"mark": mark}, limit=1))
    assert len(listed) == 3
    assert {completion.id for completion in listed} == made


def test_messages_are_listed(client: OpenAI, stored: Server) -> None:
    """openai-python types every stored message as the assistant's, so it is not asked to check."""
    made = client.chat.completions.create(model=stored.model, messages=HELLO, store=True)
    lax = OpenAI(base_url=client.base_url, api_key=client.api_key)
    (message,) = lax.chat.completions.messages.list(made.id)
    assert message.id
    assert (message.role, message.content) == ("user", "Say hello.")
