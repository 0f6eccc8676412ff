"""The edge as a worker sees it: the other ends of its connections."""

from __future__ import annotations

import json
import select
import socket
import struct
from typing import Any, NamedTuple

from kirin_worker import frames

#: Everything that is waited for comes at once, or not at all.
PATIENCE_S = 10.0


class Frame(NamedTuple):
    kind: int
    flags: int
    id: int
    a: int
    b: int
    payload: bytes

    @property
    def head(self) -> bytes:
        return self.payload[: self.a]

    @property
    def content(self) -> bytes:
        return self.payload[self.a :]


class Link:
    """One connection, cut into frames."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        sock.settimeout(PATIENCE_S)
        self._held = b""
        #: How many reads the frames so far took.
        self.reads = 0

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self) -> Frame | None:
        """The next frame, or None at the end of the connection."""
        while True:
            if len(self._held) >= frames.HEADER_BYTES:
                length, kind, flags, zero, rid, a, b = frames.HEADER.unpack_from(self._held)
                assert zero == 0
                end = frames.HEADER_BYTES + length
                if len(self._held) >= end:
                    payload = self._held[frames.HEADER_BYTES : end]
                    self._held = self._held[end:]
                    return Frame(kind, flags, rid, a, b, payload)
            received = self.sock.recv(1 << 20)
            if not received:
                assert not self._held
                return None
            self.reads += 1
            self._held += received

    def next(self) -> Frame:
        frame = self.read()
        assert frame is not None, "the connection has ended"
        return frame

    def expect(self, kind: int) -> Frame:
        frame = self.next()
        assert frame.kind == kind, frame
        return frame

    @property
    def has_more(self) -> bool:
        """Whether anything has come that was not read."""
        return bool(self._held) or bool(select.select([self.sock], [], [], 0)[0])

    def close(self) -> None:
        self.sock.close()


def request(rid: int, path: str = "/", method: str = "GET", *, body: bytes = b"", spool: str | None = None) -> bytes:
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "RAW_URI": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "8000",
        "CONTENT_LENGTH": str(len(body)),
    }
    text = "\0".join(f"{name}\0{value}" for name, value in environ.items()).encode("latin-1")
    if spool is not None:
        return frames.frame(frames.REQUEST, text + spool.encode(), flags=frames.SPOOLED, id=rid, a=len(text))
    return frames.frame(frames.REQUEST, text + body, id=rid, a=len(text))


def reclaim(lane: int) -> bytes:
    return frames.frame(frames.RECLAIM, a=lane)


def returned_ids(frame: Frame) -> list[int]:
    assert frame.kind == frames.RETURNED
    return [rid for (rid,) in struct.iter_unpack("<I", frame.payload)]


def hello_of(frame: Frame) -> dict[str, Any]:
    assert frame.kind == frames.HELLO
    hello: dict[str, Any] = json.loads(frame.payload)
    return hello
