"""Whether a route is missing, or what was asked for behind it."""

import json

import pytest

from conformance_tests.judging.routes import route_wanted
from conformance_tests.judging.verdicts import NotOffered
from conformance_tests.wire import Answer, Server

LOST = {"error": {"message": "no response resp_1"}}


class Scripted(Server):
    """Answers as it is told to, by path; of all others it says that they are no routes."""

    def __init__(self, **answers: tuple[int, object]) -> None:
        super().__init__("http://h/v1")
        self.answers = answers

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str | None] | None = None,
    ) -> Answer:
        unknown = (404, {"error": {"message": f"no route {method} {path}"}})
        status, said = self.answers.get(path[1:], unknown)
        return Answer(status, {}, json.dumps(said).encode())


@pytest.mark.parametrize("answer", [(200, {}), (400, LOST), (500, {}), (404, LOST)])
def test_it_is_there(answer: tuple[int, object]) -> None:
    route_wanted(Scripted(responses=answer), "POST", "/responses")


@pytest.mark.parametrize("answers", [{}, {"responses": (405, {})}, {"responses": (501, {})}])
def test_it_is_not(answers: dict[str, tuple[int, object]]) -> None:
    with pytest.raises(NotOffered, match="POST /responses"):
        route_wanted(Scripted(**answers), "POST", "/responses")
