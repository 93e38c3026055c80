"""Whether a server has a route at all, which its status alone does not tell."""

from conformance_tests.judging.verdicts import NO_SUCH_ROUTE, not_offered, said_by
from conformance_tests.wire import Answer, Server

__all__ = ["route_wanted"]

NOWHERE = "/there-is-no-such-route"


def route_wanted(server: Server, method: str, path: str) -> None:
    """End the check as not offered unless the server has this route.

    A 404 may also be about the model or the id in the path, so it is compared with the 404 of a
    route that nobody has.
    """
    answer = asked(server, method, path)
    if answer.status not in NO_SUCH_ROUTE:
        return
    if answer.status == 404:
        other = asked(server, method, NOWHERE)
        if other.status == 404 and neutral(answer, path) != neutral(other, NOWHERE):
            return
    not_offered(f"{method} {path}: {said_by(answer)}")


def asked(server: Server, method: str, path: str) -> Answer:
    return server.request(method, path, {} if method == "POST" else None)


def neutral(answer: Answer, path: str) -> bytes:
    """The body without the path that was asked for."""
    return answer.body.replace(path.encode(), b"/")
