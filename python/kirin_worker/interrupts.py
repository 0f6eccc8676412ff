"""Ends a request that is past its deadline, by an exception in the thread that runs it.

Python raises it between two of the thread's next bytecodes; in C, such as a sleep or a read, not before that returns.
Only the main thread can be called out of those: a signal interrupts the system call, and the exception is raised in the
signal's handler, whatever that does (tried with Python 3.9 to 3.13).
"""

from __future__ import annotations

import signal
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Beside supervision.DUMP_SIGNAL, and real-time for the same reason: applications do not use it. 0: there is none.
WAKE_SIGNAL: int = getattr(signal, "SIGRTMAX", 0)
if WAKE_SIGNAL:
    WAKE_SIGNAL -= 3


class RequestInterrupted(BaseException):
    """The request is past its deadline, and its client has been answered.

    Not an Exception: `except Exception: continue`, as in a loop that tries again, must not keep a request alive that
    nobody waits for (gevent.Timeout is none either, for the same reason).
    """


def is_possible() -> bool:
    """Whether this Python can raise in another thread; the import is late, since few workers ever need it."""
    try:
        import ctypes  # noqa: F401
    except ImportError:
        return False
    return True


def raise_in(thread: int) -> None:
    _set_exception(thread, RequestInterrupted)
    if thread == threading.main_thread().ident and WAKE_SIGNAL and signal.getsignal(WAKE_SIGNAL) is _on_wake:
        signal.pthread_kill(thread, WAKE_SIGNAL)


def spare(thread: int) -> None:
    """Takes back what has not been raised yet."""
    _set_exception(thread, None)


def install_wake_handler() -> None:
    if WAKE_SIGNAL:
        signal.signal(WAKE_SIGNAL, _on_wake)


def _on_wake(_number: int, _frame: object) -> None: ...


def _set_exception(thread: int, exception: Any) -> None:
    import ctypes

    value = ctypes.py_object(exception) if exception is not None else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)
