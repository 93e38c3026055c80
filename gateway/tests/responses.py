"""Requests for responses as tests write them."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from gateway.core.notes import Notes
from gateway.core.requests import ChatRequest
from gateway.dialects.decoding import RequestDecoder
from gateway.dialects.openai.responses import wire
from gateway.dialects.openai.responses.answer import Answer, answering
from gateway.dialects.openai.responses.input import Placed, read_input, resolved
from gateway.dialects.openai.responses.items import Item
from gateway.dialects.openai.responses.reading import check, read
from gateway.dialects.openai.responses.tools import RECURRING

BODY = RequestDecoder[wire.ResponseRequest](wire.ResponseRequest, RECURRING)
LOGPROBS = "message.output_text.logprobs"
ENCRYPTED = "reasoning.encrypted_content"


def counted() -> Callable[[str], str]:
    """Ids that tests can know: `msg_1`, `fc_2`, …"""
    count = iter(range(1, 10**6))
    return lambda prefix: f"{prefix}{next(count)}"


def decoded(**fields: Any) -> tuple[wire.ResponseRequest, list[str]]:
    return BODY.decode(msgspec.json.encode({"model": "demo", "input": "Hello", **fields}))


def own(input: Any, notes: Notes | None = None, **fields: Any) -> tuple[Placed, ...]:
    """The items of an input."""
    asked, _ = decoded(input=input, **fields)
    return read_input(asked, notes or Notes(), counted())


def request(notes: Notes | None = None, history: Sequence[Item] = (), **fields: Any) -> ChatRequest:
    """What becomes of a request in the end."""
    notes = notes or Notes()
    asked, unknown = decoded(**fields)
    check(asked, notes, unknown)
    items = resolved(read_input(asked, notes, counted()), history, {})
    return read(asked, items, notes, history=history)


def answer(**fields: Any) -> Answer:
    return answering(decoded(**fields)[0], id="resp_1", created=7)
