"""Why the application could not be loaded: for the error log, or, with --reload, for the arbiter, which logs it once
for all workers and has it shown to clients. src/protocol/supervision/load-failure.ts has the fields."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

#: Lines of the source that are shown before the one that failed, and behind it.
_LINES_BEFORE = 4
_LINES_BEHIND = 3
#: A failure may quote as much data as it likes.
_LONGEST_MESSAGE = 200_000
#: Where the interpreter and libraries are: the line to mend is rather in the application.
_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib/python\d|^<")

_tell: Callable[[dict[str, Any]], None] | None = None


def tell_by(tell: Callable[[dict[str, Any]], None]) -> None:
    """From now on failures are told so, instead of being logged."""
    global _tell
    _tell = tell


def report(message: str, error: BaseException) -> None:
    """`message` is for people, with the traceback."""
    from .log import current

    if _tell is not None:
        try:
            _tell({"type": "load-failed", "failure": describe(message, error)})
            return
        except OSError:
            pass  # the arbiter is gone: there is nobody else to tell
    current().error(message)


def describe(message: str, error: BaseException) -> dict[str, Any]:
    import traceback

    frames = [(frame.filename, frame.lineno or 0) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        frames.append((error.filename, error.lineno))
    from .tracebacks import is_ours

    frames = [(os.path.abspath(file), line) for file, line in frames if not is_ours(file) and os.path.exists(file)]
    return {
        "message": message[:_LONGEST_MESSAGE],
        "error": _one_line(error),
        "place": _place(frames),
        "files": sorted({file for file, _ in frames}),
    }


def _one_line(error: BaseException) -> str:
    from .loader import AppImportError

    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error).strip().split("\n", 1)[0][:500]
    except Exception:  # a __str__ that raises
        text = ""
    if isinstance(error, AppImportError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _place(frames: list[tuple[str, int]]) -> dict[str, Any] | None:
    """The line to look at first: where the application's own code was."""
    own = [frame for frame in frames if not _LIBRARY.search(frame[0])]
    if not frames:
        return None
    import linecache

    file, line = (own or frames)[-1]
    first = max(1, line - _LINES_BEFORE)
    lines = linecache.getlines(file)[first - 1 : line + _LINES_BEHIND]
    return {"file": file, "line": line, "first": first, "lines": [text.rstrip("\r\n")[:500] for text in lines]}
