"""Refusals in other shapes, with other statuses."""

from conformance_tests.tests.broken.defect import Defect
from conformance_tests.tests.broken.messages import Reply, Request, error

__all__ = ["DEFECTS"]

NESTED = ("messages", "tools", "stop", "input", "prompt")


def flat(request: Request, reply: Reply) -> Reply:
    return reply.saying({"object": "error", **reply.error}) if reply.error else reply


def bare_string(request: Request, reply: Reply) -> Reply:
    return reply.saying({"error": reply.error["message"]}) if reply.error else reply


def code_is_a_number(request: Request, reply: Reply) -> Reply:
    if not reply.error:
        return reply
    told = {name: reply.error[name] for name in ("message", "type")}
    return reply.saying({"error": {**told, "code": reply.status}})


def failure(request: Request, reply: Reply) -> Reply:
    """Of what validates the values inside of these fields."""
    told = reply.error
    if reply.status != 400 or told["code"] == "context_length_exceeded":
        return reply
    within = str(told["param"]).startswith(NESTED)
    return error(500, "Internal server error") if within else reply


DEFECTS = {
    18: Defect(answered=flat),
    19: Defect(answered=bare_string),
    20: Defect(answered=code_is_a_number),
    21: Defect(answered=failure),
}
