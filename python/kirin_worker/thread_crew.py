"""Lanes that are threads: the main thread runs the first, since some applications insist on the main thread, and each
further one has a thread of its own."""

from __future__ import annotations

import socket
from functools import partial

from . import interrupts
from .native import Bell, start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from .lane import Lane


class ThreadCrew:
    """`connect` gives a lane its connection to the edge that is there. `guard` runs what must not end."""

    def __init__(
        self,
        lanes: list[Lane],
        connect: Callable[[Lane], socket.socket],
        guard: Callable[[str, Callable[[], None]], None],
    ) -> None:
        self._lanes = lanes
        self._connect = connect
        self._guard = guard
        self._bells = [Bell() for _ in lanes]
        self._is_over = False

    def run(self) -> None:
        """Until `end`."""
        interrupts.install_wake_handler()
        for lane in self._lanes[1:]:
            name = f"kirin-lane-{lane.index}"
            start_thread(name, partial(self._guard, name, partial(self.serve, lane)))
        self.serve(self._lanes[0])

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

    def end(self) -> None:
        self._is_over = True
        for bell in self._bells:
            bell.ring()
