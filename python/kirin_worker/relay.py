"""The relay: takes log records from the other processes, and hands them to where Node cannot, or should not, write.

It is started only when a setting asks for it. The arbiter speaks one JSON object a line with it over descriptor 3; the
others send records, one JSON object a line too, over a unix socket. src/protocol/supervision/relay.ts lists both. What
a slow receiver holds up is held in queues with bounds: nobody waits for the relay.

A record becomes a record of Python's `logging`, of the loggers that Gunicorn has: gunicorn.error and gunicorn.access.
"""

from __future__ import annotations

import logging
import os
import select
import shutil
import signal
import socket
import sys

from . import log_config, supervision
from .channel import CHANNEL_FD, Channel, Lines
from .statsd import Statsd
from .syslog import SyslogHandler, SyslogSender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: It ends when there is nothing left to do for it, and by the arbiter's word.
_IGNORED = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
_READ_BYTES = 65_536
#: More than a record can have: Node's and Python's halves bound what they send.
_LONGEST_LINE = 32 * 2**20
#: How long what is left may take on its way to syslog, at the end.
_LINGER_SECONDS = 2.0


class Relay:
    def __init__(self, channel: int) -> None:
        self._channel = Channel(channel)
        self._start: dict[str, Any] = {}
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._connections: dict[int, _Connection] = {}
        self._poll = select.poll()
        self._error_log = logging.getLogger("gunicorn.error")
        self._access_log = logging.getLogger("gunicorn.access")
        self._senders: list[SyslogSender] = []
        self._statsd: Statsd | None = None
        #: Ends when nobody is connected any more.
        self._is_ending = False

    def run(self) -> int:
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        os.set_inheritable(self._channel.fd, False)
        self._poll.register(self._channel.fd, select.POLLIN)
        while not (self._is_ending and not self._connections):
            for fd, _ in self._poll.poll():
                if fd == self._channel.fd:
                    self._hear_arbiter()
                elif fd == self._listener.fileno():
                    self._accept()
                else:
                    self._read_connection(self._connections[fd])
        self._close()
        return 0

    # --- the arbiter's word -------------------------------------------------------------------------------

    def _hear_arbiter(self) -> None:
        messages = self._channel.read()
        if messages is None:
            self._lose_arbiter()
            return
        for message in messages:
            self._obey(message)

    def _obey(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "start":
            self._begin(message)
        elif kind == "serve":
            os.rename(self._start["path"] + ".new", self._start["path"])
        elif kind == "reopen":
            log_config.reopen_files()
        elif kind == "hand-over":
            self._hand_over()
        elif kind == "end":
            self._is_ending = True

    def _begin(self, start: dict[str, Any]) -> None:
        self._start = start
        supervision.set_title("relay", start["name"])
        _set_up(self._error_log, logging.DEBUG)
        _set_up(self._access_log, logging.INFO)
        if start["logging"] is not None:
            _add_own_handlers(start["logging"], self._error_log, self._access_log)
        if start["syslog"] is not None:
            self._send_to_syslog(start["syslog"])
        if start["logging"] is not None and not self._configure(start["logging"]):
            return
        if start["statsd"] is not None:
            self._statsd = Statsd(start["statsd"], self._warn)
        # Whoever connects reaches the one before it until this one is told to serve.
        path = start["path"] + ".new"
        if os.path.exists(path):
            os.unlink(path)
        self._listener.bind(path)
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.POLLIN)
        self._channel.tell(
            {
                "type": "ready",
                "level": self._error_log.getEffectiveLevel(),
                "access": self._access_log.isEnabledFor(logging.INFO),
                "atoms": start["logging"] is not None and log_config.needs_atoms(self._access_log),
            }
        )

    def _configure(self, spec: dict[str, Any]) -> bool:
        from .application_setup import prepare

        try:
            prepare(spec)
            log_config.apply(spec["config"])
        except (log_config.Refused, OSError) as error:
            self._channel.tell({"type": "failed", "error": str(error)})
            self._is_ending = True
            return False
        return True

    def _send_to_syslog(self, spec: dict[str, Any]) -> None:
        sender = SyslogSender(spec["address"], self._warn)
        self._senders.append(sender)
        for log, name in ((self._error_log, "error"), (self._access_log, "access")):
            log.addHandler(SyslogHandler(sender, spec["facility"], f"gunicorn.{spec['prefix']}.{name}"))

    def _hand_over(self) -> None:
        """Another takes its place: whoever is connected goes there, and what was sent here is still taken."""
        self._is_ending = True
        self._poll.unregister(self._listener)
        self._listener.close()
        for connection in self._connections.values():
            try:
                connection.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has left

    def _lose_arbiter(self) -> None:
        """What the others still have to say is taken; then nothing needs the folder."""
        self._poll.unregister(self._channel.fd)
        if not self._is_ending:
            self._is_ending = True
            import atexit

            atexit.register(shutil.rmtree, os.path.dirname(self._start["path"]), ignore_errors=True)

    def _warn(self, problem: str) -> None:
        self._channel.tell({"type": "problem", "message": problem})

    # --- records ------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:
            return
        accepted.setblocking(False)
        self._connections[accepted.fileno()] = _Connection(accepted)
        self._poll.register(accepted, select.POLLIN)

    def _read_connection(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or connection.lines.unread_bytes > _LONGEST_LINE:
            self._poll.unregister(connection.socket)
            del self._connections[connection.socket.fileno()]
            connection.socket.close()
            return
        for record in connection.lines.feed(data):
            self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        kind = record["type"]
        if kind == "access":
            _handle_request(self._access_log, record, self._start["logging"])
        elif kind == "log":
            _handle(self._error_log, record["level"], record["text"], record)
            if self._statsd is not None:
                self._statsd.count_line(record["level"], "exception" in record)
        elif kind == "counted":
            if self._statsd is not None:
                self._statsd.count_line(record["level"], record["exception"])
        elif kind == "metrics":
            if self._statsd is not None:
                self._statsd.send(record["text"])
        elif kind == "lost":
            self._warn(f"{record['count']} log records were lost: more came than could be taken")

    def _close(self) -> None:
        lost = sum(sender.close(_LINGER_SECONDS) for sender in self._senders)
        if lost:
            self._warn(f"{lost} log records are lost: syslog has not taken them")


class _Connection:
    __slots__ = ("lines", "socket")

    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self.lines = Lines()


def _set_up(log: logging.Logger, level: int) -> None:
    log.propagate = False
    log.setLevel(level)
    # Of a logger without any, logging prints what is severe.
    log.addHandler(logging.NullHandler())


def _add_own_handlers(spec: dict[str, Any], error_log: logging.Logger, access_log: logging.Logger) -> None:
    """Of loggers that the configuration says nothing of these stay."""
    error_log.setLevel(spec["logLevel"].upper())
    targets = (
        (error_log, spec["errorLog"], sys.stderr, logging.Formatter(log_config.ERROR_FORMAT, log_config.DATE_FORMAT)),
        (access_log, spec["accessLog"], sys.stdout, logging.Formatter("%(message)s")),
    )
    for log, target, stream, formatter in targets:
        if target is not None:
            handler = logging.StreamHandler(stream) if target == "-" else logging.FileHandler(target)
            handler.setFormatter(formatter)
            log.addHandler(handler)


def _handle(log: logging.Logger, level: int, text: str, facts: dict[str, Any]) -> None:
    if log.isEnabledFor(level):
        _emit(log, logging.LogRecord(log.name, level, "", 0, text, None, None), facts)


def _handle_request(log: logging.Logger, facts: dict[str, Any], spec: dict[str, Any] | None) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    atoms = facts.get("atoms")
    if atoms is None or spec is None:
        _emit(log, logging.LogRecord(log.name, logging.INFO, "", 0, facts["line"], None, None), facts)
        return
    args: Any = (log_config.Atoms(atoms),)
    record = log_config.RequestRecord(log.name, logging.INFO, "", 0, spec["accessLogFormat"], args, None)
    record.line = facts["line"]
    _emit(log, record, facts)


def _emit(log: logging.Logger, record: logging.LogRecord, facts: dict[str, Any]) -> None:
    record.process = facts["pid"]
    record.created = facts["at"]
    record.msecs = int(facts["at"] % 1 * 1000) + 0.0
    log.handle(record)


def main() -> int:
    return Relay(CHANNEL_FD).run()


if __name__ == "__main__":
    sys.exit(main())
