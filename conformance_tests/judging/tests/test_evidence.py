"""What is kept of an exchange, and what is not shown."""

from conformance_tests.judging.evidence import KEPT, LIMIT, Recorder
from conformance_tests.judging.exchanges import exchanges_of
from conformance_tests.judging.report import Exchange, HttpMessage

RAW = b"POST /v1/x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n{}"


def test_an_exchange_without_its_key() -> None:
    record = Recorder().sent(RAW)
    record.begins("HTTP/1.1 200 OK", [("Content-Type", "text/plain")])
    record.goes_on(b"x" * (LIMIT - 1))
    record.goes_on(b"yz")
    (exchange,) = exchanges_of([record, record])
    assert exchange == Exchange(
        HttpMessage("POST /v1/x HTTP/1.1", {"Host": "h", "Authorization": "…"}, "{}"),
        HttpMessage("HTTP/1.1 200 OK", {"Content-Type": "text/plain"}, "x" * (LIMIT - 1) + "y", 1),
    )


def test_a_request_that_nobody_answered() -> None:
    assert exchanges_of([Recorder().sent(b"GET")]) == [
        Exchange(HttpMessage("GET", {}, ""), None),
    ]


def test_what_came_since() -> None:
    recorder = Recorder()
    recorder.sent(RAW)
    mark = recorder.mark()
    assert recorder.since(mark) == []
    sent = [recorder.sent(RAW) for _ in range(KEPT + 2)]
    assert recorder.since(mark) == sent[2:]
