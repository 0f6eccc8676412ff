"""What serving one request costs in Python, apart from the lane: `python3 benchmarks/micro/wsgi_serve.py`.

Prints nanoseconds per call of wsgi.serve, the best of several rounds, and the same for the application alone.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any, Callable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python"))

from kirin_worker.log import Log
from kirin_worker.wsgi import base_environ, serve

#: Many short rounds, so that some are undisturbed on a busy machine.
CALLS = 2_000
ROUNDS = 150

BODY = b"Hello, world!"
StartResponse = Callable[..., Callable[[bytes], None]]


class NullOut:
    can_send_files = True
    in_child = False
    running_id = 1

    def hints(self, rid: int, fields: bytes) -> None: ...
    def whole(self, head: bytes, flags: int, body: bytes) -> None: ...
    def begin(self, head: bytes, flags: int, body: bytes) -> None: ...
    def chunk(self, data: bytes) -> None: ...
    def end(self) -> None: ...
    def abort(self, reason: str) -> None: ...
    def file(self, head: bytes, flags: int, fd: int, offset: int, length: int) -> None: ...


class ClosingIterator:
    """The shape of what Werkzeug and Flask return."""

    def __init__(self, iterable: Iterable[bytes]) -> None:
        self._next = iter(iterable).__next__

    def __iter__(self) -> ClosingIterator:
        return self

    def __next__(self) -> bytes:
        return self._next()

    def close(self) -> None: ...


def hello_list(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [BODY]


def hello_without_length(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [BODY]


def flask_like(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", "13")])
    return ClosingIterator(part for part in (BODY,))


def new_head_each_time(environ: dict[str, Any], start_response: StartResponse) -> list[bytes]:
    start_response(
        "200 OK",
        [
            ("Content-Type", "text/html; charset=utf-8"),
            ("X-Frame-Options", "DENY"),
            ("Vary", "Cookie"),
            ("Content-Length", "13"),
            ("X-Content-Type-Options", "nosniff"),
            ("Set-Cookie", f"csrftoken={time.perf_counter_ns()}; Path=/; SameSite=Lax"),
        ],
    )
    return [BODY]


def four_blocks(environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield BODY
    yield BODY
    yield BODY
    yield BODY


def best_ns(call: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter_ns()
        for _ in range(CALLS):
            call()
        best = min(best, (time.perf_counter_ns() - started) / CALLS)
    return best


def main() -> None:
    log = Log()
    environ = base_environ(multithread=False, multiprocess=True, script_name="", errors=log.errors_stream())
    environ.update(REQUEST_METHOD="GET", RAW_URI="/", PATH_INFO="/")
    out = NullOut()

    def start_response(status: str, headers: list[tuple[str, str]]) -> Callable[[bytes], None]:
        return out.chunk

    print(f"{'application':24}{'serve ns':>10}{'of it the application':>24}")
    for app in (hello_list, hello_without_length, flask_like, new_head_each_time, four_blocks):
        served = best_ns(lambda app=app: serve(app, environ, out, log))  # type: ignore[misc]
        alone = best_ns(lambda app=app: list(app(environ, start_response)))  # type: ignore[misc]
        print(f"{app.__name__:24}{served:10.0f}{alone:24.0f}")


if __name__ == "__main__":
    main()
