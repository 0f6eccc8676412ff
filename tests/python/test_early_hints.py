"""wsgi.early_hints: what it takes, when it sends, and for which request."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from fake_edge import PATIENCE_S, request
from kirin_worker.frames import BODY, HINTS, RESPONSE
from kirin_worker.headers import AppError, make_hints
from kirin_worker.hook_requests import serve_with_hooks
from lane_bench import App, Bench, Gate, echo, is_whole
from support import ReadableLog, RecordingOut, Server

STYLE = ("Link", "</style.css>; rel=preload; as=style")
LINE = b"Link: </style.css>; rel=preload; as=style\r\n"
TEXT = [("Content-Type", "text/plain")]


def hinting(*headers: Any) -> App:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        for each in headers:
            environ["wsgi.early_hints"](each)
        start_response("200 OK", TEXT)
        return [b"page"]

    return app


# --- what it takes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        ([STYLE], LINE),
        ([STYLE, STYLE], LINE + LINE),
        ((["Link", "\t</caf\u00e9> "],), b"Link: </caf\xe9>\r\n"),
        (iter([(b"Link", b"</a>")]), b"Link: </a>\r\n"),
        ([], b""),
        ([("Content-Length", "5"), ("Connection", "close"), ("Transfer-Encoding", "chunked"), STYLE], LINE),
    ],
    ids=["one", "two", "blanks and latin-1", "bytes", "none", "not of a 103"],
)
def test_the_fields_are_those_of_a_response(log: ReadableLog, headers: object, fields: bytes) -> None:
    assert make_hints(headers, log) == fields


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        (None, "gave wsgi.early_hints None, which must be a list of (name, value) tuples"),
        ({"Link": "</a>"}, "gave wsgi.early_hints the header 'Link', which must be a tuple (name, value)"),
        ([("Link",)], "gave wsgi.early_hints the header ('Link',), which must be a tuple (name, value)"),
        ([("Link", 5)], "gave wsgi.early_hints the header ('Link', 5), whose name and value must both be str"),
        (
            [("Li nk", "</a>")],
            "gave wsgi.early_hints a header named 'Li nk', which is not a valid field name",
        ),
        (
            [("Link", "</a>\r\nSet-Cookie: stolen=1")],
            r"gave wsgi.early_hints a value for the header Link that holds a line break ('\r', at 4)",
        ),
        (
            [("Link", "</\u20ac>")],
            "gave wsgi.early_hints a value for the header Link that holds '\u20ac' (at 2), which is not in latin-1",
        ),
        (
            [("Link", "x" * 8200)] * 2,
            "gave wsgi.early_hints 16416 bytes of headers, of which a client takes at most 16384",
        ),
    ],
)
def test_misuse_is_told_and_sends_nothing(log: ReadableLog, headers: object, fault: str) -> None:
    with pytest.raises(AppError) as caught:
        make_hints(headers, log)
    assert str(caught.value) == fault


def test_an_application_that_does_not_catch_it_is_answered_for_with_500(server: Server) -> None:
    out = server.run(hinting([("Link", "a\nb")]))
    assert out.status == "500 Internal Server Error"
    assert out.sent_hints == []
    assert (
        "the application gave wsgi.early_hints a value for the header Link that holds a line break" in server.log.text
    )


# --- when it sends ------------------------------------------------------------------------------------------


def test_hints_go_out_one_by_one_before_the_response(server: Server) -> None:
    out = server.run(hinting([STYLE], [("Link", "</b>")]))
    assert out.sent_hints == [(7, LINE), (7, b"Link: </b>\r\n")]
    assert (out.status, out.body) == ("200 OK", b"page")
    assert server.log.lines == []


def test_hints_are_ignored_once_the_response_has_begun(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        environ["wsgi.early_hints"]([("Link", "</in-time>")])
        yield b"one"
        environ["wsgi.early_hints"]([("Link", "</late>")])
        environ["wsgi.early_hints"](None)
        yield b"two"

    out = server.run(app)
    assert out.sent_hints == [(7, b"Link: </in-time>\r\n")]
    assert (out.calls, out.body) == (["begin", "chunk", "end"], b"onetwo")


def test_hints_are_ignored_once_the_request_has_ended(server: Server) -> None:
    class Result:
        def __init__(self, send: Callable[..., None]) -> None:
            self.send = send

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"page"])

        def close(self) -> None:
            self.send([STYLE])

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Result:
        start_response("200 OK", TEXT)
        return Result(environ["wsgi.early_hints"])

    out = server.run(app)
    server.environ["wsgi.early_hints"]([STYLE])
    assert (out.sent_hints, out.body) == ([], b"page")


# --- with hooks ---------------------------------------------------------------------------------------------


def test_hints_pass_by_the_hooks_and_leave_no_cycle_to_the_collector(server: Server) -> None:
    class Canary:
        pass

    alive: list[weakref.ref[Canary]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        environ["canary"] = canary = Canary()
        alive.append(weakref.ref(canary))
        environ["wsgi.early_hints"]([STYLE])
        return echo(environ, start_response)

    worker: Any = SimpleNamespace(nr=0, cfg=None)
    out = RecordingOut()
    gc.disable()
    try:
        hooked = serve_with_hooks(worker, None, lambda worker, req, environ, resp: None)
        hooked(app, server.make_environ("GET"), out, server.log)
        assert alive[0]() is None
    finally:
        gc.enable()
    assert out.sent_hints == [(7, LINE)]


# --- on a lane ----------------------------------------------------------------------------------------------


def test_a_lane_sends_them_at_once_behind_what_was_finished(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/hinting":
            environ["wsgi.early_hints"]([STYLE])
            gate.wait()
        return echo(environ, start_response)

    gate = Gate()
    edge = bench(app).edge
    edge.send(request(1, "/a") + request(2, "/hinting"))
    assert is_whole(edge.next(), 1, b"/a")
    frame = edge.expect(HINTS)
    assert (frame.id, frame.flags, frame.a, frame.payload) == (2, 0, 0, LINE)
    gate.open()
    assert is_whole(edge.next(), 2, b"/hinting")


def test_other_threads_may_call_while_the_request_runs_and_not_for_the_next_one(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/first":
            kept.append(environ["wsgi.early_hints"])
        else:
            kept[0]([("Link", "</of-the-first>")])
        thread = threading.Thread(target=kept[0], args=([STYLE],))
        thread.start()
        thread.join(PATIENCE_S)
        gate.wait()
        return echo(environ, start_response)

    kept: list[Callable[..., None]] = []
    gate = Gate()
    edge = bench(app).edge
    edge.send(request(1, "/first"))
    frame = edge.expect(HINTS)
    assert (frame.id, frame.payload) == (1, LINE)
    gate.open()
    assert is_whole(edge.next(), 1, b"/first")
    edge.send(request(2, "/second"))
    assert is_whole(edge.next(), 2, b"/second")


def test_a_client_that_has_left_gets_none_and_the_request_goes_on(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/left":
            gate.wait()
            environ["wsgi.early_hints"]([STYLE])
            went_on.append(True)
        return echo(environ, start_response)

    went_on: list[bool] = []
    gate = Gate()
    table = bench(app)
    table.edge.send(request(1, "/left") + request(2, "/b"))
    assert gate.is_reached()
    table.lane.cancel(1)
    gate.open()
    assert is_whole(table.edge.next(), 1, b"/left")
    assert is_whole(table.edge.next(), 2, b"/b")
    assert went_on == [True]


def test_hints_and_the_beginning_of_a_stream_keep_their_order(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        environ["wsgi.early_hints"]([STYLE])
        start_response("200 OK", TEXT)
        yield b"one"
        yield b"two"

    edge = bench(app).edge
    edge.send(request(1))
    assert [edge.next().kind for _ in range(4)] == [HINTS, RESPONSE, BODY, BODY]


# --- in a worker --------------------------------------------------------------------------------------------

#: Answers with the status of the child that it has forked.
FORKING = """
import os
def application(environ, start_response):
    send = environ["wsgi.early_hints"]
    pid = os.fork()
    if pid == 0:
        send([("Link", "</of-the-child>")])
        os._exit(3)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    send([("Link", "</style.css>; rel=preload; as=style")])
    start_response("200 OK", [])
    return [str(ended).encode()]
"""


def test_a_process_that_the_application_has_forked_sends_none(start: Any, worker_class: str) -> None:
    _, (lane, *_) = start(app=FORKING, worker_class=worker_class).meet()
    lane.send(request(1))
    frame = lane.expect(HINTS)
    assert (frame.id, frame.payload) == (1, LINE)
    assert is_whole(lane.next(), 1, b"3")


SPAWNING = """
import gevent
def application(environ, start_response):
    send = environ["wsgi.early_hints"]
    send([("Link", "</own>")])
    gevent.spawn(send, [("Link", "</greenlet>")]).join()
    gevent.get_hub().threadpool.apply(send, ([("Link", "</thread>")],))
    start_response("200 OK", [])
    return [b"page"]
"""


def test_other_greenlets_and_threads_may_call_for_a_request(start: Any) -> None:
    pytest.importorskip("gevent")
    _, (lane, *_) = start(app=SPAWNING, worker_class="gevent").meet()
    lane.send(request(1))
    sent = [lane.expect(HINTS).payload for _ in range(3)]
    assert sent == [b"Link: </own>\r\n", b"Link: </greenlet>\r\n", b"Link: </thread>\r\n"]
    assert is_whole(lane.next(), 1, b"page")
