"""The error log as Python writes it, in Gunicorn's line format; src/observe is the other half.

Every record is one os.write to a descriptor in append mode, so records of many processes never mix. The descriptor's
number stays the same when the log is reopened: faulthandler, wsgi.errors and captured streams go on writing to it.
Writing to the log never raises: an application must not fail because the disk is full.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from .tracebacks import format_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from logging import Logger
    from typing import Any

    from .relay_client import RelayClient

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
#: As in src/observe/error-log.ts, since both write to one terminal.
_COLOURS = {"DEBUG": "90", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
#: What a client sent must not reach a terminal as commands. Tabs and line feeds are what tracebacks are made of.
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(9), *range(11, 32), *range(127, 160))}
_METRIC_FORMS = {"gauge": "g", "counter": "c|@1.0", "histogram": "h", "timer": "ms"}
#: How long a full pipe may hold up whoever logs. Only for a non-blocking one, as Node makes them.
_WAIT_SECONDS = 1.0
#: A part of a line in wsgi.errors is written out when it is this long.
_PARTIAL_LINE_MAX = 8192


class Log:
    def __init__(self, path: str = "-", level: str = "info", colour: bool = False) -> None:
        self._path = path
        self._level = _LEVELS[level]
        self._colour = colour
        self._is_captured = False
        #: An application has written a part of a line to wsgi.errors.
        self.has_partial_line = False
        self._partial_lines: dict[int, str] = {}
        self._relay: RelayClient | None = None
        self._logger: Logger | None = None
        self._is_relay_only = False
        self.fd = 2 if path == "-" else _open(path)

    def write_by(self, logger: Logger) -> None:
        """Python's logging is configured by the user: it decides what becomes of each record."""
        self._logger = logger
        self._level = 0

    @property
    def is_configured(self) -> bool:
        return self._logger is not None

    def relay_to(self, path: str, only: bool = False) -> None:
        """Every record goes to the relay, too, or there alone."""
        from .relay_client import RelayClient

        self._relay = RelayClient(path)
        self._is_relay_only = only

    # --- records ------------------------------------------------------------------------------------------

    def debug(self, message: str) -> None:
        if self._level <= 10:
            self._record("DEBUG", message)

    def info(self, message: str) -> None:
        if self._level <= 20:
            self._record("INFO", message)

    def warning(self, message: str) -> None:
        if self._level <= 30:
            self._record("WARNING", message)

    def error(self, message: str) -> None:
        if self._level <= 40:
            self._record("ERROR", message)

    def critical(self, message: str) -> None:
        self._record("CRITICAL", message)

    def exception(self, message: str, error: BaseException) -> None:
        """The message and the error's traceback."""
        try:
            details = format_error(error)
        except Exception as second:  # a __str__ or __repr__ that raises
            details = f"{type(error).__name__} (its traceback cannot be shown: {type(second).__name__})"
        if self._level <= 40:
            self._record("ERROR", f"{message}\n{details}", is_exception=True)

    def record(self, level: int, message: str) -> None:
        """With one of logging's levels, which its caller has found to be high enough."""
        name = next((name for name, least in reversed(_LEVELS.items()) if level >= least), "debug")
        self._record(name.upper(), message)

    def metric(self, facts: Mapping[str, Any]) -> None:
        """Gunicorn's `extra` of a log call: what StatsD is to learn."""
        name, value, kind = facts.get("metric"), facts.get("value"), facts.get("mtype")
        form = _METRIC_FORMS.get(kind) if isinstance(kind, str) else None
        if self._relay is not None and name and value is not None and form is not None:
            self._relay.send({"type": "metrics", "text": f"{name}:{value}|{form}"})

    def _record(self, level: str, message: str, is_exception: bool = False) -> None:
        message = message.translate(_ESCAPES)
        if self._logger is not None:
            self._logger.log(_LEVELS[level.lower()], "%s", message)
            if self._relay is not None:
                self._relay.send({"type": "counted", "level": _LEVELS[level.lower()], "exception": is_exception})
            return
        if self._relay is not None:
            facts: dict[str, Any] = {
                "level": _LEVELS[level.lower()],
                "text": message,
                "pid": os.getpid(),
                "at": time.time(),
            }
            if is_exception:
                facts["exception"] = True
            self._relay.send({"type": "log", **facts})
            if self._is_relay_only:
                return
        stamp = time.strftime("%Y-%m-%d %H:%M:%S %z")
        line = f"[{stamp}] [{os.getpid()}] [{level}] {message}"
        if self._colour and level in _COLOURS:
            line = f"\x1b[{_COLOURS[level]}m{line}\x1b[0m"
        self.write(line + "\n")

    def write(self, text: str) -> None:
        write_all(self.fd, text.encode("utf-8", "backslashreplace"))

    # --- wsgi.errors --------------------------------------------------------------------------------------

    def errors_stream(self) -> ErrorsStream:
        return ErrorsStream(self)

    def write_lines(self, text: str) -> None:
        """Writes what is whole lines; a part of a line waits for its rest, so that lines of many threads do not mix
        (print() writes the text and the line's end one after the other)."""
        thread = threading.get_ident()
        if self.has_partial_line:
            text = self._partial_lines.pop(thread, "") + text
        end = text.rfind("\n") + 1
        if len(text) - end > _PARTIAL_LINE_MAX:
            end = len(text)
        if end:
            self.write(text[:end])
        if end < len(text):
            self._partial_lines[thread] = text[end:]
            self.has_partial_line = True
        elif not self._partial_lines:
            self.has_partial_line = False

    def flush_partial_line(self) -> None:
        text = self._partial_lines.pop(threading.get_ident(), "")
        if text:
            self.write(text)
        if not self._partial_lines:
            self.has_partial_line = False

    def end_partial_lines(self) -> None:
        """At a request's end: what this thread has left unfinished becomes a line."""
        text = self._partial_lines.pop(threading.get_ident(), "")
        if text:
            self.write(text + "\n")
        if not self._partial_lines:
            self.has_partial_line = False

    # --- the descriptor -----------------------------------------------------------------------------------

    def reopen(self) -> None:
        """After the file was renamed by a log rotation."""
        if self._path == "-":
            return
        try:
            fresh = _open(self._path)
        except OSError as error:
            self.error(f"The error log {self._path} cannot be reopened ({error.strerror}); writing to the old file")
            return
        os.dup2(fresh, self.fd, inheritable=False)
        os.close(fresh)
        if self._is_captured:
            self.capture()

    def capture(self) -> None:
        """Sends everything that is written to stdout and stderr to the log's file (--capture-output). As in Gunicorn,
        without a file it does nothing."""
        if self._path == "-":
            return
        self._is_captured = True
        for stream, fd in ((sys.stdout, 1), (sys.stderr, 2)):
            try:
                if stream is not None:
                    stream.flush()
                os.dup2(self.fd, fd)
                if stream is not None:
                    stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
            except (OSError, ValueError, AttributeError):
                pass  # closed or replaced by the application


