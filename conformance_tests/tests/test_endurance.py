"""What an endurance run complains about."""

from dataclasses import replace

from conformance_tests.mochi.endurance import MORE_DESCRIPTORS, MORE_MEMORY, Look, complaints

START = Look(0, memory=50_000, descriptors=20, threads=5, processes=1, requests=0, tasks=7)


def looks(*memory: int) -> list[Look]:
    """One look after the other, with so much memory."""
    return [replace(START, at=at, memory=each) for at, each in enumerate(memory)]


def test_what_stays_where_it_is() -> None:
    busy = [replace(each, descriptors=40, tasks=30, processes=3) for each in looks(*[50_000] * 8)]
    assert complaints([START, *busy], START) == []


def test_growth_after_the_first_third_and_only_then() -> None:
    much = 50_000 + MORE_MEMORY + 1
    assert complaints(looks(10_000, 10_000, 50_000, 50_000, 50_100, 50_200), START) == []
    assert complaints(looks(50_000, 50_000, 50_000, 50_000, much, much), START) == [
        f"memory grew from 50000.0 to {float(much)} KiB"
    ]


def test_what_does_not_come_back() -> None:
    some = looks(*[50_000] * 6)
    left = replace(START, descriptors=20 + MORE_DESCRIPTORS + 1, tasks=8, processes=2)
    assert complaints(some, left) == [
        "20 descriptors became 23",
        "7 tasks became 8",
        "1 processes became 2",
    ]
