"""pre_request and post_request around a request, and the `req` and `resp` that they get.

Only workers that have such a hook import this. `req` is worked out from the environ attribute by attribute, as hooks
ask; what pre_request changes on it (the scheme, a header) goes into the environ, which Gunicorn makes after that hook.
`resp` tells what was sent in fact, also where the application has failed.
"""

from __future__ import annotations

from .conf import arity
from .interrupts import RequestInterrupted
from .wsgi import answer_failure, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from .log import Log
    from .server_objects import Worker
    from .wsgi import Out

    Application = Callable[..., Any]
    Serve = Callable[[Application, dict[str, Any], Out, Log], None]
    Hook = Optional[Callable[..., object]]


def serve_with_hooks(worker: Worker, pre: Hook, post: Hook) -> Serve:
    """wsgi.serve with these hooks around it. As in Gunicorn, post_request comes after close(), and also where
    pre_request has failed; then there is neither an environ nor a response."""
    count = None if post is None else arity(post)
    arguments = 4 if count is None else count

    def serve_hooked(app: Application, environ: dict[str, Any], out: Out, log: Log) -> None:
        req = Request(environ)
        resp: Response | None = None
        known: dict[str, Any] = {}
        try:
            if pre is not None:
                try:
                    pre(worker, req)
                except BaseException as error:
                    if isinstance(error, RequestInterrupted) or (out.in_child and isinstance(error, SystemExit)):
                        raise
                    answer_failure(error, environ, out, log, None, environ["REQUEST_METHOD"] == "HEAD")
                    return
                req.put_into(environ)
            worker.nr += 1
            known = environ
            if arguments == 4:
                resp = Response(req, worker, out)
                serve(app, environ, resp, log)
            else:
                serve(app, environ, out, log)
        finally:
            # A process that the application has forked comes by here, too, and is no worker.
            if post is not None and not out.in_child:
                try:
                    post(*(worker, req, known, resp)[:arguments])
                except RequestInterrupted:
                    raise
                except BaseException as error:
                    log.exception("The server hook post_request failed", error)
            # By way of `resp` it refers to the environ that it is in, and a body that is in memory would stay for long.
            environ.pop("wsgi.early_hints", None)

    return serve_hooked


# --- req --------------------------------------------------------------------------------------------------


class Request:
    """Attributes are made when they are first asked for. Hooks may set them, and their own."""

    trailers: tuple[()] = ()
    must_close = False
    fragment = ""

    def __init__(self, environ: dict[str, Any]) -> None:
        self._environ = environ

    def __getattr__(self, name: str) -> Any:
        make = _ATTRIBUTES.get(name)
        if make is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = make(self._environ)
        setattr(self, name, value)
        return value

    def should_close(self) -> bool:
        return str(self._environ.get("HTTP_CONNECTION", "")).lower() == "close"

    def put_into(self, environ: dict[str, Any]) -> None:
        """What a hook has changed. What it has not even asked for is not there to be compared."""
        for name, value in vars(self).items():
            write = _WRITERS.get(name)
            if write is not None and value != _ATTRIBUTES[name](environ):
                write(environ, value)


