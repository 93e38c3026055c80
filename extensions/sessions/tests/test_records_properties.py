"""What holds for every session and for every file."""

import contextlib
import json
import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from extensions.sessions.clock import instant, local_time
from extensions.sessions.message_records import OBJECT
from extensions.sessions.records import Unreadable, read, write
from extensions.sessions.session import (
    AgentSettings,
    AssistantMessage,
    Call,
    Kept,
    Session,
    Summary,
    SystemMessage,
    ToolMessage,
    ToolSettings,
    UserMessage,
    WindowChange,
    WindowConfig,
)

MODIFIED = "2026-03-05T00:00:00.000000"

words = st.text(max_size=8)
names = st.tuples(words).map(lambda word: f"x-{word[0]}")
tokens = st.integers(0, 2**31 - 1)
numbers = st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
others = st.dictionaries(names, json_values, max_size=2)
times = st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1)).map(local_time)


def entries(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    id = st.text(min_size=1, max_size=10)
    return st.builds(kind, id=id, timestamp=times, content=words, extra=others, **fields)


calls = st.builds(Call, words, st.dictionaries(words, json_values, max_size=2))
messages = st.one_of(
    entries(SystemMessage, source_file=st.none() | words),
    entries(UserMessage),
    entries(
        AssistantMessage,
        model=words,
        eval_count=st.none() | tokens,
        prompt_eval_count=st.none() | tokens,
        thinking=words,
        calls=st.lists(calls, max_size=2).map(tuple),
    ),
    entries(ToolMessage, tool_name=words),
)
texts = st.lists(words, max_size=2).map(tuple)
changes = st.builds(
    WindowChange,
    timestamp=times,
    window_size=tokens,
    reason=words,
    usage_tokens=st.none() | tokens,
    extra=others,
)
windows = st.builds(
    WindowConfig,
    dynamic_enabled=st.booleans(),
    current_window=st.none() | st.integers(1, 2**31 - 1),
    last_adjustment=st.none() | words,
    history=st.lists(changes, max_size=2).map(tuple),
    manual_override=st.booleans(),
)
kept_keys = st.builds(
    Kept,
    document=others,
    metadata=others,
    tool_settings=others,
    agent_settings=others,
    window=others,
    summary=others,
)
drawn = st.builds(
    Session,
    id=st.just("0f1e2d3c4b"),
    model=words,
    created_at=times,
    updated_at=times,
    messages=st.lists(messages, max_size=4).map(tuple),
    summary=st.builds(Summary, words, texts),
    summary_model=st.none() | words,
    tool_settings=st.builds(
        ToolSettings,
        tools=texts,
        tool_group=st.none() | words,
        execution_policy=words,
        tool_policies=st.dictionaries(words, words, max_size=2),
    ),
    agent_settings=st.builds(AgentSettings, enabled_agents=texts),
    window=windows,
    kept=kept_keys,
    version=st.sampled_from(["", "1.0", "1.4", "1.7"]),
    read_only=st.just(False),
)
sessions = drawn | drawn.map(
    lambda session: replace(session, summary=None, kept=replace(session.kept, summary={}))
)


def from_file(data: bytes) -> Session:
    return read(data, id="0f1e2d3c4b", modified=MODIFIED)


def surely(number: int) -> settings:
    """So many examples; a time limit would only measure the machine."""
    return settings(max_examples=number, deadline=None)


@surely(60)
@given(sessions)
def test_what_is_written_is_read(session: Session) -> None:
    again = from_file(write(session))
    assert again == replace(session, version=again.version)


@surely(30)
@given(sessions)
def test_what_is_written_is_what_mochi_coco_could_have_written(session: Session) -> None:
    written = write(session)
    found = json.loads(written)
    theirs = json.dumps(found, indent=2, ensure_ascii=False)
    # Python writes exponents in another way: 1e+16.
    if not re.search(r"\de[+-]?\d", theirs):
        assert written.decode() == theirs


keys = st.sampled_from(
    [
        *("metadata", "messages", "role", "content", "message_id", "timestamp", "source_file"),
        *("model", "eval_count", "thinking", "tool_calls", "tool_name", "function", "name"),
        *("arguments", "tools", "tool_group", "execution_policy", "tool_policies", "summary"),
        *("topics", "created_at", "updated_at", "format_version", "tool_settings"),
        *("agent_settings", "context_window_config", "adjustment_history", "window_size"),
        *("confirmation_necessary", "enabled_agents", "selection_metadata", "current_window"),
    ]
)


def spoilt(found: Any, data: st.DataObject) -> Any:
    """The document with something else somewhere in it."""
    if data.draw(st.integers(0, 4)) == 0 or not found or not isinstance(found, dict | list):
        return data.draw(json_values | st.sampled_from([10**400, "1.9", "system", {}, []]))
    if isinstance(found, list):
        at = data.draw(st.integers(0, len(found) - 1))
        return [spoilt(item, data) if index == at else item for index, item in enumerate(found)]
    key = data.draw(st.sampled_from(sorted(found)) | keys)
    return {**found, key: spoilt(found.get(key), data)}


@surely(120)
@given(sessions, st.data())
def test_a_spoilt_file_is_read_once_and_for_all_or_unreadable(
    session: Session, data: st.DataObject
) -> None:
    file = json.dumps(spoilt(json.loads(write(session)), data)).encode()
    with contextlib.suppress(Unreadable):
        found = from_file(file)
        assert instant(found.updated_at)
        again = from_file(write(found))
        assert replace(again, version="") == replace(found, version="")


@surely(60)
@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_at_all_is_read_or_unreadable(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        from_file(data)


def test_a_torn_file_is_unreadable_wherever_it_ends() -> None:
    message = UserMessage(id="a", timestamp=MODIFIED, content="Grüße 😀")
    session = Session(
        id="a", model="m", created_at=MODIFIED, updated_at=MODIFIED, messages=(message,)
    )
    whole = write(session)
    for end in range(len(whole)):
        with pytest.raises(Unreadable):
            from_file(whole[:end])


@surely(40)
@given(sessions)
def test_a_file_with_other_keys_means_the_same(session: Session) -> None:
    """Every message takes the slow path, which must come to the same as the fast one."""
    found = json.loads(write(session))
    for message in found["messages"]:
        message["x-other"] = [1]
    for message in from_file(json.dumps(found).encode()).messages:
        assert message.extra.pop("x-other") == [1]
    plain = from_file(write(session))
    slow = from_file(json.dumps(found).encode())
    for message in slow.messages:
        del message.extra["x-other"]
    assert slow == plain


@surely(40)
@given(sessions, others)
def test_unknown_keys_stand_where_they_stood(session: Session, unknown: dict[str, Any]) -> None:
    found = json.loads(write(replace(session, summary=Summary("A sum."))))
    metadata = found["metadata"]
    places = [
        found,
        metadata,
        metadata["summary"],
        metadata["tool_settings"],
        metadata["agent_settings"],
        metadata["context_window_config"],
        *metadata["context_window_config"]["adjustment_history"],
        *found["messages"],
    ]
    for place in places:
        place.update(unknown)
    written = write(from_file(json.dumps(found).encode()))
    assert OBJECT.decode(written) == found
