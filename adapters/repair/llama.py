"""`<|python_tag|>` and JSON objects with semicolons between them: Llama 3.1 and 3.2."""

from typing import Final

from adapters.repair.offered import Offered
from adapters.repair.scanning import Reading, Source, Words
from adapters.repair.units import values
from adapters.repair.written import Block, calls_in

__all__ = ["read"]

_END: Final = Words("<|eom_id|>", "<|eot_id|>")


def read(source: Source, offered: Offered) -> Reading[Block | None]:
    """Behind `<|python_tag|>`."""
    found = yield from values(source)
    if found is None:
        return None
    yield from source.here(_END)
    return calls_in("llama-json", found.values, damaged=found.damaged)
