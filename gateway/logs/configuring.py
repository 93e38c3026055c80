"""Where log records go: to standard error or a file, as plain lines or as JSON lines."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.http.request_log import ACCESS, LogRequest, log_as_record
from gateway.logs.behind import WrittenBehind
from gateway.logs.places import DailyFile, StandardError

__all__ = ["JSONLines", "PlainLines", "configure", "request_log"]

LOGGERS = ("mochi", "litestar", "uvicorn")
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
CONTROLS |= {code: f"\\u{code:04x}" for code in (0x2028, 0x2029)}
STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure(
    level: str, *, as_json: bool = False, file: Path | None = None, days: int = 7
) -> None:
    """Send what we and the frameworks log to standard error, or to a file a day, of which so many
    `days` are kept; leave the root logger alone. `OSError` if the file cannot be used.

    At INFO the frameworks are silent, and as text the access log, too: that is for people, who
    would not find the rest any more.
    """
    handler = WrittenBehind(DailyFile(file, days=days) if file else StandardError())
    handler.setFormatter(JSONLines() if as_json else PlainLines())
    handler.addFilter(_not_a_cancellation)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for old in logger.handlers:
            old.flush()
        logger.handlers = [handler]
        logger.propagate = False
    quiet = "WARNING" if level == "INFO" else level
    logging.getLogger("mochi").setLevel(level)
    for name in ("litestar", "uvicorn"):
        logging.getLogger(name).setLevel(quiet)
    logging.getLogger(ACCESS).setLevel(level if as_json else quiet)


def request_log() -> LogRequest:
    """Where requests are to be logged by what was configured."""
    for handler in logging.getLogger("mochi").handlers:
        if isinstance(handler, WrittenBehind) and isinstance(handler.formatter, JSONLines):
            return handler.log_request
    return log_as_record


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
