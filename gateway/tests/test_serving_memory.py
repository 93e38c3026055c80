"""What a serving process does about its memory."""

import platform
import subprocess
import sys

import pytest

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="arenas are glibc's")

ARENAS = """
import ctypes, sys, threading
from gateway.serving.memory import prepare_allocator

if sys.argv[1] == "shared":
    prepare_allocator()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
all_here = threading.Barrier(5)

def allocate():
    all_here.wait()
    for _ in range(100):
        assert libc.malloc(10_000)
    all_here.wait()

threads = [threading.Thread(target=allocate) for _ in range(4)]
for thread in threads:
    thread.start()
all_here.wait()
all_here.wait()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@glibc
def test_the_threads_of_a_server_share_one_arena() -> None:
    assert arenas("shared") == 1
    assert arenas("not shared") > 1


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_made_to_last_is_never_looked_at_again(fails: bool) -> None:
    program = f"""
import gc
from contextlib import suppress
from gateway.serving.memory import made_to_last

with suppress(KeyError), made_to_last():
    assert not gc.isenabled()
    kept = [[] for _ in range(1000)]
    if {fails}:
        raise KeyError
assert gc.isenabled()
assert gc.get_threshold()[0] > 1000
assert gc.get_freeze_count() > 1000
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def arenas(way: str) -> int:
    """How many a process with four more threads has in the end."""
    told = subprocess.run(
        [sys.executable, "-c", ARENAS, way], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    return told.count("<heap nr=")
