"""mochi-coco and the summaries of this program. Needs the published mochi-coco, else skipped."""

from pathlib import Path
from typing import Any

import pytest

from extensions.chat.tests.talking import sessions_with
from extensions.sessions.json_store import JSONSessionStore
from extensions.sessions.session import Summary
from extensions.summaries.service import Summaries
from extensions.summaries.tests.talks import ANSWERED, ID, MODEL, Answers
from gateway.testing import ScriptedBackend

coco: Any = pytest.importorskip("mochi_coco.chat.session", exc_type=ImportError)


async def test_mochi_coco_shows_and_keeps_a_summary_of_ours(tmp_path: Path) -> None:
    sessions = await sessions_with(*ANSWERED, store=JSONSessionStore(tmp_path))
    backend = ScriptedBackend(models=(MODEL, "small:1b"))
    await Summaries(sessions, backend, Answers()).summarise(ID, "small:1b")
    theirs = coco.ChatSession(MODEL, session_id=ID, sessions_dir=str(tmp_path))
    assert [message.content for message in theirs.messages] == ["Morning?", "Yes."]
    assert theirs.metadata.summary == {"summary": "Up to: Yes.", "topics": ["talk"]}
    assert theirs.metadata.summary_model == "small:1b"
    theirs.add_user_message("And then?")
    theirs.save_session()
    session = await sessions.get(ID)
    assert len(session.messages) == 3
    assert session.summary == Summary("Up to: Yes.", ("talk",))
    assert session.summary_model == "small:1b"
