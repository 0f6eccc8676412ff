from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_edge import PATIENCE_S, Link, hello_of, reclaim, request, returned_ids
from kirin_worker import frames
from kirin_worker.frames import CANCEL, LEAVING, QUIT, RELEASE, RESPONSE, WELCOME
from kirin_worker.worker import Worker
from support import ReadableLog

PYTHON = Path(__file__).parent.parent.parent / "python"

#: Runs a worker as the zygote does after its fork; the descriptor that it watches is the end of a pipe.
MAIN = """
import json, os, sys
from kirin_worker import supervision, worker
boot = json.loads(sys.argv[1])
status = supervision.new_status(boot["threads"])
sys.exit(worker.run(boot, status, int(sys.argv[2]), None))
"""

APP = """
import os, threading
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/wait":
        # Until the named file is there.
        name = environ["wsgi.input"].read().decode()
        while not os.path.exists(name):
            threading.Event().wait(0.005)
    if path == "/many":
        for _ in range(1100):
            os.dup(0)
    body = f"{path} {threading.current_thread().name}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""


class Process:
    """A worker in a process of its own, and the socket on which the edge waits for it."""

    def __init__(self, folder: Path, *, threads: int = 1, app: str = APP) -> None:
        self.path = str(folder / "lanes")
        (folder / "served.py").write_text(app)
        boot = {
            "type": "boot",
            "generation": 3,
            "app": "served",
            "chdir": str(folder),
            "pythonPath": [],
            "preload": False,
            "threads": threads,
            "workers": 2,
            "lanePath": self.path,
            "runDir": str(folder),
            "scriptName": "",
            "errorLog": str(folder / "errors"),
            "captureOutput": False,
            "logLevel": "debug",
            "colour": False,
            "umask": 0,
            "name": None,
            "reportModules": False,
            "gracefulTimeoutMs": 1000,
        }
        self.threads = threads
        self.listen()
        alive, self._zygote = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, "-c", MAIN, json.dumps(boot), str(alive)],
            pass_fds=[alive],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(PYTHON)},
        )
        os.close(alive)
        self.links: list[Link] = []

    def listen(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.settimeout(PATIENCE_S)
        self.listener.bind(self.path)
        self.listener.listen()

    def accept(self) -> Link:
        link = Link(self.listener.accept()[0])
        self.links.append(link)
        return link

    def meet(self, files: bool = True) -> tuple[Link, list[Link]]:
        """The control connection and the lanes, once all have come."""
        control = self.accept()
        hello = hello_of(control.next())
        assert (hello["role"], hello["generation"], hello["lanes"]) == ("control", 3, self.threads)
        assert hello["pid"] == self.process.pid
        control.send(frames.json_frame(WELCOME, {"files": files}))
        lanes: dict[int, Link] = {}
        for _ in range(self.threads):
            lane = self.accept()
            lanes[hello_of(lane.next())["lane"]] = lane
        return control, [lanes[index] for index in range(self.threads)]

    def end_zygote(self) -> None:
        os.close(self._zygote)
        self._zygote = -1

    def end_edge(self) -> None:
        self.listener.close()
        os.unlink(self.path)
        for link in self.links:
            link.close()
        self.links.clear()

    def wait(self) -> int:
        return self.process.wait(PATIENCE_S)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)
        if self._zygote >= 0:
            os.close(self._zygote)
        for link in self.links:
            link.close()
        self.listener.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    processes: list[Process] = []

    def make(**options: Any) -> Process:
        processes.append(Process(tmp_path, **options))
        return processes[-1]

    yield make
    for process in processes:
        process.stop()


def ask(lane: Link, rid: int, path: str = "/", **options: Any) -> bytes:
    lane.send(request(rid, path, **options))
    frame = lane.expect(RESPONSE)
    assert frame.id == rid
    return frame.content


def test_a_worker_serves_on_its_lanes_the_first_of_them_in_the_main_thread(start: Any) -> None:
    worker = start(threads=3)
    _, lanes = worker.meet()
    assert ask(lanes[0], 1) == b"/ MainThread"
    assert ask(lanes[2], 2) == b"/ kirin-lane-2"
    assert ask(lanes[1], 3) == b"/ kirin-lane-1"


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


# --- races, in this process ---------------------------------------------------------------------------------


class InProcess(Worker):
    """A worker whose main parts the test drives by itself; it is told to quit while a lane connects."""

    def _connect(self, role: str, lane: int = 0) -> socket.socket:
        ours, self.theirs = socket.socketpair()
        self._handle(ours, QUIT, 0, 0, b"")
        return ours


def test_a_lane_that_connects_while_the_worker_is_told_to_quit_does_not_hold_it(log: ReadableLog) -> None:
    boot = {"threads": 1, "workers": 1, "scriptName": "", "generation": 1, "lanePath": ""}
    worker = InProcess(boot, memoryview(bytearray(12)).cast("I"), -1, lambda *_: [], log)
    worker._session = 1
    serving = threading.Thread(target=worker._serve, args=(worker._lanes[0],), daemon=True)
    serving.start()
    serving.join(PATIENCE_S)
    try:
        assert not serving.is_alive()
    finally:
        worker.theirs.close()
        os.close(worker._probe)
