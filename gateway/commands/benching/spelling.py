"""Characters of ours that not every terminal has, and what stands for them there."""

from typing import TextIO

__all__ = ["spelled"]

BARS = dict.fromkeys("▏▎▍", " ") | dict.fromkeys("▌▋▊▉█", "#")
PLAIN = str.maketrans({"µ": "u", "×": "x", "…": "..."} | BARS)


def spelled(text: str, output: TextIO) -> str:
    """The text as that stream can show it: all of ours in it are plain if one has to be, as a bar
    of both kinds would be hard to read. What a server said is left to the stream."""
    ours = "".join(each for each in set(text) if ord(each) in PLAIN)
    try:
        ours.encode(output.encoding or "utf-8")
    except UnicodeEncodeError:
        return text.translate(PLAIN)
    return text
