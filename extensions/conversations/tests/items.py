"""Items of every kind, drawn at random."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET

from gateway.dialects.openai.responses import items, opaque, parts
from gateway.dialects.openai.responses.items import Item

__all__ = ["conversations", "described", "spellings", "words"]

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ids = st.from_regex(r"\A[a-z]{2,3}_[0-9a-f]{24}\Z")
statuses = st.sampled_from(["completed", "incomplete", "in_progress", None])

images = st.builds(
    parts.InputImage,
    detail=st.sampled_from(["auto", "low", None]),
    image_url=words.map("https://images.example/{}".format),
)
sounds = st.builds(parts.InputAudio, st.builds(parts.AudioData, words, st.just("wav")))
heard = st.lists(st.builds(parts.InputText, words) | images | sounds, max_size=4)
returned = st.lists(st.builds(parts.InputText, words) | images, max_size=3)
logprobs = st.builds(parts.TokenLogprob, words, st.floats(-9, 0), st.just([1]), st.just([]))
texts = st.builds(
    parts.OutputText,
    text=words,
    annotations=st.just([]) | st.just([{"type": "url_citation", "text": 3}]),
    logprobs=st.lists(logprobs, max_size=2),
)
said = st.lists(texts | st.builds(parts.Refusal, words), max_size=3)

asked = st.builds(
    items.Message,
    id=ids,
    role=st.sampled_from(["user", "system", "developer"]),
    status=statuses,
    content=heard,
    phase=st.sampled_from([UNSET, None]),
)
compactions = st.builds(items.Compaction, id=ids, encrypted_content=words.map(opaque.sealed))
says = st.builds(
    items.Message,
    id=ids,
    role=st.just("assistant"),
    status=statuses,
    content=said,
    phase=st.sampled_from([UNSET, None, "commentary", "final_answer"]),
)
reasonings = st.builds(
    items.Reasoning,
    id=ids,
    summary=st.lists(st.builds(parts.SummaryText, words), max_size=2),
    content=st.sampled_from([UNSET, None])
    | st.lists(st.builds(parts.ReasoningText, words), max_size=2),
    encrypted_content=st.sampled_from([UNSET, None]) | words | words.map(opaque.sealed),
    status=statuses,
)
spellings = st.sampled_from(["", "{}", '{"a": 1}', '{"a":1}', '{"b":[1.0,null],"a":"ü"}'])
calls = st.builds(
    items.FunctionCall,
    id=ids,
    call_id=ids,
    name=words,
    arguments=spellings,
    status=statuses,
) | st.builds(items.CustomToolCall, id=ids, call_id=ids, name=words, input=words, status=statuses)


@st.composite
def turns(draw: Any) -> list[Item]:
    """What a model does in one go, and the results of some of its calls, in their order."""
    turn: list[Item] = draw(st.lists(reasonings, max_size=2))
    turn += draw(st.lists(says, max_size=1))
    called = draw(st.lists(calls, max_size=3))
    turn += called
    if not turn:
        turn.append(draw(says))
    for call in called:
        if draw(st.booleans()):
            kind = draw(st.sampled_from([items.FunctionCallOutput, items.CustomToolCallOutput]))
            turn.append(
                kind(
                    id=draw(ids),
                    call_id=call.call_id,
                    output=draw(words | returned),
                    status=draw(statuses),
                )
            )
    return turn


@st.composite
def conversations(draw: Any) -> list[Item]:
    """Any of these, each turn of the model between others; no id comes twice."""
    drawn: list[Item] = []
    for _ in range(draw(st.integers(0, 4))):
        drawn += draw(st.lists(asked | compactions, min_size=1, max_size=2))
        drawn += draw(st.just([]) | turns())
    taken = [item.id for item in drawn] + [
        item.call_id for item in drawn if isinstance(item, items.Call)
    ]
    return drawn if len({*taken}) == len(taken) else []


def described(found: list[Item]) -> list[Any]:
    """The items as they are on the wire, to be compared byte for byte."""
    return [msgspec.json.encode(item) for item in found]
