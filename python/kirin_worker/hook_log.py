"""`server.log` and `worker.log`: Gunicorn's logger, with the methods of Python's logging, before Kirin's own log."""

from __future__ import annotations

import sys

from . import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from typing import Any

    from .hook_settings import Config

_NAMES = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


class HookLog:
    def __init__(self, cfg: Config) -> None:
        self.cfg = cfg

    def debug(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._write("debug", msg, args, kwargs)

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._write("info", msg, args, kwargs)

    def warning(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._write("warning", msg, args, kwargs)

    warn = warning

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._write("error", msg, args, kwargs)

    def critical(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._write("critical", msg, args, kwargs)

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        self._write("error", msg, args, {"exc_info": True, **kwargs})

    def log(self, lvl: int | str, msg: object, *args: object, **kwargs: Any) -> None:
        """`lvl` is a number, as logging has them, or a name; one that is not known is info, as in Gunicorn."""
        name = lvl.lower() if isinstance(lvl, str) else _NAMES[max(10, min(50, lvl // 10 * 10))]
        self._write(name if name in _NAMES.values() else "info", msg, args, kwargs)

    @property
    def error_log(self) -> logging.Logger:
        import logging

        return logging.getLogger("gunicorn.error")

    @property
    def access_log(self) -> logging.Logger:
        import logging

        return logging.getLogger("gunicorn.access")

    def reopen_files(self) -> None:
        """USR1 does that."""

    def close_on_exec(self) -> None:
        """So it is opened."""

    def _write(self, level: str, msg: object, args: tuple[object, ...], kwargs: dict[str, Any]) -> None:
        extra = kwargs.get("extra")
        if isinstance(extra, dict):
            log.current().metric(extra)
            if not msg:
                return
        message = _merge(str(msg), args)
        if kwargs.get("exc_info"):
            message += "\n" + _traceback(kwargs["exc_info"])
        if kwargs.get("stack_info"):
            import traceback

            message += "\nStack (most recent call last):\n" + "".join(traceback.format_stack(sys._getframe(2))).rstrip()
        getattr(log.current(), level)(message)


def _merge(message: str, args: tuple[object, ...]) -> str:
    """As logging does, but that what cannot be merged is shown side by side: a hook must not fail for its log."""
    if not args:
        return message
    values: Any = args[0] if len(args) == 1 and isinstance(args[0], dict) and args[0] else args
    try:
        return str(message % values)
    except (TypeError, ValueError, KeyError):
        return f"{message} {args!r}"


def _traceback(exc_info: Any) -> str:
    import traceback

    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    elif not isinstance(exc_info, tuple):
        exc_info = sys.exc_info()
    return "".join(traceback.format_exception(*exc_info)).rstrip("\n")
