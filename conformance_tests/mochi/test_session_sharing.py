"""The folder of sessions belongs to others, too: programs that write, people who delete, disks."""

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from conformance_tests.launcher import Gateway, gateway_alone
from conformance_tests.mochi.documents import assistant, document, user
from conformance_tests.mochi.sessions import (
    CHANGES,
    TIME,
    Sessions,
    events_of,
    refusal,
    snapshot,
    the_rest,
)


def test_links_are_not_followed(sessions: Sessions) -> None:
    """Neither out of the folder nor within it; what they point at stays as it is."""
    outside = sessions.data / "outside.json"
    outside.write_text(json.dumps(document("1.3")))
    links = {"linked": outside, "within": sessions.path(sessions.begin())}
    for name, target in links.items():
        sessions.path(name).symlink_to(target)
    sessions.path("folder").mkdir()
    os.mkfifo(sessions.path("pipe"))
    before = snapshot(sessions.data)
    for name in (*links, "folder", "pipe"):
        for method, route, body in [
            *CHANGES,
            ("GET", "/sessions/{}", None),
            ("DELETE", "/sessions/{}", None),
        ]:
            answer = sessions.http.request(method, route.format(name), body)
            assert refusal(answer) == (404, "SESSION_NOT_FOUND"), (name, route)
    ids = [one["session_id"] for one in sessions.http.get("/sessions").json["sessions"]]
    assert not {*links, "folder", "pipe"} & set(ids)
    assert snapshot(sessions.data) == before
    for name in (*links, "pipe"):
        assert sessions.path(name).lstat()
        sessions.path(name).unlink()
    sessions.path("folder").rmdir()
    outside.unlink()


def test_another_program_writes_too(sessions: Sessions) -> None:
    """What it adds between two requests, in place or by renaming, is read and kept."""
    id = sessions.begin()
    sessions.say(id, "Say one.")
    for turn, word in enumerate(("two", "three")):
        found = sessions.written(id)
        found["messages"] += [user(f"Say {word}!"), assistant(word)]
        if turn:
            beside = sessions.folder / "beside"
            beside.write_text(json.dumps(found))
            beside.rename(sessions.path(id))
        else:
            sessions.put(id, found)
        assert sessions.said(id)[-1] == ("assistant", word)
        sessions.say(id, "Say four.")
    texts = [text for role, text in sessions.said(id) if role == "assistant"]
    assert texts == ["one", "two", "four", "three", "four"]


def test_another_program_writes_during_a_turn(sessions: Sessions) -> None:
    """The answer is put after what the other one wrote; nobody's words are lost."""
    id = sessions.begin(model="demo-slow")
    with sessions.watch(id, "Count to 12") as live:
        assert live.begin() == 200
        begun = live.line()
        found = sessions.written(id)
        found["messages"].append(user("I was here."))
        sessions.put(id, found)
        events = events_of(the_rest(live, begun))
    assert events[-2].name == "message_complete"
    texts = [text for _, text in sessions.said(id)]
    assert "I was here." in texts
    assert texts[0] == "Count to 12"
    assert texts[-1].endswith("12")


def test_a_file_deleted_by_hand(sessions: Sessions) -> None:
    """404, and it is not resurrected: not by a change, and not by a turn under way."""
    id = sessions.begin()
    sessions.say(id, "Say one.")
    sessions.path(id).unlink()
    for method, route, body in CHANGES:
        answer = sessions.http.request(method, route.format(id), body)
        assert refusal(answer) == (404, "SESSION_NOT_FOUND"), route
    assert not sessions.path(id).exists()
    id = sessions.begin(model="demo-slow")
    with sessions.watch(id, "Count to 12") as live:
        assert live.begin() == 200
        begun = live.line()
        sessions.path(id).unlink()
        events = events_of(the_rest(live, begun))
    assert (events[-2].name, events[-2].data["code"]) == ("error", "SESSION_NOT_FOUND")
    assert not sessions.path(id).exists()


def test_a_file_put_there_by_hand(sessions: Sessions) -> None:
    """A copy from another machine is a session at once; its name is its id."""
    path = sessions.put("My-copy_1", document("1.3"))
    ids = [one["session_id"] for one in sessions.http.get("/sessions").json["sessions"]]
    assert "My-copy_1" in ids
    assert sessions.say("My-copy_1", "Say one.").json["session_id"] == "My-copy_1"
    assert path.exists()
    assert sessions.http.request("DELETE", "/sessions/My-copy_1").status == 204
    assert not path.exists()


