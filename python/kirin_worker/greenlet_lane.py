"""A lane that is a greenlet: where others wait, it lets the worker's other lanes go on.

All lanes are on one thread, the main thread, whose hub runs them in turn. A request that does not yield holds up all of
them; the control thread, which is one of the system's, answers meanwhile, and gives what these lanes have not even read
to other workers.
"""

from __future__ import annotations

from functools import partial

import gevent
from gevent.hub import get_hub

from .exposure import NEWS_SECONDS, Exposure
from .interrupts import RequestInterrupted
from .lane import Lane
from .native import allocate_lock, get_ident, sleep, socket, start_thread
from .outbox import Outbox
from .tracebacks import format_stack
from .wsgi import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable, Protocol

    class Hub(Protocol):
        def call(self, run: Callable[[], object]) -> None:
            """Has this run by the hub, as soon as that runs."""

        def call_at_once(self, run: Callable[[FrameType | None], bool]) -> None:
            """Has this run in the midst of whatever runs on the main thread, given its frame; and that interrupted if
            it says so."""


READ, WRITE = 1, 2
#: How long a lane waits before it looks again whether the control thread has sent what it began to.
LOCK_PAUSE_SECONDS = 0.001
#: How long the hub may take to come to a request that is to be interrupted, before that is looked for in what runs.
HUB_PATIENCE_SECONDS = 0.05
#: How often it is looked for: on a busy machine a signal may have no handler run (seen in a loop, with CPython 3.11).
HUB_LOOKS = 10


class PatientLock:
    """A greenlet that waits for it lets the others go on. Taken by the lanes' thread and by another."""

    def __init__(self) -> None:
        lock = allocate_lock()
        self.acquire = lock.acquire
        self.release = lock.release
        self._thread = get_ident()

    def __enter__(self) -> None:
        if get_ident() != self._thread:
            self.acquire()
            return
        while not self.acquire(False):
            gevent.sleep(LOCK_PAUSE_SECONDS)

    def __exit__(self, *_: object) -> None:
        self.release()


class GreenletOutbox(Outbox):
    """Used by its lane, and by one more thread when a slow client holds up what is sent beside a request."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self._thread = get_ident()
        #: The hub's watcher of the connection.
        self.writable: Any = None

    def make_lock(self) -> PatientLock:
        return PatientLock()

    def wait(self) -> None:
        if get_ident() == self._thread:
            get_hub().wait(self.writable)
        else:
            super().wait()


class GreenletExposure(Exposure):
    """Whoever interrupts does so on the lanes' own thread."""

    __slots__ = ()

    def heed(self, rid: int) -> bool:
        return self.news == rid


class GreenletLane(Lane):
    outbox_class = GreenletOutbox
    _outbox: GreenletOutbox
    exposure_class = GreenletExposure

    def __init__(self, hub: Hub, *args: Any) -> None:
        super().__init__(*args)
        self._hub = hub
        self._greenlet: Any = None
        self._readable: Any = None
        #: The last request that the log was told of as past its deadline.
        self._told = 0

    def run(self, sock: socket) -> None:
        sock.setblocking(False)
        self._greenlet = gevent.getcurrent()
        loop = get_hub().loop
        readable = self._readable = loop.io(sock.fileno(), READ)
        writable = self._outbox.writable = loop.io(sock.fileno(), WRITE)
        try:
            super().run(sock)
        finally:
            self._greenlet = None
            readable.close()
            writable.close()

    # --- in a process that the application has forked -----------------------------------------------------

    def after_fork_in_child(self) -> None:
        if self._greenlet is not None:  # the loop must not look at what is about to be closed
            self._readable.stop()
            self._outbox.writable.stop()
        super().after_fork_in_child()
        # Greenlets, unlike threads, all go on in the child: those of other requests, too.
        self.in_child = gevent.getcurrent() is self._greenlet

    def _end_child(self, environ: dict[str, Any] | None) -> None:
        if self.in_child:
            super()._end_child(environ)
        while True:  # its request is the parent's, and the child is another's
            get_hub().switch()

    # --- reading ------------------------------------------------------------------------------------------

    def _receiver(self, sock: socket) -> Callable[[int], bytes]:
        wait = get_hub().wait
        readable = self._readable

        def receive(size: int) -> bytes:
            while True:
                # Also where something has come already: a lane that always had something to do would keep the others
                # from their turn.
                self._is_waiting = True
                wait(readable)
                self._is_waiting = False
                while self._is_reclaiming:
                    sleep(NEWS_SECONDS)
                try:
                    return sock.recv(size)
                except BlockingIOError:
                    pass  # the control thread has taken it back

        return receive

    # --- wsgi.Out -----------------------------------------------------------------------------------------

    def _is_current(self) -> bool:
        return gevent.getcurrent() is self._greenlet

    # --- interrupting -------------------------------------------------------------------------------------

    def interrupt(self, rid: int) -> None:
        """On the control thread. Either the request waits for something, and the hub raises the exception where it
        waits; or it is what keeps the hub from running, and a signal's handler raises it there."""
        if rid != self._running[self.index] or rid == self._exposure.news:
            return
        self._hub.call(partial(self._interrupt_waiting, rid))
        start_thread("kirin-interrupt", partial(self._interrupt_running_later, rid))

    def _is_to_be_interrupted(self, rid: int) -> bool:
        return self._running[self.index] == rid and self._exposure.news != rid

    def _interrupt_waiting(self, rid: int) -> None:
        """In the hub."""
        if not self._is_to_be_interrupted(rid):
            return
        self._exposure.news = rid
        self._tell_once(rid, self._greenlet.gr_frame, "")
        if self._exposure.rid == rid:
            self._greenlet.throw(RequestInterrupted)

    def _interrupt_running_later(self, rid: int) -> None:
        for _ in range(HUB_LOOKS):
            sleep(HUB_PATIENCE_SECONDS)
            if self._told == rid or not self._is_to_be_interrupted(rid):
                return
            self._hub.call_at_once(partial(self._interrupt_running, rid))

    def _interrupt_running(self, rid: int, frame: FrameType | None) -> bool:
        """In the handler of a signal, in whatever runs. Whether that is to be interrupted."""
        if not self._is_to_be_interrupted(rid):
            return False
        if gevent.getcurrent() is not self._greenlet:
            self._tell_once(rid, self._greenlet.gr_frame, self._tell_who_runs(frame))
            return False  # the hub comes to it when it runs again
        self._exposure.news = rid
        self._tell_once(rid, frame, "")
        return self._exposure.rid == rid

    def _tell_once(self, rid: int, frame: FrameType | None, others: str) -> None:
        if self._told == rid or frame is None:
            return
        self._told = rid
        self._tell_overdue(frame, others)

    def _tell_who_runs(self, frame: FrameType | None) -> str:
        environ = self.environ_in(frame)
        if frame is None or not environ:
            return ""
        return f"\nIts worker runs {describe(environ)}, which does not yield; that is here:\n{format_stack(frame)}"

    def forget(self) -> None:
        super().forget()
        self._told = 0
