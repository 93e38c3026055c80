"""Figures beside the answers: CPU time of the server, of the generator, and what is shown."""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from time import process_time

import pytest

from adapters.upstream.url import parse
from gateway.commands.benching.figures import Totals
from gateway.commands.benching.histogram import bars, edges, shares
from gateway.commands.benching.measuring import Side
from gateway.commands.benching.plan import Load, Target
from gateway.commands.benching.processes import CpuTime, cpu_times, spent, tree
from gateway.commands.benching.progress import standing
from gateway.commands.benching.report import samples
from gateway.commands.benching.tables import duration, table
from gateway.tests.bench_server import bench_server, stream
from gateway.tests.processes import ROOT
from gateway.tests.terminals import at_a_terminal, seen


def test_the_cpu_time_of_a_process_is_that_of_its_children_too() -> None:
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    outer = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {busy!r} + "\\nprint('done', flush=True)\\ninput()"]).wait()
"""
    with subprocess.Popen(
        [sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"done\n"
        assert len(tree(process.pid)) == 2
        times = cpu_times(process.pid)
        assert 0.29 < sum(each.seconds for each in times.values()) < 2
        process.communicate(b"\n")
    with pytest.raises(FileNotFoundError):
        tree(process.pid)


def test_our_own_cpu_time_grows() -> None:
    before = cpu_times(os.getpid())
    end = process_time() + 0.1
    while process_time() < end:
        pass
    grown = spent(before, cpu_times(os.getpid()))
    assert grown
    assert 0 < grown < 2


FULL = Path("/dev/full")
IMPATIENT = """
import sys
from gateway import cli
from gateway.commands.benching import progress
progress.EVERY = 0.1
sys.exit(cli.main())
"""
BUSY = """
import sys, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
burn(0.2)
print("first", flush=True)
input()
burn(0.1)
"""
PARENT = """
import signal, subprocess, sys
if {ignoring}: signal.signal(signal.SIGCHLD, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", {busy!r}]).wait()
print("ended", flush=True)
input()
"""


def spent_while_a_child_ends(*, ignoring: bool) -> float | None:
    """The child has spent 0.2 s at the first look and 0.3 s in all."""
    parent = PARENT.format(ignoring=ignoring, busy=BUSY)
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"first\n"
        before = cpu_times(process.pid)
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"ended\n"
        after = cpu_times(process.pid)
        process.communicate(b"\n")
    return spent(before, after)


def test_a_child_that_ends_stays_counted() -> None:
    taken = spent_while_a_child_ends(ignoring=False)
    assert taken
    assert 0.05 < taken < 0.25


def test_of_a_child_that_nobody_waits_for_no_figure_is_made() -> None:
    assert spent_while_a_child_ends(ignoring=True) is None


def test_a_process_with_the_number_of_one_that_ended_is_another() -> None:
    first, second = CpuTime(9.0, 900, 0), CpuTime(0.5, 50, 0)
    root = CpuTime(0.0, 0, 100)
    times = {(1, "1"): root, (2, "5"): first}
    assert spent(times, {(1, "1"): CpuTime(0.0, 0, 1000), (2, "7"): second}) == 0.5
    assert spent(times, {(1, "1"): root, (2, "7"): second}) is None


@pytest.mark.parametrize(
    ("measured", "kept"), [(9_999, 9_999), (10_000, 10_000), (10_001, 5_001), (30_000, 10_000)]
)
def test_samples_are_all_or_thinned_evenly(measured: int, kept: int) -> None:
    totals = Totals()
    totals.total.extend(map(float, range(measured)))
    found = samples(totals)["total"]
    assert len(found) == kept
    assert len({b - a for a, b in pairwise(found)}) == 1


def test_one_request_is_not_many() -> None:
    side = Side(Target(name="A", origin=parse("http://box"), model="demo"), Load())
    assert standing(side) == "A: warming up"
    side.totals.spent(2.0, None)
    side.totals.wrong = 1
    assert standing(side) == "A: 1 request, 0.00/s, 1 wrong"
    side.totals.wrong = 2
    assert standing(side) == "A: 2 requests, 0.00/s, 2 wrong"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.00 µs"),
        (1.234e-6, "1.23 µs"),
        (0.0123456, "12.3 ms"),
        (0.5, "500 ms"),
        (1, "1.00 s"),
        (123.4, "123 s"),
    ],
)
def test_durations_have_three_digits(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_columns_stand_under_each_other() -> None:
    assert table([("", "p50"), ("total", "1 s")]) == "       p50\ntotal  1 s"


def test_bins_hold_every_value() -> None:
    values = [0.0, 0.001, 0.0011, 0.0012, 0.5]
    limits = edges(values)
    assert limits == sorted(limits)
    assert limits[-1] >= 0.5
    assert sum(shares(values, limits)) == pytest.approx(1)
    assert shares([], limits) == [0] * len(limits)


def test_equal_values_have_bins_too() -> None:
    assert "100%" in bars([[0.02] * 10], ["A"])


def test_two_distributions_fit_beside_each_other() -> None:
    lines = bars([[0.01, 0.02], [0.02, 0.03]], ["A", "B"]).splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["A", "B"]


def test_a_terminal_sees_bars_and_then_the_table(tmp_path: Path) -> None:
    with bench_server([0.05, *stream()]) as server:
        options = ["demo", "--base-url", server.url, "--requests", "20"]
        with at_a_terminal("bench", *options, home=tmp_path) as terminal:
            terminal.until("━")
            terminal.until(" requests, ")
            assert terminal.status() == 0
    shown = seen(terminal.output)
    assert shown[0].startswith(f"{server.url}/v1, demo"), "the bars are gone"
    assert not any("━" in line for line in shown)


@pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("options", [[], ["--json", "-"]])
def test_a_result_outlives_those_who_cannot_be_shown_it(options: list[str]) -> None:
    with bench_server(stream()) as server, FULL.open("w") as full:
        command = [sys.executable, "-c", IMPATIENT, "bench", "demo", "--base-url", server.url]
        done = subprocess.run(
            [*command, "--duration", "0.6", *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=30,
            check=False,
        )
    assert done.returncode == 0
    assert (b'"servers"' if options else b"time to first token") in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="only a POSIX shell closes descriptors")
@pytest.mark.parametrize(
    ("closed", "options", "told"),
    [
        ("2>&-", "--requests 2", b"time to first token"),
        ("2>&-", "--requests 2 --json -", b'{\n "format": 1'),
        (">&-", "--requests 2", b""),
        (">&-", "--requests 2 --json -", b""),
        ("<&- >&- 2>&-", "--requests 2 --json -", b""),
    ],
)
def test_a_stream_that_is_closed_is_not_missed(closed: str, options: str, told: bytes) -> None:
    with bench_server(stream()) as server:
        command = f"exec {sys.executable} -m gateway bench demo --base-url {server.url} {options}"
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} {closed}"],
            cwd=ROOT,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert len(server.bodies) == 3
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert told in done.stdout
    assert done.stdout.startswith(b"{") == told.startswith(b"{")


def test_ctrl_c_at_a_terminal_leaves_the_table(tmp_path: Path) -> None:
    with bench_server([0.02, *stream()]) as server:
        options = ["demo", "--base-url", server.url, "--duration", "20"]
        with at_a_terminal("bench", *options, home=tmp_path) as terminal:
            terminal.until(" requests, ")
            terminal.interrupt()
            assert terminal.status() == 130
    said = "\n".join(seen(terminal.output))
    assert "time to first token" in said
    assert "Interrupted: " in said
