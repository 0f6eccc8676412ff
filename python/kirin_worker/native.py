"""The system's own threads, locks, sockets and waits, whatever the application makes of the modules that hold them.

`gevent.monkey.patch_all()` and its like replace names in modules, so what is looked up later is theirs. This module is
imported before any code of the application's; whoever must not be at the mercy of a greenlet takes these from here.
"""

from __future__ import annotations

import sys
from _thread import allocate_lock, get_ident, start_new_thread
from os import fork, waitpid
from select import POLLIN, POLLOUT, poll
from signal import getsignal, signal
from socket import AF_UNIX, SOCK_STREAM, socket
from time import sleep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

__all__ = [
    "AF_UNIX",
    "POLLIN",
    "POLLOUT",
    "SOCK_STREAM",
    "Bell",
    "allocate_lock",
    "fork",
    "get_ident",
    "getsignal",
    "poll",
    "runs_in_parallel",
    "signal",
    "sleep",
    "socket",
    "start_thread",
    "waitpid",
]


def start_thread(name: str, run: Callable[[], object]) -> None:
    """A daemon thread that is one of the system's, whatever `threading` makes."""
    import threading

    if threading._allocate_lock is allocate_lock:  # type: ignore[attr-defined]
        threading.Thread(target=run, name=name, daemon=True).start()
        return

    def named() -> None:
        threading.current_thread().name = name
        run()

    start_new_thread(named, ())


def runs_in_parallel() -> bool:
    """Whether threads do, in a free-threaded CPython. An extension module that cannot may have enabled the lock."""
    is_gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return is_gil_enabled is not None and not is_gil_enabled()


class Bell:
    """One thread waits for it, one rings it. Rung while nobody waits, it is heard by who waits next; once."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()

    def wait(self) -> None:
        self._lock.acquire()

    def ring(self) -> None:
        if self._lock.locked():
            self._lock.release()