def _headers(environ: dict[str, Any]) -> list[tuple[str, str]]:
    """Upper-case names, as in Gunicorn; a header that came twice is one here, joined with a comma."""
    headers = [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if name in environ:
            headers.append((name.replace("_", "-"), environ[name]))
    return headers


def _put_headers(environ: dict[str, Any], headers: list[tuple[str, str]]) -> None:
    values: dict[str, str] = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key
        values[key] = value if key not in values else f"{values[key]},{value}"
    for name, _ in _headers(environ):
        key = name.replace("-", "_")
        environ.pop(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else "HTTP_" + key)
    environ.update(values)


def _path(environ: dict[str, Any]) -> str:
    """Still percent-encoded; of an absolute target, too."""
    uri: str = environ.get("RAW_URI", "")
    path = uri.partition("?")[0]
    if path.startswith("/") or "://" not in path:
        return path
    rest = path.partition("://")[2]
    return rest[rest.find("/") :] if "/" in rest else "/"


def _put_path(environ: dict[str, Any], path: str) -> None:
    from urllib.parse import unquote_to_bytes

    mount: str = environ.get("SCRIPT_NAME", "")
    decoded = unquote_to_bytes(path).decode("latin-1")
    environ["PATH_INFO"] = decoded[len(mount) :] if mount and decoded.startswith(mount) else decoded


def _address(environ: dict[str, Any]) -> Any:
    """(host, port) as a socket gives it; of a unix socket, whose clients have no address, ''."""
    port = environ.get("REMOTE_PORT", "")
    return (environ.get("REMOTE_ADDR", ""), int(port)) if port else environ.get("REMOTE_ADDR", "")


def _version(environ: dict[str, Any]) -> tuple[int, ...]:
    protocol: str = environ.get("SERVER_PROTOCOL", "HTTP/1.1")
    return tuple(int(part) for part in (protocol.partition("/")[2] + ".0").split(".")[:2])


def _proxy_info(environ: dict[str, Any]) -> dict[str, Any] | None:
    if "PROXY_PROTOCOL" not in environ:
        return None
    return {
        "proxy_protocol": environ["PROXY_PROTOCOL"],
        "client_addr": environ.get("REMOTE_ADDR"),
        "client_port": int(environ.get("REMOTE_PORT") or 0),
        "proxy_addr": environ.get("PROXY_ADDR"),
        "proxy_port": int(environ.get("PROXY_PORT") or 0),
    }


_ATTRIBUTES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "method": lambda environ: environ["REQUEST_METHOD"],
    "uri": lambda environ: environ.get("RAW_URI", ""),
    "path": _path,
    "query": lambda environ: environ.get("QUERY_STRING", ""),
    "headers": _headers,
    "version": _version,
    "scheme": lambda environ: environ.get("wsgi.url_scheme", "http"),
    "remote_addr": _address,
    "peer_addr": _address,
    "body": lambda environ: environ["wsgi.input"],
    "proxy_protocol_info": _proxy_info,
}


def _writer(variable: str) -> Callable[[dict[str, Any], Any], None]:
    def write(environ: dict[str, Any], value: Any) -> None:
        environ[variable] = value

    return write


_WRITERS: dict[str, Callable[[dict[str, Any], Any], None]] = {
    "method": _writer("REQUEST_METHOD"),
    "uri": _writer("RAW_URI"),
    "path": _put_path,
    "query": _writer("QUERY_STRING"),
    "headers": _put_headers,
    "version": lambda environ, version: environ.update(SERVER_PROTOCOL="HTTP/" + ".".join(map(str, version))),
    "scheme": _writer("wsgi.url_scheme"),
    "body": _writer("wsgi.input"),
}


# --- resp -------------------------------------------------------------------------------------------------


class Response:
    """`resp`, and the Out through which the response goes: so it knows what was sent."""

    def __init__(self, req: Request, worker: Worker, out: Out) -> None:
        self.req = req
        self.cfg = worker.cfg
        #: Bytes of the body.
        self.sent = 0
        self.headers_sent = False
        self.must_close = False
        self._out = out
        self._head = b""

    @property
    def status(self) -> str | None:
        """`200 OK`; None where nothing was answered, as when the client has left."""
        return self._head.partition(b"\r\n")[0].decode("latin-1").rstrip() or None

    @property
    def status_code(self) -> int | None:
        return int(self._head[:3]) if self._head else None

    @property
    def headers(self) -> list[tuple[str, str]]:
        lines = self._head.decode("latin-1").split("\r\n")[1:-1]
        return [(name, value) for name, _, value in (line.partition(": ") for line in lines)]

    @property
    def response_length(self) -> int | None:
        for name, value in self.headers:
            if name.lower() == "content-length":
                return int(value)
        return None

    @property
    def chunked(self) -> bool:
        return self.headers_sent and self.response_length is None and self.status_code not in (204, 304)

    # --- wsgi.Out -----------------------------------------------------------------------------------------

    @property
    def can_send_files(self) -> bool:
        return self._out.can_send_files

    @property
    def in_child(self) -> bool:
        return self._out.in_child

    @property
    def running_id(self) -> int:
        return self._out.running_id

    def hints(self, rid: int, fields: bytes) -> None:
        self._out.hints(rid, fields)

    def whole(self, head: bytes, flags: int, body: bytes) -> None:
        self._out.whole(head, flags, body)
        self._note(head, len(body))

    def begin(self, head: bytes, flags: int, body: bytes) -> None:
        self._out.begin(head, flags, body)
        self._note(head, len(body))

    def chunk(self, data: bytes) -> None:
        self._out.chunk(data)
        self.sent += len(data)

    def end(self) -> None:
        self._out.end()

    def abort(self, reason: str) -> None:
        self._out.abort(reason)

    def file(self, head: bytes, flags: int, fd: int, offset: int, length: int) -> None:
        self._out.file(head, flags, fd, offset, length)
        self._note(head, length)

    def _note(self, head: bytes, size: int) -> None:
        self._head = head
        self.headers_sent = True
        self.sent += size
