"""Handlers of the application's own that raise, such as time-out decorators set. They run on the main thread."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_edge import Link, request
from kirin_worker.frames import ABORT, RESPONSE
from kirin_worker.lane import Lane
from kirin_worker.outbox import Outbox, TornFrame
from kirin_worker.wsgi import base_environ, serve
from lane_bench import echo, is_whole
from support import ReadableLog
from worker_process import ask, wait_for

APP = """
import signal
class Late(Exception): pass
def expire(number, frame):
    raise kind("late")
signal.signal(signal.SIGALRM, expire)
def pieces():
    try:
        for _ in range(200):
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            yield b"x" * 100_000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        open("unwound", "w").close()
def application(environ, start_response):
    global kind
    path = environ["PATH_INFO"]
    if path.startswith("/pieces"):
        kind = TimeoutError if path == "/pieces/TimeoutError" else Late
        start_response("200 OK", [])
        return pieces()
    if path == "/leaves-an-alarm":
        kind = TimeoutError
        signal.setitimer(signal.ITIMER_REAL, 0.05)
    start_response("200 OK", [("Content-Length", str(len(path)))])
    return [path.encode()]
"""


class Late(Exception):
    pass


@pytest.fixture
def alarm() -> Iterator[None]:
    def expire(_number: int, _frame: object) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, expire)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_what_is_interrupted_wherever_it_waits_is_sent_whole_and_in_order(alarm: None) -> None:
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 20_000)
    outbox = Outbox(0)
    outbox.sock = theirs
    sizes = [10, *[30_000] * 20, 400_000, 20, 300_000, *[31_000] * 20, 300_000, 5]
    parts = [bytes([number]) * size for number, size in enumerate(sizes)]
    outbox.parts.extend(parts)
    received = b""
    interrupts = 0
    while outbox.parts:
        signal.setitimer(signal.ITIMER_REAL, 0.005)
        try:
            outbox.flush()
        except Late:
            interrupts += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        received += ours.recv(50_000)
    theirs.close()
    while rest := ours.recv(1 << 20):
        received += rest
    ours.close()
    assert interrupts > 1
    assert received == b"".join(parts)


def test_an_exception_in_the_moment_of_sending_is_followed_by_nothing() -> None:
    class Interrupting(socket.socket):
        def send(self, *parts: Any) -> int:
            super().send(*parts)
            raise Late

    ours, theirs = socket.socketpair()
    outbox = Outbox(0)
    outbox.sock = Interrupting(fileno=theirs.detach())
    outbox.parts.append(b"one")
    with pytest.raises(Late):
        outbox.flush()
    outbox.parts.append(b"two")
    with pytest.raises(TornFrame):
        outbox.flush()
    assert ours.recv(10) == b"one"
    outbox.sock.close()
    ours.close()


@pytest.mark.parametrize("kind", ["TimeoutError", "Late"])
def test_an_alarm_that_comes_while_a_response_is_sent_breaks_off_that_one(
    start: Any, tmp_path: Path, kind: str
) -> None:
    worker = start(app=APP)
    _, lanes = worker.meet()
    lanes[0].send(request(1, f"/pieces/{kind}"))
    wait_for((tmp_path / "unwound").exists)
    frame = lanes[0].expect(RESPONSE)
    while frame.kind != ABORT:
        assert (frame.id, frame.payload[frame.a :].strip(b"x")) == (1, b"")
        frame = lanes[0].next()
    assert kind in frame.payload.decode()
    assert ask(lanes[0], 2) == b"/"
    assert f"Error handling request GET /pieces/{kind}" in worker.log


@pytest.mark.parametrize("threads", [1, 2])
def test_an_alarm_that_comes_when_its_request_has_ended_ends_the_worker_like_gunicorn_s(
    start: Any, threads: int
) -> None:
    worker = start(app=APP, threads=threads)
    control, lanes = worker.meet()
    assert ask(lanes[0], 1, "/leaves-an-alarm") == b"/leaves-an-alarm"
    assert worker.wait() == 1
    assert lanes[0].read() is None
    assert control.read() is None
    assert "The thread MainThread of the worker has failed; the worker ends\nTraceback" in worker.log
    assert "TimeoutError: late\n" in worker.log


def test_a_loop_that_fails_sends_what_is_finished_and_leaves_noted_what_it_ran(log: ReadableLog) -> None:
    def serve_first(app: Any, environ: Any, out: Any, log: Any) -> None:
        if environ["PATH_INFO"] == "/second":
            raise TimeoutError("late")
        serve(app, environ, out, log)

    status = memoryview(bytearray(8)).cast("I")
    environ = base_environ(multithread=False, multiprocess=True, script_name="", errors=log.errors_stream())
    lane = Lane(0, echo, environ, status, log, True, serve_first)
    ours, theirs = socket.socketpair()
    ours.sendall(request(7, "/first") + request(8, "/second") + request(9))
    with pytest.raises(TimeoutError):
        lane.run(theirs)
    lane.close()
    edge = Link(ours)
    assert is_whole(edge.next(), 7, b"/first")
    assert status[0] == 8
    ours.close()
