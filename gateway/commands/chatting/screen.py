"""A talk on a terminal: Markdown as it arrives, and what is by the way in a dim colour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.commands.chatting.blocks import Blocks
from gateway.commands.chatting.display import clean, line_of

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.live import Live
    from rich.segment import Segment

__all__ = ["Screen"]

FRAMES_PER_SECOND = 12


class Screen:
    """Finished blocks are printed and scroll away; the one that still grows is drawn anew."""

    def __init__(self, console: "Console | None" = None) -> None:
        from rich.console import Console

        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._live: Live | None = None
        self._tail = Tail()
        self._blocks = Blocks()
        self._thinking = False
        self._said = False
        """Whether a block of this answer was printed, so that the next keeps its distance."""

    def wait(self) -> None:
        from rich.spinner import Spinner

        self._draw(Spinner("dots", style="dim"))

    def say(self, piece: str) -> None:
        self._grow(piece, thinking=False)

    def think(self, piece: str) -> None:
        self._grow(piece, thinking=True)

    def settle(self) -> None:
        self._finish()
        if self._live:
            self._tail.shown = ""
            self._live.stop()
            self._live = None
        self._said = False

    def note(self, line: str) -> None:
        self.settle()
        self._console.print(line_of(line), style="dim")

    def quote(self, line: str) -> None:
        self.settle()
        # Rich would drop blanks where it breaks a line; the terminal does not.
        self._console.print(line_of(line), soft_wrap=True)

    def complain(self, line: str) -> None:
        self.settle()
        self._console.print(line_of(line), style="red")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        self.settle()
        table = Table(
            box=None,
            header_style="dim",
            show_header=any(headings),
            pad_edge=False,
            padding=(0, 2, 0, 0),
        )
        for place, heading in enumerate(headings, 1):
            table.add_column(heading, overflow="fold", no_wrap=place < len(headings))
        for row in rows:
            table.add_row(*(Text(line_of(cell, 200)) for cell in row))
        self._console.print(table)

    def _grow(self, piece: str, *, thinking: bool) -> None:
        if thinking is not self._thinking:
            self._finish()
            self._thinking = thinking
        for block in self._blocks.add(clean(piece)):
            self._print(block)
        height = self._console.size.height - 1
        tail = self._blocks.tail(height)
        self._draw(Block(tail, thinking=thinking, gap=self._said, last=height))

    def _finish(self) -> None:
        if rest := self._blocks.end():
            self._print(rest)

    def _print(self, block: str) -> None:
        self._tail.shown = ""  # not to be drawn below what it has become
        self._console.print(Block(block, thinking=self._thinking, gap=self._said))
        self._said = True

    def _draw(self, shown: "RenderableType") -> None:
        from rich.live import Live

        self._tail.shown = shown
        if self._live:
            return
        self._live = Live(
            self._tail,
            console=self._console,
            transient=True,
            refresh_per_second=FRAMES_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()


class Tail:
    """What is drawn anew all the time, below what was printed.

    `Live.update` would take effect with the next frame, and draw the old one once more till then.
    """

    def __init__(self) -> None:
        self.shown: RenderableType = ""

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        yield self.shown


class Block:
    """Markdown, or thoughts as they are, without the empty lines around it; with a `gap` of one
    above, or the `last` lines of all that. Parsed when it is drawn, and few pieces ever are.

    Rich puts an empty line above a list that stands alone, and none above a paragraph.
    """

    def __init__(self, text: str, *, thinking: bool, gap: bool, last: int | None = None) -> None:
        self._text = text
        self._thinking = thinking
        self._gap = gap
        self._last = last

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich.segment import Segment

        lines = console.render_lines(self._styled(), options.update(height=None), pad=False)
        while lines and blank(lines[0]):
            del lines[0]
        while lines and blank(lines[-1]):
            del lines[-1]
        if self._gap:
            lines.insert(0, [])
        for line in lines[-self._last :] if self._last else lines:
            yield from line
            yield Segment.line()

    def _styled(self) -> "RenderableType":
        from markdown_it import MarkdownIt
        from rich.markdown import Markdown
        from rich.text import Text

        if self._thinking:
            return Text(self._text, style="dim")
        # A link is shown with its address, which a model could else hide behind another.
        markdown = Markdown("", hyperlinks=False)
        # Rich leaves out what looks like HTML: `vector<int>` would lose its half.
        parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
        markdown.parsed = parser.parse(self._text)
        return markdown


def blank(line: "list[Segment]") -> bool:
    """Whether nothing is seen of it; the empty lines in code have a colour behind them."""
    return not any(part.text.strip() or (part.style and part.style.bgcolor) for part in line)
