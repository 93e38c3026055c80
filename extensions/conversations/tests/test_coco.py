"""mochi-coco at a conversation's file. Needs the published mochi-coco, else skipped."""

from pathlib import Path
from typing import Any

import pytest

from extensions.conversations.projection import items_of
from extensions.conversations.tests.test_projection import session_with
from extensions.sessions.records import read, write
from gateway.dialects.openai.responses import items, parts
from gateway.dialects.openai.responses.items import Item

coco: Any = pytest.importorskip("mochi_coco.chat.session", exc_type=ImportError)

IMAGE = parts.InputImage(image_url="https://images.example/1")

SAID: list[Item] = [
    items.Message(role="developer", content=[parts.InputText("Be brief.")]),
    items.Message(role="user", content=[parts.InputText("What is this?"), IMAGE]),
    items.Reasoning(summary=[parts.SummaryText("Look it up.")]),
    items.FunctionCall(call_id="x", name="look", arguments='{"at": 1}'),
    items.FunctionCall(call_id="y", name="look", arguments="{}"),
    items.FunctionCallOutput(call_id="y", output="a cat"),
    items.Message(role="system", content=[parts.InputText("Go on.")]),
    items.Message(role="assistant", status="incomplete", content=[parts.OutputText(text="A c")]),
]


def test_mochi_coco_opens_and_continues_a_conversation(tmp_path: Path) -> None:
    session = session_with(SAID)
    file = tmp_path / f"{session.id}.json"
    file.write_bytes(write(session))
    theirs = coco.ChatSession("another:1b", session_id=session.id, sessions_dir=str(tmp_path))
    assert [(message.role, message.content) for message in theirs.messages] == [
        ("system", "Be brief."),
        ("user", "What is this?"),
        ("assistant", ""),
        ("tool", "a cat"),
        ("system", "Go on."),
        ("assistant", "A c"),
    ]
    theirs.add_user_message("And now?")
    theirs.save_session()
    again = read(file.read_bytes(), id=session.id, modified=session.updated_at)
    last = items_of(again.messages)[-1]
    assert isinstance(last, items.Message)
    assert last.content == [parts.InputText("And now?")]
