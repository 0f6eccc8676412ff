"""A lane as the control thread sees it: to be asked for what it has finished and not begun, told of clients that have
left, interrupted.

Two threads meet here, and take no lock while a request runs: what they share are deques, whose operations are atomic,
and flags of which each writes its own before it reads the other's.
"""

from __future__ import annotations

import os
import socket
import sys
from time import perf_counter

from .exposure import FORKED, Exposure
from .frames import END, TAIL
from .inbox import Inbox
from .interrupts import is_possible
from .native import runs_in_parallel
from .outbox import LOCK_SECONDS, Outbox
from .tracebacks import format_other_threads, format_stack
from .wsgi import describe, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    from .hook_requests import Serve
    from .log import Log


class SharedLane:
    """What a lane shares with the control thread, and what that may do. lane.py has the lane's own part."""

    outbox_class = Outbox
    exposure_class = Exposure

    def __init__(
        self,
        index: int,
        app: Callable[..., Any],
        base_environ: dict[str, Any],
        running: memoryview,
        log: Log,
        can_send_files: bool,
        serve: Serve = serve,
    ) -> None:
        """`serve`: runs one request, as wsgi.serve does."""
        self.index = index
        self.can_send_files = can_send_files
        self._app = app
        self._serve = serve
        # The same for every request: nothing is made for one.
        self._base = {**base_environ, "kirin.client_left": self.client_left}
        #: Shared with the zygote, which reads from it what was running when this process has died.
        self._running = running
        self._log = log
        self._inbox = Inbox()
        self._outbox = self.outbox_class(index)
        self._exposure = self.exposure_class()
        #: The control thread may be reading in the place of the lane's own.
        self._is_reclaiming = False
        #: A greenlet waits for its next request; whether it could take one is the hub's affair.
        self._is_waiting = False
        self._id = 0
        self._started = 0.0
        self._aborted = False
        #: The worker leaves: no connection is served any more.
        self._is_shut = False
        #: This is a process that the application has forked, with its copy of this lane.
        self.in_child = False
        #: The request whose client has closed its sending side.
        self._ended = 0
        #: Requests whose client has left, as the control thread was told.
        self.cancelled: set[int] = set()
        #: Files that the edge has yet to open: response id → our duplicate of the descriptor.
        self.held_files: dict[int, int] = {}

    def forget(self) -> None:
        """Forgets the last edge, before the next one hears of this lane: every edge counts its requests from 1."""
        self._outbox.clear()
        self._inbox.clear()
        self._exposure.clear()
        self.cancelled.clear()
        self._ended = 0

    # --- what the application may ask -------------------------------------------------------------------

    def client_left(self) -> bool:
        """environ["kirin.client_left"]: whether the client of the request that runs has left."""
        return self._id in self.cancelled or self._id == self._ended

    # --- the control thread -----------------------------------------------------------------------------

    @property
    def running_id(self) -> int:
        """The request that it runs, or 0."""
        return self._running[self.index]

    def reclaim(self) -> list[int]:
        """Sends out what is finished, and gives back the ids of the requests that were not started."""
        # As with the news: each writes its own before it reads the other's. While a request runs, its thread does not
        # read, and does not begin to before this is over; when none runs, it reads by itself.
        self._is_reclaiming = True
        try:
            ids = self._inbox.take_back()
            if self._running[self.index]:
                self._inbox.read_rest(self._outbox.sock)
                ids += self._inbox.take_back()
        finally:
            self._is_reclaiming = False
        # A lane that is just sending needs no help, and must not be waited for long: a slow client may hold it up. But
        # one that only has a look at what was sent (`_settle`) is gone in a moment.
        is_done = True
        if self._outbox.lock.acquire(timeout=LOCK_SECONDS):
            try:
                is_done = self._send_finished()
            except OSError:
                pass  # the lane's own thread will see it
            finally:
                self._outbox.lock.release()
        if not is_done:
            self._outbox.flush_beside()
        return ids

    def take_unread(self) -> list[int]:
        """Gives back what a greenlet that waits for requests has not come to read, since another does not yield."""
        self._is_reclaiming = True
        try:
            if not self._is_waiting:
                return []
            self._inbox.read_rest(self._outbox.sock)
            return self._inbox.take_back()
        finally:
            self._is_reclaiming = False

    def _send_finished(self) -> bool:
        """Sends what is finished, as far as it can be without waiting; whether that was all. The lock is held."""
        outbox = self._outbox
        try:
            kind, head, flags, content = outbox.ready.pop()
        except IndexError:
            pass
        else:
            outbox.tail_sent = True
            elapsed = int((perf_counter() - self._started) * 1e6)
            outbox.append(kind, self._id, head, flags | END | TAIL, content, elapsed)
        return outbox.send_now()

    def interrupt(self, rid: int) -> None:
        """Logs where this request is, or the close() that runs after it, and raises RequestInterrupted there."""
        exposure = self._exposure
        if rid != self._running[self.index] or rid == exposure.news:
            return
        if runs_in_parallel():
            # Another thread's frames must not be looked at while it runs: it tells itself where it was interrupted.
            if is_possible():
                exposure.interrupt(rid)
            return
        frame = sys._current_frames().get(exposure.thread)
        if frame is None or self._running[self.index] != rid:
            return
        self._tell_overdue(frame, format_other_threads(exposure.thread))
        del frame  # it would keep alive what the application has in its variables
        if is_possible():
            exposure.interrupt(rid)

    def _tell_overdue(self, frame: FrameType, others: str) -> None:
        what = f"Request {describe(self.environ_in(frame))}"
        self._log.error(f"{what} is past its deadline; it is here:\n{format_stack(frame)}{others}")

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
        sock = self._outbox.sock
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RD)
            except OSError:
                pass  # closed already

    def close(self) -> None:
        """On the lane's own thread, which has come out of its loop."""
        sock = self._outbox.sock
        if sock is not None:
            sock.close()
        for rid in list(self.held_files):
            self.release(rid)

    def release(self, rid: int) -> None:
        """The edge has opened the file of this response."""
        held = self.held_files.pop(rid, None)
        if held is not None:
            os.close(held)

    # --- in a process that the application has forked ---------------------------------------------------

    def after_fork_in_child(self) -> None:
        """The child must neither answer nor run what is its parent's, whichever way its code ends."""
        self.in_child = True
        self._exposure.news = FORKED
        self._inbox.pending.clear()
        self._outbox.after_fork_in_child()

    @staticmethod
    def environ_in(frame: FrameType | None) -> dict[str, Any]:
        """The environ of the request that runs in this stack."""
        raise NotImplementedError
