"""Tracebacks as they are logged: of the application's frames, without ours around them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep


def application_frames(error: BaseException) -> TracebackType | None:
    """The traceback from where it leaves this package and the import system, or None when it never does."""
    frames = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return frames


def format_error(error: BaseException) -> str:
    """As Python prints it; without a traceback when no code of the application was involved."""
    import traceback  # late: it is slow to import, and most workers never need it

    return "".join(traceback.format_exception(type(error), error, application_frames(error))).rstrip("\n")


def format_application_frames(error: BaseException) -> str:
    """Where the application was when it broke a rule of ours: the traceback without our own frames, or ''."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    if not frames:
        return ""
    return "Traceback (most recent call last):\n" + "".join(traceback.format_list(frames)).rstrip("\n")


def _is_ours(filename: str) -> bool:
    return filename.startswith((_OWN_FOLDER, "<frozen importlib."))
