"""One lane: a unix-socket connection to the edge, and the loop that runs its requests one at a time.

This is the hot path, and is written for speed: requests are parsed lazily, output is collected and sent once for
all requests that are at hand, and no lock is taken while a request runs.
"""

from __future__ import annotations

import os
import socket
from io import BytesIO
from time import perf_counter

from .exposure import FORKED, NEWS_SECONDS
from .forks import end_child
from .frames import ABORT, BODY, DONE, END, FILE, HEADER, HINTS, RESPONSE, SPOOLED
from .inbox import RECV_BYTES
from .interrupts import RequestInterrupted
from .native import allocate_lock, get_ident, runs_in_parallel, sleep
from .outbox import LARGE_BODY, edge_is_gone
from .shared_lane import SharedLane
from .tracebacks import format_application_frames
from .wsgi import ClientGone, describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

#: Output is sent although further requests are at hand when it is this old or this large.
FLUSH_SECONDS = 0.002
FLUSH_BYTES = 65536
#: The answer of a request that took this long does not wait for the next one's: sending it costs little in comparison.
LONG_SECONDS = 0.0005
SEND_BUFFER_BYTES = 1 << 20
#: A frame's length is a u32; pieces stay far below it.
MAX_PIECE = 1 << 28


class Lane(SharedLane):
    """Implements wsgi.Out for the request that it runs."""

    # --- the loop ---------------------------------------------------------------------------------------

    def run(self, sock: socket.socket) -> None:
        """Serves until the edge closes the connection."""
        self._outbox.sock = sock
        self._exposure.thread = get_ident()
        # Room for large responses, so that they leave at once: 25 % less time for one of 100 kB.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if self._is_shut:
            sock.close()
            return
        try:
            self._loop(self._receiver(sock))
        except ClientGone:
            pass  # the edge is gone: what was in flight is lost with it
        except BaseException as error:
            if not isinstance(error, OSError) or not edge_is_gone(error):
                self._send_last()
                raise
        self._running[self.index] = 0
        self.close()

    def _send_last(self) -> None:
        """The loop has failed, and the worker ends. What it was running stays noted, since only that was begun and not
        answered."""
        try:
            self._outbox.flush()
        except OSError:
            pass

    def _receiver(self, sock: socket.socket) -> Callable[[int], bytes]:
        if not runs_in_parallel():
            return sock.recv
        recv = sock.recv
        fence = allocate_lock()

        def receive(size: int) -> bytes:
            # What was written to `running` is seen by the control thread before `_is_reclaiming` is read: shared memory
            # has no lock of its own that would ensure it.
            with fence:
                pass
            while self._is_reclaiming:
                sleep(NEWS_SECONDS)
            return recv(size)

        return receive

    def _loop(self, recv: Callable[[int], bytes]) -> None:
        inbox = self._inbox
        pending = inbox.pending
        out = self._outbox.parts
        ready = self._outbox.ready
        flush = self._outbox.flush
        exposure = self._exposure
        running = self._running
        base = self._base
        app = self._app
        log = self._log
        serve = self._serve
        index = self.index
        pack = HEADER.pack
        flushed = 0.0
        out_bytes = 0
        while True:
            try:
                rid, flags, start, body, end, data = pending.popleft()
            except IndexError:
                if out:
                    flush()
                    out_bytes = 0
                running[index] = 0
                while self._is_reclaiming:  # the control thread reads here too, while a request runs
                    sleep(NEWS_SECONDS)
                received = recv(RECV_BYTES)
                if not received:
                    return
                self._started = flushed = perf_counter()
                inbox.add(received)
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
                environ["wsgi.input"] = BytesIO(data[body:end]) if body < end else BytesIO()
            self._aborted = False
            try:
                exposure.rid = rid
                serve(app, environ, self, log)
                exposure.rid = 0
                if exposure.news:
                    self._heed_news(rid, environ)
            except RequestInterrupted as error:
                exposure.rid = 0
                where = f"; it was here:\n{format_application_frames(error)}" if runs_in_parallel() else ""
                log.error(f"Request {describe(environ)} was interrupted: it was past its deadline{where}")
            except SystemExit as error:
                if not self.in_child:
                    raise
                end_child(error.code)
            if flags & SPOOLED:
                spool.close()
            now = perf_counter()
            try:
                kind, head, response_flags, content = ready.pop()
            except IndexError:
                self._settle(rid)
            else:
                elapsed = int((now - self._started) * 1e6)
                size = len(head) + len(content)
                out_bytes += size
                # As `Outbox.append` does, which would cost a call.
                header = pack(size, kind, response_flags | END, 0, rid, len(head), min(elapsed, 0xFFFFFFFF))
                if len(content) > LARGE_BODY:
                    out.extend((header + head, content))
                else:
                    out.append(header + head + content)
            is_long = now - self._started > LONG_SECONDS
            self._started = now
            if is_long or now - flushed > FLUSH_SECONDS or out_bytes > FLUSH_BYTES:
                flush()
                flushed = now
                out_bytes = 0

    def _settle(self, rid: int) -> None:
        """Ends a request whose last frame does not wait in `ready`."""
        if self._outbox.take_tail():
            self._outbox.parts.append(HEADER.pack(0, DONE, 0, 0, rid, 0, 0))
        elif not self._aborted:
            self.abort("its client has left, or it was past its deadline")

    def _heed_news(self, rid: int, environ: dict[str, Any] | None = None) -> bool:
        if self._exposure.news == FORKED:
            self._end_child(environ)
        return self._exposure.heed(rid)

    def _end_child(self, environ: dict[str, Any] | None) -> None:
        if environ is not None:
            self._log.warning(
                f"Request {describe(environ)}: a process that the application has forked came back from it;"
                " it ends here, and its answer is dropped"
            )
        end_child(0)

    # --- wsgi.Out ---------------------------------------------------------------------------------------

    def hints(self, rid: int, fields: bytes) -> None:
        if self.in_child or rid in self.cancelled:
            return
        self._outbox.append(HINTS, rid, b"", 0, fields, 0)
        if not self._is_current():
            self._outbox.flush_beside()
            return
        try:
            self._push()
        except ClientGone:
            pass  # it is not for hints to end a request

    def _is_current(self) -> bool:
        """Whether the caller is what runs this lane's requests: that alone may be interrupted, and covers itself."""
        return get_ident() == self._exposure.thread

    def whole(self, head: bytes, flags: int, body: bytes) -> None:
        if len(body) > MAX_PIECE:
            self.begin(head, flags, b"")
            self.chunk(body)
            self.end()
            return
        self._outbox.ready.append((RESPONSE, head, flags, body))

    def begin(self, head: bytes, flags: int, body: bytes) -> None:
        self._outbox.append(RESPONSE, self._id, head, flags, body, 0)
        self._push()

    def chunk(self, data: bytes) -> None:
        if len(data) <= MAX_PIECE:
            self._outbox.append(BODY, self._id, b"", 0, data, 0)
        else:
            for at in range(0, len(data), MAX_PIECE):
                self._outbox.append(BODY, self._id, b"", 0, data[at : at + MAX_PIECE], 0)
        self._push()

    def end(self) -> None:
        # As for `whole`, close() has yet to run: whether the lane is free is settled then, or when the edge asks.
        self._outbox.ready.append((BODY, b"", 0, b""))

    def abort(self, reason: str) -> None:
        payload = reason.encode("utf-8", "replace")
        self._outbox.parts.append(HEADER.pack(len(payload), ABORT, END, 0, self._id, 0, 0) + payload)
        self._aborted = True  # last: if it is interrupted in between, the edge is told twice rather than never

    def file(self, head: bytes, flags: int, fd: int, offset: int, length: int) -> None:
        held = os.dup(fd)
        self.held_files[self._id] = held
        where = b'{"fd": %d, "offset": %d, "length": %d}' % (held, offset, length)
        self._outbox.ready.append((RESPONSE, head, flags | FILE, where))

    def _push(self) -> None:
        """Sends a part of a response now; backpressure is the socket's."""
        if self.cancelled and self._id in self.cancelled:
            raise ClientGone
        exposure = self._exposure
        # Covered while it sends: an exception would cut a frame, or leave the lock taken.
        exposure.rid = 0
        if exposure.news and self._heed_news(self._id):
            raise RequestInterrupted
        try:
            self._outbox.flush()
        except OSError as error:
            if edge_is_gone(error):
                raise ClientGone from None
            raise
        finally:
            exposure.rid = self._id
        if exposure.news:
            exposure.rid = 0
            if self._heed_news(self._id):
                raise RequestInterrupted
            exposure.rid = self._id

    # --- for the log ------------------------------------------------------------------------------------

    @staticmethod
    def environ_in(frame: FrameType | None) -> dict[str, Any]:
        """Found there, so that nothing is noted per request."""
        while frame is not None:
            if frame.f_code is Lane._loop.__code__:
                environ: dict[str, Any] = frame.f_locals.get("environ", {})
                return environ
            frame = frame.f_back
        return {}
