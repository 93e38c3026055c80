"""`mochi bench` as it is typed, against servers that answer rightly and against others."""

import json
import os
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main, parsed
from gateway.commands.bench import status
from gateway.commands.benching.arguments import plan
from gateway.commands.benching.measuring import Run
from gateway.commands.benching.report import report
from gateway.tests.bench_server import (
    DONE,
    DROP,
    END,
    HELLO,
    ROLE,
    STOP,
    THERE,
    Answer,
    bench_server,
    chunked,
    frame,
    head,
    refusal,
    stream,
    whole,
)
from gateway.tests.processes import mochi, port_in, said_until

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("MOCHI_BASE_URL", "MOCHI_API_KEY", "MOCHI_PORT"):
        monkeypatch.delenv(name, raising=False)


def bench(url: str, *options: str) -> int:
    return main(["bench", "demo", "--base-url", url, *options])


def measured(url: str, *options: str) -> Any:
    """The JSON that it says."""
    bench(url, "--json", "report.json", *options)
    return json.loads(Path("report.json").read_bytes())


def test_right_answers_are_a_table_and_status_0(capsys: Captured) -> None:
    with bench_server(stream()) as server:
        assert bench(server.url, "--requests", "5") == 0
        assert len(server.bodies) == 6, "one to warm up"
        assert server.connections == 1
    said, trouble = capsys.readouterr()
    assert trouble == ""
    assert f"{server.url}/v1, demo (chat, streamed, 1 at a time)" in said
    assert "5 requests in " in said
    assert "10 tokens: " in said
    assert "(counted by usage)" in said
    for label in ("time to first token", "gap between tokens", "total time", "tokens/s"):
        assert label in said


