"""The time as sessions write it, and their ids."""

import uuid
from datetime import datetime

__all__ = ["instant", "local_now", "local_time", "new_message_id", "normal_time"]

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""At the ends of the calendar a time has no instant in some zones."""


def local_now() -> str:
    """Local time without a zone, always with six digits: mochi-coco compares these texts."""
    return local_time(datetime.now())


def local_time(moment: datetime) -> str:
    """A moment in that form; one without a zone is local already."""
    if moment.tzinfo is not None:
        moment = moment.astimezone().replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds")


def instant(text: str) -> datetime:
    """The moment that a timestamp of any program means; `ValueError` for what is none."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone() if moment.tzinfo is None else moment


def normal_time(text: str, otherwise: str) -> str:
    """A timestamp of any program in that form, or `otherwise` for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return otherwise
    return local_time(moment) if FIRST_YEAR <= moment.year <= LAST_YEAR else otherwise


def new_message_id() -> str:
    """Ten hex digits, as mochi-coco takes them from a random UUID; of sessions, too."""
    return uuid.uuid4().hex[:10]