@pytest.fixture(scope="module")
def elsewhere(gateway: Gateway) -> Iterator[Sessions]:
    """A gateway whose folder can be spoiled, on the other side of the world."""
    with gateway_alone(gateway.ollama, TZ="Pacific/Auckland") as running:
        yield Sessions(running)


def test_the_order_is_by_instant(elsewhere: Sessions) -> None:
    """Files with and without a zone in one folder: 12 o'clock in Auckland was before 1 o'clock in
    Greenwich, whatever the digits say."""
    times = {
        "first": "2026-03-04T00:30:00Z",
        "second": "2026-03-04T13:45:00.000000",  # 00:45 in Greenwich
        "third": "2026-03-04T02:00:00+01:00",
        "fourth": "2026-03-04T14:15:00.5",
    }
    for id, time in times.items():
        elsewhere.put(id, document("1.3", updated_at=time))
    shown = elsewhere.http.get("/sessions").json["sessions"]
    assert [one["session_id"] for one in shown] == [*times][::-1]
    assert all(TIME.fullmatch(one["updated_at"]) for one in shown)
    assert elsewhere.detail("first")["updated_at"] == "2026-03-04T13:30:00.000000"


def test_our_times_are_local(elsewhere: Sessions) -> None:
    """mochi-coco sorts its own and ours as texts."""
    auckland = datetime.now(timezone(timedelta(hours=12.5))).replace(tzinfo=None)
    created = datetime.fromisoformat(elsewhere.detail(elsewhere.begin())["created_at"])
    assert abs(created - auckland) < timedelta(hours=1)


def test_a_folder_that_is_none(elsewhere: Sessions) -> None:
    """503 for what needs the folder; all else goes on, and so do the sessions once it is back."""
    id = elsewhere.begin()
    aside = elsewhere.folder.rename(elsewhere.data / "aside")
    elsewhere.folder.write_text("in its place")
    for answer in (
        elsewhere.http.request("POST", "/sessions", {"model": "demo"}),
        elsewhere.http.get("/sessions"),
    ):
        assert refusal(answer) == (503, "STORAGE_UNAVAILABLE")
        assert re.search(r"\bfolder\b", answer.json["error"]["message"])
        assert str(elsewhere.data) not in answer.body.decode()
    assert elsewhere.say(id, "x").status in (404, 503)
    assert elsewhere.http.get("/models").status == 200
    assert elsewhere.http.get("/health").status == 200
    assert elsewhere.folder.read_text() == "in its place"
    elsewhere.folder.unlink()
    elsewhere.path(elsewhere.begin()).unlink()
    assert stat.S_IMODE(elsewhere.folder.stat().st_mode) == 0o700
    elsewhere.folder.rmdir()
    aside.rename(elsewhere.folder)
    assert elsewhere.say(id, "Say one.").status == 200


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_that_cannot_be_written(elsewhere: Sessions) -> None:
    """503 for changes, and no message counts as said; what is there can be read."""
    id = elsewhere.begin()
    elsewhere.folder.chmod(0o500)
    try:
        refused = refusal(elsewhere.say(id, "Say one."))
        assert refused == (503, "STORAGE_UNAVAILABLE")
        assert elsewhere.said(id) == []
        answer = elsewhere.http.request("DELETE", f"/sessions/{id}")
        assert refusal(answer) == (503, "STORAGE_UNAVAILABLE")
    finally:
        elsewhere.folder.chmod(0o700)
    assert elsewhere.say(id, "Say one.").status == 200


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of another process is set")
def test_a_disk_without_room(elsewhere: Sessions) -> None:
    """opencode 7607: a full disk left 0 bytes. 503, the old file whole, no litter; what fits is
    taken, and all of it once there is room."""
    import resource  # which Windows lacks

    id, long = elsewhere.begin(model="demo-long"), "x" * 100_000
    before = snapshot(elsewhere.folder)
    limits = resource.prlimit(elsewhere.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(elsewhere.pid, resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        assert refusal(elsewhere.say(id, long)) == (503, "STORAGE_UNAVAILABLE")
        events = events_of(elsewhere.stream(id, long))
        assert events[0].data["code"] == "STORAGE_UNAVAILABLE"
        assert snapshot(elsewhere.folder) == before
        assert elsewhere.said(id) == []
        assert elsewhere.say(id, "Say one.").status == 200
        assert elsewhere.written(id)["metadata"]["message_count"] == 2
    finally:
        resource.prlimit(elsewhere.pid, resource.RLIMIT_FSIZE, limits)
    assert elsewhere.say(id, long).status == 200
