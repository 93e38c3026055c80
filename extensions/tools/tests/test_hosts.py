"""When there is a host, and which."""

import asyncio
import os
from pathlib import Path

import pytest

from extensions.tools.catalogue import Rejected
from extensions.tools.hosts import ToolHosts
from extensions.tools.tests.packages import alive, descriptors, eventually, package
from gateway.core.errors import ToolsUnavailable

GOOD = 'def good() -> str:\n    "Be good."\n    return "well"\n'


async def test_a_folder_without_packages_needs_no_process(tmp_path: Path) -> None:
    before = descriptors()
    for folder in (tmp_path / "missing", tmp_path):
        (tmp_path / "loose.py").write_text(GOOD)
        (tmp_path / "_hidden").mkdir(exist_ok=True)
        (tmp_path / "_hidden" / "__init__.py").write_text(GOOD)
        hosts = ToolHosts(folder, patience=20)
        assert await hosts.ready() is None
        assert hosts.catalogue is not None
        assert not hosts.catalogue.tools
        await hosts.aclose()
    assert descriptors() == before


async def test_all_who_need_one_at_first_share_it_even_if_some_leave(tmp_path: Path) -> None:
    hosts = ToolHosts(package(tmp_path, "some", GOOD), patience=20)
    waiting = [asyncio.create_task(hosts.ready()) for _ in range(5)]
    await asyncio.sleep(0.05)
    waiting[0].cancel()
    found = set(await asyncio.gather(*waiting[1:]))
    assert len(found) == 1
    assert found == {await hosts.ready()}
    await hosts.aclose()
    with pytest.raises(ToolsUnavailable):
        await hosts.ready()


async def test_packages_that_hang_or_crash_are_left_out_until_asked_again(tmp_path: Path) -> None:
    package(tmp_path, "crashes", "import os; os._exit(9)")
    package(tmp_path, "hangs", "while True: pass")
    hosts = ToolHosts(package(tmp_path, "some", GOOD), patience=3)
    first = await hosts.ready()
    assert first is not None
    assert hosts.catalogue is not None
    assert list(hosts.catalogue.tools) == ["good"]
    exited = "the process of the tools exited with status 9 while it was imported"
    hung = "importing it took longer than 3 seconds"
    assert hosts.catalogue.rejected == (
        Rejected(None, "crashes", exited),
        Rejected(None, "hangs", hung),
    )
    package(tmp_path, "hangs", GOOD.replace("good", "better"))
    package(tmp_path, "crashes", "")
    assert list((await hosts.renewed()).tools) == ["better", "good"]
    second = await hosts.ready()
    assert second is not None
    assert second.pid != first.pid
    await hosts.aclose()
    assert not alive(first.pid)
    assert not alive(second.pid)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
async def test_a_folder_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    """Such as the `lost+found` of a disk: it costs the other packages nothing."""
    package(tmp_path, "closed", GOOD)
    (tmp_path / "closed").chmod(0)
    hosts = ToolHosts(tmp_path, patience=20)
    try:
        await hosts.ready()
        assert hosts.catalogue is not None
        [rejected] = hosts.catalogue.rejected
        assert (rejected.name, rejected.package) == (None, "closed")
    finally:
        (tmp_path / "closed").chmod(0o700)
        await hosts.aclose()


async def test_a_look_that_began_later_has_the_last_word(tmp_path: Path) -> None:
    mark = tmp_path / "imported"
    slow = f"import pathlib, time\npathlib.Path({str(mark)!r}).touch()\ntime.sleep(1)\n"
    hosts = ToolHosts(package(tmp_path, "some", slow + GOOD), patience=20)
    starting = asyncio.create_task(hosts.ready())
    assert await asyncio.to_thread(eventually, mark.exists)
    package(tmp_path, "some", GOOD.replace("good", "better"))
    assert list((await hosts.renewed()).tools) == ["better"]
    await starting
    assert hosts.catalogue is not None
    assert list(hosts.catalogue.tools) == ["better"]
    await hosts.aclose()


async def test_what_is_left_out_is_logged_whenever_it_changed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    package(tmp_path, "broken", "1 / 0")
    hosts = ToolHosts(package(tmp_path, "some", GOOD + "def silent(): ..."), patience=20)
    await hosts.ready()
    await hosts.renewed()
    package(tmp_path, "broken", "")
    await hosts.renewed()
    silent = "Tool 'silent' of package 'some' is left out: it has no docstring"
    assert [each.message for each in caplog.records if each.levelname == "WARNING"] == [
        "Tool package 'broken' is left out: ZeroDivisionError: division by zero",
        *[silent, silent],
    ]
    await hosts.aclose()


async def test_closing_ends_a_start_under_way(tmp_path: Path) -> None:
    hosts = ToolHosts(package(tmp_path, "hangs", "while True: pass"), patience=20)
    before = descriptors()
    waiting = asyncio.create_task(hosts.ready())
    await asyncio.sleep(0.5)
    async with asyncio.timeout(5):
        await hosts.aclose()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert descriptors() == before


async def test_what_breaks_every_time_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    hosts = ToolHosts(package(tmp_path, "some", GOOD), patience=20)
    with pytest.raises(ToolsUnavailable, match="No such file"):
        await hosts.ready()
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(ToolsUnavailable, match="exited with status 1"):
        await hosts.ready()
    monkeypatch.undo()
    assert await hosts.ready()
    await hosts.aclose()


async def test_those_who_ask_for_a_new_scan_meanwhile_share_the_next(tmp_path: Path) -> None:
    hosts = ToolHosts(package(tmp_path, "some", GOOD), patience=20)
    await hosts.ready()
    first = asyncio.create_task(hosts.renewed())
    await asyncio.sleep(0.1)
    await asyncio.gather(first, *(hosts.renewed() for _ in range(10)))
    assert len({host.pid for host in hosts._all}) <= 3
    await hosts.aclose()


@pytest.mark.parametrize("kind", ["pipe", "folder", "dangling link"])
async def test_a_package_whose_init_is_no_file_is_told(tmp_path: Path, kind: str) -> None:
    init = tmp_path / "odd" / "__init__.py"
    init.parent.mkdir()
    match kind:
        case "pipe":
            os.mkfifo(init)
        case "folder":
            init.mkdir()
        case _:
            init.symlink_to("nowhere.py")
    hosts = ToolHosts(tmp_path, patience=20)
    catalogue = await hosts.renewed()
    assert [(each.package, each.reason) for each in catalogue.rejected] == [
        ("odd", "'__init__.py' is not a file")
    ]
    await hosts.aclose()


async def test_loose_files_are_named_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "dice.py").write_text("")
    hosts = ToolHosts(tmp_path, patience=20)
    assert await hosts.ready() is None
    assert "'dice.py' is not looked into" in caplog.text
    await hosts.aclose()
