"""pre_request and post_request around wsgi.serve."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Callable

import pytest

from kirin_worker.hook_requests import Request, serve_with_hooks
from kirin_worker.interrupts import RequestInterrupted
from support import App, Blocks, ReadableLog, RecordingOut, Server, app_of, sized


class Hooked:
    """Runs requests with hooks, and notes what these are called with."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.calls: list[tuple[Any, ...]] = []
        self.worker: Any = SimpleNamespace(nr=0, cfg=object())
        self.environ: dict[str, Any] = {}

    def post(self, worker: Any, req: Any, environ: Any, resp: Any) -> None:
        self.calls.append((worker, req, environ, resp))

    def run(
        self,
        app: App,
        *,
        pre: Callable[..., Any] | None = None,
        post: Callable[..., Any] | None = None,
        out: RecordingOut | None = None,
        method: str = "GET",
        **environ: str,
    ) -> RecordingOut:
        out = out or RecordingOut()
        self.environ = {**self.server.make_environ(method), **environ}
        serve_with_hooks(self.worker, pre, post or self.post)(app, self.environ, out, self.server.log)
        return out

    @property
    def resp(self) -> Any:
        return self.calls[-1][3]


@pytest.fixture
def hooked(server: Server) -> Hooked:
    return Hooked(server)


# --- what is called when ----------------------------------------------------------------------------------


def test_post_request_comes_after_close_and_pre_request_before_the_application(hooked: Hooked) -> None:
    order: list[str] = []

    class Result(Blocks):
        def close(self) -> None:
            order.append("close")

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        order.append("app")
        start_response("200 OK", [])
        return Result(b"a", b"b")

    out = hooked.run(app, pre=lambda *_: order.append("pre"), post=lambda worker, req: order.append("post"))
    assert out.body == b"ab"
    assert order == ["pre", "app", "close", "post"]
    assert hooked.worker.nr == 1


@pytest.mark.parametrize("count", [2, 3, 4])
def test_post_request_gets_as_many_arguments_as_it_takes(hooked: Hooked, count: int) -> None:
    got: list[tuple[Any, ...]] = []
    hooks: dict[int, Callable[..., Any]] = {
        2: lambda worker, req: got.append((worker, req)),
        3: lambda worker, req, environ: got.append((worker, req, environ)),
        4: lambda worker, req, environ, resp: got.append((worker, req, environ, resp)),
    }
    hooked.run(app_of([b"x"]), post=hooks[count])
    assert len(got[0]) == count
    assert got[0][0] is hooked.worker
    assert got[0][1].method == "GET"
    if count > 2:
        assert got[0][2] is hooked.environ
    if count > 3:
        assert got[0][3].status == "200 OK"


def test_a_failing_pre_request_is_answered_with_500_and_post_request_is_called_without_response(
    hooked: Hooked, log: ReadableLog
) -> None:
    def pre(worker: Any, req: Any) -> None:
        raise ValueError("no")

    out = hooked.run(lambda *_: pytest.fail("the application ran"), pre=pre)
    assert out.status == "500 Internal Server Error"
    assert hooked.calls[0][2:] == ({}, None)
    assert hooked.worker.nr == 0
    assert "Error handling request GET /page?q=1\nTraceback" in log.text
    assert "ValueError: no" in log.text


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), KeyboardInterrupt()])
def test_a_failing_post_request_is_logged(hooked: Hooked, log: ReadableLog, error: BaseException) -> None:
    def post(worker: Any, req: Any) -> None:
        raise error

    out = hooked.run(app_of([b"x"]), post=post)
    assert out.body == b"x"
    assert "The server hook post_request failed\nTraceback" in log.text


def test_an_interrupt_passes_through_both_and_post_request_is_called_before(hooked: Hooked) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        raise RequestInterrupted

    with pytest.raises(RequestInterrupted):
        hooked.run(app)
    assert hooked.resp.status is None

    def pre(worker: Any, req: Any) -> None:
        raise RequestInterrupted

    with pytest.raises(RequestInterrupted):
        hooked.run(app, pre=pre)
    assert len(hooked.calls) == 2

    def post(worker: Any, req: Any) -> None:
        raise RequestInterrupted

    with pytest.raises(RequestInterrupted):
        hooked.run(app_of([b"x"]), post=post)


def test_a_process_that_the_application_has_forked_calls_no_post_request(hooked: Hooked) -> None:
    out = RecordingOut()

    def app(environ: Any, start_response: Any) -> Any:
        out.in_child = True
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        hooked.run(app, out=out)
    assert hooked.calls == []


# --- resp -------------------------------------------------------------------------------------------------


def test_resp_tells_what_was_sent(hooked: Hooked) -> None:
    hooked.run(app_of([b"abc"], ("X-One", "1"), ("X-One", "2"), sized(3), status="201 Created"))
    resp = hooked.resp
    assert (resp.status, resp.status_code, resp.sent, resp.headers_sent) == ("201 Created", 201, 3, True)
    assert resp.headers == [("Content-Type", "text/plain"), ("X-One", "1"), ("X-One", "2"), ("Content-Length", "3")]
    assert resp.response_length == 3
    assert not resp.chunked
    assert resp.req is hooked.calls[0][1]


