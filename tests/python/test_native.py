"""A worker does not depend on what its application makes of the modules of the standard library."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from fake_edge import reclaim, request, returned_ids
from kirin_worker import frames
from kirin_worker.frames import LEAVING, QUIT, RESPONSE
from worker_process import ask, wait_for

pytest.importorskip("gevent")

#: Patches everything by itself, as many applications do, and not only those of a gevent worker.
PATCHED = """
from gevent import monkey
monkey.patch_all()
import os, threading, time
def application(environ, start_response):
    if environ["PATH_INFO"] == "/sleep":
        time.sleep(0.001)
    if environ["PATH_INFO"] == "/wait":
        open("begun", "w").close()
        while not os.path.exists("go"):
            pass
    start_response("200 OK", [])
    return [threading.current_thread().name.encode()]
"""


def test_an_application_that_patches_the_standard_library_is_served_by_threads(start: Any) -> None:
    worker = start(app=PATCHED, threads=3)
    for _ in range(2):
        control, lanes = worker.meet()
        assert ask(lanes[0], 1) == b"MainThread"
        for rid, lane in enumerate(lanes[1:], 2):
            assert ask(lane, rid).startswith(b"kirin-lane")
            assert ask(lane, rid + 2, "/sleep").startswith(b"kirin-lane")
        worker.end_edge()
        worker.listen()
    control, lanes = worker.meet()
    worker.process.send_signal(signal.SIGTERM)
    assert control.expect(LEAVING).payload == b"it was sent SIGTERM"
    control.send(frames.frame(QUIT))
    assert worker.wait() == 0


def test_its_control_thread_answers_while_a_request_runs(start: Any, tmp_path: Path) -> None:
    worker = start(app=PATCHED)
    control, lanes = worker.meet()
    lanes[0].send(request(1, "/wait") + request(2))
    wait_for((tmp_path / "begun").exists)
    control.send(reclaim(0))
    assert returned_ids(control.next()) == [2]
    (tmp_path / "go").touch()
    assert lanes[0].expect(RESPONSE).id == 1
