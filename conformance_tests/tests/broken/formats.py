"""`response_format` refused where it is right, and a failure where it is wrong."""

from conformance_tests.tests.broken.defect import CHAT, Defect
from conformance_tests.tests.broken.messages import Reply, Request, error

__all__ = ["DEFECTS"]


def schemas_only(request: Request) -> Request | Reply:
    match request.fields.get("response_format"):
        case {"type": "text" | "json_object"}:
            told = "'response_format.type' must be 'json_schema'"
            return error(400, told, "response_format.type", "invalid_value")
    return request


def failure(request: Request, reply: Reply) -> Reply:
    if reply.status == 400 and str(reply.error.get("param")).startswith("response_format"):
        return error(500, "")
    return reply


DEFECTS = {
    16: Defect(CHAT, asked=schemas_only),
    17: Defect(CHAT, answered=failure),
}
