"""Lanes that are greenlets: more of them, unread requests, interrupts, slow clients, and gevent itself."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fake_edge import PATIENCE_S, Frame, Link, hello_of, request, returned_ids
from kirin_worker import frames, gevent_setup
from kirin_worker.frames import ABORT, BODY, END, INTERRUPT, QUIT, RESPONSE, RESUMED, RETURNED, STALLED, UNREAD, WIDEN
from worker_process import Process, ask, wait_for

pytest.importorskip("gevent")

#: Requests of a kind hold their lane, or their worker, until `go` is there.
APP = """
import ctypes, gevent, os, resource, subprocess, threading, time
libc = ctypes.CDLL(None)
def begun():
    open("begun", "a").close()
def is_held():
    return not os.path.exists("go")
def waiting():
    begun()
    while is_held():
        time.sleep(0.005)
def blocking():
    begun()
    while is_held():
        libc.usleep(2000)
def spinning():
    begun()
    while is_held():
        pass
def stubborn():
    begun()
    try:
        time.sleep(60)
    except BaseException:
        pass
def stream():
    yield b"begun"
    try:
        time.sleep(60)
    finally:
        open("unwound", "w").close()
def large():
    return [b"x" * 20_000_000]
def pieces():
    for _ in range(200):
        yield b"x" * 100_000
def timed():
    try:
        with gevent.Timeout(0.1):
            for _ in range(200):
                yield b"x" * 100_000
    finally:
        open("unwound", "w").close()
def forking_beside_others():
    pid = os.fork()
    if pid == 0:
        # Long enough for the other request to come to its end, which is the parent's affair.
        gevent.sleep(0.2)
        os._exit(7)
    return [str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])).encode()]
def napping():
    begun()
    time.sleep(0.05)
    with open("executions", "a") as file:
        file.write("napped ")
def limit():
    here = os.open("/dev/null", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (here + 2, here + 2))
    os.close(here)
def command():
    return [subprocess.run(["echo", "-n", "echoed"], stdout=subprocess.PIPE).stdout]
def application(environ, start_response):
    start_response("200 OK", [])
    kind = globals().get(environ["PATH_INFO"][1:])
    result = kind() if kind is not None else None
    return [environ["PATH_INFO"].encode()] if result is None else result
