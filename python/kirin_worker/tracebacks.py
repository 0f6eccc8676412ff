"""Tracebacks as they are logged: of the application's frames, without ours around them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType, TracebackType

#: Threads that run nothing of the application's.
OWN_THREADS = ("kirin-control", "kirin-modules", "kirin-orphan")
_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def application_frames(error: BaseException) -> TracebackType | None:
    """The traceback from where it leaves this package and the import system, or None when it never does."""
    frames = error.__traceback__
    while frames is not None and is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return frames


def format_error(error: BaseException) -> str:
    """As Python prints it; without a traceback when no code of the application was involved."""
    import traceback  # late: it is slow to import, and most workers never need it

    return "".join(traceback.format_exception(type(error), error, application_frames(error))).rstrip("\n")


def format_application_frames(error: BaseException) -> str:
    """Where the application was when it broke a rule of ours: the traceback without our own frames, or ''."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not is_ours(frame.filename)]
    if not frames:
        return ""
    return "Traceback (most recent call last):\n" + "".join(traceback.format_list(frames)).rstrip("\n")


def format_stack(frame: FrameType) -> str:
    """Where a thread is, without the frames of ours that called the application and those that called us."""
    import traceback

    stack = [(each, line) for each, line in traceback.walk_stack(frame)]
    stack.reverse()
    owners = [is_ours(each.f_code.co_filename) for each, _ in stack]
    start = owners.index(True) if True in owners else 0
    try:
        start = owners.index(False, start)
    except ValueError:
        pass  # nothing of the application's: it is we who are late
    try:
        lines = traceback.StackSummary.extract(iter(stack[start:])).format()
    except Exception as error:  # the source is not what it was, or not readable
        return f"(its stack cannot be shown: {type(error).__name__})"
    return "Traceback (most recent call last):\n" + "".join(lines).rstrip("\n")


def format_other_threads(thread: int) -> str:
    """Where the process's other threads are, one of which may hold what this one waits for; '' when none does anything
    but wait for requests."""
    import sys
    import threading

    names = {each.ident: each.name for each in threading.enumerate()}
    text = ""
    for ident, frame in sys._current_frames().items():
        name = names.get(ident, str(ident))
        is_waiting_lane = is_ours(frame.f_code.co_filename)
        if ident != thread and not is_waiting_lane and name not in OWN_THREADS:
            text += f"\nMeanwhile its worker's thread {name} is here:\n{format_stack(frame)}"
    return text


def is_ours(filename: str) -> bool:
    """This package's code, or the import system's."""
    return filename.startswith((_OWN_FOLDER, "<frozen importlib."))
