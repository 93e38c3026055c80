"""Vectors in the wrong encoding."""

from conformance_tests.tests.broken.defect import Defect
from conformance_tests.tests.broken.messages import Request

__all__ = ["DEFECTS"]

ROUTES = ("/embeddings",)


def floats_always(request: Request) -> Request:
    if request.fields.get("encoding_format") != "base64":
        return request
    return request.without("encoding_format")


def base64_unasked(request: Request) -> Request:
    return request.asking({"encoding_format": "base64", **request.fields})


DEFECTS = {
    30: Defect(ROUTES, asked=floats_always),
    31: Defect(ROUTES, asked=base64_unasked),
}
