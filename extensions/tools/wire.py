"""What the server and the tool host say to each other over pipes: a JSON object per line.

The server says `Scan` first, once, and then `Run` any number of times. The host answers `Scan` with
an `Importing` before each package and one `Scanned`, and every `Run` with one `Ran`, in the order
they end. The end of its input ends the host.
"""

import msgspec
from msgspec import Raw, Struct

from extensions.tools.catalogue import Catalogue

__all__ = ["FromHost", "Importing", "Ran", "Run", "Scan", "Scanned", "ToHost", "line"]


class Scan(Struct, frozen=True, tag="scan", kw_only=True):
    """Import the packages in `folder`, an absolute path, but for those of `skip`: their names, and
    why each is left out. If they stand `apart`, each has names of its own: `package/name`."""

    folder: str
    skip: dict[str, str] = {}
    apart: bool = False


class Run(Struct, frozen=True, tag="run", kw_only=True):
    """Call the tool `name`; `arguments` is a JSON object."""

    id: int
    name: str
    arguments: Raw


class Importing(Struct, frozen=True, tag="importing"):
    """The package about to be imported, so that the server knows which one hung or crashed."""

    package: str


class Scanned(Struct, frozen=True, tag="scanned"):
    catalogue: Catalogue


class Ran(Struct, frozen=True, tag="ran", kw_only=True):
    """How a call ended: the text for the model in `result`, or what went wrong in `error`.

    `seconds` is how long the function ran.
    """

    id: int
    result: str | None = None
    error: str | None = None
    seconds: float


ToHost = Scan | Run
FromHost = Importing | Scanned | Ran

_encode = msgspec.json.Encoder().encode


def line(said: ToHost | FromHost) -> bytes:
    """The message as it travels; its JSON has no line break."""
    return _encode(said) + b"\n"
