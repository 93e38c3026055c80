"""What was typed: a plan, or one line that names the option."""

import os
from pathlib import Path

import pytest

from gateway.cli import parsed
from gateway.commands import CommandFailed
from gateway.commands.benching.arguments import plan
from gateway.commands.benching.plan import Load, Plan

HERE = "http://127.0.0.1:8000"


def planned(*options: str, key: str | None = None) -> Plan:
    return plan(parsed(["bench", "demo", *options]), HERE, key)


def test_nothing_said_is_ten_streams_of_the_gateway_one_by_one() -> None:
    made = planned(key="k")
    (target,) = made.targets
    assert (target.name, target.url, target.key) == ("A", f"{HERE}/v1", "k")
    assert made.load == Load()


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("http://box", "http://box/v1"),
        ("box:8000/", "http://box:8000/v1"),
        ("https://openrouter.ai/api/v1/", "https://openrouter.ai/api/v1"),
        ("http://me:secret@[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
)
def test_a_server_is_its_api_or_its_root(typed: str, url: str) -> None:
    (target,) = planned("--base-url", typed, key="k").targets
    assert target.url == url
    assert target.key is None, "which is for our own gateway"


def test_the_load_follows_from_how_many_at_a_time() -> None:
    load = planned("--concurrency", "8").load
    assert (load.requests, load.warm_up, load.rounds, load.rate) == (80, 8, 1, None)
    load = planned("--concurrency", "8", "--compare", "http://b").load
    assert (load.requests, load.rounds, load.of_round(9).requests) == (160, 10, 16)
    load = planned("--concurrency", "8", "--compare", "http://b", "--requests", "40").load
    assert (load.rounds, load.of_round(0).requests) == (5, 8)
    load = planned("--rate", "2.5", "--duration", "60").load
    assert (load.requests, load.concurrency, load.warm_up) == (None, 256, 1)
    assert (load.rate, load.arrivals, load.duration) == (2.5, "poisson", 60)


def test_rounds_have_all_requests_and_all_the_time_between_them() -> None:
    load = planned("--compare", "http://b", "--requests", "29").load
    assert load.rounds == 10
    assert [load.of_round(number).requests for number in range(10)] == [3] * 9 + [2]
    load = planned("--compare", "http://b", "--duration", "20", "--rounds", "8").load
    assert [load.of_round(number).duration for number in range(8)] == [2.5] * 8


def test_at_a_rate_places_do_not_limit_the_rounds() -> None:
    """They are there for a server that is slow, and are not all taken in every round."""
    load = planned("--rate", "5", "--compare", "http://b").load
    assert (load.requests, load.rounds) == (200, 10)
    assert planned("--rate", "5", "--requests", "4", "--compare", "http://b").load.rounds == 4


def test_the_other_server_has_a_key_and_a_model_of_its_own() -> None:
    options = ["--compare-key", "two", "--compare-model", "other", "--header", "X-A: b"]
    a, b = planned("--api-key", "one", "--compare", "https://b/api", *options).targets
    assert (a.key, a.model, b.key, b.model) == ("one", "demo", "two", "other")
    assert (b.name, b.url) == ("B", "https://b/api")
    assert a.headers == b.headers == (("X-A", "b"),)
    assert planned("--api-key", "one", "--compare", "http://b").targets[1].key is None


def test_texts_can_be_files(tmp_path: Path) -> None:
    (tmp_path / "prompt").write_text("Grüße?\n", "utf-8")
    (tmp_path / "key").write_text("sk-1\n")
    made = planned("--prompt", f"@{tmp_path}/prompt", "--api-key", f"@{tmp_path}/key")
    assert (made.load.prompt, made.targets[0].key) == ("Grüße?\n", "sk-1")


def test_embeddings_are_never_streamed() -> None:
    assert not planned("--endpoint", "embeddings").load.stream


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--concurrency 0", "--concurrency: '0' is not a number from 1 to 10000."),
        ("--concurrency 99999", "--concurrency: '99999' is not a number from 1 to 10000."),
        ("--requests many", "--requests: 'many' is not a number from 1 to 10000000."),
        ("--rate nan", "--rate: 'nan' is not a number above 0, up to 100000."),
        ("--timeout -1", "--timeout: '-1' is not a number above 0, up to 86400."),
        ("--duration 5 --requests 5", "--duration: either that or --requests."),
        ("--prompt a --prompt-tokens 5", "--prompt-tokens: either that or --prompt."),
        ("--prompt @nowhere", "--prompt: cannot read 'nowhere': No such file or directory."),
        ("--rounds 5", "--rounds: it needs --compare."),
        ("--compare-key x", "--compare-key: it needs --compare."),
        ("--arrivals even", "--arrivals: it needs --rate."),
        ("--header nonsense", "--header: 'nonsense' is not of the form 'Name: value'."),
        ("--header Host:x", "--header: Host is set by the connection."),
        ("--api-key ä", "--api-key: a key is of printable ASCII characters without blanks."),
        ("--model \udcff", "--model: it is not UTF-8."),
        ("--prompt \udcff", "--prompt: it is not UTF-8."),
        ("--base-url \udcff", "--base-url: it is not UTF-8."),
        ("--api-key \udcff", "--api-key: it is not UTF-8."),
        ("--requests \udcff", "--requests: it is not UTF-8."),
        ("--header \udcff:x", "--header: '\\udcff:x' is not of the form 'Name: value'."),
        ("--header x:\udcff", "--header: 'x:\\udcff' is not of the form 'Name: value'."),
        ("--compare http://b --compare-model \udcff", "--compare-model: it is not UTF-8."),
        ("--pid 2147483647", "--pid: There is no process 2147483647 under /proc."),
        (
            "--base-url ftp://x",
            "--base-url: The server's URL must begin with http:// or https://.",
        ),
        (
            "--compare http://b --rounds 5 --requests 8 --concurrency 4",
            "--rounds: 8 requests, 4 or more for each, are enough for 2: raise --requests.",
        ),
    ],
)
def test_a_mistake_is_one_line_and_status_2(options: str, line: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        planned(*options.split())
    assert (str(caught.value), caught.value.status) == (line, 2)


def test_a_model_that_is_no_utf_8_is_one_line_too() -> None:
    with pytest.raises(CommandFailed, match=r"^NAME: it is not UTF-8\.$"):
        plan(parsed(["bench", "\udcff"]), HERE, None)


def test_a_process_that_runs_can_be_watched() -> None:
    assert planned("--pid", str(os.getpid())).targets[0].pid == os.getpid()
