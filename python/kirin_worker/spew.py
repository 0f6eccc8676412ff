"""--spew: prints every line of Python before it runs, as Gunicorn does: `module:line: source`."""

from __future__ import annotations

import os
import sys
import threading

from .tracebacks import is_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_STDOUT_FD = 1


def install() -> None:
    """For this thread, for those that are started from now on, and for processes that it forks."""
    threading.settrace(_trace)
    sys.settrace(_trace)


def _trace(frame: FrameType, event: str, _argument: object) -> Any:
    # The server's own lines would be most of all, and tell nobody anything.
    if is_ours(frame.f_code.co_filename):
        return None
    if event == "line":
        _print(frame)
    return _trace


def _print(frame: FrameType) -> None:
    import linecache

    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno, frame.f_globals).rstrip()
    name = frame.f_globals.get("__name__", "[unknown]")
    # Not by sys.stdout, which the application may have replaced, and which would hold the last lines back in a crash.
    try:
        os.write(_STDOUT_FD, f"{name}:{frame.f_lineno}: {line}\n".encode(errors="backslashreplace"))
    except OSError:
        pass  # nobody reads it
