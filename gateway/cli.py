"""The `mochi` command line: what may be typed, and which command it calls."""

import errno
import io
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import import_module

from gateway import __version__
from gateway.commands import CommandFailed
from gateway.config import BadSetting

__all__ = ["main", "parsed"]

SETTINGS = {
    "host": ("HOST", "address to listen on (default: 127.0.0.1)"),
    "port": ("PORT", "port to listen on, 0 for any free one (default: 8000)"),
    "ollama-host": ("URL", "where Ollama is (default: http://localhost:11434)"),
    "data-dir": ("FOLDER", "where files are kept (default: the working directory)"),
    "log-level": ("LEVEL", "DEBUG, INFO, WARNING, ERROR or CRITICAL (default: INFO)"),
    "config": ("FILE", "settings file (default: mochi.toml, if there is one)"),
}

STANDARD_ERROR = 2

BENCH = {
    "base-url": ("URL", "its API, such as http://box:8000/v1 (default: by HOST and PORT)"),
    "model": ("NAME", "the same as NAME"),
    "concurrency": ("N", "requests at a time (default: 1; with --rate at most 256)"),
    "requests": ("N", "how many (default: 10 for each at a time, 100 at a rate; twice to compare)"),
    "duration": ("SECONDS", "in place of --requests: how long requests are sent"),
    "rate": ("N", "send so many a second, whether or not answers have come"),
    "prompt": ("TEXT|@FILE", "what to ask (default: a text of ours, each time another)"),
    "prompt-tokens": ("N", "about how long our text should be (default: 32)"),
    "max-tokens": ("N", "how long answers may be (default: 128)"),
    "api-key": ("KEY|@FILE", "the server's key (MOCHI_API_KEY is told to our own gateway alone)"),
    "timeout": ("SECONDS", "after so long an answer is an error (default: 120)"),
    "warm-up": ("N", "requests that do not count (default: one for each at a time, 1 at a rate)"),
    "pid": ("PID", "the server's process, to measure its CPU time"),
    "compare": ("URL", "another server, measured in turns with the first"),
    "compare-model": ("NAME", "its model (default: the same)"),
    "compare-key": ("KEY|@FILE", "its key (default: none)"),
    "compare-pid": ("PID", "its process"),
    "rounds": ("N", "how many turns each of the two has (default: 10, fewer for few requests)"),
    "json": ("FILE|-", "write everything as JSON"),
    "plot": ("FILE.png|-", "draw the distributions, '-' for on the terminal"),
    "config": SETTINGS["config"],
}

