"""Lanes that are threads: the main thread runs the first, since some applications insist on the main thread, and each
further one has a thread of its own."""

from __future__ import annotations

from functools import partial

from . import interrupts
from .lane import Lane
from .native import Bell, start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket
    from typing import Any, Callable

    from .shared_lane import SharedLane


class ThreadCrew:
    """`lane_parts` is what a Lane is made of, beside its index. `connect` gives a lane its connection to the edge.
    `guard` runs what must not end."""

    def __init__(
        self,
        count: int,
        lane_parts: tuple[Any, ...],
        connect: Callable[[SharedLane], socket],
        guard: Callable[[str, Callable[[], None]], None],
    ) -> None:
        self.lanes = [Lane(index, *lane_parts) for index in range(count)]
        self._connect = connect
        self._guard = guard
        self._bells = [Bell() for _ in self.lanes]
        self._is_over = False

    def run(self) -> None:
        """Until `end`."""
        interrupts.install_wake_handler()
        for lane in self.lanes[1:]:
            name = f"kirin-lane-{lane.index}"
            start_thread(name, partial(self._guard, name, partial(self.serve, lane)))
        self.serve(self.lanes[0])

    def serve(self, lane: Lane) -> None:
        bell = self._bells[lane.index]
        while True:
            bell.wait()
            if self._is_over:
                return
            lane.forget()
            try:
                sock = self._connect(lane)
            except OSError:
                continue  # that edge has died already: the control thread finds the next
            lane.run(sock)

    # --- the control thread -------------------------------------------------------------------------------

    def begin_session(self) -> None:
        """There is an edge, which has not heard of these lanes."""
        for bell in self._bells:
            bell.ring()

    def widen(self, count: int) -> None:
        raise AssertionError("a thread is not made for an edge that wants more lanes")

    def when_resumed(self, tell: Callable[[], None]) -> None:
        raise AssertionError("threads read what is theirs")

    def end(self) -> None:
        self._is_over = True
        for bell in self._bells:
            bell.ring()