def test_the_request_is_what_a_client_would_send() -> None:
    with bench_server(stream()) as server:
        options = [
            "--max-tokens",
            "7",
            "--prompt",
            "Hi!",
            "--api-key",
            "sk-1",
            "--header",
            "X-A: b",
        ]
        assert bench(f"{server.url}/openai/v1/", "--requests", "1", "--warm-up", "0", *options) == 0
    assert server.bodies == [
        {
            "model": "demo",
            "messages": [{"role": "user", "content": "Hi!"}],
            "max_tokens": 7,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]
    lines = server.heads[0].split("\r\n")
    assert lines[0] == "POST /openai/v1/chat/completions HTTP/1.1"
    assert {"Authorization: Bearer sk-1", "X-A: b", "Content-Type: application/json"} <= {*lines}


def test_our_prompts_differ_so_that_none_is_remembered() -> None:
    with bench_server(stream()) as server:
        bench(server.url, "--requests", "3", "--prompt-tokens", "40")
    prompts = {body["messages"][0]["content"] for body in server.bodies}
    assert len(prompts) == 4
    assert len({len(prompt) for prompt in prompts}) == 1


BROKEN_JSON = b'data: {"choices": [{"delta"\n\n'
WRONG: dict[str, tuple[Answer, str, str]] = {
    "no end": (stream(ROLE, HELLO, STOP, END), "no [DONE]", ""),
    "two ends": (stream(ROLE, HELLO, STOP, DONE, DONE), "more than one [DONE]", "[DONE]"),
    "late": (stream(ROLE, HELLO, STOP, DONE, END), "data after [DONE]", '"usage"'),
    "no role": (stream(HELLO, STOP, DONE), "no role", ""),
    "no content": (stream(ROLE, STOP, DONE), "no content", ""),
    "no reason": (stream(ROLE, HELLO, DONE), "no finish reason", ""),
    "two reasons": (stream(ROLE, HELLO, STOP, STOP, DONE), "more than one finish reason", "stop"),
    "content after": (
        stream(ROLE, HELLO, STOP, THERE, DONE),
        "content after the finish reason",
        "there",
    ),
    "sum": (
        stream(
            ROLE, HELLO, STOP, {"choices": [], "usage": END["usage"] | {"total_tokens": 9}}, DONE
        ),
        "usage does not fit",
        '"total_tokens":9',
    ),
    "too long": (
        stream(
            ROLE,
            HELLO,
            STOP,
            {
                "choices": [],
                "usage": {"prompt_tokens": 1, "completion_tokens": 500, "total_tokens": 501},
            },
            DONE,
        ),
        "usage does not fit",
        "asked for at most 128",
    ),
    "error": (
        stream(ROLE, HELLO, {"error": {"message": "The engine died."}}),
        "error in the stream",
        "The engine died.",
    ),
    "no JSON": ([head(), chunked(BROKEN_JSON), b"0\r\n\r\n"], "not JSON", '{"choices": [{"delta"'),
    "no choices": (stream(ROLE, {"foo": 1}, DONE), "a chunk without choices", "foo"),
    "other JSON": (stream({"choices": 5}, DONE), "unexpected JSON", "Expected `array`"),
    "cut in a chunk": ([head(), chunked(frame(ROLE))[:-9], DROP], "connection broken", "after 0"),
    "cut": ([head(), chunked(frame(ROLE) + frame(HELLO)), DROP], "connection broken", "after 1"),
    "nothing": ([DROP], "connection broken", "before an answer"),
    "half a frame": (
        [head(), chunked(b"data: {}"), b"0\r\n\r\n"],
        "half a frame at the end",
        "data: {}",
    ),
    "500": (refusal("500 Oops", "It broke."), "status 500", "It broke."),
    "not a stream": (whole({"choices": []}), "not text/event-stream", "application/json"),
    "not HTTP": ([b"SSH-2.0-OpenSSH\r\n"], "not HTTP/1.1", "SSH"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_stream_is_an_error_of_its_kind_with_an_example(
    case: str, capsys: Captured
) -> None:
    answer, kind, seen = WRONG[case]
    with bench_server(answer) as server:
        options = ["--requests", "2", "--warm-up", "0", "--json", "report.json"]
        assert bench(server.url, *options) == 1
    report = json.loads(Path("report.json").read_bytes())
    errors = report["servers"][0]["figures"]["errors"]
    assert [(each["kind"], each["count"]) for each in errors] == [(kind, 2)]
    assert seen in errors[0]["example"]
    said = capsys.readouterr().out
    assert "2 requests, 2 of them wrong, in" in said
    assert f"2 × {kind}" in said


CHAT: dict[str, Any] = {
    "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}
TEXT: dict[str, Any] = {"choices": [{"text": "Hello", "finish_reason": "stop"}]}
RESPONSE: dict[str, Any] = {
    "status": "completed",
    "output": [{}],
    "usage": {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6},
}
VECTORS: dict[str, Any] = {
    "data": [{"index": 0, "embedding": [0.5, 1]}],
    "usage": {"prompt_tokens": 2, "total_tokens": 2},
}


@pytest.mark.parametrize(
    ("endpoint", "path", "body", "source"),
    [
        ("chat", "/v1/chat/completions", CHAT, "usage"),
        ("completions", "/v1/completions", TEXT, "nothing"),
        ("responses", "/v1/responses", RESPONSE, "usage"),
        ("embeddings", "/v1/embeddings", VECTORS, "usage"),
    ],
)
def test_whole_answers_are_checked_too(
    endpoint: str, path: str, body: Any, source: str, capsys: Captured
) -> None:
    with bench_server(lambda number: whole(body) if number < 3 else whole(b"{]")) as server:
        options = ["--endpoint", endpoint, "--no-stream", "--requests", "4", "--warm-up", "0"]
        report = measured(server.url, *options)
        assert server.heads[0].startswith(f"POST {path} ")
        assert not server.bodies[0].get("stream")
    figures = report["servers"][0]["figures"]
    assert (figures["right"], figures["wrong"]) == (3, 1)
    assert figures["errors"] == [{"kind": "not JSON", "count": 1, "example": "{]"}]
    assert figures["tokens_from"] == source
    assert figures["first_token"] is None
    assert figures["total"]["count"] == 3


def test_answers_that_are_nested_too_deep_are_counted_as_wrong(capsys: Captured) -> None:
    deep = b'{"error": %b}' % (b"[" * 5_000 + b"]" * 5_000)
    refused: Answer = [head("application/json", "500 Oops", content_length=str(len(deep))), deep]
    with bench_server(lambda number: whole(deep) if number < 2 else refused) as server:
        assert bench(server.url, "--no-stream", "--requests", "4", "--warm-up", "0") == 1
    said, trouble = capsys.readouterr()
    assert trouble == ""
    assert "4 requests, 4 of them wrong, in" in said
    assert "2 × not JSON" in said
    assert "2 × status 500" in said


def test_nothing_counted_is_no_success() -> None:
    idle = Run(plan(parsed(["bench", "demo"]), "http://127.0.0.1", None))
    nothing = report(idle, datetime.now(UTC))
    assert status(nothing, None) == 1
    assert status(nothing, signal.SIGINT) == 130
    assert status(nothing, signal.SIGTERM) == 143


def test_responses_and_completions_are_streamed() -> None:
    events = [
        {"type": "response.created", "sequence_number": 0},
        {"type": "response.output_text.delta", "delta": "Hello", "sequence_number": 1},
        {"type": "response.completed", "sequence_number": 2, "response": RESPONSE},
    ]
    texts = [{"choices": [{"text": "Hello"}]}, {"choices": [{"text": "", "finish_reason": "stop"}]}]
    for endpoint, answer in (
        ("responses", stream(*events)),
        ("completions", stream(*texts, DONE)),
    ):
        with bench_server(answer) as server:
            assert bench(server.url, "--endpoint", endpoint, "--requests", "2") == 0


def test_without_usage_chunks_are_counted() -> None:
    with bench_server(stream(ROLE, HELLO, THERE, STOP, DONE)) as server:
        figures = measured(server.url, "--requests", "2")["servers"][0]["figures"]
    assert (figures["tokens"], figures["tokens_from"]) == (4, "chunks")


def test_gaps_and_the_first_token_are_those_of_the_server() -> None:
    answer: Answer = [0.05, *stream(ROLE, HELLO, THERE, HELLO, STOP, DONE, pause=0.02)]
    with bench_server(answer) as server:
        figures = measured(server.url, "--requests", "2")["servers"][0]["figures"]
    assert 0.085 <= figures["first_token"]["p50"] < 0.8
    assert figures["token_gap"]["count"] == 4
    assert 0.015 <= figures["token_gap"]["p50"] < 0.2
    assert 0.015 <= figures["token_time"]["p50"] < 0.2
    assert 0.17 <= figures["total"]["p50"] < 2


def test_a_server_that_is_too_slow_is_an_error() -> None:
    with bench_server([head(), chunked(frame(ROLE) + frame(HELLO)), 3.0]) as server:
        options = ["--requests", "1", "--warm-up", "0", "--timeout", "0.1"]
        figures = measured(server.url, *options)["servers"][0]["figures"]
    example = "1 pieces of output within 0.1 s"
    assert figures["errors"] == [{"kind": "timeout", "count": 1, "example": example}]


def test_a_server_that_asks_to_wait_is_left_alone() -> None:
    busy = refusal("429 Too Many Requests", "Slow down.", retry_after="1")
    with bench_server(lambda number: busy if number == 0 else stream()) as server:
        figures = measured(server.url, "--requests", "2", "--warm-up", "0")["servers"][0]["figures"]
    example = "Slow down. (Retry-After: 1 s)"
    assert figures["errors"] == [{"kind": "status 429", "count": 1, "example": example}]
    assert figures["seconds"] > 0.9
    assert figures["waited_as_asked"] == 1
    assert figures["total"]["max"] < 0.9, "the waiting is in no answer's time"


def test_errors_while_it_was_warmed_up_are_said_and_not_counted(capsys: Captured) -> None:
    cold = refusal("503 Loading", "The model is loading.")
    with bench_server(lambda number: cold if number == 0 else stream()) as server:
        assert bench(server.url, "--requests", "2") == 0
    said = capsys.readouterr().out
    assert "While it was warmed up:\n1 × status 503\n    such as: The model is loading." in said


@pytest.mark.parametrize(
    ("status", "message"), [("404 Not Found", "No such model."), ("401 No", "Wrong key.")]
)
def test_what_no_second_request_would_change_is_one_line(
    status: str, message: str, capsys: Captured
) -> None:
    with bench_server(refusal(status, message)) as server:
        assert bench(server.url) == 1
        assert len(server.bodies) == 1
    told = f"mochi: {server.url}/v1 refuses with status {status[:3]}: {message}\n"
    assert capsys.readouterr() == ("", told)


def test_nobody_there_is_one_line(capsys: Captured) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert bench(url) == 1
    assert capsys.readouterr() == ("", f"mochi: Cannot reach {url}/v1: Connection refused.\n")


def test_a_server_that_goes_away_is_an_error_for_every_request() -> None:
    with bench_server(lambda number: [DROP] if number else stream()) as server:
        figures = measured(server.url, "--requests", "3")["servers"][0]["figures"]
    errors = [(each["kind"], each["count"]) for each in figures["errors"]]
    assert errors == [("connection broken", 3)]


def test_everything_is_in_the_json_and_no_key(capsys: Captured) -> None:
    with bench_server(stream()) as server:
        options = ["--requests", "4", "--concurrency", "2", "--api-key", "sk-secret"]
        assert bench(server.url, "--json", "-", *options) == 0
    said, table = capsys.readouterr()
    report = json.loads(said)
    assert "sk-secret" not in said + table
    assert "4 requests in" in table
    assert (report["format"], report["interrupted"]) == (1, False)
    assert report["load"]["concurrency"] == 2
    assert report["comparison"] == []
    assert report["generator"].keys() == {"cores", "at_its_limit"}
    (one,) = report["servers"]
    assert (one["name"], one["url"], one["model"]) == ("A", f"{server.url}/v1", "demo")
    assert {name: len(values) for name, values in one["samples"].items()} == {
        "total": 4,
        "first_token": 4,
        "token_gap": 4,
        "token_time": len(one["samples"]["token_time"]),
        "speed": 4,
    }
    assert one["figures"]["requests"] == 4
    assert one["figures"]["total"].keys() == {"count", "mean", "p50", "p95", "p99", "max"}


def test_json_is_utf_8_whatever_the_locale() -> None:
    with bench_server(stream()) as server:
        options = ["--model", "größer", "--base-url", server.url, "--requests", "1", "--json", "-"]
        with mochi("bench", *options, PYTHONIOENCODING="ascii", PYTHONUTF8="1") as process:
            said, _ = process.communicate(timeout=20)
    assert json.loads(said[said.index("{") :])["servers"][0]["model"] == "größer"


def test_two_servers_are_measured_in_turns_and_compared(capsys: Captured) -> None:
    turns: list[str] = []

    def script(name: str, pause: float) -> Any:
        def answer(number: int) -> Answer:
            turns.append(name)
            return [pause, *stream()]

        return answer

    with bench_server(script("A", 0.0)) as a, bench_server(script("B", 0.06)) as b:
        options = ["--compare", b.url, "--compare-model", "other", "--compare-key", "k"]
        assert bench(a.url, "--rounds", "6", "--requests", "6", "--json", "r.json", *options) == 0
        assert b.bodies[0]["model"] == "other"
        assert "Authorization: Bearer k" in b.heads[0]
        assert "Authorization" not in a.heads[0]
    assert "".join(turns) == "AB" + "ABBAABBAABBA"
    report = json.loads(Path("r.json").read_bytes())
    ratios = {each["figure"]: each for each in report["comparison"]}
    first = ratios["time to first token"]
    assert first["pairs"] == 6
    assert first["low"] <= first["ratio"] <= first["high"]
    assert first["ratio"] > 1.5
    assert ratios["requests/s"]["ratio"] < 1
    assert [len(each["rounds"]) for each in report["servers"]] == [6, 6]
    assert "B by A, in rounds side by side" in capsys.readouterr().out


def test_what_rounds_cannot_share_evenly_is_sent_too() -> None:
    with bench_server(stream()) as a, bench_server(stream()) as b:
        options = ["--compare", b.url, "--requests", "29", "--warm-up", "0", "--rounds", "4"]
        report = measured(a.url, *options)
        assert (len(a.bodies), len(b.bodies)) == (29, 29)
    for server in report["servers"]:
        assert server["figures"]["requests"] == report["load"]["requests"] == 29
        assert [each["requests"] for each in server["rounds"]] == [8, 7, 7, 7]


def test_at_a_rate_nothing_waits_for_the_answers_before() -> None:
    with bench_server([0.2, *stream()]) as server:
        options = ["--rate", "100", "--arrivals", "even", "--requests", "10", "--warm-up", "0"]
        figures = measured(server.url, *options)["servers"][0]["figures"]
    assert figures["right"] == 10
    assert figures["seconds"] < 1.8, "one by one it would be two seconds"
    assert server.connections > 5


def test_at_a_rate_those_who_wait_for_a_place_have_their_clock_running() -> None:
    with bench_server([0.05, *stream()]) as server:
        options = ["--rate", "1000", "--requests", "4", "--warm-up", "0", "--concurrency", "1"]
        figures = measured(server.url, *options)["servers"][0]["figures"]
    assert server.connections == 1
    assert figures["total"]["max"] > 0.19


def test_for_a_duration() -> None:
    with bench_server([0.01, *stream()]) as server:
        figures = measured(server.url, "--duration", "0.3")["servers"][0]["figures"]
    assert 2 <= figures["requests"] <= 30
    assert 0.3 <= figures["seconds"] < 2


@pytest.mark.parametrize(("rate", "requests"), [("1", 1), ("4", 2), ("6", 3)])
def test_at_a_rate_for_a_duration_nothing_is_sent_after_it(rate: str, requests: int) -> None:
    with bench_server(stream()) as server:
        options = ["--rate", rate, "--arrivals", "even", "--duration", "0.5", "--warm-up", "0"]
        figures = measured(server.url, *options)["servers"][0]["figures"]
    assert figures["requests"] == requests
    assert figures["seconds"] > 0.49, "the time until the next would be due is part of it"


def test_the_plot_can_be_of_characters(capsys: Captured) -> None:
    with bench_server(stream()) as server:
        assert bench(server.url, "--requests", "4", "--plot", "-") == 0
    said = capsys.readouterr().out
    assert "\nTime to first token\n" in said
    assert "█" in said


def test_where_there_are_no_blocks_the_plot_is_of_hashes() -> None:
    refused = refusal("500 Oops", "a" * 301)
    with bench_server(lambda number: stream() if number else refused) as server:
        options = ["--base-url", server.url, "--warm-up", "0", "--requests", "4", "--plot", "-"]
        with mochi("bench", "demo", *options, PYTHONIOENCODING="ascii") as process:
            said, _ = process.communicate(timeout=20)
    assert "?" not in said
    assert "####" in said
    assert "1 x status 500\n" in said
    assert "aaa...\n" in said


def test_a_picture_without_matplotlib_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with bench_server(stream()) as server:
        assert bench(server.url, "--plot", "a.png") == 2
        assert server.bodies == []
    assert "pip install 'mochi-gateway[bench]'" in capsys.readouterr().err


def test_a_picture_is_a_png() -> None:
    pytest.importorskip("matplotlib")
    with bench_server(stream()) as server:
        assert bench(server.url, "--compare", server.url, "--plot", "a.png") == 0
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("nowhere/report.json", "No such file or directory"),
        ("folder", "Is a directory"),
        ("", "Is a directory"),
        ("file/report.json", "Not a directory"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_said_before_anything_is_asked(
    file: str, why: str, capsys: Captured
) -> None:
    Path("folder").mkdir()
    Path("file").touch()
    with bench_server(stream()) as server:
        assert bench(server.url, "--json", file) == 2
        assert server.bodies == []
    assert capsys.readouterr().err == f"mochi: Cannot write {file!r}: {why}.\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("mode", [0o500, 0o600])
def test_a_folder_that_is_not_ours_is_said_too(mode: int, capsys: Captured) -> None:
    Path("folder").mkdir(mode)
    assert bench("http://127.0.0.1:1", "--json", "folder/report.json") == 2
    told = "mochi: Cannot write 'folder/report.json': Permission denied.\n"
    assert capsys.readouterr().err == told


def test_our_own_key_is_told_to_our_own_gateway_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCHI_API_KEY", "sk-ours")
    with bench_server(stream()) as server:
        assert bench(server.url, "--requests", "1") == 0
        monkeypatch.setenv("MOCHI_PORT", server.url.rpartition(":")[2])
        assert main(["bench", "demo", "--requests", "1"]) == 0
    keys = ["Authorization: Bearer sk-ours" in each for each in server.heads]
    assert keys == [False, False, True, True]


def test_after_ctrl_c_there_are_the_results_so_far() -> None:
    with bench_server([0.02, *stream()]) as server:
        options = ["--duration", "20", "--warm-up", "0", "--json", "-"]
        with mochi("bench", "demo", "--base-url", server.url, *options) as process:
            while len(server.bodies) < 5:
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=10)
            assert process.returncode == 130
    report = json.loads(said[said.index("{") :])
    assert report["interrupted"] is True
    figures = report["servers"][0]["figures"]
    assert figures["right"] >= 4
    assert figures["wrong"] == 0, "what was under way is no error"
    assert "Interrupted: " in said


def test_what_is_ended_while_it_warms_up_has_measured_nothing() -> None:
    with bench_server([20.0]) as server:
        options = ["--base-url", server.url, "--plot", "-"]
        with mochi("bench", "demo", *options) as process:
            while not server.bodies:
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=10)
            assert process.returncode == 143
    assert said == (
        f"{server.url}/v1, demo (chat, streamed, 1 at a time)\n\n"
        "Nothing was measured.\n\n"
        "Interrupted while it was warming up.\n"
    )


def test_the_demo_answers_rightly() -> None:
    with mochi("demo", "--port", "0", MOCHI_DRAIN_SECONDS="0") as process:
        url = f"http://127.0.0.1:{port_in(said_until(process, '--base-url'))}"
        for endpoint in ("chat", "completions", "responses"):
            options = ["--endpoint", endpoint, "--max-tokens", "16", "--pid", str(process.pid)]
            report = measured(url, "--concurrency", "4", "--requests", "4", *options)
            figures = report["servers"][0]["figures"]
            assert (figures["right"], figures["errors"]) == (4, [])
            assert figures["tokens_from"] == "usage"
            assert 0 < figures["cpu_per_request"] < 1
        options = ["--model", "demo-embed", "--endpoint", "embeddings"]
        assert main(["bench", "--base-url", url, *options]) == 0


def test_the_model_has_a_place_and_an_option(capsys: Captured) -> None:
    assert parsed(["bench", "demo"]).name == "demo"
    assert main(["bench", "demo", "--model", "other"]) == 2
    assert main(["bench"]) == 2
    told = "mochi: Name one model: mochi bench NAME, or --model NAME.\n"
    assert capsys.readouterr().err == told * 2