def test_resp_counts_a_response_in_pieces_and_one_that_breaks_off(hooked: Hooked) -> None:
    hooked.run(app_of(Blocks(b"ab", b"cde")))
    assert (hooked.resp.sent, hooked.resp.chunked, hooked.resp.response_length) == (5, True, None)
    hooked.run(app_of(Blocks(b"ab", ValueError("no"))))
    assert (hooked.resp.status_code, hooked.resp.sent) == (200, 2)


def test_resp_of_an_application_that_has_failed_is_500(hooked: Hooked) -> None:
    hooked.run(lambda *_: 1 / 0)
    assert (hooked.resp.status, hooked.resp.status_code) == ("500 Internal Server Error", 500)


def test_resp_of_a_client_that_has_left_has_no_status(hooked: Hooked) -> None:
    hooked.run(app_of(Blocks(b"ab", b"cd")), out=RecordingOut(leaves_after=0))
    assert (hooked.resp.status, hooked.resp.status_code, hooked.resp.headers) == (None, None, [])


def test_a_file_still_goes_as_a_file(hooked: Hooked, tmp_path: Any) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 200_000)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])
        return environ["wsgi.file_wrapper"](path.open("rb"))

    out = hooked.run(app)
    assert out.calls == ["file"]
    assert hooked.resp.sent == 200_000


# --- req --------------------------------------------------------------------------------------------------


def request_of(hooked: Hooked, **environ: str) -> Request:
    return Request({**hooked.server.make_environ("GET"), **environ})


def test_req_is_what_gunicorn_has_parsed(hooked: Hooked) -> None:
    req = request_of(
        hooked,
        RAW_URI="/caf%C3%A9/x?a=1&b=2",
        QUERY_STRING="a=1&b=2",
        REMOTE_ADDR="192.0.2.1",
        REMOTE_PORT="4711",
        HTTP_X_FORWARDED_FOR="10.0.0.1",
        CONTENT_TYPE="text/plain",
        CONTENT_LENGTH="0",
    )
    assert (req.method, req.uri, req.path) == ("GET", "/caf%C3%A9/x?a=1&b=2", "/caf%C3%A9/x")
    assert (req.query, req.fragment, req.version, req.scheme) == ("a=1&b=2", "", (1, 1), "http")
    assert req.remote_addr == req.peer_addr == ("192.0.2.1", 4711)
    assert req.headers == [("X-FORWARDED-FOR", "10.0.0.1"), ("CONTENT-TYPE", "text/plain"), ("CONTENT-LENGTH", "0")]
    assert req.body.read() == b""
    assert (req.trailers, req.proxy_protocol_info, req.should_close()) == ((), None, False)
    with pytest.raises(AttributeError, match="no attribute 'environ'"):
        req.environ  # noqa: B018


@pytest.mark.parametrize(
    ("uri", "path"),
    [("http://example.org/a?b", "/a"), ("http://example.org", "/"), ("*", "*"), ("/a//b?http://c/d", "/a//b")],
)
def test_the_path_of_any_target(hooked: Hooked, uri: str, path: str) -> None:
    assert request_of(hooked, RAW_URI=uri).path == path


def test_a_client_of_a_unix_socket_has_no_address(hooked: Hooked) -> None:
    assert request_of(hooked, REMOTE_ADDR="").remote_addr == ""


def test_what_pre_request_changes_is_in_the_environ(hooked: Hooked) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        seen.update(environ)
        start_response("200 OK", [])
        return [b""]

    def pre(worker: Any, req: Any) -> None:
        req.started = 1
        req.scheme = "https"
        req.method = "POST"
        req.path = "/app/caf%C3%A9"
        req.query = "c=3"
        req.headers = [header for header in req.headers if header[0] != "X-OLD"]
        req.headers.append(("x-new", "1"))
        req.headers.append(("X-NEW", "2"))

    hooked.run(app, pre=pre, SCRIPT_NAME="/app", HTTP_X_OLD="1", HTTP_HOST="example.org", CONTENT_TYPE="text/html")
    assert seen["wsgi.url_scheme"] == "https"
    assert seen["REQUEST_METHOD"] == "POST"
    assert seen["PATH_INFO"] == "/caf\u00c3\u00a9"
    assert seen["QUERY_STRING"] == "c=3"
    assert "HTTP_X_OLD" not in seen
    assert (seen["HTTP_X_NEW"], seen["HTTP_HOST"], seen["CONTENT_TYPE"]) == ("1,2", "example.org", "text/html")
    assert hooked.calls[0][1].started == 1


def test_what_pre_request_only_looks_at_stays_as_it_was(hooked: Hooked) -> None:
    before: dict[str, Any] = {}

    def pre(worker: Any, req: Any) -> None:
        before.update(hooked.environ)
        for name in ("method", "uri", "path", "query", "headers", "version", "scheme", "body", "peer_addr"):
            getattr(req, name)

    hooked.run(app_of([b""]), pre=pre, HTTP_COOKIE="a=1; b=2", PATH_INFO="/caf\u00c3\u00a9", RAW_URI="/caf%C3%A9")
    assert hooked.environ == before
