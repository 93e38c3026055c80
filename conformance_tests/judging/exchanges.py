"""What was recorded, made fit to be shown: text, cut, and without the key."""

from collections.abc import Iterable

from conformance_tests.judging.evidence import Record
from conformance_tests.judging.report import Exchange, HttpMessage

__all__ = ["exchanges_of"]

SECRET = {"authorization", "api-key", "x-api-key", "cookie", "set-cookie"}


def exchanges_of(records: Iterable[Record]) -> list[Exchange]:
    """Each once, in the order in which they were sent."""
    ordered = {record.number: record for record in records}
    return [exchange_of(ordered[number]) for number in sorted(ordered)]


def exchange_of(record: Record) -> Exchange:
    line, *headers = record.head.decode("latin-1").split("\r\n")
    named = [(name, value) for name, _, value in (header.partition(": ") for header in headers)]
    request = HttpMessage(line, shown(named), text(record.body), record.left_out)
    if not record.status:
        return Exchange(request, None)
    body = text(bytes(record.answer))
    answer = HttpMessage(record.status, shown(record.headers), body, record.answer_left_out)
    return Exchange(request, answer)


def shown(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: "…" if name.lower() in SECRET else value for name, value in headers}


def text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
