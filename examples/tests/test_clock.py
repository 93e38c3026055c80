"""The clock."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType

import pytest


@pytest.fixture
def clock(package: Callable[[str], ModuleType]) -> ModuleType:
    return package("clock")


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_the_time_in_a_zone(clock: ModuleType, zone: str) -> None:
    told = clock.read_clock(zone)
    matched = re.fullmatch(
        r"[A-Z][a-z]+day, (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) in (\S+) \(UTC([+-]\d\d:\d\d)\)", told
    )
    assert matched
    assert matched[2] == zone
    moment = datetime.fromisoformat(f"{matched[1]}{matched[3]}")
    assert abs((datetime.now(UTC) - moment).total_seconds()) < 5


@pytest.mark.parametrize("zone", ["Paris", "../../etc/passwd", "/etc/passwd", "Europe", "\0", ""])
def test_no_such_zone(clock: ModuleType, zone: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        clock.read_clock(zone)


def test_the_likely_zone_is_named(clock: ModuleType) -> None:
    with pytest.raises(ValueError, match="did you mean Europe/Paris"):
        clock.read_clock("Europe/Pariss")


def test_days(clock: ModuleType) -> None:
    assert clock.days_between("2026-03-04", "2026-12-24") == 295
    assert clock.days_between("2024-03-01", "2024-02-28") == -2
    with pytest.raises(ValueError, match="'4 March' is not a date"):
        clock.days_between("4 March", "2026-12-24")
