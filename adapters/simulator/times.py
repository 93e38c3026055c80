"""Times and durations as Go prints and reads them; all in nanoseconds."""

import re
import time
from datetime import UTC, datetime, tzinfo

from adapters.simulator.encoding import quote

__all__ = ["FOREVER", "SECOND", "local", "now", "parse_duration", "utc"]

SECOND = 1_000_000_000
FOREVER = 2**63 - 1  # the longest duration Go has, some 292 years
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)([^\d.]*)")


def now() -> int:
    return time.time_ns()


def utc(moment: int) -> str:
    """RFC 3339 in UTC, as `created_at` has it."""
    return _rfc3339(moment, UTC)


def local(moment: int) -> str:
    """RFC 3339 with the offset of this machine, as `modified_at` and `expires_at` have it."""
    return _rfc3339(moment, None)


def _rfc3339(moment: int, zone: tzinfo | None) -> str:
    seconds, fraction = divmod(moment, SECOND)
    when = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    offset = when.strftime("%z")
    return (
        when.strftime("%Y-%m-%dT%H:%M:%S")
        + (f".{fraction:09d}".rstrip("0") if fraction else "")
        + ("Z" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}")
    )


def parse_duration(text: str) -> int:
    """Go's `time.ParseDuration`; raises ValueError with Go's words."""
    unsigned = text[1:] if text[:1] in ("-", "+") else text
    if unsigned == "0":
        return 0
    total, position = 0.0, 0
    while part := _PART.match(unsigned, position):
        number, unit = part.groups()
        if not unit:
            raise ValueError(f"time: missing unit in duration {quote(text)}")
        if unit not in _UNITS:
            raise ValueError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
        total += float(number) * _UNITS[unit]
        position = part.end()
    if position == 0 or position < len(unsigned) or total > FOREVER:
        raise ValueError(f"time: invalid duration {quote(text)}")
    return -int(total) if text.startswith("-") else int(total)
