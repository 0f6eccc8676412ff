"""The end of a process that the application has forked."""

from __future__ import annotations

import os
import sys


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
