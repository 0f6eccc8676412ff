"""Metrics on their way to StatsD, in Gunicorn's form: `PREFIX.name:value|type|@rate|#tags`.

Nothing waits for StatsD: what its socket does not take is lost, and counted. Several metrics go in one datagram, a line
each, as every StatsD takes them.
"""

from __future__ import annotations

import select
import socket
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

#: What fits into one packet of Ethernet, whatever is on the way.
_UDP_BYTES = 1432
#: What DogStatsD takes on a unix socket.
_UNIX_BYTES = 8192
#: Between attempts to find it.
_PAUSE_SECONDS = 1.0
#: How long a burst of metrics may wait, once.
_ROOM_SECONDS = 0.1

#: Under which name a line of the error log is counted.
_LEVEL_COUNTERS = {30: "warning", 40: "error", 50: "critical"}


class Statsd:
    """`address` is StatsdAddress of src/base/statsd-address.ts; `report` is told when metrics cannot be sent, and when
    they can again."""

    def __init__(self, spec: dict[str, Any], report: Callable[[str], None]) -> None:
        self._address: dict[str, Any] = spec["address"]
        self._report = report
        bare = spec["prefix"].rstrip(".")
        # Gunicorn adds no dot to a single letter.
        self._prefix = bare + "." if len(bare) > 1 else spec["prefix"]
        self._suffix = f"|#{spec['tags']}" if spec["tags"] else ""
        self._most = _UNIX_BYTES if self._address["kind"] == "unix" else _UDP_BYTES
        self._socket: socket.socket | None = None
        self._try_at = 0.0
        self._is_troubled = False
        self._troubled_at = 0.0
        self._lost = 0

    def count_line(self, level: int, is_exception: bool) -> None:
        name = "exception" if is_exception else _LEVEL_COUNTERS.get(level)
        if name is not None:
            self.send(f"gunicorn.log.{name}:1|c|@1.0")

    def send(self, text: str) -> None:
        """`text`: metrics without prefix and tags, a line each."""
        datagram = b""
        for metric in text.split("\n"):
            line = f"{self._prefix}{metric}{self._suffix}".encode("utf-8", "replace")
            if datagram and len(datagram) + 1 + len(line) > self._most:
                self._send(datagram)
                datagram = b""
            datagram = datagram + b"\n" + line if datagram else line
        self._send(datagram)

    def _send(self, datagram: bytes) -> None:
        try:
            if self._socket is None:
                if time.monotonic() < self._try_at:
                    self._lost += 1
                    return
                self._connect()
            assert self._socket is not None
            try:
                self._socket.send(datagram)
            except BlockingIOError:
                # A unix socket holds ten datagrams, by default.
                if not self._waits_for_room(self._socket):
                    raise
                self._socket.send(datagram)
        except OSError as error:
            self._note_trouble(error)
            return
        if self._is_troubled and time.monotonic() - self._troubled_at >= _PAUSE_SECONDS:
            self._is_troubled = False
            lost, self._lost = self._lost, 0
            self._report(f"StatsD at {self._address['text']} takes metrics again; datagrams that were lost: {lost}")

    def _waits_for_room(self, connected: socket.socket) -> bool:
        poll = select.poll()
        poll.register(connected, select.POLLOUT)
        return not self._is_troubled and bool(poll.poll(_ROOM_SECONDS * 1000))

    def _connect(self) -> None:
        self._try_at = time.monotonic() + _PAUSE_SECONDS
        address: Any
        if self._address["kind"] == "unix":
            family, address = socket.AF_UNIX, self._address["path"]
        else:
            host, port = self._address["host"], self._address["port"]
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        fresh = socket.socket(family, socket.SOCK_DGRAM)
        try:
            fresh.setblocking(False)
            fresh.connect(address)
        except BaseException:
            fresh.close()
            raise
        self._socket = fresh

    def _note_trouble(self, error: OSError) -> None:
        self._lost += 1
        self._troubled_at = time.monotonic()
        # Refused over UDP: the answer to an earlier datagram. The socket is as good as before.
        if self._socket is not None and self._address["kind"] == "unix" and not isinstance(error, BlockingIOError):
            self._socket.close()
            self._socket = None
        if not self._is_troubled:
            self._is_troubled = True
            reason = error.strerror or str(error)
            self._report(f"StatsD at {self._address['text']} does not take metrics ({reason})")
