"""What becomes of each field of a request: one table per endpoint.

Validation, the header `x-mochi-ignored`, the OpenAPI document and the README follow from it.
"""

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Literal

from msgspec import Struct

from gateway.core.errors import Unsupported
from gateway.core.notes import Notes

__all__ = ["Field", "FieldTable", "Treatment", "emulated", "honoured", "ignored", "refused"]

Treatment = Literal["honoured", "emulated", "ignored", "refused"]

Test = Callable[[Any], bool]


def never(_: Any) -> bool:
    return False


class Field(Struct, frozen=True):
    """One row: how a field is treated, and what people should know about it.

    `moot` are values that ask for nothing, or for what happens anyway: they are neither noted nor
    refused. `refused` are values of a field that is honoured with others.
    """

    name: str
    treatment: Treatment
    note: str
    moot: Test = never
    refused: Test = never

    def check(self, value: Any, notes: Notes) -> None:
        """Refuse a value that is given and cannot be honoured; note one that has no effect."""
        if self.refused(value):
            raise Unsupported(
                f"'{self.name}' is not supported with this value: {self.note}",
                param=self.name,
                reason="unsupported_value",
            )
        if self.moot(value):
            return
        if self.treatment == "refused":
            raise Unsupported(
                f"'{self.name}' is not supported: {self.note}",
                param=self.name,
                reason="unsupported_parameter",
            )
        if self.treatment == "ignored":
            notes.ignore(self.name)

    @property
    def watched(self) -> bool:
        return self.treatment in ("ignored", "refused") or self.refused is not never


def honoured(name: str, note: str, *, refused: Test = never) -> Field:
    return Field(name, "honoured", note, refused=refused)


def emulated(name: str, note: str) -> Field:
    return Field(name, "emulated", note)


def ignored(name: str, note: str, *, moot: Test = never, refused: Test = never) -> Field:
    return Field(name, "ignored", note, moot, refused)


def refused(name: str, note: str, *, moot: Test = never) -> Field:
    return Field(name, "refused", note, moot)


class FieldTable:
    """The rows of one endpoint, named as the attributes of its request struct are."""

    def __init__(self, path: str, *rows: Field) -> None:
        self.path = path
        self._rows = rows
        self._watched = tuple([row for row in rows if row.watched])
        # `attrgetter` gives a tuple for two names and more.
        self._values = attrgetter("model", "model", *(row.name for row in self._watched))
        self._absent = (None,) * len(self._watched)

    def __iter__(self) -> Iterator[Field]:
        return iter(self._rows)

    def check(self, request: Any, notes: Notes, unknown: Iterable[str] = ()) -> None:
        """Refuse by name what cannot be honoured, and note what has no effect: `unknown`, too."""
        values = self._values(request)[2:]
        if values != self._absent:
            for row, value in zip(self._watched, values, strict=True):
                if value is not None:
                    row.check(value, notes)
        for name in unknown:
            notes.ignore(name, why="is no field of this API")

    def markdown(self) -> str:
        """The table for people."""
        lines = ["| field | | |", "| --- | --- | --- |"]
        lines += [f"| `{row.name}` | {row.treatment} | {row.note} |" for row in self._rows]
        return "\n".join(lines)
