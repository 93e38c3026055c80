"""Contents of items as one text, and the text as the content again."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from extensions.conversations.beside import Layout
from gateway.dialects.openai.responses import parts
from gateway.dialects.openai.responses.parts import Part

__all__ = ["cut", "parts_of", "text_and_layout"]

BETWEEN = "\n"

Texts = parts.InputText | parts.OutputText | parts.Refusal
Plain = type[parts.InputText] | type[parts.OutputText]


def text_and_layout(content: Sequence[Part], plain: Plain) -> tuple[str, Layout | None]:
    """The text of all parts, and how it is divided; `None` for a single `plain` one."""
    texts: list[str] = []
    layout: list[int | dict[str, Any]] = []
    for part in content:
        match part:
            case parts.InputText(text) | parts.OutputText(text=text):
                field = "text"
            case parts.Refusal(text):
                field = "refusal"
            case _:
                layout.append(msgspec.to_builtins(part))
                continue
        texts.append(text)
        length = len(text)
        layout.append(
            length if part == plain(text=text) else {**msgspec.to_builtins(part), field: length}
        )
    whole = BETWEEN.join(texts)
    return whole, None if layout == [len(whole)] else tuple(layout)


def parts_of(text: str, layout: Layout | None, plain: Plain) -> list[Part]:
    """The content that has become this text.

    Of one that was changed since, all that the old text was divided into is one part.
    """
    if layout is None:
        return [plain(text=text)]
    lengths = [length_in(entry) for entry in layout]
    texts = cut(text, [length for length in lengths if length is not None], BETWEEN)
    if texts is None:
        others = [entry for entry in layout if length_in(entry) is None]
        return [plain(text=text), *divided(others, (), plain)]
    return [*divided(layout, texts, plain)]


def divided(
    layout: Iterable[int | dict[str, Any]], texts: Iterable[str], plain: Plain
) -> Iterator[Part]:
    """The parts with these texts. What another program has made of one is a plain one, or, without
    a text, none."""
    said = iter(texts)
    for entry in layout:
        if isinstance(entry, int):
            yield plain(text=next(said))
            continue
        field = text_field(entry)
        text = next(said) if field else ""
        try:
            part = msgspec.convert({**entry, field: text} if field else entry, Part)
        except msgspec.ValidationError:
            if field:
                yield plain(text=text)
            continue
        if field and getattr(part, field, None) != text:
            yield plain(text=text)
        elif field or not isinstance(part, Texts):
            yield part


def length_in(entry: int | dict[str, Any]) -> int | None:
    """How long the text of a part is; `None` if it has none."""
    if isinstance(entry, int):
        return entry
    field = text_field(entry)
    return entry[field] if field else None


def text_field(entry: dict[str, Any]) -> str | None:
    return next((name for name in ("text", "refusal") if isinstance(entry.get(name), int)), None)


def cut(text: str, lengths: Sequence[int], between: str) -> list[str] | None:
    """The text in pieces of these lengths; `None` if it is not what was put together of them."""
    pieces: list[str] = []
    at = 0
    for length in lengths:
        if pieces:
            if not text.startswith(between, at):
                return None
            at += len(between)
        if length < 0:
            return None
        pieces.append(text[at : at + length])
        at += length
    return pieces if at == len(text) else None
