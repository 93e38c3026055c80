"""The parsing of answers, byte by byte; no sockets."""

import pytest

from adapters.tests.misbehaving import answer, chunked
from adapters.upstream.answer import Answer
from adapters.upstream.errors import LimitExceeded, Malformed, UpstreamError

HEAD = b"HTTP/1.1 200 OK\r\n"


def fed(*pieces: bytes, limit: int = 1000, bodiless: bool = False) -> Answer:
    read = Answer(limit)
    read.expect(bodiless=bodiless)
    for piece in pieces:
        read.feed(piece)
    return read


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (answer(b"counted"), b"counted"),
        (answer(b""), b""),
        (chunked(b"a\n", b"b" * 20), b"a\n" + b"b" * 20),
        (chunked(b"a", end=b"0\r\nTrailer: ignored\r\nX: y\r\n\r\n"), b"a"),
        (HEAD + b"Transfer-Encoding: Chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n", b"x"),
        (b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" + answer(b"after"), b"after"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n" + answer(b"x"), b"x"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b""),
    ],
)
def test_answer_is_the_same_however_it_is_cut(data: bytes, body: bytes) -> None:
    for cut in range(1, len(data)):
        read = Answer(1000)
        assert not (read.feed(data[:cut]) and read.complete)
        assert read.feed(data[cut:])
        assert (read.take(), read.complete, read.keep_alive) == (body, True, True)
    crumbs = fed(*(data[at : at + 1] for at in range(len(data))))
    assert (crumbs.take(), crumbs.complete, crumbs.keep_alive) == (body, True, True)


def test_one_answer_follows_the_other() -> None:
    read = fed(answer(b"first", headers="X-A: b\r\n"))
    first = read.headers
    assert read.take() == b"first"
    read.expect()
    assert (read.status, read.started, read.complete, read.keep_alive) == (0, False, False, False)
    assert read.feed(answer(b"second"))
    assert (read.take(), read.complete, read.keep_alive) == (b"second", True, True)
    assert "x-a" in first
    assert "x-a" not in read.headers


def test_headers_are_lower_case_trimmed_and_joined() -> None:
    read = fed(answer(b"", "503 Busy", "Retry-After: \t7 \r\nX-A: b\r\nx-a: é\r\n"))
    assert read.status == 503
    assert read.headers == {
        "content-type": "application/json",
        "content-length": "0",
        "retry-after": "7",
        "x-a": "b, Ã©",
    }


def test_body_without_a_length_ends_with_the_connection() -> None:
    read = fed(HEAD + b"\r\n", b"until", b" close")
    assert not read.complete
    read.end()
    assert (read.take(), read.complete, read.keep_alive) == (b"until close", True, False)


@pytest.mark.parametrize("data", [b"", HEAD, answer(b"ab")[:-1], chunked(b"ab")[:-2]])
def test_other_answers_do_not(data: bytes) -> None:
    read = fed(data)
    read.end()
    assert not read.complete


def test_answer_to_head_has_no_body_and_no_successor() -> None:
    read = fed(answer(b"not sent")[:-8], bodiless=True)
    assert (read.complete, read.keep_alive, read.unread) == (True, False, 0)
    assert fed(answer(b"sent all the same"), bodiless=True).take() == b""


@pytest.mark.parametrize("headers", ["Connection: close\r\n", "Connection: Keep-Alive, close\r\n"])
def test_server_may_ask_for_the_connection_to_end(headers: str) -> None:
    assert not fed(answer(headers=headers)).keep_alive
    assert not fed(b"HTTP/1.0" + answer()[8:]).keep_alive


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 200", answer(), b"\x00"])
def test_bytes_after_the_end_spoil_the_connection_but_not_the_answer(more: bytes) -> None:
    read = fed(answer(b"whole") + more)
    assert (read.take(), read.complete, read.keep_alive) == (b"whole", True, False)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"220 ftp.example ready\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nx",
        b"HTTP/1.1 199 Odd\r\n\r\n",
        HEAD + b"Bad Header: x\r\n\r\n",
        HEAD + b"A: b\x00c\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1x\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\nx",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: identity\r\n\r\nx",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffff\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
    ],
)
def test_what_is_not_http_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        fed(data)
    with pytest.raises(Malformed):
        fed(*(data[at : at + 1] for at in range(len(data))))


def test_ordinary_answer_may_offer_an_upgrade() -> None:
    assert fed(answer(b"x", headers="Upgrade: h2c\r\nConnection: Upgrade\r\n")).take() == b"x"


def test_what_came_before_the_error_can_be_taken() -> None:
    read = fed(chunked(b"first", end=b""))
    with pytest.raises(Malformed, match="chunk size"):
        read.feed(b"1\r\nx\r\nzz\r\n")
    assert read.take() == b"firstx"


LONG = b"x" * 1001
ENDLESS = [
    [HEAD + b"A: " + LONG + b"\r\n\r\n"],
    [HEAD, b"A: ", LONG[:600], LONG[:600]],
    [HEAD + b"A: b\r\n" * 400],
    [b"HTTP/1.1 200 " + LONG],
    [b"\r\n" * 600],
    [b"HTTP/1.1 100 Continue\r\n\r\n"] * 50,
    [chunked(b"a", end=b"1;"), *[LONG[:100]] * 20],
    [chunked(b"a", end=b"0\r\nT: "), *[LONG[:100]] * 20],
    [chunked(b"a", end=b"0\r\n" + b"T: u\r\n" * 600)],
]


@pytest.mark.parametrize("pieces", ENDLESS)
def test_header_over_the_limit_is_refused_wherever_it_stands(pieces: list[bytes]) -> None:
    with pytest.raises(LimitExceeded, match="header is larger than 1000 bytes"):
        fed(*pieces)


def test_many_small_chunks_are_no_header() -> None:
    data = chunked(*[b"x"] * 5000)
    assert fed(data).take() == b"x" * 5000
    assert fed(*(data[at : at + 3] for at in range(0, len(data), 3))).unread == 5000


def test_only_errors_of_ours_come_out_of_damaged_answers() -> None:
    whole = chunked(b'{"a":1}\n', b"x" * 30, end=b"0\r\nT: u\r\n\r\n")
    refused = 0
    for at in range(len(whole)):
        for byte in (0, 10, 13, 32, 48, 58, 127, 255):
            try:
                fed(whole[:at] + bytes([byte]) + whole[at + 1 :], limit=200)
            except UpstreamError:
                refused += 1
    assert refused > len(whole)
