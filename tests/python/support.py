"""What the tests of the WSGI side share: an Out that records and checks its caller, an environ, a log to read."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any, Callable

from kirin_worker.headers import LENGTH
from kirin_worker.log import Log
from kirin_worker.wsgi import ClientGone, base_environ, serve

App = Callable[..., Any]


class RecordingOut:
    """Takes a response as a lane does. `leaves_after`: the client goes away with this call of begin or chunk."""

    def __init__(self, can_send_files: bool = True, leaves_after: int | None = None) -> None:
        self.can_send_files = can_send_files
        self.in_child = False
        self.calls: list[str] = []
        self.head = b""
        self.flags = 0
        self.body = b""
        self.reason = ""
        self.running_id = 7
        self.sent_hints: list[tuple[int, bytes]] = []
        self.sent_file: tuple[int, int] | None = None
        self._leaves_after = leaves_after

    @property
    def status(self) -> str:
        return self.head.split(b"\r\n")[0].decode("latin-1")

    @property
    def fields(self) -> list[tuple[str, str]]:
        lines = self.head.decode("latin-1").split("\r\n")[1:-1]
        return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]

    @property
    def looks_whole(self) -> bool:
        return bool(self.calls) and self.calls[-1] in ("whole", "end", "file")

    def hints(self, rid: int, fields: bytes) -> None:
        assert type(fields) is bytes
        self.sent_hints.append((rid, fields))

    def whole(self, head: bytes, flags: int, body: bytes) -> None:
        assert not self.calls, f"whole() after {self.calls}"
        self._take("whole", head, flags, body)

    def begin(self, head: bytes, flags: int, body: bytes) -> None:
        assert not self.calls, f"begin() after {self.calls}"
        self._take("begin", head, flags, body)
        self._leave()

    def chunk(self, data: bytes) -> None:
        assert self.calls and self.calls[-1] in ("begin", "chunk")
        assert isinstance(data, bytes) and data
        self.calls.append("chunk")
        self.body += data
        self._leave()

    def end(self) -> None:
        assert self.calls and self.calls[-1] in ("begin", "chunk")
        self.calls.append("end")

    def abort(self, reason: str) -> None:
        assert self.calls and self.calls[-1] in ("begin", "chunk")
        self.calls.append("abort")
        self.reason = reason

    def file(self, head: bytes, flags: int, fd: int, offset: int, length: int) -> None:
        assert not self.calls
        self._take("file", head, flags, os.pread(fd, length, offset))
        self.sent_file = (offset, length)

    def _take(self, call: str, head: bytes, flags: int, body: bytes) -> None:
        assert type(head) is bytes and isinstance(body, bytes)
        assert head.endswith(b"\r\n") and b"\r\n\r\n" not in head
        assert bool(flags & LENGTH) == (b"\r\ncontent-length:" in head.lower())
        self.calls.append(call)
        self.head = head
        self.flags = flags
        self.body = body

    def _leave(self) -> None:
        if self._leaves_after is not None:
            if self._leaves_after == 0:
                raise ClientGone
            self._leaves_after -= 1


class ReadableLog(Log):
    """A real log in a file, and what stands in it."""

    def __init__(self, path: Path, level: str = "debug") -> None:
        super().__init__(str(path), level)
        self.path = path

    @property
    def text(self) -> str:
        """Without the times and process ids at the lines' beginnings."""
        text = self.path.read_text("utf-8")
        return re.sub(r"(?m)^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}] \[\d+] ", "", text)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


class Server:
    """Runs applications as a lane does."""

    def __init__(self, log: ReadableLog) -> None:
        self.log = log
        self.environ: dict[str, Any] = {}

    def run(self, app: App, method: str = "GET", *, body: bytes = b"", out: RecordingOut | None = None) -> RecordingOut:
        if out is None:
            out = RecordingOut()
        self.environ = self.make_environ(method, body)
        serve(app, self.environ, out, self.log)
        return out

    def make_environ(self, method: str, body: bytes = b"") -> dict[str, Any]:
        environ = base_environ(multithread=False, multiprocess=True, script_name="", errors=self.log.errors_stream())
        environ.update(
            {
                "REQUEST_METHOD": method,
                "RAW_URI": "/page?q=1",
                "PATH_INFO": "/page",
                "QUERY_STRING": "q=1",
                "SERVER_PROTOCOL": "HTTP/1.1",
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "8000",
                "REMOTE_ADDR": "127.0.0.1",
                "wsgi.url_scheme": "http",
                "wsgi.input": io.BytesIO(body),
            }
        )
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
        return environ


class Blocks:
    """An iterable that counts what is done with it; an exception among the blocks is raised."""

    def __init__(self, *blocks: object) -> None:
        self._blocks = iter(blocks)
        self.taken = 0
        self.closed = 0

    def __iter__(self) -> Blocks:
        return self

    def __next__(self) -> Any:
        block = next(self._blocks)
        self.taken += 1
        if isinstance(block, BaseException):
            raise block
        return block

    def close(self) -> None:
        self.closed += 1


def app_of(result: Any, *fields: tuple[str, str], status: str = "200 OK") -> App:
    """An application that gives this status and these fields, and returns `result`."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response(
            status, [("Content-Type", "text/plain"), *fields] if status[:3] not in ("204", "304") else [*fields]
        )
        return result

    return app


def sized(length: int) -> tuple[str, str]:
    return ("Content-Length", str(length))