class ErrorsStream:
    """environ["wsgi.errors"]: a text stream that the application cannot close."""

    encoding = "utf-8"
    errors = "backslashreplace"
    name = "<wsgi.errors>"
    mode = "w"
    closed = False

    def __init__(self, log: Log) -> None:
        self._log = log

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors is a text stream: write() takes a str, not {type(text).__name__}")
        self._log.write_lines(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        self.write("".join(lines))

    def flush(self) -> None:
        self._log.flush_partial_line()

    def close(self) -> None:
        """It is the server's."""

    def fileno(self) -> int:
        return self._log.fd

    def isatty(self) -> bool:
        return os.isatty(self._log.fd)

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def write_all(fd: int, data: bytes) -> None:
    """Never raises. What cannot be written is lost."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            if not _wait_writable(fd):
                return
        except OSError:
            return


def _wait_writable(fd: int) -> bool:
    import select

    try:
        poll = select.poll()
        poll.register(fd, select.POLLOUT)
        return bool(poll.poll(_WAIT_SECONDS * 1000))
    except OSError:
        return False


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)


# --- the process's log --------------------------------------------------------------------------------------

_current: Log | None = None


def current() -> Log:
    """The log of this process; before `setup`, standard error."""
    global _current
    if _current is None:
        _current = Log()
    return _current


def setup(boot: Mapping[str, Any]) -> Log:
    """Opens the log as `boot` (BootSpec in src/protocol/supervision/zygote.ts) says. A forked worker inherits it."""
    global _current
    path = boot["errorLog"]
    try:
        _current = Log(path, boot["logLevel"], boot["colour"])
    except OSError as error:
        _current = Log("-", boot["logLevel"], boot["colour"])
        _current.error(f"The error log {path!r} cannot be opened ({error.strerror}); using standard error")
    if boot["relay"] is not None:
        _current.relay_to(boot["relay"], only=boot["logConfig"] is not None)
    if boot["captureOutput"]:
        _current.capture()
    return _current


_is_configured = False


def configure(boot: Mapping[str, Any]) -> None:
    """Before the application is loaded, whose own loggers may be in the logging configuration. Raises Refused."""
    global _is_configured
    if boot["logConfig"] is None or _is_configured:
        return
    from . import log_config

    log_config.apply(boot["logConfig"])
    current().write_by(log_config.loggers()[0])
    _is_configured = True


def open_log(boot: Mapping[str, Any]) -> Log:
    """The log that this process has inherited, or else a new one."""
    return _current if _current is not None else setup(boot)


def reopen() -> None:
    if _current is not None:
        _current.reopen()
    if _is_configured:
        from . import log_config

        log_config.reopen_files()