"""


def worker_of(start: Any, threads: int = 2, max_lanes: int = 0, app: str = APP) -> Process:
    worker: Process = start(worker_class="gevent", app=app, threads=threads, max_lanes=max_lanes or threads)
    return worker


def widen(count: int) -> bytes:
    return frames.frame(WIDEN, a=count)


def reclaim_unread(control: Link, lane: int) -> Frame:
    control.send(frames.frame(frames.RECLAIM, a=lane, flags=UNREAD))
    return control.expect(RETURNED)


# --- how many -------------------------------------------------------------------------------------------------


def test_lanes_are_opened_as_the_edge_asks_for_them_and_up_to_the_limit(start: Any) -> None:
    worker = worker_of(start, threads=2, max_lanes=5)
    control, lanes = worker.meet()
    control.send(widen(2))
    more = [worker.accept() for _ in range(2)]
    assert sorted(hello_of(lane.next())["lane"] for lane in more) == [2, 3]
    control.send(widen(7))
    last = worker.accept()
    assert hello_of(last.next())["lane"] == 4
    for rid, lane in enumerate([*lanes, *more, last], 1):
        assert ask(lane, rid) == b"/"
    # One that the edge has closed is opened anew when it is wanted.
    more[0].close()
    while True:
        control.send(widen(1))
        worker.listener.settimeout(0.05)
        try:
            again = worker.accept()
        except TimeoutError:
            continue  # the worker had not seen the end yet
        break
    worker.listener.settimeout(PATIENCE_S)
    assert hello_of(again.next())["lane"] in (2, 3)
    assert ask(again, 9) == b"/"
    control.send(frames.frame(QUIT))
    assert worker.wait() == 0


def test_a_worker_that_may_open_no_more_files_says_so_once_and_serves_on(start: Any) -> None:
    worker = worker_of(start, threads=2, max_lanes=100)
    control, lanes = worker.meet()
    assert ask(lanes[0], 1, "/limit") == b"/limit"
    for _ in range(2):
        control.send(widen(98))
        control.send(frames.frame(frames.RECLAIM, a=0))
        control.expect(RETURNED)
    wait_for(lambda: "can have no more than" in worker.log)
    assert worker.log.count("Raise the limit of open files") == 1
    assert ask(lanes[1], 2) == b"/"


def test_the_next_edge_gets_the_lanes_that_a_worker_begins_with(start: Any) -> None:
    worker = worker_of(start, threads=2, max_lanes=4)
    control, _ = worker.meet()
    control.send(widen(2))
    for _ in range(2):
        worker.accept()
    worker.end_edge()
    worker.listen()
    _, lanes = worker.meet()
    for rid, lane in enumerate(lanes, 1):
        assert ask(lane, rid) == b"/"


def test_requests_that_wait_run_at_once(start: Any, tmp_path: Path) -> None:
    worker = worker_of(start, threads=4)
    _, lanes = worker.meet()
    for rid, lane in enumerate(lanes, 1):
        lane.send(request(rid, "/waiting"))
    wait_for((tmp_path / "begun").exists)
    (tmp_path / "go").touch()
    for rid, lane in enumerate(lanes, 1):
        assert lane.expect(RESPONSE).id == rid


# --- a request that does not yield ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["blocking", "spinning"])
def test_what_was_not_read_is_handed_back_and_the_edge_hears_when_it_would_be_again(
    start: Any, tmp_path: Path, kind: str
) -> None:
    worker = worker_of(start)
    control, lanes = worker.meet()
    lanes[0].send(request(1, f"/{kind}"))
    wait_for((tmp_path / "begun").exists)
    lanes[1].send(request(2) + request(3)[:30])
    control.send(frames.frame(frames.RECLAIM, a=1))
    kept = control.expect(RETURNED)
    assert (returned_ids(kept), kept.flags, kept.b) == ([], 0, 0)
    handed_back = reclaim_unread(control, 1)
    assert (returned_ids(handed_back), handed_back.flags & STALLED, handed_back.b) == ([2], STALLED, 0)
    assert returned_ids(reclaim_unread(control, 1)) == []
    assert reclaim_unread(control, 0).b == 1
    assert not control.has_more
    (tmp_path / "go").touch()
    control.expect(RESUMED)
    # The part that had come of the third is not lost.
    lanes[1].send(request(3)[30:])
    assert lanes[1].expect(RESPONSE).id == 3
    assert lanes[0].expect(RESPONSE).id == 1


def test_what_a_lane_is_about_to_read_is_answered_or_handed_back(start: Any) -> None:
    worker = worker_of(start)
    control, lanes = worker.meet()
    for rid in range(1, 300):
        lanes[1].send(request(rid))
        frame = reclaim_unread(control, 1)
        if not returned_ids(frame):
            assert lanes[1].expect(RESPONSE).id == rid
        if frame.flags & STALLED:
            control.expect(RESUMED)


# --- interrupts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["waiting", "blocking", "spinning"])
def test_a_request_is_interrupted_alone_whether_it_yields_or_not(start: Any, tmp_path: Path, kind: str) -> None:
    worker = worker_of(start, threads=3)
    control, lanes = worker.meet()
    lanes[1].send(request(1, "/waiting"))
    wait_for((tmp_path / "begun").exists)
    (tmp_path / "begun").unlink()
    lanes[2].send(request(2, f"/{kind}"))
    wait_for((tmp_path / "begun").exists)
    control.send(frames.frame(INTERRUPT, id=2, a=2))
    assert lanes[2].expect(ABORT).id == 2
    assert ask(lanes[2], 3) == b"/"
    assert not lanes[1].has_more
    (tmp_path / "go").touch()
    assert lanes[1].expect(RESPONSE).id == 1
    assert worker.log.count("is past its deadline; it is here:\nTraceback") == 1
    assert f"in {kind}\n" in worker.log
    assert "kirin_worker" not in worker.log


def test_a_request_that_does_not_yield_is_interrupted_also_when_a_signal_was_overlooked(
    start: Any, tmp_path: Path
) -> None:
    overlooking = """
import signal
send, overlooked = signal.pthread_kill, []
def send_all_but_one(thread, number):
    send(thread, number) if overlooked else overlooked.append(number)
