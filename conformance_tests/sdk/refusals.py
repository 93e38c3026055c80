"""Refusals by name as the SDK raises them."""

from collections.abc import Iterator
from contextlib import contextmanager

import openai

from conformance_tests.judging.verdicts import offered, route_offered
from conformance_tests.wire import Answer

__all__ = ["unless_refused"]


@contextmanager
def unless_refused(*names: str) -> Iterator[None]:
    """End the check as not offered if what is asked for is refused by one of these names.

    Without names it is the route that a server may lack.
    """
    try:
        yield
    except openai.APIStatusError as error:
        answer = Answer(error.status_code, {}, error.response.content)
        offered(answer, *names) if names else route_offered(answer)
        raise
