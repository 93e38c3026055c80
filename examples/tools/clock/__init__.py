"""The time, which no model knows."""

from datetime import UTC, date, datetime, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

__all__ = ["days_between", "read_clock"]

__time__ = ["read_clock", "days_between"]


def read_clock(timezone: str = "UTC") -> str:
    """Tell the current date, weekday and time in a time zone.

    Args:
        timezone: The name of the zone, like "Europe/Paris", "America/New_York" or "UTC".

    Returns:
        For example "Wednesday, 2026-03-04 12:00:05 in Europe/Paris (UTC+01:00)".
    """
    now = datetime.now(zone_of(timezone))
    hours, minutes = f"{now:%z}"[:3], f"{now:%z}"[3:5]
    return f"{now:%A, %Y-%m-%d %H:%M:%S} in {timezone} (UTC{hours}:{minutes})"


def days_between(start: str, end: str) -> int:
    """Count the days from one date to another.

    Args:
        start: The first date, as YYYY-MM-DD.
        end: The second date, as YYYY-MM-DD.

    Returns:
        The number of days; negative if the second date is the earlier one.
    """
    return (date_of(end) - date_of(start)).days


def zone_of(name: str) -> tzinfo:
    if name.upper() == "UTC":  # also where there is no database of zones
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        likely = get_close_matches(name, sorted(available_timezones()), n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(likely)}?" if likely else ""
        raise ValueError(f"there is no time zone '{name}'{hint}") from None


def date_of(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"'{text}' is not a date like 2026-03-04") from None
