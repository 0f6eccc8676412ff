"""Runs a WSGI application (PEP 3333) for one request.

`serve` is the hot path, and is written for speed: the common answers (a list with one block; an iterable whose first
block is its Content-Length) are dealt with in line, with no object made but the three callables that the application
gets.
Everything else goes through PiecewiseResponse.
"""

from __future__ import annotations

import os

from .file_wrapper import SMALL_BYTES, FileWrapper, blocks_until, regular_file
from .headers import BODY, LENGTH, AppError, heads, make_head, make_hints
from .interrupts import RequestInterrupted
from .response import PiecewiseResponse, not_bytes, too_long, too_short
from .tracebacks import format_application_frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Any, Callable, Optional, Protocol, Union

    from .headers import Head
    from .log import Log

    ExcInfo = Union[
        tuple[type[BaseException], BaseException, Optional[TracebackType]],
        tuple[None, None, None],
    ]

    class Out(Protocol):
        """Where a response goes. `head` is the status line and the fields, as headers.py makes them."""

        @property
        def can_send_files(self) -> bool: ...

        @property
        def in_child(self) -> bool:
            """This process is one that the application has forked; its sys.exit() is meant for itself."""

        @property
        def running_id(self) -> int:
            """The request that it runs."""

        def hints(self, rid: int, fields: bytes) -> None:
            """A 103 before the response of this request. From any thread, and also when the request has ended."""

        def whole(self, head: bytes, flags: int, body: bytes) -> None:
            """A complete response. close() of the application's iterable may still have to run."""

        def begin(self, head: bytes, flags: int, body: bytes) -> None:
            """The head and the first bytes; more follows. May raise ClientGone."""

        def chunk(self, data: bytes) -> None:
            """May raise ClientGone."""

        def end(self) -> None: ...

        def abort(self, reason: str) -> None:
            """After `begin`: the response cannot be completed."""

        def file(self, head: bytes, flags: int, fd: int, offset: int, length: int) -> None:
            """A complete response whose body is a part of an open regular file. The descriptor is duplicated."""


class ClientGone(ConnectionError):
    """Nobody is left to take the response. A ConnectionError, since that is what callers of write() expect."""


# States of the head before and after an application has given one; in the place where a head says BODY or NO_BODY.
_NOT_STARTED: Head = (b"", 0, -1, 2)
_FAULTY: Head = (b"", 0, -1, 3)
_ENDED: Head = (b"", 0, -1, 4)

_known_head = heads.get
_LIST_ITERATOR: type = type(iter([]))
_TUPLE_ITERATOR: type = type(iter(()))

_ERROR_BODY = (
    b"<!doctype html>\n<title>500 Internal Server Error</title>\n<h1>Internal Server Error</h1>\n"
    b"<p>The application failed to answer this request.</p>\n"
)
_ERROR_HEAD = b"500 Internal Server Error\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %d\r\n" % len(
    _ERROR_BODY
)


