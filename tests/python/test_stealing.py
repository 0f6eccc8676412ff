"""RECLAIM while a request holds a lane in each of the ways in which one can: what was not started comes back, what was
finished goes out, and nothing is run twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from fake_edge import PATIENCE_S, Link, reclaim, request, returned_ids
from kirin_worker.frames import RESPONSE
from worker_process import Process, ask

#: Every request puts down that it is run. Those of a kind hold their lane until `go` is there, or for as long as C code
#: takes.
APP = """
import hashlib, multiprocessing, os, re, subprocess, sys, threading, time
def is_held():
    return not os.path.exists("go")
def sleeping():
    while is_held():
        time.sleep(0.01)
def spinning():
    while is_held():
        pass
def backtracking():
    re.match(r"(a+)+$", "a" * 22 + "b")
def hashing():
    while is_held():
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 200_000)
def sorting():
    sorted(str(number) for number in range(300_000))
def in_threads():
    threads = [threading.Thread(target=spinning) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
def forking():
    pid = os.fork()
    if pid == 0:
        sleeping()
        os._exit(0)
    os.waitpid(pid, 0)
def exiting_child():
    pid = os.fork()
    if pid == 0:
        sleeping()
        sys.exit(0)
    os.waitpid(pid, 0)
def in_multiprocessing():
    child = multiprocessing.get_context("fork").Process(target=sleeping)
    child.start()
    child.join()
def in_subprocess():
    subprocess.run(["sh", "-c", "until test -e go; do sleep 0.01; done"], check=True)
def application(environ, start_response):
    path = environ["PATH_INFO"]
    with open("executions", "a") as file:
        file.write(environ["RAW_URI"] + "\\n")
    kind = globals().get(path[1:])
    if kind is not None:
        kind()
    start_response("200 OK", [])
    return [path.encode()]
"""

#: These hold the interpreter's lock, so that nobody can ask for anything until they are done.
IN_C = ("backtracking", "sorting")
KINDS = (
    "sleeping",
    "spinning",
    "hashing",
    "in_threads",
    "forking",
    "exiting_child",
    "in_multiprocessing",
    "in_subprocess",
)
#: These keep greenlets from running as long as they go on.
UNYIELDING = ("spinning", "hashing", "in_threads")


def executions(folder: Path) -> list[str]:
    file = folder / "executions"
    return file.read_text().split() if file.exists() else []


def wait_until_started(folder: Path, name: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while name not in executions(folder):
        assert time.monotonic() < until
        time.sleep(0.001)


def reclaimed(control: Link, lane: int) -> list[int]:
    control.send(reclaim(lane))
    frame = control.next()
    assert frame.a == lane
    return returned_ids(frame)


@pytest.mark.parametrize("lane", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_what_waits_behind_a_request_is_handed_back_while_that_is(
    start: Any, tmp_path: Path, worker_class: str, kind: str, lane: int
) -> None:
    worker: Process = start(worker_class=worker_class, app=APP, threads=2)
    control, lanes = worker.meet()
    edge = lanes[lane]
    # Two that are done, whose answers wait for company; one that holds the lane; and three behind it.
    paths = ["/1", "/2", f"/{kind}", "/4", "/5", "/6"]
    edge.send(b"".join(request(rid, path) for rid, path in enumerate(paths, 1)))
    wait_until_started(tmp_path, f"/{kind}")
    assert reclaimed(control, lane) == [4, 5, 6]
    assert [edge.expect(RESPONSE).id for _ in range(2)] == [1, 2]
    assert not edge.has_more
    if worker_class == "gevent" and kind in UNYIELDING:
        (tmp_path / "go").touch()
    # What was handed back is run by the other lane, and the first goes on with what comes next.
    for rid in (4, 5, 6):
        assert ask(lanes[1 - lane], rid, paths[rid - 1]) == paths[rid - 1].encode()
    (tmp_path / "go").touch()
    assert edge.expect(RESPONSE).content == f"/{kind}".encode()
    assert ask(edge, 7, "/7") == b"/7"
    assert sorted(executions(tmp_path)) == sorted([*paths, "/7"])


@pytest.mark.parametrize("lane", [0, 1])
@pytest.mark.parametrize("kind", IN_C)
def test_behind_a_request_that_holds_the_interpreter_every_other_is_answered_or_handed_back(
    start: Any, tmp_path: Path, worker_class: str, kind: str, lane: int
) -> None:
    worker: Process = start(worker_class=worker_class, app=APP, threads=2)
    control, lanes = worker.meet()
    edge = lanes[lane]
    paths = ["/1", "/2", f"/{kind}", "/4", "/5", "/6"]
    edge.send(b"".join(request(rid, path) for rid, path in enumerate(paths, 1)))
    wait_until_started(tmp_path, f"/{kind}")
    # Answered when the lock has been released, at the latest.
    returned = reclaimed(control, lane)
    kept = [rid for rid in range(1, 7) if rid not in returned]
    assert kept[:3] == [1, 2, 3]
    assert [edge.expect(RESPONSE).id for _ in kept] == kept
    for rid in returned:
        assert ask(lanes[1 - lane], rid, paths[rid - 1]) == paths[rid - 1].encode()
    assert sorted(executions(tmp_path)) == sorted(paths)
