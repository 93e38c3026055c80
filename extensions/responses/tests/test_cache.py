"""A cache with bounds."""

from extensions.responses.cache import PER_ITEM, PER_RECORD, Cache, Entry
from extensions.responses.record import write
from extensions.responses.tests.samples import identity, record


def entry(number: int, length: int = 10) -> Entry:
    return Entry(record(number), length, None)


def known(cache: Cache) -> list[int]:
    return [number for number in range(20) if identity(number) in cache]


def test_the_longest_unused_goes_when_there_are_too_many() -> None:
    cache = Cache(3, 10_000)
    for number in (1, 2, 3):
        cache.put(entry(number))
    assert cache.get(identity(1)) == entry(1)
    cache.put(entry(4))
    assert known(cache) == [1, 3, 4]
    assert cache.get(identity(2)) is None


def test_as_many_go_as_there_are_bytes_too_many() -> None:
    cache = Cache(100, 1000)
    for number in range(10):
        cache.put(entry(number, 100))
    assert known(cache) == list(range(10))
    cache.put(entry(10, 250))
    assert known(cache) == list(range(3, 11))


def test_bytes_are_counted_again_when_something_goes_or_is_replaced() -> None:
    cache = Cache(100, 1000)
    for _ in range(5):
        for number in range(10):
            cache.put(entry(number, 100))
        cache.drop(identity(3))
        cache.drop(identity(3))
    assert len(cache) == 9
    cache.put(entry(3, 100))
    assert known(cache) == list(range(10))


def test_what_would_drive_out_the_rest_does_not_get_in() -> None:
    cache = Cache(100, 1000)
    cache.put(entry(1, 250))
    cache.put(entry(2, 251))
    assert known(cache) == [1]
    cache.put(entry(1, 251))
    assert known(cache) == []


def test_the_size_of_an_entry_is_that_of_its_file_and_its_items() -> None:
    data = write(record(2, after=1))
    read = Entry.read(identity(2), data)
    assert (read.record, read.follows) == (record(2, after=1), identity(1))
    assert read.size == len(data) + PER_RECORD + PER_ITEM
