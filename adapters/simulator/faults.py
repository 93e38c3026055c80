"""What real servers do wrong, switched on by the name of the model.

Every name in `FAULTS` is a model that exists but is not listed. Three more take a number:
`demo-broken-status-NNN` (400 to 599) refuses with that status, `demo-broken-pause-SECONDS` is
silent before the headers and `demo-broken-stall-SECONDS` after three objects.
What changes single objects shows in whole answers too; what changes packets only in streams.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct

from . import mistakes
from .mistakes import Item
from .refusals import EngineRefused, Refused

__all__ = ["FAULTS", "RIGHT", "Fault", "Packing", "fault_of"]

Packing = Literal["lines", "split", "burst", "drip"]


class Fault(Struct, frozen=True, kw_only=True):
    """`on` is the model that would answer but for the fault.

    `status` and `error` refuse before the first object, `more` beside the text, as the engine does
    (`engine`) or as Ollama itself. `page` are the raw bytes sent instead of any answer. `edit`
    changes the objects, `packing` how they are put into packets. An `old` server says less in
    `/api/show`.
    """

    says: str
    on: str = "demo-tools"
    status: int = 0
    error: str = ""
    more: dict[str, str] = {}
    engine: bool = False
    page: bytes = b""
    edit: Callable[[Iterator[Item]], Iterator[Item]] | None = None
    packing: Packing = "lines"
    content_type: str = ""
    old: bool = False

    def check(self, *, engine: bool) -> None:
        """Raise what this fault refuses with: Ollama before loading, or the engine after it."""
        if self.status and self.engine is engine:
            kind = EngineRefused if engine else Refused
            raise kind(self.status, self.error, **self.more)


RIGHT = Fault(says="nothing wrong")


_BUSY = "server busy, please try again.  maximum pending requests exceeded"
_OUT_OF_MEMORY = (
    "llama-server reported out-of-memory during startup: "
    "ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory"
)
_STOPPED = (
    "model runner has unexpectedly stopped, this may be due to resource limitations or an internal "
    "error, check ollama server logs for details"
)
_EOF = "an error was encountered while running the model: unexpected EOF"
_MAP = (
    "llama-server chat error: map[code:500 message:The model produced output that does not match "
    "the expected format type:server_error]"
)
_BAD_ARGUMENTS = (
    'llama-server returned invalid tool call arguments for "get_weather": '
    "unexpected end of JSON input"
)
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_STATUSES = {
    400: "invalid request",
    401: "unauthorized",
    403: "ollama cloud is disabled: remote model is unavailable",
    404: "model not found",
    429: "too many requests",
    499: "request canceled",
    500: "llama-server process has terminated: exit status 2",
    501: "This server does not support embeddings. Start it with `--embeddings`",
    502: "upstream unreachable",
    503: _BUSY,
}


def _html(status: bytes) -> bytes:
    return (
        b"HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n"
        b"Connection: close\r\n\r\n%s" % (status, len(_HTML), _HTML)
    )


FAULTS: dict[str, Fault] = {
    "demo-broken-memory": Fault(
        says="500, out of memory while the model is loaded", status=500, error=_OUT_OF_MEMORY
    ),
    "demo-broken-memory-old": Fault(
        says="500, out of memory in the words of versions before 0.30.0",
        status=500,
        error="model requires more system memory (5.1 GiB) than is available (3.2 GiB)",
    ),
    "demo-broken-load": Fault(
        says="500, the engine ends while it starts", status=500, error=_STATUSES[500]
    ),
    "demo-broken-busy": Fault(says="503, the queue is full", status=503, error=_BUSY),
    "demo-broken-gone": Fault(
        says="404, although `/api/show` knows it: deleted a moment ago",
        status=404,
        error="model 'demo-broken-gone' not found",
    ),
    "demo-broken-signin": Fault(
        says="401 of a cloud model without a signed-in user",
        status=401,
        error="unauthorized",
        more={"signin_url": "https://ollama.com/connect?name=demo"},
    ),
    "demo-broken-engine-error": Fault(
        says="500 before the first object, llama-server's object as a string",
        status=500,
        error='{"error":{"code":500,"message":"scripted failure","type":"server_error"}}',
        engine=True,
    ),
    "demo-broken-engine-dies": Fault(
        says="an error line after three objects: the engine's connection broke",
        edit=mistakes.error_after(3, _EOF),
    ),
    "demo-broken-runner-stops": Fault(
        says="an error line after five objects: the runner crashed",
        edit=mistakes.error_after(5, _STOPPED),
    ),
    "demo-broken-map": Fault(
        says="an error line in Go map notation after two objects",
        edit=mistakes.error_after(2, _MAP),
    ),
    "demo-broken-calls-bad": Fault(
        says="an error line instead of the calls: their arguments were no JSON",
        edit=mistakes.error_after(0, _BAD_ARGUMENTS),
    ),
    "demo-broken-no-done": Fault(
        says="the body ends in order, but no object said `done`", edit=mistakes.no_done
    ),
    "demo-broken-no-done-reason": Fault(
        says="no `done_reason`", edit=mistakes.without("done_reason")
    ),
    "demo-broken-no-eval-count": Fault(
        says="no `eval_count` and no `prompt_eval_count`",
        edit=mistakes.without("eval_count", "prompt_eval_count"),
    ),
    "demo-broken-empty": Fault(
        says="an answer of no words at all, `stop`", edit=mistakes.only_last
    ),
    "demo-broken-empty-body": Fault(says="200 and no object", edit=mistakes.nothing),
    "demo-broken-thinking-only": Fault(
        says="all tokens go to thinking, `length`", on="demo-thinking", edit=mistakes.thinking_only
    ),
    "demo-broken-reset": Fault(
        says="connection reset after three objects",
        edit=mistakes.after(3, lambda line: mistakes.Reset()),
    ),
    "demo-broken-reset-first": Fault(
        says="connection reset before the first byte",
        edit=mistakes.after(0, lambda line: mistakes.Reset()),
    ),
    "demo-broken-close": Fault(
        says="connection closed after three objects, the body unfinished",
        edit=mistakes.after(3, lambda line: mistakes.HangUp()),
    ),
    "demo-broken-close-first": Fault(
        says="connection closed before the first byte",
        edit=mistakes.after(0, lambda line: mistakes.HangUp()),
    ),
    "demo-broken-half-line": Fault(
        says="half a line after three objects, then the body ends in order",
        edit=mistakes.half_line(3, closing=False),
    ),
    "demo-broken-half-line-close": Fault(
        says="half a line after three objects, then the connection closes",
        edit=mistakes.half_line(3, closing=True),
    ),
    "demo-broken-silent": Fault(
        says="not even headers, until the client leaves", edit=mistakes.pause(0, None)
    ),
    "demo-broken-silent-later": Fault(
        says="three objects, then nothing until the client leaves", edit=mistakes.pause(3, None)
    ),
    "demo-broken-drip": Fault(
        says="a few bytes at a time, 20 ms apart, in packets of their own", packing="drip"
    ),
    "demo-broken-megabyte": Fault(
        says="the third object holds a megabyte of text", edit=mistakes.megabyte
    ),
    "demo-broken-split": Fault(
        says="every line in HTTP chunks and packets of 5 bytes, so inside of UTF-8 characters too",
        edit=mistakes.foreign_letters,
        packing="split",
    ),
    "demo-broken-burst": Fault(says="all lines in one HTTP chunk and one packet", packing="burst"),
    "demo-broken-garbage": Fault(
        says="a line that is no JSON after two objects, then the rest",
        edit=mistakes.inserted(2, b"Segmentation fault (core dumped)\n"),
    ),
    "demo-broken-blank-lines": Fault(
        says="empty lines between the objects, which no server should send",
        edit=mistakes.blank_lines,
    ),
    "demo-broken-types": Fault(
        says="values of the wrong types from the third object on", edit=mistakes.wrong_types
    ),
    "demo-broken-html": Fault(says="200 and an HTML page", page=_html(b"200 OK")),
    "demo-broken-proxy": Fault(
        says="502 and an HTML page, from a proxy in between", page=_html(b"502 Bad Gateway")
    ),
    "demo-broken-content-type": Fault(
        says="a right body that calls itself `text/plain`", content_type="text/plain"
    ),
    "demo-broken-framing": Fault(
        says="a chunk size that is no number",
        page=b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    ),
    "demo-broken-http": Fault(
        says="an answer that is no HTTP", page=b"SSH-2.0-OpenSSH_9.6\r\nProtocol mismatch.\r\n"
    ),
    "demo-broken-calls-index": Fault(
        says="all tool calls have index 0, as before 0.12.6",
        on="demo-go",
        edit=mistakes.calls(mistakes.index_zero),
    ),
    "demo-broken-calls-no-id": Fault(
        says="tool calls without ids", on="demo-tools", edit=mistakes.calls(mistakes.no_id)
    ),
    "demo-broken-calls-same-id": Fault(
        says="all tool calls have one id", on="demo-go", edit=mistakes.calls(mistakes.same_id)
    ),
    "demo-broken-calls-string": Fault(
        says="arguments as a string of JSON, as servers other than Ollama send them",
        on="demo-go",
        edit=mistakes.calls(mistakes.string_arguments),
    ),
    "demo-broken-calls-with-thinking": Fault(
        says="all thinking in the object that has the calls",
        on="demo-thinking",
        edit=mistakes.calls_with_thinking,
    ),
    "demo-broken-calls-with-text": Fault(
        says="text before and after the calls", on="demo-go", edit=mistakes.calls_with_text
    ),
    "demo-broken-old": Fault(
        says="a server before 0.6.4: no capabilities, ids, index or thinking; tags in the text",
        on="demo-thinking",
        edit=mistakes.old_server,
        old=True,
    ),
}

_NUMBERED = re.compile(r"demo-broken-(status|pause|stall)-(\d{1,4}(?:\.\d{1,3})?)")


def fault_of(name: str) -> Fault | None:
    """The fault that a model is named after; `name` is lower-case, without a tag."""
    if fault := FAULTS.get(name):
        return fault
    if not (matched := _NUMBERED.fullmatch(name)):
        return None
    kind, number = matched[1], float(matched[2])
    match kind:
        case "pause":
            return Fault(says="silence before the headers", edit=mistakes.pause(0, number))
        case "stall":
            return Fault(says="silence after three objects", edit=mistakes.pause(3, number))
        case _:
            return _status(int(number)) if 400 <= number < 600 else None


def _status(status: int) -> Fault:
    more: dict[str, Any] = {"signin_url": "https://ollama.com/connect"} if status == 401 else {}
    text = _STATUSES.get(status, f"scripted failure with status {status}")
    return Fault(says=f"{status} before the first object", status=status, error=text, more=more)
