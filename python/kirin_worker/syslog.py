"""Log records on their way to syslog: a queue with a bound, and a thread that holds the socket.

The form of a record is Gunicorn's: `<PRI>gunicorn.NAME.error: [PID] message`, where a datagram ends with NUL. On a
stream a record ends with a line feed (RFC 6587, 3.4.2), which every syslog takes for an end, unlike NUL; line feeds
within it are written as rsyslog writes those of datagrams.
"""

from __future__ import annotations

import errno
import logging
import select
import socket
import threading
import time
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

#: What is kept while syslog cannot be reached.
_MAX_QUEUED_BYTES = 8 * 2**20
#: Less than what UDP and IPv6 can carry at most (65,487).
_MAX_DATAGRAM_BYTES = 65_000
#: Where the system takes no more at once: what rsyslog takes unless it is told otherwise.
_SMALL_DATAGRAM_BYTES = 8_000
_CONNECT_SECONDS = 5.0
#: How long syslog may take nothing; then the connection counts as lost.
_SEND_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
#: After this long without a sign of the opposite, datagrams count as received again.
_QUIET_SECONDS = 1.0

_SEVERITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_SEVERITY = 7


class SyslogHandler(logging.Handler):
    """Of a logger whose records go to syslog."""

    def __init__(self, sender: SyslogSender, facility: int, ident: str) -> None:
        super().__init__()
        self._sender = sender
        self._facility = facility
        self.setFormatter(logging.Formatter(ident.replace("%", "%%") + ": [%(process)d] %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        severity = next((number for level, number in _SEVERITIES if record.levelno >= level), _DEBUG_SEVERITY)
        text = f"<{self._facility << 3 | severity}>{self.format(record)}"
        self._sender.put(text.encode("utf-8", "backslashreplace"))


class SyslogSender:
    """`address` is SyslogAddress of src/base/syslog-address.ts; `report` is told once when records cannot be sent, and
    once when they can again, with the number of those that were lost. What a stream's peer had taken and not read when
    it died is not known here, and not counted."""

    def __init__(self, address: dict[str, Any], report: Callable[[str], None]) -> None:
        self._address = address
        self._report = report
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._lost = 0
        self._changed = threading.Condition()
        self._give_up_at: float | None = None
        self._socket: socket.socket | None = None
        self._is_stream = False
        self._is_troubled = False
        self._refused_at = 0.0
        self._thread = threading.Thread(target=self._run, name="kirin-syslog", daemon=True)
        self._thread.start()

    def put(self, message: bytes) -> None:
        with self._changed:
            if self._queued_bytes + len(message) > _MAX_QUEUED_BYTES:
                self._lost += 1
                return
            self._queue.append(message)
            self._queued_bytes += len(message)
            if len(self._queue) == 1:
                self._changed.notify()

    def close(self, seconds: float) -> int:
        """Sends what is left, for as long; returns how many records are lost."""
        with self._changed:
            self._give_up_at = time.monotonic() + seconds
            self._changed.notify()
        self._thread.join(seconds)
        return self._lost + len(self._queue)

    # --- the thread ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while self._wait_for_record():
            message = self._queue[0]
            try:
                if self._socket is None:
                    self._connect()
                self._send(message)
            except OSError as error:
                self._note_trouble(error)
                self._disconnect()
                self._wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                continue
            pause = _FIRST_PAUSE_SECONDS
            with self._changed:
                self._queue.popleft()
                self._queued_bytes -= len(message)
            self._note_success()
        self._disconnect()

    def _wait_for_record(self) -> bool:
        with self._changed:
            while not self._queue and self._give_up_at is None:
                self._changed.wait()
            return bool(self._queue) and not self._has_given_up()

    def _wait(self, seconds: float) -> None:
        with self._changed:
            end = time.monotonic() + seconds
            while self._give_up_at is None and time.monotonic() < end:
                self._changed.wait(end - time.monotonic())
            if self._give_up_at is not None:
                self._changed.wait(min(seconds, max(0.0, self._give_up_at - time.monotonic())))

    def _has_given_up(self) -> bool:
        return self._give_up_at is not None and time.monotonic() >= self._give_up_at

    def _note_trouble(self, error: OSError) -> None:
        if self._is_troubled:
            return
        self._is_troubled = True
        kept = (
            ""
            if self._address["kind"] == "udp"
            else f"; {_MAX_QUEUED_BYTES >> 20} MB of records are kept until it does"
        )
        self._report(f"Syslog at {self._address['text']} does not take records ({_reason(error)}){kept}")

    def _note_success(self) -> None:
        where = f"Syslog at {self._address['text']}"
        if self._is_troubled:
            if time.monotonic() - self._refused_at < _QUIET_SECONDS:
                return
            self._is_troubled = False
            self._report(f"{where} takes records again; lost meanwhile: {self._take_lost()}")
        elif self._lost and not self._queue:
            self._report(f"{where} took records too slowly; lost: {self._take_lost()}")

    def _take_lost(self) -> int:
        with self._changed:
            lost, self._lost = self._lost, 0
        return lost

    # --- the socket ---------------------------------------------------------------------------------------

    def _connect(self) -> None:
        kind = self._address["kind"]
        if kind == "unix":
            self._connect_unix(self._address["path"], self._address["socket"])
            return
        host, port = self._address["host"], self._address["port"]
        self._is_stream = kind == "tcp"
        if self._is_stream:
            self._use(socket.create_connection((host, port), _CONNECT_SECONDS))
            return
        family, type_, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        udp = socket.socket(family, type_, protocol)
        try:
            udp.connect(address)
        except BaseException:
            udp.close()
            raise
        self._use(udp)

    def _connect_unix(self, path: str, wanted: str) -> None:
        """Whatever type of socket there is, where none is asked for: /dev/log is one for datagrams, mostly."""
        types = {"dgram": [socket.SOCK_DGRAM], "stream": [socket.SOCK_STREAM]}
        for type_ in types.get(wanted, [socket.SOCK_DGRAM, socket.SOCK_STREAM]):
            unix = socket.socket(socket.AF_UNIX, type_)
            unix.settimeout(_CONNECT_SECONDS)
            try:
                unix.connect(path)
            except OSError as error:
                unix.close()
                if error.errno == errno.EPROTOTYPE and wanted == "any" and type_ == socket.SOCK_DGRAM:
                    continue
                raise
            self._is_stream = type_ == socket.SOCK_STREAM
            self._use(unix)
            return

    def _use(self, connected: socket.socket) -> None:
        connected.settimeout(_SEND_SECONDS)
        self._socket = connected

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, message: bytes) -> None:
        connected = self._socket
        assert connected is not None
        if self._is_stream:
            if _has_ended(connected):
                self._disconnect()
                self._connect()
                connected = self._socket
                assert connected is not None
            connected.sendall(message.replace(b"\n", b"#012") + b"\n")
            return
        try:
            _send_datagram(connected, message)
        except ConnectionRefusedError as error:
            if self._address["kind"] != "udp":
                raise
            # The answer to an earlier datagram, which was sent and is lost.
            self._note_trouble(error)
            self._refused_at = time.monotonic()
            with self._changed:
                self._lost += 1
            _send_datagram(connected, message)


def _send_datagram(connected: socket.socket, message: bytes) -> None:
    try:
        connected.send(message[:_MAX_DATAGRAM_BYTES] + b"\0")
    except OSError as error:
        if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
            raise
        connected.send(message[:_SMALL_DATAGRAM_BYTES] + b"\0")


def _has_ended(stream: socket.socket) -> bool:
    """Syslog has closed it: what is sent now would be lost without an error."""
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    return bool(poll.poll(0)) and stream.recv(4096, socket.MSG_DONTWAIT) == b""


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
