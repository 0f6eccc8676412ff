"""Applications that fork while they serve: the child is theirs, and nothing of the worker's goes on in it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from fake_edge import PATIENCE_S, request
from kirin_worker import frames
from kirin_worker.frames import QUIT, RESPONSE
from worker_process import Process, ask, wait_for

#: Each request forks in its own way, waits for the child, and answers with how that ended.
APP = """
import multiprocessing, os, signal, subprocess, sys, threading
def ended(pid):
    status = os.waitpid(pid, 0)[1]
    return f"{os.waitstatus_to_exitcode(status)}"
def exit_at_once(environ):
    pid = os.fork()
    if pid == 0:
        os._exit(5)
    return ended(pid)
def sys_exit(environ):
    pid = os.fork()
    if pid == 0:
        sys.exit(6)
    return ended(pid)
def sys_exit_with_a_message(environ):
    pid = os.fork()
    if pid == 0:
        sys.exit("the child has had enough")
    return ended(pid)
def raising(environ):
    pid = os.fork()
    if pid == 0:
        raise RuntimeError("raised in the child")
    return ended(pid)
def returning(environ):
    pid = os.fork()
    if pid == 0:
        return "the child's own answer"
    return ended(pid)
def streaming(environ):
    pid = os.fork()
    if pid == 0:
        return iter([b"the child's", b" own ", b"answer"])
    return ended(pid)
def terminated(environ):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, b"x")
        threading.Event().wait()
    os.read(reader, 1)
    os.kill(pid, signal.SIGTERM)
    return ended(pid)
def in_multiprocessing(environ):
    child = multiprocessing.get_context("fork").Process(target=print, args=("from the child",))
    child.start()
    child.join()
    return f"{child.exitcode}"
def in_subprocess(environ):
    return subprocess.run(["echo", "-n", "echoed"], stdout=subprocess.PIPE).stdout.decode()
def staying(environ):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        os.write(writer, b"x")
        while not os.path.exists("go"):
            threading.Event().wait(0.01)
        os._exit(0)
    os.read(reader, 1)
    return f"{pid}"
def dying_with_a_child(environ):
    staying(environ)
    os.kill(os.getpid(), signal.SIGKILL)
def application(environ, start_response):
    with open("executions", "a") as file:
        file.write(environ["PATH_INFO"] + "\\n")
    kind = globals().get(environ["PATH_INFO"][1:])
    body = kind(environ) if kind else "served"
    if isinstance(body, str):
        body = [body.encode()]
    start_response("200 OK", [])
    return body
"""


@pytest.mark.parametrize("lane", [0, 1])
@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        ("exit_at_once", b"5"),
        ("sys_exit", b"6"),
        ("sys_exit_with_a_message", b"1"),
        ("raising", b"0"),
        ("returning", b"0"),
        ("streaming", b"0"),
        ("terminated", b"-15"),
        ("in_multiprocessing", b"0"),
        ("in_subprocess", b"echoed"),
    ],
)
def test_a_child_ends_without_answering_or_running_what_is_its_parents(
    start: Any, tmp_path: Path, worker_class: str, kind: str, ending: bytes, lane: int
) -> None:
    worker: Process = start(worker_class=worker_class, app=APP, threads=2)
    control, lanes = worker.meet()
    edge = lanes[lane]
    # The requests behind the first lie in the worker when it forks.
    edge.send(request(1, f"/{kind}") + b"".join(request(rid, "/behind") for rid in range(2, 8)))
    first = edge.expect(RESPONSE)
    assert (first.id, first.content) == (1, ending)
    for rid in range(2, 8):
        frame = edge.expect(RESPONSE)
        assert (frame.id, frame.content) == (rid, b"served")
    assert ask(lanes[1 - lane], 8) == b"served"
    control.send(frames.frame(QUIT))
    assert worker.wait() == 0
    assert edge.read() is None
    assert (tmp_path / "executions").read_text().split() == [f"/{kind}", *["/behind"] * 6, "/"]


def test_a_child_that_comes_back_from_its_request_is_told_of_in_the_log(start: Any, worker_class: str) -> None:
    worker: Process = start(worker_class=worker_class, app=APP)
    _, lanes = worker.meet()
    assert ask(lanes[0], 1, "/returning") == b"0"
    assert "Request GET /returning (from 127.0.0.1): a process that the application has forked came back" in worker.log


def test_the_end_of_a_worker_is_seen_although_a_child_of_it_lives_on(
    start: Any, tmp_path: Path, worker_class: str
) -> None:
    worker: Process = start(worker_class=worker_class, app=APP, threads=2)
    control, lanes = worker.meet()
    child = int(ask(lanes[0], 1, "/staying"))
    lanes[1].send(request(2, "/dying_with_a_child"))
    try:
        assert lanes[1].read() is None
        assert lanes[0].read() is None
        assert control.read() is None
        assert worker.process.wait(PATIENCE_S) == -signal.SIGKILL
        os.kill(child, 0)
    finally:
        (tmp_path / "go").touch()
    wait_for(lambda: not Path(f"/proc/{child}").exists() or "State:\tZ" in Path(f"/proc/{child}/status").read_text())
