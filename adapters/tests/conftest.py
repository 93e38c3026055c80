"""What the tests of this package share."""

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop of the product itself."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def nothing_left() -> AsyncIterator[None]:
    """Fails a test that leaves a connection or a task behind."""
    sockets, tasks = _sockets(), _tasks()
    yield
    for _ in range(100):
        if _sockets() <= sockets and _tasks() <= tasks:
            break
        await asyncio.sleep(0.01)
    assert _sockets() <= sockets
    assert _tasks() <= tasks


def _sockets() -> set[str]:
    """Sockets of the network; event loops have some of their own, which are not."""
    found = set()
    for path in Path("/proc/self/fd").glob("*"):
        if path.is_socket():
            with socket.socket(fileno=os.dup(int(path.name))) as copy:
                if copy.family in (socket.AF_INET, socket.AF_INET6):
                    found.add(os.readlink(path))
    return found


def _tasks() -> set[asyncio.Task[Any]]:
    """Tasks but for those in which the test itself is run."""
    return {task for task in asyncio.all_tasks() if "TestRunner" not in repr(task.get_coro())}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that has signed itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not here to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    subject = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(
        [*command.split(), *subject.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return certificate, key


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context
