"""The requests that have come on a lane and were not started."""

from __future__ import annotations

import socket
from collections import deque

from .frames import HEADER, HEADER_BYTES

RECV_BYTES = 65536


class Inbox:
    """The lane takes requests from the left end of `pending`, the control thread takes them back from the right."""

    __slots__ = ("_rest", "pending")

    def __init__(self) -> None:
        #: Of each its id and flags, where its environ, its body and its end are, and the bytes.
        self.pending: deque[tuple[int, int, int, int, int, bytes]] = deque()
        #: The beginning of a request whose end has not been read.
        self._rest = b""

    def clear(self) -> None:
        self.pending.clear()
        self._rest = b""

    def add(self, received: bytes) -> None:
        """What was read: requests that are complete with it are pending now."""
        data = self._rest + received if self._rest else received
        at = 0
        size = len(data)
        unpack = HEADER.unpack_from
        while size - at >= HEADER_BYTES:
            length, _kind, flags, _, rid, environ_bytes, _ = unpack(data, at)
            start = at + HEADER_BYTES
            end = start + length
            if end > size:
                break
            self.pending.append((rid, flags, start, start + environ_bytes, end, data))
            at = end
        self._rest = data[at:] if at < size else b""

    def take_back(self) -> list[int]:
        """The ids of what was pending, which is not any more."""
        ids: list[int] = []
        try:
            while True:
                ids.append(self.pending.pop()[0])
        except IndexError:
            ids.reverse()
        return ids

    def read_rest(self, sock: socket.socket | None) -> None:
        """Reads what has come and lies in the socket. Nobody else reads meanwhile."""
        parts: list[bytes] = []
        try:
            while sock is not None:
                received = sock.recv(RECV_BYTES, socket.MSG_DONTWAIT)
                if not received:
                    break  # the lane's own thread will see it
                parts.append(received)
        except OSError:
            pass  # that was all; or the lane's own thread will see it
        if parts:
            self.add(b"".join(parts))
