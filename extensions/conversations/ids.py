"""The ids of conversations, items and calls, which follow from those of sessions and messages."""

from gateway.core.errors import ConversationNotFound

__all__ = [
    "bare",
    "call_id",
    "call_item_id",
    "compaction_id",
    "conversation_id",
    "message_id",
    "reasoning_id",
    "result_id",
    "session_of",
]

PREFIX = "conv_"


def conversation_id(session_id: str) -> str:
    return PREFIX + session_id


def bare(id: str) -> str:
    """The id of the session, which may be named by that of its conversation."""
    return id.removeprefix(PREFIX)


def session_of(conversation_id: str) -> str:
    """The id of the session; `ConversationNotFound` for what is no id of a conversation."""
    if not conversation_id.startswith(PREFIX):
        raise ConversationNotFound(conversation_id)
    return conversation_id.removeprefix(PREFIX)


def message_id(message: str) -> str:
    return f"msg_{message}"


def compaction_id(message: str) -> str:
    return f"cmp_{message}"


def reasoning_id(message: str, index: int) -> str:
    return f"rs_{message}_{index}" if index else f"rs_{message}"


def call_id(message: str, index: int) -> str:
    """What the result of the call at this index names."""
    return f"call_{message}_{index}"


def call_item_id(message: str, index: int, *, custom: bool) -> str:
    return f"{'ctc' if custom else 'fc'}_{message}_{index}"


def result_id(message: str, *, custom: bool) -> str:
    return f"{'ctco' if custom else 'fco'}_{message}"
