"""Text files in one folder, and nothing outside of it.

The folder is what `SAMPLE_FILES` names, else `sample_files` where the gateway was started. Writing
makes it.
"""

from .folder import append_text, listed, read_text, write_text
from .searching import found

__all__ = ["append_file", "list_files", "read_file", "search_files", "write_file"]

__files__ = ["list_files", "read_file", "write_file", "append_file"]
__search__ = ["search_files", "read_file"]

MOST_LINES = 400
MOST_CHARACTERS = 20_000


def list_files(folder: str = "") -> str:
    """List the files in a folder, with their sizes.

    Args:
        folder: The folder to list, for example "notes". Leave it empty for the top folder.

    Returns:
        A line for each file and each folder; the names of folders end with "/".
    """
    return "\n".join(listed(folder)) or "The folder is empty."


def read_file(path: str, first_line: int = 1, last_line: int = 0) -> str:
    """Read a text file, or some lines of it.

    Args:
        path: The file, for example "notes/monday.txt".
        first_line: The line to begin with; 1 is the first.
        last_line: The last line to read; 0 reads to the end.

    Returns:
        The text. A long one is cut, and a note at its end says how to read on.
    """
    if first_line < 1:
        raise ValueError("first_line begins at 1")
    lines = read_text(path).split("\n")
    if first_line > len(lines):
        raise ValueError(f"'{path}' has {len(lines)} lines")
    last = min(last_line or len(lines), len(lines), first_line + MOST_LINES - 1)
    if last < first_line:
        raise ValueError("last_line is before first_line")
    text = "\n".join(lines[first_line - 1 : last])
    if len(text) > MOST_CHARACTERS:
        return f"{text[:MOST_CHARACTERS]}\n[cut after {MOST_CHARACTERS} characters]"
    if last < len(lines) and last != last_line:
        return f"{text}\n[lines {first_line} to {last} of {len(lines)}; read on at {last + 1}]"
    return text


def write_file(path: str, content: str) -> str:
    """Write a text file. What it held before is replaced.

    Args:
        path: The file, for example "notes/monday.txt". Missing folders are made.
        content: The whole text of the file.

    Returns:
        How much was written.
    """
    return f"'{path}' has {write_text(path, content)} bytes now."


def append_file(path: str, content: str) -> str:
    """Add text at the end of a text file, which is made if there is none.

    Args:
        path: The file, for example "notes/monday.txt".
        content: The text to add. Begin a new line with a line break.

    Returns:
        How large the file is now.
    """
    return f"'{path}' has {append_text(path, content)} bytes now."


def search_files(query: str, most: int = 10) -> str:
    """Search all text files for words. Nothing is looked up on the internet.

    Args:
        query: One or more words. Lines with more of them, and with rarer ones, come first.
        most: How many lines to return, from 1 to 50.

    Returns:
        A line for each match: file, line number and text.
    """
    matches = found(query, min(max(most, 1), 50))
    return "\n".join(map(str, matches)) or f"Nothing was found for '{query}'."