def serve(app: Callable[..., Any], environ: dict[str, Any], out: Out, log: Log) -> None:
    """Runs one request to its very end, close() included. Never raises for a fault of the application; but
    RequestInterrupted, and in a process that the application has forked SystemExit, pass through."""
    # Before the application runs, which may change its environ.
    is_head_request = environ["REQUEST_METHOD"] == "HEAD"
    given = _NOT_STARTED
    fault: AppError | None = None
    pieces: PiecewiseResponse | None = None
    #: What may be the whole body was taken from the iterable, and is about to be sent.
    has_begun = False

    def write(data: bytes) -> None:
        nonlocal pieces
        if given is _ENDED:  # the lane is busy with another request by now
            raise AppError("called write() after its request had ended")
        if pieces is None:
            if fault is not None:
                raise fault
            pieces = PiecewiseResponse(out, given, is_head_request)
        pieces.send(data)

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        nonlocal given, fault, pieces
        if given is not _NOT_STARTED:
            if given is _ENDED:
                raise AppError("called start_response after its request had ended")
            if exc_info:
                try:
                    if has_begun or (pieces is not None and pieces.begun):
                        # Whatever the application does with the exception, what it has sent stays a part of a response.
                        given = _FAULTY
                        fault = AppError("failed after its response had begun")
                        assert exc_info[1] is not None
                        raise exc_info[1].with_traceback(exc_info[2])
                finally:
                    exc_info = None  # a traceback that refers to its own frame would live until the collector comes
                pieces = None  # what was held back belongs to the answer that is replaced
            elif fault is None or pieces is not None:
                given = _FAULTY
                fault = AppError("called start_response a second time without exc_info")
                raise fault
        try:
            # Only for a list, or what is refused would depend on what was seen before.
            known = _known_head((status, tuple(headers))) if type(headers) is list else None
        except TypeError:  # not hashable: refused by make_head
            known = None
        if known is None:
            try:
                known = make_head(status, headers, log)
            except AppError as error:
                given = _FAULTY
                fault = error
                raise
        given = known
        fault = None
        return write

    def early_hints(headers: Iterable[tuple[str, str]]) -> None:
        # Read before anything is asked: a thread that outlives its request must not speak for the next one.
        rid = out.running_id
        if given is not _ENDED and (pieces is None or not pieces.begun):
            out.hints(rid, make_hints(headers, log))

    environ["wsgi.early_hints"] = early_hints
    close: Callable[[], object] | None = None
    try:
        result = app(environ, start_response)
        if type(result) is list and len(result) == 1:
            body = result[0]
            is_complete = True
        else:
            close = getattr(result, "close", None)
            if type(result) is FileWrapper:
                if pieces is None and not is_head_request and _send_file(result, given, out):
                    return
                blocks = iter(result) if given[2] < 0 else blocks_until(result, given[2])
            else:
                blocks = _iterate(result, given)
            if type(blocks) is _LIST_ITERATOR or type(blocks) is _TUPLE_ITERATOR:
                body = _join(blocks)
                is_complete = True
            else:
                is_complete = False
                body = b""
                for body in blocks:
                    if body:
                        break
        # The application may call start_response as late as in its first step.
        head, flags, length, kind = given
        size = len(body) if isinstance(body, bytes) else -2
        if kind == BODY and not is_head_request and pieces is None:
            if size == length:
                if not is_complete:
                    # Only what comes next tells whether this is the body or the beginning of one that is too long.
                    has_begun = True
                    for block in blocks:
                        if block:
                            raise too_long(length, size + len(block)) if isinstance(block, bytes) else not_bytes(block)
                    if fault is not None:
                        raise fault
                out.whole(head, flags, body)
                return
            if length < 0 and is_complete and size >= 0:
                out.whole(head, flags, body)
                return
        if given is _NOT_STARTED:
            raise AppError("has not called start_response")
        if fault is not None:
            raise fault
        if not isinstance(body, bytes):
            raise not_bytes(body)
        if is_complete and kind == BODY and not is_head_request and pieces is None:
            raise too_short(length, size) if size < length else too_long(length, size)
        if is_head_request and is_complete and body and length < 0 and kind == BODY and pieces is None:
            # The length that GET would have had.
            out.whole(head + b"Content-Length: %d\r\n" % size, flags | LENGTH, b"")
            return
        if pieces is None:
            pieces = PiecewiseResponse(out, given, is_head_request)
        pieces.send(body)
        if not is_complete and not pieces.is_silent:
            for block in blocks:
                pieces.send(block)
        if fault is not None:
            raise fault
        pieces.finish()
        if pieces.withheld and not is_head_request:
            log.warning(
                f"{_request_of(environ)}: the application gave a body to a response"
                f" {head[:3].decode()}, which has none; it was not sent"
            )
    except ClientGone:
        log.debug(f"{_request_of(environ)}: the client has left before the end of the response")
    # SystemExit too, unlike in Gunicorn, where it ends the worker: it is one request's fault (a sys.exit() in a view,
    # or in a library made for scripts), and must not cost the others theirs. KeyboardInterrupt and GeneratorExit can
    # only be the application's own, since workers handle SIGINT themselves; they would end the lane's thread.
    except BaseException as error:
        if isinstance(error, RequestInterrupted) or (out.in_child and isinstance(error, SystemExit)):
            raise
        answer_failure(error, environ, out, log, pieces, is_head_request)
    finally:
        given = _ENDED
        if close is not None:
            try:
                close()
            except RequestInterrupted:
                raise
            except BaseException as error:
                log.exception(f"{_request_of(environ)}: close() of the application's iterable failed", error)
        if log.has_partial_line:
            log.end_partial_lines()


