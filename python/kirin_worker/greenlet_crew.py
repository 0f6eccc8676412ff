"""Lanes that are greenlets of the main thread. There are a few at first; the edge asks for more when requests wait, and
closes those that have had nothing to do for long."""

from __future__ import annotations

import signal
import threading
from collections import deque
from functools import partial

import gevent
from gevent.event import Event
from gevent.hub import get_hub

from . import native
from .greenlet_lane import GreenletLane
from .interrupts import WAKE_SIGNAL, RequestInterrupted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable

    from .shared_lane import SharedLane


class GreenletCrew:
    """As thread_crew.py's, with `most` lanes. Made on the main thread."""

    def __init__(
        self,
        count: int,
        most: int,
        lane_parts: tuple[Any, ...],
        connect: Callable[[SharedLane], native.socket],
        guard: Callable[[str, Callable[[], object]], None],
    ) -> None:
        self._count = count
        self._most = most
        self._lane_parts = lane_parts
        self.lanes = [GreenletLane(self, index, *lane_parts) for index in range(count)]
        self._connect = connect
        self._guard = guard
        self._busy: set[int] = set()
        self._session = 0
        self._is_over = False
        self._thread = native.get_ident()
        self._end = Event()
        self._calls: deque[Callable[[], object]] = deque()
        self._urgent_calls: deque[Callable[[FrameType | None], bool]] = deque()
        loop = get_hub().loop
        # It would do so with the application's first child, which may have ended by then. A zygote that has loaded the
        # application may have done so, too, and the fork has undone it.
        loop.reset_sigchld()
        loop.install_sigchld()
        # Wakes the hub from another thread; and keeps it, which would end where nothing can happen any more.
        self._waker = loop.async_()
        self._waker.start(self._run_calls)

    def run(self) -> None:
        """Until `end`."""
        if WAKE_SIGNAL:
            native.signal(WAKE_SIGNAL, self._on_wake)
        self._end.wait()
        self._waker.close()

    # --- other threads ------------------------------------------------------------------------------------

    def begin_session(self) -> None:
        """There is an edge, which has not heard of these lanes."""
        self.call(self._begin_session)

    def widen(self, count: int) -> None:
        """The edge has requests for so many more lanes."""
        self.call(partial(self._widen, count))

    def when_resumed(self, tell: Callable[[], None]) -> None:
        """The hub runs again: then lanes take requests."""

        def tell_quietly() -> None:
            try:
                tell()
            except OSError:
                pass  # the edge is gone, which the control thread sees

        self.call(tell_quietly)

    def end(self) -> None:
        self._is_over = True
        self.call(self._end.set)

    def call(self, run: Callable[[], object]) -> None:
        self._calls.append(run)
        self._waker.send()

    def call_at_once(self, run: Callable[[FrameType | None], bool]) -> None:
        if WAKE_SIGNAL:
            self._urgent_calls.append(run)
            signal.pthread_kill(self._thread, WAKE_SIGNAL)

    # --- the main thread ----------------------------------------------------------------------------------

    def _on_wake(self, _number: int, frame: FrameType | None) -> None:
        # One of them at most is about what runs here.
        is_interrupted = False
        for _ in range(len(self._urgent_calls)):
            is_interrupted |= self._urgent_calls.popleft()(frame)
        if is_interrupted:
            raise RequestInterrupted

    def _run_calls(self) -> None:
        for _ in range(len(self._calls)):
            self._guard("kirin-hub", self._calls.popleft())

    def _begin_session(self) -> None:
        self._session += 1
        for lane in self.lanes[: self._count]:
            self._start(lane)

    def _widen(self, count: int) -> None:
        for index in range(self._most):
            if count == 0:
                return
            if index in self._busy:
                continue
            if index == len(self.lanes):
                self.lanes.append(GreenletLane(self, index, *self._lane_parts))
            self._start(self.lanes[index])
            count -= 1

    def _start(self, lane: GreenletLane) -> None:
        if lane.index in self._busy:  # with the last edge's; it comes to the next by itself
            return
        self._busy.add(lane.index)
        name = f"kirin-lane-{lane.index}"
        gevent.spawn(self._guard, name, partial(self._serve, lane))

    def _serve(self, lane: GreenletLane) -> None:
        threading.current_thread().name = f"kirin-lane-{lane.index}"
        session = 0
        while not self._is_over and session != self._session:
            session = self._session
            lane.forget()
            try:
                sock = self._connect(lane)
            except OSError:
                continue  # that edge has died already: the control thread finds the next
            lane.run(sock)
            if lane.index >= self._count:
                break
        self._busy.discard(lane.index)
