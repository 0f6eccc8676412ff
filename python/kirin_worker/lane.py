"""One lane: a unix-socket connection to the edge, and the loop that runs its requests one at a time.

This is the hot path, and is written for speed: requests are parsed lazily, output is collected and sent once for
all requests that are at hand, and no lock is taken while a request runs. Two threads meet here: the lane's own, and the
control thread, which comes by `reclaim` when the edge has not heard of this lane for a while. They share deques, whose
operations are atomic, and `_send_lock`, which keeps what they send in order.

How the control thread interrupts a request, and nothing but that request: an exception raised in another thread arrives
at its next bytecodes, which must still be the application's. So the lane says in `_exposed` which request may be
interrupted, and the control thread in `_news` which one it is about to interrupt. Each writes its own before it reads
the other's, so one of them always sees the other: either the control thread finds the request not exposed and raises
nothing, or the lane, when it has covered itself, finds the news, waits for `_news_over` and takes back what has not
been raised. Where there is no news, which is nearly always, that costs two writes and a look.
"""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
from collections import deque
from time import perf_counter, sleep

from .frames import ABORT, BODY, DONE, END, FILE, HEADER, HEADER_BYTES, RESPONSE, SPOOLED, TAIL
from .interrupts import RequestInterrupted, is_possible, raise_in, spare
from .tracebacks import format_other_threads, format_stack
from .wsgi import ClientGone, describe, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    from .log import Log

