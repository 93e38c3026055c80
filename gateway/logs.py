"""Where log records go: to standard error, as plain lines or as JSON lines."""

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

__all__ = ["JSONLines", "PlainLines", "configure"]

LOGGERS = ("mochi", "litestar", "uvicorn")
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
CONTROLS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029)}
STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure(level: str, *, as_json: bool = False) -> None:
    """Send what we and the frameworks log to standard error; leave the root logger alone.

    At INFO the frameworks and the access log are silent: a line for every request costs more than
    much of the request, so it comes with DEBUG.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JSONLines() if as_json else PlainLines())
    handler.addFilter(_not_a_cancellation)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    quiet = "WARNING" if level == "INFO" else level
    logging.getLogger("mochi").setLevel(level)
    for name in ("mochi.access", "litestar", "uvicorn"):
        logging.getLogger(name).setLevel(quiet)


def _not_a_cancellation(record: logging.LogRecord) -> bool:
    """A stream that is ended at shutdown is no crash, though uvicorn logs it as one."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


class PlainLines(logging.Formatter):
    """`2026-03-04 05:06:07 WARNING mochi: text`, with control characters escaped.

    The lines of a traceback are indented, so none of them can pass for a record of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        stamp = datetime.fromtimestamp(record.created).strftime("%Y-%m-%d %H:%M:%S")
        said = record.getMessage().translate(CONTROLS)
        lines = [f"{stamp} {record.levelname} {record.name}: {said}"]
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            lines += ["    " + line.translate(CONTROLS) for line in trace.splitlines()]
        return "\n".join(lines)


class JSONLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and what `extra` added."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {key: value for key, value in vars(record).items() if key not in STANDARD}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(entry, enc_hook=repr).decode()
