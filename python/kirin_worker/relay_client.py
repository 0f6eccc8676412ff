"""How a worker hands log records to the relay (relay.py): one JSON object a line, over a unix socket.

Nothing waits for the relay: what its socket does not take at once is held up to a bound, and lost beyond.
src/observe/relay-client.ts does the same in the edge and the arbiter.
"""

from __future__ import annotations

import json
import os
import socket
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MAX_PENDING_BYTES = 2**20


class RelayClient:
    def __init__(self, path: str) -> None:
        self._path = path
        self._pid = 0
        self._socket: socket.socket | None = None
        self._pending = b""
        #: A part of the first line of what is pending has been sent.
        self._has_begun = False
        self._lost = 0
        #: Reentrant: a signal handler may log while its thread is in here.
        self._lock = threading.RLock()

    def send(self, record: dict[str, Any]) -> None:
        """Never raises, and never waits."""
        line = json.dumps(record).encode() + b"\n"
        if self._pid != os.getpid():
            # What the zygote, or the worker that has forked this process, was doing is not ours.
            self._pid, self._lock = os.getpid(), threading.RLock()
            self._forget()
            self._pending, self._has_begun = b"", False
        with self._lock:
            if len(self._pending) + len(line) > _MAX_PENDING_BYTES:
                self._lost += 1
                return
            self._pending += line
            try:
                self._flush()
            except OSError:
                pass  # the next record finds the relay that has been started meanwhile

    def _flush(self) -> None:
        if self._socket is None or _has_ended(self._socket):
            self._forget()
            self._socket = _connected(self._path)
            if self._has_begun:
                # Nobody has the beginning of this line any more.
                self._pending = self._pending[self._pending.find(b"\n") + 1 :]
                self._has_begun = False
                self._lost += 1
        if self._lost:
            self._pending += json.dumps({"type": "lost", "count": self._lost}).encode() + b"\n"
            self._lost = 0
        while self._pending:
            try:
                sent = self._socket.send(self._pending)
            except BlockingIOError:
                return
            self._has_begun = self._pending[sent - 1 : sent] != b"\n"
            self._pending = self._pending[sent:]

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connected(path: str) -> socket.socket:
    fresh = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        fresh.setblocking(False)
        fresh.connect(path)
    except BaseException:
        fresh.close()
        raise
    return fresh


def _has_ended(connected: socket.socket) -> bool:
    """The relay has closed its side, since another takes its place."""
    try:
        return connected.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
