"""Session files: mochi-coco's format, read in every version and written in the lowest that will do.

A dialect like any other: bytes in, a `Session` out, and back. What other programs and later
versions have put into a file is kept and written back.
"""

import json
import logging
import re
from typing import Any

import msgspec
from msgspec import Raw

from extensions.sessions.fitting import fitting, time_from
from extensions.sessions.mending import mended
from extensions.sessions.message_records import Background, Unreadable, message_of, record_of
from extensions.sessions.metadata_records import (
    agent_settings_from,
    metadata_of,
    summary_from,
    tool_settings_from,
    window_from,
)
from extensions.sessions.migrations import migrate
from extensions.sessions.session import AssistantMessage, Kept, Message, Session

__all__ = ["Unreadable", "read", "write"]

log = logging.getLogger("mochi")

DOCUMENT = msgspec.json.Decoder(dict[str, Raw])
METADATA = msgspec.json.Decoder(dict[str, Any])
MESSAGES = msgspec.json.Decoder(list[Raw])

VERSION = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?")
LONGEST_ODDITY = 40
NO_VERSION = (10**9, 0)
"""What is no version that we know may be anything: it counts as a later one than all."""


def read(data: bytes, *, id: str, modified: str) -> Session:
    """The session that a file holds.

    `id` is the stem of its name, whatever the metadata say; `modified` is its time in the form of
    sessions, for timestamps that are missing. Raises `Unreadable`, and nothing else.
    """
    try:
        try:
            return session_from(data, id, modified)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return session_from(mended(data.decode("utf-8-sig")), id, modified)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise Unreadable(f"it is damaged: {error}") from None


def session_from(data: bytes, id: str, modified: str) -> Session:
    """`msgspec.DecodeError` or `UnicodeDecodeError` for what is no JSON, or no sound JSON."""
    document = DOCUMENT.decode(data)
    if "metadata" not in document or "messages" not in document:
        raise Unreadable("it has no metadata or no messages")
    metadata = METADATA.decode(document.pop("metadata"))
    raws = MESSAGES.decode(document.pop("messages"))
    others = {key: msgspec.json.decode(raw) for key, raw in document.items()}
    steps = migrate(metadata)
    time = time_from(metadata.get("updated_at"), modified)
    background = Background(id, fitting(metadata.get("model"), str, ""), time)
    messages = [message_of(raw, index, background) for index, raw in enumerate(raws)]
    if steps:
        log.info("Session %s is of an older format; missing or moved: %s.", id, ", ".join(steps))
    return assembled(background, tuple(messages), metadata, others)


def assembled(
    background: Background,
    messages: tuple[Message, ...],
    metadata: dict[str, Any],
    others: dict[str, Any],
) -> Session:
    """The session of these parts; what is known is taken out of `metadata`, and the rest kept."""
    for known in ("session_id", "model", "updated_at", "message_count"):
        metadata.pop(known, None)
    version = version_from(metadata.pop("format_version"))
    tools, agents = metadata.pop("tool_settings"), metadata.pop("agent_settings")
    window = metadata.pop("context_window_config")
    summary, summary_others = summary_from(metadata.pop("summary", None))
    return Session(
        id=background.session_id,
        model=background.model,
        created_at=time_from(metadata.pop("created_at", None), background.time),
        updated_at=background.time,
        messages=messages,
        summary=summary,
        summary_model=fitting(metadata.pop("summary_model", None), str, None),
        tool_settings=tool_settings_from(tools, metadata.pop("tool_policies", None)),
        agent_settings=agent_settings_from(agents),
        window=window_from(window, background.time),
        kept=Kept(
            document=others,
            metadata=metadata,
            tool_settings=tools,
            agent_settings=agents,
            window=window,
            summary=summary_others,
        ),
        version=version,
        read_only=number_of(version) >= (2, 0),
    )


def version_from(found: Any) -> str:
    return found if isinstance(found, str) else str(found)[:LONGEST_ODDITY]


def number_of(version: str) -> tuple[int, int]:
    """Major and minor."""
    match = VERSION.fullmatch(version)
    return (int(match[1]), int(match[2] or 0)) if match else NO_VERSION


def write(session: Session) -> bytes:
    """The file of a session, byte for byte as mochi-coco would lay it out.

    In the version of the file it came from if that is a later one, else in the lowest that has a
    place for everything.
    """
    document = {
        "metadata": metadata_of(session, written_version(session)),
        "messages": [record_of(message) for message in session.messages],
        **session.kept.document,
    }
    return msgspec.json.format(encoded(document), indent=2)


def written_version(session: Session) -> str:
    if session.version and number_of(session.version) > (1, 4):
        return session.version
    thinking = any(isinstance(m, AssistantMessage) and m.thinking for m in session.messages)
    return "1.4" if thinking or session.tool_settings.tool_policies else "1.3"


def encoded(document: dict[str, Any]) -> bytes:
    """Numbers that JSON has no word for become `null` either way."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return mended(json.dumps(msgspec.to_builtins(document), ensure_ascii=False))
