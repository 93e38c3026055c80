"""The way back from a response."""

import pytest
from msgspec.structs import replace

from extensions.responses.cache import Entry
from extensions.responses.chain import Chain
from extensions.responses.record import ConversationPoint, Record
from extensions.responses.tests.samples import identity, record
from gateway.core.errors import ContextOverflow, InvalidRequest


def entry(record: Record, size: int = 10) -> Entry:
    return Entry(record, size, record.follows)


def test_a_chain_ends_with_the_response_that_follows_none() -> None:
    chain = Chain(identity(3), longest=3, largest=30)
    for number in (3, 2, 1):
        assert chain.next == identity(number)
        chain.take(entry(record(number, after=number - 1 or None)))
    assert chain.next is None
    assert [found.id for found in chain.oldest_first()] == [identity(n) for n in (1, 2, 3)]


def test_a_chain_ends_with_a_response_that_was_made_in_a_conversation() -> None:
    chain = Chain(identity(2), longest=3, largest=30)
    chain.take(entry(replace(record(2, after=1), conversation=ConversationPoint("conv_1", 2))))
    assert chain.next is None


@pytest.mark.parametrize(("longest", "largest"), [(2, 30), (3, 29)])
def test_a_chain_has_bounds(longest: int, largest: int) -> None:
    chain = Chain(identity(3), longest=longest, largest=largest)
    chain.take(entry(record(3, after=2)))
    chain.take(entry(record(2, after=1)))
    with pytest.raises(ContextOverflow) as caught:
        chain.take(entry(record(1)))
    assert caught.value.param == "previous_response_id"


@pytest.mark.parametrize("back_to", [1, 2, 3])
def test_a_circle_is_no_chain(back_to: int) -> None:
    chain = Chain(identity(3), longest=10, largest=1000)
    for number in range(3, back_to, -1):
        chain.take(entry(record(number, after=number - 1)))
    with pytest.raises(InvalidRequest, match="circle"):
        chain.take(entry(record(back_to, after=3)))