#: Output is sent although further requests are at hand when it is this old or this large.
FLUSH_SECONDS = 0.002
FLUSH_BYTES = 65536
#: The answer of a request that took this long does not wait for the next one's: sending it costs little in comparison.
LONG_SECONDS = 0.0005
#: Bodies above this are sent by themselves rather than copied together.
LARGE_BODY = 32768
RECV_BYTES = 65536
#: How long the control thread waits for a lane that is sending.
LOCK_SECONDS = 0.001
#: How often a lane looks whether the control thread has done what it had announced, a matter of microseconds.
NEWS_SECONDS = 0.0001
#: In `_news`, which else is a request's id.
FORKED = -1
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
        # The same for every request: nothing is made for one.
        self._base = {**base_environ, "kirin.client_left": self.client_left}
        #: Shared with the zygote, which reads from it what was running when this process has died.
        self._running = running
        self._log = log
        self._sock: socket.socket | None = None
        self._pending: deque[tuple[int, int, int, int, int, bytes]] = deque()
        self._out: deque[bytes] = deque()
        #: The complete response of the request whose close() still runs; taken by whoever sends it.
        self._ready: deque[tuple[int, bytes, int, bytes]] = deque()
        #: The beginning of a request whose end has not been read.
        self._rest = b""
        #: The control thread may be reading in the place of the lane's own.
        self._is_reclaiming = False
        self._send_lock = threading.Lock()
        self._id = 0
        self._started = 0.0
        #: The response was sent by the control thread while close() ran.
        self._tail_sent = False
        self._aborted = False
        #: The worker leaves: no connection is served any more.
        self._is_shut = False
        self._thread = 0
        #: The request that may be interrupted at this moment, or 0.
        self._exposed = 0
        #: The last request that was to be interrupted, or FORKED; and the same, once the control thread is done with
        #: it.
        self._news = 0
        self._news_over = 0
        #: This is a process that the application has forked, with its copy of this lane.
        self.in_child = False
        #: The request whose client has closed its sending side.
        self._ended = 0
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
            self._rest = b""
            self._tail_sent = False
            self.cancelled.clear()
            self._news = self._news_over = self._ended = 0

    def run(self, sock: socket.socket) -> None:
        """Serves until the edge closes the connection."""
        self._sock = sock
        self._thread = threading.get_ident()
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
        pack = HEADER.pack
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
                while self._is_reclaiming:  # the control thread reads here too, while a request runs
                    sleep(NEWS_SECONDS)
                received = recv(RECV_BYTES)
                if not received:
                    return
                self._started = flushed = perf_counter()
                rest = self._rest
                self._rest = self._cut(rest + received if rest else received)
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
            try:
                self._exposed = rid
                serve(app, environ, self, log)
                self._exposed = 0
                if self._news:
                    self._heed_news(rid, environ)
            except RequestInterrupted:
                self._exposed = 0
                log.error(f"Request {describe(environ)} was interrupted: it was past its deadline")
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
                # As `_append` does, which would cost a call.
                header = pack(size, kind, response_flags | END, 0, rid, len(head), min(elapsed, 0xFFFFFFFF))
                if len(content) > LARGE_BODY:
                    out.extend((header + head, content))
                else:
                    out.append(header + head + content)
            is_long = now - self._started > LONG_SECONDS
            self._started = now
            if is_long or now - flushed > FLUSH_SECONDS or out_bytes > FLUSH_BYTES:
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
            self.abort("its client has left, or it was past its deadline")

    def _heed_news(self, rid: int, environ: dict[str, Any] | None = None) -> bool:
        """Whether this request was to be interrupted; no exception is under way any more. The lane is not exposed."""
        if self.in_child:
            if environ is not None:
                self._log.warning(
                    f"Request {describe(environ)}: a process that the application has forked came back from it;"
                    " it ends here, and its answer is dropped"
                )
            end_child(0)
        if self._news != rid:
            return False
        # No lock: the exception may come while it is taken, which would leave it taken.
        while self._news_over != rid:
            sleep(NEWS_SECONDS)
        spare(self._thread)
        return True

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

    def _append(self, kind: int, head: bytes, flags: int, content: bytes, service_us: int) -> None:
        size = len(head) + len(content)
        header = HEADER.pack(size, kind, flags, 0, self._id, len(head), min(service_us, 0xFFFFFFFF))
        if len(content) > LARGE_BODY:
            self._out.extend((header + head, content))  # both or, when interrupted, none
        else:
            self._out.append(header + head + content)

    def _flush(self) -> None:
        with self._send_lock:
            self._send_out()

    def _send_out(self) -> None:
        """Sends what is collected, in order. The lock is held."""
        out = self._out
        parts: list[bytes] = []
        sock = self._sock
        if sock is None:
            return  # there is no edge any more
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
        self._out.append(HEADER.pack(len(payload), ABORT, END, 0, self._id, 0, 0) + payload)
        self._aborted = True  # last: if it is interrupted in between, the edge is told twice rather than never

    def file(self, head: bytes, flags: int, fd: int, offset: int, length: int) -> None:
        held = os.dup(fd)
        self.held_files[self._id] = held
        where = b'{"fd": %d, "offset": %d, "length": %d}' % (held, offset, length)
        self._ready.append((RESPONSE, head, flags | FILE, where))

    def _push(self) -> None:
        """Sends a part of a response now; backpressure is the socket's."""
        if self.cancelled and self._id in self.cancelled:
            raise ClientGone
        # Covered while it sends: an exception would cut a frame, or leave the lock taken.
        self._exposed = 0
        if self._news and self._heed_news(self._id):
            raise RequestInterrupted
        try:
            self._flush()
        except OSError:
            raise ClientGone from None
        finally:
            self._exposed = self._id
        if self._news:
            self._exposed = 0
            if self._heed_news(self._id):
                raise RequestInterrupted
            self._exposed = self._id

    # --- what the application may ask -------------------------------------------------------------------

    def client_left(self) -> bool:
        """environ["kirin.client_left"]: whether the client of the request that runs has left."""
        return self._id in self.cancelled or self._id == self._ended

    # --- the control thread -----------------------------------------------------------------------------

    def reclaim(self) -> list[int]:
        """Sends out what is finished, and gives back the ids of the requests that were not started."""
        # As with `_news`: each writes its own before it reads the other's. While a request runs, its thread does not
        # read, and does not begin to before this is over; when none runs, it reads by itself.
        self._is_reclaiming = True
        try:
            ids = self._take_back()
            if self._running[self.index]:
                self._read_rest()
                ids += self._take_back()
        finally:
            self._is_reclaiming = False
        # A lane that is just sending needs no help, and must not be waited for long: a slow client may hold it up. But
        # one that only has a look at what was sent (`_settle`) is gone in a moment.
        is_done = True
        if self._send_lock.acquire(timeout=LOCK_SECONDS):
            try:
                is_done = self._send_finished()
            except OSError:
                pass  # the lane's own thread will see it
            finally:
                self._send_lock.release()
        if not is_done:
            # Other lanes, and other news of this one, must not wait for a slow client; nor can this be left to the
            # lane's own thread, which may have seen nothing to send and wait for requests by now.
            name = f"kirin-send-{self.index}"
            threading.Thread(target=self._flush_quietly, name=name, daemon=True).start()
        return ids

    def _take_back(self) -> list[int]:
        ids: list[int] = []
        try:
            while True:
                ids.append(self._pending.pop()[0])
        except IndexError:
            ids.reverse()
        return ids

    def _read_rest(self) -> None:
        """Reads what has come behind the request that runs, and lies in the socket."""
        sock = self._sock
        parts = [self._rest]
        try:
            while sock is not None:
                received = sock.recv(RECV_BYTES, socket.MSG_DONTWAIT)
                if not received:
                    break  # the lane's own thread will see it
                parts.append(received)
        except OSError:
            pass  # that was all; or the lane's own thread will see it
        if len(parts) > 1:
            self._rest = self._cut(b"".join(parts))

    def _send_finished(self) -> bool:
        """Sends what is finished, as far as it can be without waiting; whether that was all. The lock is held."""
        try:
            kind, head, flags, content = self._ready.pop()
        except IndexError:
            pass
        else:
            self._tail_sent = True
            elapsed = int((perf_counter() - self._started) * 1e6)
            self._append(kind, head, flags | END | TAIL, content, elapsed)
        sock = self._sock
        if sock is None:
            return True  # the edge has asked before this lane's thread has begun
        out = self._out
        parts: list[bytes] = []
        while out:
            parts.append(out.popleft())
        if not parts:
            return True
        data = b"".join(parts)
        try:
            sent = sock.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return True
        out.appendleft(data[sent:])
        return False

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except OSError:
            pass  # the lane's own thread will see it

    def interrupt(self, rid: int) -> None:
        """Logs where this request is, or the close() that runs after it, and raises RequestInterrupted there."""
        if rid != self._running[self.index] or rid == self._news:
            return
        frame = sys._current_frames().get(self._thread)
        if frame is None or self._running[self.index] != rid:
            return
        self._log.error(
            f"Request {describe(_environ_in(frame))} is past its deadline; it is here:\n{format_stack(frame)}"
            + format_other_threads(self._thread)
        )
        del frame  # it would keep alive what the application has in its variables
        if not is_possible():
            return
        self._news = rid
        try:
            if self._exposed == rid:
                raise_in(self._thread)
        finally:
            self._news_over = rid

    def cancel(self, rid: int, is_sure: bool = True) -> None:
        """The client of this request has left; or only seems to have, which is for the application to judge."""
        if not is_sure:
            if rid == self._running[self.index]:
                self._ended = rid
            return
        if len(self.cancelled) > 256:
            # What is left over from requests that had just ended, or were another lane's.
            self.cancelled.intersection_update((self._running[self.index],))
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

    # --- in a process that the application has forked ---------------------------------------------------

    def after_fork_in_child(self) -> None:
        """The child must neither answer nor run what is its parent's, whichever way its code ends."""
        self.in_child = True
        self._news = FORKED
        self._pending.clear()
        self._send_lock = threading.Lock()  # another thread may have held it, which is not here to release it
        if self._sock is not None:
            self._sock.close()


def end_child(code: object) -> None:
    """Ends this process as multiprocessing ends its own: with its output flushed, and without what the parent has
    registered for its exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    if code is not None and not isinstance(code, int):
        os.write(2, f"{code}\n".encode("utf-8", "backslashreplace"))
        code = 1
    os._exit((code or 0) & 0xFF)


def _environ_in(frame: FrameType | None) -> dict[str, Any]:
    """The environ of the request that runs in this stack: found there, so that nothing is noted per request."""
    while frame is not None:
        if frame.f_code is Lane._loop.__code__:
            environ: dict[str, Any] = frame.f_locals.get("environ", {})
            return environ
        frame = frame.f_back
    return {}
