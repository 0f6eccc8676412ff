"""A lane that runs in a thread, with the test in the place of the edge."""

from __future__ import annotations

import socket
import threading
from typing import Any, Callable

from fake_edge import PATIENCE_S, Frame, Link
from kirin_worker.frames import END, RESPONSE
from kirin_worker.lane import Lane
from kirin_worker.wsgi import base_environ
from support import ReadableLog

App = Callable[..., Any]


def answer(body: bytes) -> App:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    return app


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body: bytes = environ["PATH_INFO"].encode("latin-1") + environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


class Gate:
    """Where a request waits until the test lets it pass."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(PATIENCE_S)

    def is_reached(self) -> bool:
        return self.reached.wait(PATIENCE_S)

    def open(self) -> None:
        self.opened.set()


class Bench:
    """A lane that runs in a thread, and the edge's end of its connection."""

    def __init__(self, app: App, log: ReadableLog) -> None:
        self.status = memoryview(bytearray(8)).cast("I")
        environ = base_environ(multithread=False, multiprocess=True, script_name="", errors=log.errors_stream())
        self.lane = Lane(0, app, environ, self.status, log, True)
        self.start()

    def start(self) -> None:
        self.lane.forget()
        ours, theirs = socket.socketpair()
        self.edge = Link(ours)
        self._thread = threading.Thread(target=self.lane.run, args=(theirs,))
        self._thread.start()

    def stop(self) -> None:
        self.edge.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def is_whole(frame: Frame, rid: int, content: bytes) -> bool:
    return frame.kind == RESPONSE and bool(frame.flags & END) and frame.id == rid and frame.content == content
