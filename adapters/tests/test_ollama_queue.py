"""How many requests may wait for Ollama."""

import pytest

from adapters.ollama.queue import Queue
from gateway.core.errors import Overloaded
from gateway.core.notes import Notes


def test_a_request_is_one_however_many_choices_it_has() -> None:
    queue, request, other = Queue(1), Notes(), Notes()
    for _ in range(3):
        queue.join(request)
    with pytest.raises(Overloaded):
        queue.join(other)
    for _ in range(3):
        queue.leave(request)
    queue.join(other)


def test_what_was_let_in_may_ask_again() -> None:
    queue, request = Queue(1), Notes()
    queue.join(request)
    queue.leave(request)
    queue.join(Notes())
    with pytest.raises(Overloaded):
        queue.join(request)
    request.retries = 1
    queue.join(request)