JUDGED_MODELS = {
    "tools": "a model that calls tools (default: that of --model)",
    "thinking": "a model that thinks",
    "vision": "a model that sees",
    "embedding": "a model that embeds (default: the first whose name says so)",
    "insert": "a model that fills in the middle",
    "failing": "a model that fails amid its answer",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status. Mistakes are one line on standard error."""
    _occupy_standard_streams()
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="replace")  # a terminal need not know every character
    arguments = parsed(sys.argv[1:] if argv is None else argv)
    command = import_module(f"gateway.commands.{arguments.command}")
    try:
        status = int(command.run(arguments))
        sys.stdout.flush()
        return status
    except BadSetting as error:
        return _failed(str(error), 2)
    except CommandFailed as error:
        return _failed(str(error), error.status)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _discard_output()  # whoever read it has left
        return 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _discard_output()
        return _failed(f"{error.strerror}.", 1)


def parsed(argv: Sequence[str]) -> Namespace:
    """The arguments, with the command's name in `command`. Flags alone are those of `serve`."""
    first = argv[0] if argv else "serve"
    if not argv or (first.startswith("-") and first not in ("-h", "--help", "--version")):
        argv = ["serve", *argv]
    arguments = _parser().parse_args(argv)
    if arguments.command == "serve" and arguments.demo:
        arguments.command = "demo"
    return arguments


def port(text: str) -> int:
    """For argparse, whose message names this function: `invalid port value`."""
    if not 0 <= int(text) <= 65535:
        raise ValueError
    return int(text)


def _occupy_standard_streams() -> None:
    """Have none of them closed, as by `2>&-` or a daemon manager.

    The event loop's sockets would get their descriptors. libuv takes these for standard streams
    then, and aborts when they are closed.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        pass
    os.close(spare)
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode))


def _discard_output() -> None:
    """Prevent a second complaint when what is left of it is flushed on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(line: str, status: int) -> int:
    print(f"mochi: {line}", file=sys.stderr)
    return status


class _Commands:
    """The commands as they are declared, a family at a time."""

    def __init__(self, top: ArgumentParser) -> None:
        self.parsers = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(self, name: str, summary: str, settings: Sequence[str] = ()) -> ArgumentParser:
        made = self.parsers.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        for setting in settings:
            metavar, text = SETTINGS[setting]
            made.add_argument(f"--{setting}", metavar=metavar, help=text)
        return made


def _parser() -> ArgumentParser:
    top = ArgumentParser(
        prog="mochi",
        description="An OpenAI API in front of Ollama. Without a command: serve.",
        epilog="Settings come from flags, MOCHI_… variables, mochi.toml, defaults, in this order.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"mochi {__version__}")
    commands = _Commands(top)
    _serving(commands)
    _simulating(commands)
    _chatting(commands)
    _asking_ollama(commands)
    _judging(commands)
    _measuring(commands)
    return top


def _serving(commands: _Commands) -> None:
    serve = commands.add("serve", "Serve the models of an Ollama.", list(SETTINGS))
    serve.add_argument("--reload", action="store_true", help="restart when our sources change")
    serve.add_argument("--demo", action="store_true", help="the same as `mochi demo`")
    demo = commands.add(
        "demo",
        "Serve simulated models: no Ollama needed.",
        [setting for setting in SETTINGS if setting != "ollama-host"],
    )
    for served in (serve, demo):
        served.add_argument(
            "--insecure-no-auth",
            action="store_true",
            help="serve the network without an API key",
        )


def _simulating(commands: _Commands) -> None:
    simulate = commands.add("simulate", "Be a simulated Ollama, for tests of other programs.")
    simulate.add_argument("--host", default="127.0.0.1", metavar="HOST")
    simulate.add_argument("--port", default=11434, type=port, metavar="PORT")
    simulate.add_argument(
        "--faults", action="store_true", help="list the models that misbehave, and leave"
    )


def _chatting(commands: _Commands) -> None:
    chat = commands.add("chat", "Talk to a model of a running gateway, in a session.", ["config"])
    which = chat.add_mutually_exclusive_group()
    which.add_argument("--session", metavar="ID", help="go on with this session")
    which.add_argument("--last", action="store_true", help="go on with the latest session")
    which.add_argument("--model", metavar="NAME", help="begin a new session with this model")
    chat.add_argument(
        "--tools",
        metavar="NAMES",
        help="tools that the model may use, such as a,b; or @GROUP, all, none",
    )
    chat.add_argument(
        "--agents", metavar="NAMES", help="agents that the model may call: a,b; or all, none"
    )
    chat.add_argument("--base-url", metavar="URL", help="the gateway (default: by HOST and PORT)")
    chat.add_argument("--think", action="store_true", help="have the model think first")


def _asking_ollama(commands: _Commands) -> None:
    models = commands.add("models", "List the models that Ollama has.", ["config"])
    pull = commands.add("pull", "Have Ollama fetch a model from its library.", ["config"])
    pull.add_argument("name", metavar="NAME", help="as in https://ollama.com/library: qwen3:8b")
    for asking in (models, pull):
        asking.add_argument("--base-url", "--ollama-host", dest="ollama_host", metavar="URL")


def _judging(commands: _Commands) -> None:
    judge = commands.add("conformance", "Judge an OpenAI-compatible server: what is true of it.")
    judge.add_argument(
        "--base-url", metavar="URL", help="with its /v1 (default: our own, on simulated models)"
    )
    judge.add_argument("--model", metavar="NAME", help="the model (default: the first that chats)")
    judge.add_argument("--api-key", metavar="KEY")
    for kind, text in JUDGED_MODELS.items():
        judge.add_argument(f"--{kind}-model", metavar="NAME", help=text)
    judge.add_argument(
        "--profile", action="append", metavar="NAME", help="only its checks; may be said again"
    )
    judge.add_argument("--report", metavar="DIR", help="write JSON, Markdown and a page there")
    judge.add_argument(
        "--patience", type=float, metavar="SECONDS", help="for one answer (default: 60)"
    )
    actions = judge.add_subparsers(dest="action", metavar="diff")
    summary = "Show what got worse, better, new and gone between two reports."
    diff = actions.add_parser("diff", help=summary, description=summary, allow_abbrev=False)
    diff.add_argument("before", metavar="A.json")
    diff.add_argument("after", metavar="B.json")
    diff.add_argument("--report", dest="written", metavar="FILE", help="write it there, too")


def _measuring(commands: _Commands) -> None:
    """Numbers stay text: the command itself says which are allowed."""
    bench = commands.add("bench", "Measure an OpenAI-compatible server, and check its answers.")
    bench.add_argument("name", metavar="NAME", nargs="?", help="the model")
    for option, (metavar, text) in BENCH.items():
        bench.add_argument(f"--{option}", metavar=metavar, help=text)
    bench.add_argument(
        "--header",
        metavar="'NAME: VALUE'",
        action="append",
        help="one more header, as often as needed",
    )
    bench.add_argument("--no-stream", action="store_true", help="have answers in one piece")
    bench.add_argument("--arrivals", choices=("poisson", "even"), help="with --rate")
    bench.add_argument(
        "--endpoint",
        choices=("chat", "completions", "responses", "embeddings"),
        help="what to ask for (default: chat)",
    )
