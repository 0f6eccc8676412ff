"""One lane: a unix-socket connection to the edge, and the loop that runs its requests one at a time.

This is the hot path, and is written for speed: requests are parsed lazily, output is collected and sent once for
all requests that are at hand, and no lock is taken while a request runs. Two threads meet here: the lane's own, and the
control thread, which comes by `reclaim` when the edge has not heard of this lane for a while. They share deques, whose
operations are atomic, and `_send_lock`, which keeps what they send in order.
"""

from __future__ import annotations

import io
import os
import socket
import threading
from collections import deque
from time import perf_counter

from .frames import ABORT, BODY, DONE, END, FILE, HEADER, HEADER_BYTES, RESPONSE, SPOOLED, TAIL
from .wsgi import ClientGone, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .log import Log

#: Output is sent although further requests are at hand when it is this old or this large.
FLUSH_SECONDS = 0.002
FLUSH_BYTES = 65536
#: Bodies above this are sent by themselves rather than copied together.
LARGE_BODY = 32768
RECV_BYTES = 65536
#: How long the control thread waits for a lane that is sending.
LOCK_SECONDS = 0.001
SEND_BUFFER_BYTES = 1 << 20
#: A frame's length is a u32; pieces stay far below it.
MAX_PIECE = 1 << 28


