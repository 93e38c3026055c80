"""What a person types: messages of one line or several, and answers to questions."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

from msgspec import Struct

__all__ = ["Keyboard", "Typed", "history_file"]

REMEMBERED = 1000
QUOTES = '"""'
CONTINUED = "... "


class Typed(Struct, frozen=True):
    """What was typed, as one text; a `command` begins with a slash, outside of quotes."""

    text: str
    command: bool = False


class Keyboard:
    """Standard input, a line at a time; Ctrl-C and Ctrl-D are `KeyboardInterrupt` and `EOFError`,
    raised at the beginning of a new line.

    Where there is no readline (Windows) lines are edited as the terminal does it.
    """

    def __init__(self, history: Path, *, coloured: bool, words: Sequence[str] = ()) -> None:
        self._readline = readline(coloured, words)
        self._history = prepared(history) if self._readline else None
        self._bold = coloured and self._readline is not None
        if self._readline and self._history:
            with suppress(OSError):
                self._readline.read_history_file(self._history)

    def message(self, prompt: str, given: str = "") -> Typed:
        """A line; or all lines of a block in triple quotes, or up to the first without a backslash
        at its end. `given` stands there to be changed. Ctrl-C within a block discards it."""
        lines = [self._line(prompt, given)]
        try:
            while not whole(lines):
                lines.append(self._line(CONTINUED))
        except KeyboardInterrupt:
            return Typed("")
        except EOFError:
            pass  # that much and no more
        return joined(lines)

    def question(self, prompt: str) -> str:
        """A short answer, which is not remembered."""
        return read(prompt).strip()

    def decision(self, prompt: str) -> str:
        """A short answer to what is on the screen by now: what was typed before does not count."""
        forget_typed()
        return self.question(prompt)

    def _line(self, prompt: str, given: str = "") -> str:
        edit = self._readline
        if edit and given:
            edit.set_startup_hook(lambda: edit.insert_text(given))
        try:
            # readline counts what is not between these two marks as visible.
            line = read(f"\x01\x1b[1m\x02{prompt}\x01\x1b[0m\x02" if self._bold else prompt)
        finally:
            if edit:
                edit.set_startup_hook(None)
        self._remember(line)
        return line

    def _remember(self, line: str) -> None:
        if self._readline and line.strip():
            self._readline.add_history(line)
            if self._history:
                with suppress(OSError):
                    self._readline.append_history_file(1, self._history)


def history_file(environ: Mapping[str, str]) -> Path:
    """Where what was typed is kept for the next time, in the user's own data folder."""
    if given := environ.get("XDG_DATA_HOME") or environ.get("LOCALAPPDATA"):
        return Path(given) / "mochi" / "chat_history"
    return Path("~/.local/share/mochi/chat_history").expanduser()


def read(prompt: str) -> str:
    """A line as text that is UTF-8, whatever bytes the terminal has sent."""
    try:
        typed = input(prompt)
    except (EOFError, KeyboardInterrupt):
        print()
        raise
    return typed.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def forget_typed() -> None:
    """Have the terminal drop what nobody has read yet."""
    try:
        import termios
    except ImportError:  # Windows
        return
    with suppress(OSError, ValueError, termios.error):
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def whole(lines: Sequence[str]) -> bool:
    first, last = lines[0].strip(), lines[-1].rstrip()
    if first.startswith(QUOTES):
        opened = len(lines) > 1 or len(first) >= 2 * len(QUOTES)
        return opened and last.endswith(QUOTES)
    return not last.endswith("\\")


def joined(lines: Sequence[str]) -> Typed:
    text = "\n".join(lines)
    if text.strip().startswith(QUOTES):
        return Typed(text.strip().removeprefix(QUOTES).removesuffix(QUOTES).strip("\n"))
    text = "\n".join([*(line.rstrip().removesuffix("\\") for line in lines[:-1]), lines[-1]])
    return Typed(text.strip(), command=text.startswith("/"))


def readline(coloured: bool, words: Sequence[str]) -> ModuleType | None:
    """The line editor, remembering only what it is told to, completing these words; if any."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    try:
        import readline as editor
    except ImportError:
        return None
    editor.set_auto_history(False)
    editor.set_history_length(REMEMBERED)
    if not coloured:  # it is an escape sequence
        editor.parse_and_bind("set enable-bracketed-paste off")
    editor.parse_and_bind("tab: complete")
    editor.set_completer_delims("")
    editor.set_completer(completer(words))
    return editor


def completer(words: Sequence[str]) -> Callable[[str, int], str | None]:
    def complete(begun: str, number: int) -> str | None:
        found = [word for word in words if begun and word.startswith(begun)]
        return found[number] if number < len(found) else None

    return complete


def prepared(path: Path) -> Path | None:
    """The file, made if need be, and for its owner's eyes only; nothing where it cannot be."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
        path.chmod(0o600)
    except OSError:
        return None
    return path
