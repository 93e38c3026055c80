"""Sessions and messages, as short as they can be written."""

from extensions.sessions.changes import MessageAppended
from extensions.sessions.session import AssistantMessage, Session, UserMessage

__all__ = ["EARLY", "LATER", "LATEST", "answered", "appended", "said", "session", "texts"]

EARLY = "2026-03-04T05:06:07.000890"
LATER = "2026-03-04T05:06:09.120000"
LATEST = "2026-03-05T00:00:00.000000"


def session(id: str = "0f1e2d3c4b", *messages: str, at: str = EARLY) -> Session:
    """One of `plain:1b`, in which these things were said."""
    entries = tuple(said(text) for text in messages)
    return Session(id=id, model="plain:1b", created_at=at, updated_at=at, messages=entries)


def said(text: str) -> UserMessage:
    return UserMessage(id="1111111111", timestamp=EARLY, content=text)


def answered(text: str) -> AssistantMessage:
    return AssistantMessage(id="2222222222", timestamp=EARLY, content=text, model="plain:1b")


def appended(text: str) -> MessageAppended:
    return MessageAppended(said(text))


def texts(session: Session) -> list[str]:
    return [message.content for message in session.messages]
