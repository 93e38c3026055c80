"""An HTTP/1.1 answer, from the bytes of a connection: no I/O in here."""

from httptools import HttpParserError, HttpResponseParser

from adapters.upstream.errors import LimitExceeded, Malformed, UpstreamError

__all__ = ["Answer"]

# The only interim answers after which the parser goes on to the next head; 101 would leave HTTP,
# and it takes any other 1xx for a final answer, as does nobody else.
INTERIM = (100, 102, 103)

MANY = 256
names: dict[bytes, str] = {}
"""The names of headers that came before, in lower case."""


class Answer:
    """The answer to one request after the other on a connection, as far as it has arrived.

    `status` is 0 until the head is whole; `unread` counts the bytes of the body that `take` would
    give; `complete` says that nothing more will come, `keep_alive` that the connection may then
    carry another request. `bodiless` is the answer to a HEAD.
    """

    __slots__ = (
        "_barren",
        "_blocks",
        "_header_bytes",
        "_header_limit",
        "_parser",
        "bodiless",
        "complete",
        "headers",
        "keep_alive",
        "started",
        "status",
        "unread",
    )

    def __init__(self, header_limit: int) -> None:
        self._header_limit = header_limit
        self._blocks: list[bytes] = []
        self._parser = HttpResponseParser(self)
        self.expect()

    def expect(self, *, bodiless: bool = False) -> None:
        """Another request goes out; the last answer was complete, if there was one."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.unread = 0
        self.started = False
        self.complete = False
        self.keep_alive = False
        self.bodiless = bodiless
        self._header_bytes = 0
        self._barren = 0
        self._blocks.clear()

    def feed(self, data: bytes) -> bool:
        """Take what one read brought, and say whether it brought the head, more body or the end.

        Not to be called once `complete`. `Malformed` or `LimitExceeded` if the answer cannot go on.
        """
        self.started = True
        status, unread = self.status, self.unread
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self.keep_alive = False
            if not self.complete:
                raise _ours(error) from None
        if self.complete:
            return True
        if self.unread > unread:
            self._barren = 0
            return True
        self._count_barren(len(data))
        return self.status != status

    def forget(self) -> None:
        """The connection is gone: leave no cycle to be collected, since the parser holds this."""
        del self._parser

    def end(self) -> None:
        """The server has closed its side, which ends a body that announced no length."""
        framed = "content-length" in self.headers or "transfer-encoding" in self.headers
        if self.status and not framed:
            self.complete = True

    def take(self) -> bytes:
        """The body since the last call."""
        blocks = self._blocks
        block = blocks[0] if len(blocks) == 1 else b"".join(blocks)
        blocks.clear()
        self.unread = 0
        return block

    def _count_barren(self, size: int) -> None:
        # Half a head, interim answers, chunk extensions, trailers: a server could go on for ever.
        self._barren += size
        if self._barren > self._header_limit:
            raise self._too_much_header()

    def _too_much_header(self) -> LimitExceeded:
        return LimitExceeded(f"The answer's header is larger than {self._header_limit} bytes.")

    def on_message_begin(self) -> None:
        if self.complete:
            raise Malformed("The server sent more than one answer.")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self._header_limit:
            raise self._too_much_header()
        if self.status:
            return  # a trailer
        key = names.get(name) or _lower(name)
        text = value.decode("latin-1").strip(" \t")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status in INTERIM:
            self.headers = {}
            return
        if status < 200:
            raise Malformed(f"The server answered with status {status}.")
        coding = self.headers.get("transfer-encoding")
        if coding is not None and (coding.lower() != "chunked" or "content-length" in self.headers):
            raise Malformed("The answer's length is announced in a way that cannot be trusted.")
        self.status = status
        # The parser cannot be told that no body follows, so this connection ends here.
        self.complete = self.bodiless

    def on_body(self, body: bytes) -> None:
        if not self.bodiless:
            self._blocks.append(body)
            self.unread += len(body)

    def on_message_complete(self) -> None:
        if self.status and not self.bodiless:
            self.complete = True
            # Asked any later, the parser has forgotten this message and says no.
            self.keep_alive = self._parser.should_keep_alive()


def _lower(name: bytes) -> str:
    lower = name.decode("latin-1").lower()
    if len(names) < MANY and len(name) < 64:
        names[name] = lower
    return lower


def _ours(error: HttpParserError) -> UpstreamError:
    """The error of ours that a callback raised and the parser wrapped, or the parser's own."""
    if isinstance(error.__context__, UpstreamError):
        return error.__context__
    return Malformed(f"The answer is not valid HTTP/1.1 ({error}).")
