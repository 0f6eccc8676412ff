from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from fake_edge import PATIENCE_S, reclaim, request, returned_ids
from kirin_worker import frames
from kirin_worker.frames import CANCEL, INTERRUPT, LEAVING, QUIT, RELEASE, RESPONSE, WELCOME
from kirin_worker.thread_crew import ThreadCrew
from kirin_worker.worker import Worker
from support import ReadableLog
from worker_process import APP, ask, wait_for

#: What does not end by itself says first that it has begun.
STUCK = """
import os, time
def sleep():
    time.sleep(60)
def read():
    os.read(os.pipe()[0], 1)
def naps():
    while True:
        time.sleep(0.002)
def application(environ, start_response):
    start_response("200 OK", [])
    stuck = globals().get(environ["PATH_INFO"][1:])
    if stuck is None:
        return [b"fine"]
    return stream(stuck)
def stream(stuck):
    yield b"begun"
    stuck()
"""


def test_a_worker_serves_on_its_lanes_the_first_of_them_in_the_main_thread(start: Any) -> None:
    worker = start(threads=3)
    _, lanes = worker.meet()
    assert ask(lanes[0], 1) == b"/ MainThread"
    assert ask(lanes[2], 2) == b"/ kirin-lane-2"
    assert ask(lanes[1], 3) == b"/ kirin-lane-1"


def test_a_default_timeout_of_the_application_s_sockets_is_not_the_worker_s(start: Any) -> None:
    worker = start(app=f"import socket\nsocket.setdefaulttimeout(0.001)\n{APP}")
    _, lanes = worker.meet()
    wait_for(lambda: "unix_stream" in worker.waits_in)  # in the call itself, and not in a poll(2) with an end
    assert ask(lanes[0], 1) == b"/ MainThread"


def test_quit_ends_a_worker_with_0(start: Any) -> None:
    worker = start(threads=2)
    control, lanes = worker.meet()
    ask(lanes[1], 1)
    control.send(frames.frame(QUIT))
    assert worker.wait() == 0


def test_a_worker_that_is_told_to_quit_before_its_lanes_have_come_ends(start: Any) -> None:
    worker = start()
    control = worker.accept()
    control.send(frames.frame(QUIT) + frames.json_frame(WELCOME, {"files": False}))
    assert worker.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_makes_a_worker_ask_to_leave_and_serve_until_it_may(start: Any, number: signal.Signals) -> None:
    worker = start()
    control, lanes = worker.meet()
    worker.process.send_signal(number)
    assert control.expect(LEAVING).payload == f"it was sent {number.name}".encode()
    assert ask(lanes[0], 1) == b"/ MainThread"
    control.send(frames.frame(QUIT))
    assert worker.wait() == 0


def test_a_worker_that_asked_to_leave_ends_with_its_edge(start: Any) -> None:
    worker = start()
    control, _ = worker.meet()
    worker.process.send_signal(signal.SIGTERM)
    control.expect(LEAVING)
    worker.end_edge()
    assert worker.wait() == 0


def test_a_worker_whose_zygote_has_died_asks_to_leave_and_goes_at_once_when_it_may(start: Any) -> None:
    worker = start()
    control, lanes = worker.meet()
    worker.end_zygote()
    assert control.expect(LEAVING).payload == b"its zygote has ended"
    assert ask(lanes[0], 1) == b"/ MainThread"
    control.send(frames.frame(QUIT))
    assert worker.wait() == 0


def test_reclaim_is_answered_while_a_request_runs(start: Any, tmp_path: Path) -> None:
    worker = start(threads=2)
    control, lanes = worker.meet()
    opened = tmp_path / "opened"
    # The second answer shows that the lane has taken the first two.
    lanes[1].send(request(1, "/a") + request(2, "/wait", body=str(opened).encode()) + request(3, "/b"))
    returned: list[int] = []
    while 3 not in returned:
        control.send(reclaim(1))
        frame = control.next()
        assert frame.a == 1
        returned += returned_ids(frame)
    # What was not started when it was asked for is handed back once; the rest is answered.
    opened.touch()
    answered = [rid for rid in (1, 2) if rid not in returned]
    assert [lanes[1].expect(RESPONSE).id for _ in answered] == answered
    assert len(returned) == len(set(returned))