signal.pthread_kill = send_all_but_one
"""
    worker = worker_of(start, app=overlooking + APP)
    control, lanes = worker.meet()
    lanes[0].send(request(1, "/spinning"))
    wait_for((tmp_path / "begun").exists)
    control.send(frames.frame(INTERRUPT, id=1, a=0))
    assert lanes[0].expect(ABORT).id == 1
    assert worker.log.count("is past its deadline; it is here:\nTraceback") == 1


def test_an_interrupted_stream_unwinds_and_is_broken_off(start: Any, tmp_path: Path) -> None:
    worker = worker_of(start)
    control, lanes = worker.meet()
    lanes[0].send(request(1, "/stream"))
    assert lanes[0].expect(RESPONSE).content == b"begun"
    control.send(frames.frame(INTERRUPT, id=1, a=0))
    assert lanes[0].expect(ABORT).id == 1
    assert (tmp_path / "unwound").exists()


def test_a_request_that_swallows_the_exception_is_heard_all_the_same(start: Any, tmp_path: Path) -> None:
    worker = worker_of(start)
    control, lanes = worker.meet()
    lanes[0].send(request(1, "/stubborn"))
    wait_for((tmp_path / "begun").exists)
    control.send(frames.frame(INTERRUPT, id=1, a=0))
    assert lanes[0].expect(RESPONSE).content == b"/stubborn"
    assert ask(lanes[0], 2) == b"/"


def test_a_request_that_has_ended_is_not_interrupted_any_more(start: Any) -> None:
    worker = worker_of(start)
    control, lanes = worker.meet()
    for rid in range(1, 200):
        lanes[0].send(request(rid))
        control.send(frames.frame(INTERRUPT, id=rid, a=0))
        frame = lanes[0].next()
        assert frame.id == rid and frame.kind in (RESPONSE, ABORT)
    assert ask(lanes[0], 1000) == b"/"


# --- slow clients ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/large", "/pieces"])
def test_an_edge_that_does_not_read_holds_up_no_other_lane(start: Any, path: str) -> None:
    worker = worker_of(start)
    control, lanes = worker.meet()
    lanes[0].send(request(1, path))
    # Its buffers are full by now, or will be.
    for rid in range(2, 50):
        assert ask(lanes[1], rid) == b"/"
        control.send(frames.frame(frames.RECLAIM, a=0))
        assert returned_ids(control.expect(RETURNED)) == []
    size = 0
    while True:
        frame = lanes[0].next()
        assert frame.kind in (RESPONSE, BODY)
        size += len(frame.content)
        if frame.flags & END:
            break
    assert size == 20_000_000
    assert ask(lanes[0], 100) == b"/"


def test_a_timeout_of_the_application_that_comes_while_its_response_is_sent_cuts_no_frame(
    start: Any, tmp_path: Path
) -> None:
    _, lanes = worker_of(start).meet()
    lanes[0].send(request(1, "/timed"))
    wait_for((tmp_path / "unwound").exists)
    frame = lanes[0].expect(RESPONSE)
    while frame.kind != ABORT:
        assert (frame.id, frame.payload[frame.a :].strip(b"x")) == (1, b"")
        frame = lanes[0].next()
    assert ask(lanes[0], 2) == b"/"


# --- processes ------------------------------------------------------------------------------------------------


def test_a_forked_child_does_not_go_on_with_the_requests_of_others_for_the_edge(start: Any, tmp_path: Path) -> None:
    worker = worker_of(start)
    _, lanes = worker.meet()
    lanes[0].send(request(1, "/napping"))
    wait_for((tmp_path / "begun").exists)
    assert ask(lanes[1], 2, "/forking_beside_others") == b"7"
    assert lanes[0].expect(RESPONSE).id == 1
    assert not lanes[0].has_more
    assert ask(lanes[0], 3) == b"/"
    assert "came back from it" not in worker.log


def test_subprocesses_of_the_application_are_reaped(start: Any) -> None:
    worker = worker_of(start)
    _, lanes = worker.meet()
    assert ask(lanes[0], 1, "/command") == b"echoed"


# --- gevent itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "is_enough"),
    [("24.10.1", True), ("26.9.0", True), ("25.1.dev0", True), ("24.2.1", False), ("23.9.0.post1", False)],
)
def test_an_old_gevent_is_refused(monkeypatch: pytest.MonkeyPatch, version: str, is_enough: bool) -> None:
    module = ModuleType("gevent")
    module.__version__ = version  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gevent", module)
    problem = gevent_setup.problem()
    assert (problem is None) == is_enough
    if problem is not None:
        assert f"needs gevent 24.10.1 or newer, and {sys.executable} has {version}; install it with: " in problem


def test_a_missing_gevent_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gevent", None)
    assert gevent_setup.problem() == (
        f"The worker class gevent needs gevent, which {sys.executable} does not have;"
        f" install it with: {sys.executable} -m pip install 'gevent>=24.10.1'"
    )