class Lane:
    """Implements wsgi.Out for the request that it runs."""

    def __init__(
        self,
        index: int,
        app: Callable[..., Any],
        base_environ: dict[str, Any],
        running: memoryview,
        log: Log,
        can_send_files: bool,
    ) -> None:
        self.index = index
        self.can_send_files = can_send_files
        self._app = app
        self._base = base_environ
        #: Shared with the zygote, which reads from it what was running when this process has died.
        self._running = running
        self._log = log
        self._sock: socket.socket | None = None
        self._pending: deque[tuple[int, int, int, int, int, bytes]] = deque()
        self._out: deque[bytes] = deque()
        #: The complete response of the request whose close() still runs; taken by whoever sends it.
        self._ready: deque[tuple[int, bytes, int, bytes]] = deque()
        self._send_lock = threading.Lock()
        self._id = 0
        self._started = 0.0
        #: The response was sent by the control thread while close() ran.
        self._tail_sent = False
        self._aborted = False
        #: The worker leaves: no connection is served any more.
        self._is_shut = False
        #: Requests whose client has left, as the control thread was told.
        self.cancelled: set[int] = set()
        #: Files that the edge has yet to open: response id → our duplicate of the descriptor.
        self.held_files: dict[int, int] = {}

    # --- the loop ---------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Forgets the last edge, before the next one hears of this lane: every edge counts its requests from 1."""
        with self._send_lock:
            self._sock = None
            self._pending.clear()
            self._out.clear()
            self._ready.clear()
            self._tail_sent = False
            self.cancelled.clear()

    def run(self, sock: socket.socket) -> None:
        """Serves until the edge closes the connection."""
        self._sock = sock
        # Room for large responses, so that they leave at once: 25 % less time for one of 100 kB.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if self._is_shut:
            sock.close()
            return
        try:
            self._loop(sock)
        except (OSError, ClientGone):
            pass  # the edge is gone: what was in flight is lost with it
        finally:
            self._running[self.index] = 0
            sock.close()
            for rid in list(self.held_files):
                self.release(rid)

    def _loop(self, sock: socket.socket) -> None:
        pending = self._pending
        out = self._out
        ready = self._ready
        running = self._running
        base = self._base
        app = self._app
        log = self._log
        index = self.index
        recv = sock.recv
        rest = b""
        flushed = 0.0
        out_bytes = 0
        while True:
            try:
                rid, flags, start, body, end, data = pending.popleft()
            except IndexError:
                if out:
                    self._flush()
                    out_bytes = 0
                running[index] = 0
                received = recv(RECV_BYTES)
                if not received:
                    return
                self._started = flushed = perf_counter()
                rest = self._cut(rest + received if rest else received)
                continue
            if self.cancelled and rid in self.cancelled:
                self._id = rid
                self.abort("its client had left before it was started")
                continue
            running[index] = self._id = rid
            # name, value, name, value …: the iterator is drawn from twice for each pair.
            text = iter(data[start:body].decode("latin-1").split("\0"))
            environ = base.copy()
            environ.update(zip(text, text))
            if flags & SPOOLED:
                try:
                    spool = environ["wsgi.input"] = open(data[body:end], "rb")  # noqa: SIM115  (the application reads it)
                except OSError as error:
                    if not isinstance(error, FileNotFoundError):  # its client has left, and the edge has removed it
                        log.error(f"Request {environ.get('RAW_URI')}: its body cannot be read: {error}")
                    self.abort(f"its body cannot be read: {error}")
                    continue
            else:
                environ["wsgi.input"] = io.BytesIO(data[body:end])
            self._aborted = False
            serve(app, environ, self, log)
            if flags & SPOOLED:
                spool.close()
            now = perf_counter()
            try:
                kind, head, response_flags, content = ready.pop()
            except IndexError:
                self._settle(rid)
            else:
                elapsed = int((now - self._started) * 1e6)
                out_bytes += self._append(kind, head, response_flags | END, content, elapsed)
            self._started = now
            if now - flushed > FLUSH_SECONDS or out_bytes > FLUSH_BYTES:
                self._flush()
                flushed = now
                out_bytes = 0

    def _settle(self, rid: int) -> None:
        """Ends a request whose last frame does not wait in `_ready`."""
        with self._send_lock:  # the control thread may be about to send it
            tail_sent = self._tail_sent
            self._tail_sent = False
        if tail_sent:
            self._out.append(HEADER.pack(0, DONE, 0, 0, rid, 0, 0))
        elif not self._aborted:
            self.abort("its client has left")

    def _cut(self, data: bytes) -> bytes:
        """Puts the requests of `data` that are complete into the queue; returns what is left over."""
        at = 0
        size = len(data)
        unpack = HEADER.unpack_from
        while size - at >= HEADER_BYTES:
            length, _kind, flags, _, rid, environ_bytes, _ = unpack(data, at)
            start = at + HEADER_BYTES
            end = start + length
            if end > size:
                break
            self._pending.append((rid, flags, start, start + environ_bytes, end, data))
            at = end
        return data[at:] if at < size else b""

    # --- output -----------------------------------------------------------------------------------------

    def _append(self, kind: int, head: bytes, flags: int, content: bytes, service_us: int) -> int:
        size = len(head) + len(content)
        header = HEADER.pack(size, kind, flags, 0, self._id, len(head), min(service_us, 0xFFFFFFFF))
        if len(content) > LARGE_BODY:
            self._out.append(header + head)
            self._out.append(content)
        else:
            self._out.append(header + head + content)
        return size

    def _flush(self) -> None:
        with self._send_lock:
            self._send_out()

    def _send_out(self) -> None:
        """Sends what is collected, in order. The lock is held."""
        out = self._out
        parts: list[bytes] = []
        sock = self._sock
        if sock is None:
            return  # the edge has asked before this lane's thread has begun
        while out:
            part = out.popleft()
            if len(part) > LARGE_BODY:
                if parts:
                    sock.sendall(b"".join(parts))
                    parts.clear()
                sock.sendall(part)
            else:
                parts.append(part)
        if parts:
            sock.sendall(parts[0] if len(parts) == 1 else b"".join(parts))

    # --- wsgi.Out ---------------------------------------------------------------------------------------

    def whole(self, head: bytes, flags: int, body: bytes) -> None:
        if len(body) > MAX_PIECE:
            self.begin(head, flags, b"")
            self.chunk(body)
            self.end()
            return
        self._ready.append((RESPONSE, head, flags, body))

    def begin(self, head: bytes, flags: int, body: bytes) -> None:
        self._append(RESPONSE, head, flags, body, 0)
        self._push()

    def chunk(self, data: bytes) -> None:
        if len(data) <= MAX_PIECE:
            self._append(BODY, b"", 0, data, 0)
        else:
            for at in range(0, len(data), MAX_PIECE):
                self._append(BODY, b"", 0, data[at : at + MAX_PIECE], 0)
        self._push()

    def end(self) -> None:
        # As for `whole`, close() has yet to run: whether the lane is free is settled then, or when the edge asks.
        self._ready.append((BODY, b"", 0, b""))

    def abort(self, reason: str) -> None:
        payload = reason.encode("utf-8", "replace")
        self._aborted = True
        self._out.append(HEADER.pack(len(payload), ABORT, END, 0, self._id, 0, 0) + payload)

    def file(self, head: bytes, flags: int, fd: int, offset: int, length: int) -> None:
        held = os.dup(fd)
        self.held_files[self._id] = held
        where = b'{"fd": %d, "offset": %d, "length": %d}' % (held, offset, length)
        self._ready.append((RESPONSE, head, flags | FILE, where))

    def _push(self) -> None:
        """Sends a part of a response now; backpressure is the socket's."""
        if self.cancelled and self._id in self.cancelled:
            raise ClientGone
        try:
            self._flush()
        except OSError:
            raise ClientGone from None

    # --- the control thread -----------------------------------------------------------------------------

    def reclaim(self) -> list[int]:
        """Sends out what is finished, and gives back the ids of the requests that were not started."""
        ids: list[int] = []
        try:
            while True:
                ids.append(self._pending.pop()[0])
        except IndexError:
            ids.reverse()
        # A lane that is just sending needs no help, and must not be waited for long: a slow client may hold it up. But
        # one that only has a look at what was sent (`_settle`) is gone in a moment.
        if self._send_lock.acquire(timeout=LOCK_SECONDS):
            try:
                self._send_finished()
            except OSError:
                pass  # the lane's own thread will see it
            finally:
                self._send_lock.release()
        return ids

    def _send_finished(self) -> None:
        try:
            kind, head, flags, content = self._ready.pop()
        except IndexError:
            pass
        else:
            self._tail_sent = True
            elapsed = int((perf_counter() - self._started) * 1e6)
            self._append(kind, head, flags | END | TAIL, content, elapsed)
        self._send_out()

    def cancel(self, rid: int) -> None:
        """The client of this request has left."""
        if len(self.cancelled) > 256:
            self.cancelled.clear()  # what is left over from requests that had just ended
        self.cancelled.add(rid)

    def shut(self) -> None:
        """Wakes the lane's thread from its wait for requests; it sees the end of the connection."""
        self._is_shut = True
        sock = self._sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # closed already

    def release(self, rid: int) -> None:
        """The edge has opened the file of this response."""
        held = self.held_files.pop(rid, None)
        if held is not None:
            os.close(held)