def test_a_cancelled_request_is_not_started(start: Any, tmp_path: Path) -> None:
    worker = start()
    control, lanes = worker.meet()
    opened = tmp_path / "opened"
    lanes[0].send(request(1, "/wait", body=str(opened).encode()) + request(2, "/b"))
    # The answer shows that what was said before has been heard.
    control.send(frames.frame(CANCEL, id=2))
    control.send(frames.frame(RELEASE, id=99))
    control.send(frames.json_frame(WELCOME, {"files": True}))
    control.send(reclaim(0))
    returned = returned_ids(control.expect(frames.RETURNED))
    opened.touch()
    if 1 not in returned:
        assert lanes[0].expect(RESPONSE).id == 1
    if 2 not in returned:
        assert lanes[0].expect(frames.ABORT).id == 2


def test_a_worker_finds_the_next_edge_when_its_own_has_died(start: Any) -> None:
    worker = start(threads=2)
    for _ in range(3):
        _, lanes = worker.meet()
        for lane in lanes:
            assert ask(lane, 1).startswith(b"/ ")
        worker.end_edge()
        worker.listen()
    worker.meet()


def test_a_worker_finds_the_next_edge_with_more_files_open_than_select_can_watch(start: Any) -> None:
    worker = start(threads=2)
    _, lanes = worker.meet()
    assert ask(lanes[0], 1, "/many") == b"/many MainThread"
    worker.end_edge()
    worker.listen()
    control, lanes = worker.meet()
    assert ask(lanes[1], 1) == b"/ kirin-lane-1"
    control.send(frames.frame(QUIT))
    assert worker.wait() == 0


def test_a_worker_whose_application_cannot_be_loaded_ends_with_3(start: Any) -> None:
    assert start(app="raise RuntimeError('no')").wait() == 3


@pytest.mark.parametrize(("path", "system_call"), [("/sleep", "nanosleep"), ("/read", "pipe")])
def test_the_main_thread_is_interrupted_in_a_system_call(start: Any, path: str, system_call: str) -> None:
    worker = start(app=STUCK)
    control, lanes = worker.meet()
    lanes[0].send(request(1, path))
    assert lanes[0].expect(RESPONSE).content == b"begun"
    wait_for(lambda: system_call in worker.waits_in)
    control.send(frames.frame(INTERRUPT, id=1, a=0))
    assert lanes[0].expect(frames.ABORT).id == 1
    assert f"in {path[1:]}\n" in worker.log
    assert ask(lanes[0], 2) == b"fine"


def test_other_threads_are_interrupted_between_system_calls_and_alone(start: Any) -> None:
    worker = start(app=STUCK, threads=3)
    control, lanes = worker.meet()
    lanes[2].send(request(1, "/naps"))
    lanes[1].send(request(2, "/naps"))
    for lane in (lanes[2], lanes[1]):
        assert lane.expect(RESPONSE).content == b"begun"
    control.send(frames.frame(INTERRUPT, id=1, a=2))
    assert lanes[2].expect(frames.ABORT).id == 1
    assert not lanes[1].has_more
    assert ask(lanes[0], 3) == b"fine"
    assert "Request GET /naps (from 127.0.0.1) was interrupted" in worker.log
    assert worker.log.count("its deadline; it ") == 1


def test_a_worker_that_has_lost_one_of_its_threads_ends(start: Any) -> None:
    worker = start(threads=2)
    _, lanes = worker.meet()
    lanes[1].send(frames.frame(frames.REQUEST, b"not what an edge sends", id=1, a=22))
    assert worker.process.wait(PATIENCE_S) == 1
    assert "The thread kirin-lane-1 of the worker has failed; the worker ends\nTraceback" in worker.log


# --- races, in this process ---------------------------------------------------------------------------------


class InProcess(Worker):
    """A worker whose main parts the test drives by itself; it is told to quit while a lane connects."""

    def _connect(self, role: str, lane: int = 0) -> socket.socket:
        ours, self.theirs = socket.socketpair()
        self._handle(ours, QUIT, 0, 0, 0, b"")
        return ours


def test_a_lane_that_connects_while_the_worker_is_told_to_quit_does_not_hold_it(log: ReadableLog) -> None:
    boot = {
        "workerClass": "sync",
        "threads": 1,
        "maxLanes": 1,
        "workers": 1,
        "scriptName": "",
        "generation": 1,
        "lanePath": "",
    }
    worker = InProcess(boot, memoryview(bytearray(12)).cast("I"), -1, lambda *_: [], log)
    crew = worker._crew
    assert isinstance(crew, ThreadCrew)
    crew.begin_session()
    serving = threading.Thread(target=crew.serve, args=(crew.lanes[0],), daemon=True)
    serving.start()
    serving.join(PATIENCE_S)
    try:
        assert not serving.is_alive()
    finally:
        worker.theirs.close()
        os.close(worker._probe)
