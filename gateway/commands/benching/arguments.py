"""From what was typed to a plan. Every mistake is one line that names the option."""

from argparse import Namespace
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import cast

from msgspec.structs import replace

from adapters.upstream.url import Origin, parse
from gateway.commands import CommandFailed
from gateway.commands.benching.plan import Endpoint, Load, Plan, Target
from gateway.commands.benching.processes import tree

__all__ = ["Given", "plan"]

ROUNDS = 10
OPEN_LOOP_PLACES = 256
OURS = ("content-length", "transfer-encoding", "connection", "host")


class Given:
    """Options by name, read as what they have to be."""

    def __init__(self, arguments: Namespace) -> None:
        self._values = vars(arguments)

    def text(self, name: str) -> str | None:
        value: str | None = self._values[name.replace("-", "_")]
        try:
            (value or "").encode()
        except UnicodeEncodeError:
            raise bad(name, "it is not UTF-8.") from None
        return value

    def texts(self, name: str) -> Sequence[str]:
        values: Sequence[str] | None = self._values[name.replace("-", "_")]
        return values or ()

    def switched(self, name: str) -> bool:
        return bool(self._values[name.replace("-", "_")])

    def whole(self, name: str, least: int, most: int) -> int | None:
        if (text := self.text(name)) is None:
            return None
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise bad(name, f"{text!r} is not a number from {least} to {most}.")
        return int(text)

    def number(self, name: str, most: float) -> float | None:
        if (text := self.text(name)) is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = 0.0
        if not isfinite(value) or not 0 < value <= most:
            raise bad(name, f"{text!r} is not a number above 0, up to {most:g}.")
        return value

    def content(self, name: str) -> str | None:
        """The text, or that of the file after an @."""
        text = self.text(name)
        if text is None or not text.startswith("@"):
            return text
        try:
            return Path(text[1:]).read_text("utf-8")
        except OSError as error:
            raise bad(name, f"cannot read {text[1:]!r}: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise bad(name, f"{text[1:]!r} is not UTF-8.") from None


def plan(arguments: Namespace, default_url: str, default_key: str | None) -> Plan:
    """What to measure. The default key is for the default server alone: no other is told it."""
    given = Given(arguments)
    url = given.text("base-url")
    first = Target(
        name="A",
        origin=where("base-url", url or default_url),
        model=model(given),
        key=key(given, "api-key") or (None if url else default_key),
        headers=headers(given),
        pid=process(given, "pid"),
    )
    targets = (first, *second(given, first))
    return Plan(targets, load(given, compared=len(targets) > 1))


def where(option: str, url: str) -> Origin:
    """The address of an API. One without a path is that of a server with its API under `/v1`."""
    try:
        origin = parse(url if "://" in url else f"http://{url}")
    except ValueError as error:
        raise bad(option, str(error)) from None
    return origin if origin.prefix else replace(origin, prefix="/v1")


def model(given: Given) -> str:
    names = [name for option in ("name", "model") if (name := given.text(option))]
    if len(names) != 1:
        raise CommandFailed("Name one model: mochi bench NAME, or --model NAME.", 2)
    return names[0]


def second(given: Given, first: Target) -> tuple[Target, ...]:
    if not (url := given.text("compare")):
        for option in ("compare-key", "compare-model", "compare-pid", "rounds"):
            if given.text(option) is not None:
                raise bad(option, "it needs --compare.")
        return ()
    return (
        Target(
            name="B",
            origin=where("compare", url),
            model=given.text("compare-model") or first.model,
            key=key(given, "compare-key"),
            headers=first.headers,
            pid=process(given, "compare-pid"),
        ),
    )


def key(given: Given, option: str) -> str | None:
    text = given.content(option)
    if text is None:
        return None
    if not (text := text.strip()).isascii() or not text.isprintable() or " " in text or not text:
        raise bad(option, "a key is of printable ASCII characters without blanks.")
    return text


def headers(given: Given) -> tuple[tuple[str, str], ...]:
    found = []
    for line in given.texts("header"):
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip()
        plain = all(each.isascii() and (each.isalnum() or each in "-_.") for each in name)
        if not colon or not name or not plain or not (value.isprintable() and value.isascii()):
            raise bad("header", f"{line!r} is not of the form 'Name: value'.")
        if name.lower() in OURS:
            raise bad("header", f"{name} is set by the connection.")
        found.append((name, value))
    return tuple(found)


def process(given: Given, option: str) -> int | None:
    pid = given.whole(option, 1, 2**31 - 1)
    try:
        return pid if pid is None or tree(pid) else None
    except FileNotFoundError as error:
        raise bad(option, str(error)) from None


def load(given: Given, *, compared: bool) -> Load:
    endpoint = cast(Endpoint, given.text("endpoint") or "chat")
    rate = given.number("rate", 100_000)
    concurrency = given.whole("concurrency", 1, 10_000) or (OPEN_LOOP_PLACES if rate else 1)
    if given.text("arrivals") and not rate:
        raise bad("arrivals", "it needs --rate.")
    duration = given.number("duration", 86_400)
    requests = given.whole("requests", 1, 10_000_000)
    if requests and duration:
        raise bad("duration", "either that or --requests.")
    if not requests and not duration:
        requests = (20 if compared else 10) * (concurrency if not rate else 10)
    warm_up = given.whole("warm-up", 0, 1_000_000)
    return Load(
        endpoint=endpoint,
        stream=endpoint != "embeddings" and not given.switched("no-stream"),
        concurrency=concurrency,
        requests=requests,
        duration=duration,
        rate=rate,
        arrivals="even" if given.text("arrivals") == "even" else "poisson",
        prompt=prompt(given),
        max_tokens=given.whole("max-tokens", 1, 1_000_000) or Load().max_tokens,
        warm_up=(1 if rate else concurrency) if warm_up is None else warm_up,
        rounds=rounds(given, requests, 1 if rate else concurrency) if compared else 1,
        timeout=given.number("timeout", 86_400) or Load().timeout,
    )


def prompt(given: Given) -> str | int:
    text, tokens = given.content("prompt"), given.whole("prompt-tokens", 1, 1_000_000)
    if text is not None and tokens is not None:
        raise bad("prompt-tokens", "either that or --prompt.")
    if text is not None and not text.strip():
        raise bad("prompt", "it is empty.")
    return text if text is not None else tokens or 32


def rounds(given: Given, requests: int | None, least: int) -> int:
    """As many as asked for, if each of them has at least so many requests: without a rate, those
    that fill all places."""
    asked = given.whole("rounds", 1, 10_000)
    if requests is None:
        return asked or ROUNDS
    fitting = max(1, requests // least)
    if asked and asked > fitting:
        shown = f"{requests} requests, {least} or more for each, are enough for {fitting}"
        raise bad("rounds", f"{shown}: raise --requests.")
    return asked or min(ROUNDS, fitting)


def bad(option: str, line: str) -> CommandFailed:
    shown = "NAME" if option == "name" else f"--{option}"
    return CommandFailed(f"{shown}: {line}", 2)