def _iterate(result: Any, given: Head) -> Any:
    if isinstance(result, (str, bytes)):
        raise AppError(f"returned {type(result).__name__} rather than an iterable of bytes, such as [body]")
    try:
        return iter(result)
    except TypeError:
        if hasattr(type(result), "__iter__"):
            raise
    if result is None:
        also = ", and has not called start_response" if given is _NOT_STARTED else ""
        raise AppError(f"returned None rather than an iterable of bytes{also}")
    raise AppError(f"returned an object of type {type(result).__name__}, which is not an iterable of bytes")


def _join(blocks: Any) -> bytes:
    parts = list(blocks)
    for part in parts:
        if not isinstance(part, bytes):
            raise not_bytes(part)
    return b"".join(parts)


def _send_file(wrapper: FileWrapper, given: Head, out: Out) -> bool:
    head, flags, length, kind = given
    if kind != BODY or not out.can_send_files:
        return False
    found = regular_file(wrapper)
    if found is None:
        return False
    fd, offset, size = found
    if length < 0:
        length = size
        head += b"Content-Length: %d\r\n" % size
        flags |= LENGTH
    elif length > size:
        raise too_short(length, size)
    if length > SMALL_BYTES:
        out.file(head, flags, fd, offset, length)
        return True
    body = os.pread(fd, length, offset)
    if len(body) < length:
        raise too_short(length, len(body))
    out.whole(head, flags, body)
    return True


def answer_failure(
    error: BaseException,
    environ: dict[str, Any],
    out: Out,
    log: Log,
    pieces: PiecewiseResponse | None,
    is_head_request: bool,
) -> None:
    message = f"Error handling request {_line_of(environ)}"
    if isinstance(error, AppError):
        frames = format_application_frames(error)
        log.error(f"{message}: the application {error}" + (f"\n{frames}" if frames else ""))
    elif isinstance(error, SystemExit):
        log.exception(f"{message}: the application called sys.exit(); the worker goes on", error)
    else:
        log.exception(message, error)
    try:
        if pieces is not None and pieces.begun:
            out.abort(f"the application failed after its response had begun ({type(error).__name__})")
        else:
            out.whole(_ERROR_HEAD, LENGTH, b"" if is_head_request else _ERROR_BODY)
    except ClientGone:
        pass


def _request_of(environ: dict[str, Any]) -> str:
    return f"Request {_uri_of(environ)}"


def describe(environ: dict[str, Any]) -> str:
    """As the edge does in its part of the log."""
    return f"{_line_of(environ)} (from {environ.get('REMOTE_ADDR') or 'a unix socket'})"


def _line_of(environ: dict[str, Any]) -> str:
    method = environ.get("REQUEST_METHOD")
    return f"{method} {_uri_of(environ)}" if isinstance(method, str) and "\n" not in method else _uri_of(environ)


def _uri_of(environ: dict[str, Any]) -> str:
    uri = environ.get("RAW_URI")
    # An application may have changed it; a path, unlike what the client sent, may hold line breaks.
    return uri if isinstance(uri, str) and "\n" not in uri else repr(environ.get("PATH_INFO", ""))


def base_environ(*, multithread: bool, multiprocess: bool, script_name: str, errors: object) -> dict[str, Any]:
    """What is the same in every request's environ."""
    return {
        "wsgi.version": (1, 0),
        "wsgi.errors": errors,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": f"kirin/{_version()}",
        "SCRIPT_NAME": script_name,
    }


def _version() -> str:
    import json

    package = os.path.join(os.path.dirname(__file__), "..", "..", "package.json")
    try:
        with open(package, encoding="utf-8") as file:
            return str(json.load(file)["version"])
    except (OSError, ValueError, KeyError):
        return "0"
