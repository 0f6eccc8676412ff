"""A worker in a process of its own, with the test in the place of zygote and edge."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

from fake_edge import PATIENCE_S, Link, hello_of, request
from kirin_worker import frames
from kirin_worker.frames import RESPONSE, WELCOME

PYTHON = Path(__file__).parent.parent.parent / "python"

#: Runs a worker as the zygote does after its fork; the descriptor that it watches is the end of a pipe.
MAIN = """
import json, os, sys
from kirin_worker import supervision, worker
boot = json.loads(sys.argv[1])
status = supervision.new_status(boot["maxLanes"])
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

    def __init__(
        self, folder: Path, *, threads: int = 1, app: str = APP, worker_class: str = "gthread", max_lanes: int = 0
    ) -> None:
        self.path = str(folder / "lanes")
        (folder / "served.py").write_text(app)
        boot = {
            "type": "boot",
            "generation": 3,
            "app": "served",
            "chdir": str(folder),
            "pythonPath": [],
            "pythonPathEnd": [],
            "preload": False,
            "workerClass": worker_class,
            "threads": threads,
            "maxLanes": max_lanes or threads,
            "workers": 2,
            "lanePath": self.path,
            "runDir": str(folder),
            "scriptName": "",
            "errorLog": str(folder / "errors"),
            "relay": None,
            "logConfig": None,
            "captureOutput": False,
            "logLevel": "debug",
            "colour": False,
            "umask": 0,
            "name": None,
            "reportModules": False,
            "spew": False,
            "paste": None,
            "gracefulTimeoutMs": 1000,
            "hooks": None,
        }
        self.threads = threads
        self._log = folder / "errors"
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

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8")

    @property
    def waits_in(self) -> str:
        """The function of the kernel in which the main thread waits; "0" when it does not."""
        return Path(f"/proc/{self.process.pid}/wchan").read_text("ascii")

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


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.002)


def ask(lane: Link, rid: int, path: str = "/", *, body: bytes = b"") -> bytes:
    lane.send(request(rid, path, body=body))
    frame = lane.expect(RESPONSE)
    assert frame.id == rid
    return frame.content
