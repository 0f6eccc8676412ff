"""Applications that do as PEP 3333 says, and what becomes of their answers."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from typing import Any, Callable
from wsgiref.validate import validator

import pytest

from kirin_worker.headers import CLOSE, LENGTH
from support import Blocks, RecordingOut, Server, app_of, sized

TEXT = [("Content-Type", "text/plain")]


def test_a_list_with_one_block_is_sent_whole(server: Server) -> None:
    out = server.run(validator(app_of([b"hello"], sized(5))))
    assert out.calls == ["whole"]
    assert out.head == b"200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
    assert out.flags == LENGTH
    assert out.body == b"hello"
    assert server.log.lines == []


@pytest.mark.parametrize("result", [[b"hel", b"", b"lo"], (b"hel", b"lo"), (b"hello",), [b"hello"]])
@pytest.mark.parametrize("fields", [[], [sized(5)]])
def test_blocks_that_are_all_there_are_sent_as_one(server: Server, result: Any, fields: list[tuple[str, str]]) -> None:
    out = server.run(app_of(result, *fields))
    assert (out.calls, out.body) == (["whole"], b"hello")


@pytest.mark.parametrize("result", [[], (), [b""], [b"", b""]])
def test_an_empty_body_is_a_whole_response(server: Server, result: Any) -> None:
    out = server.run(validator(app_of(result)))
    assert (out.status, out.body, out.flags, out.looks_whole) == ("200 OK", b"", 0, True)
    assert server.log.lines == []


@pytest.mark.parametrize("blocks", [(), (b"",), (b"", b"")])
def test_an_iterator_without_bytes_is_a_whole_empty_response(server: Server, blocks: tuple[bytes, ...]) -> None:
    out = server.run(validator(app_of(Blocks(*blocks))))
    assert (out.calls, out.body) == (["whole"], b"")


def test_an_object_that_iterates_over_its_list_is_sent_whole_without_a_length(server: Server) -> None:
    class Response:
        closed = 0

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"hel", b"lo"])

        def close(self) -> None:
            self.closed += 1

    response = Response()
    out = server.run(app_of(response))
    assert (out.calls, out.body, response.closed) == (["whole"], b"hello", 1)


def test_a_generator_without_length_is_sent_block_by_block_as_it_comes(server: Server) -> None:
    out = RecordingOut()
    seen: list[list[str]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        seen.append(list(out.calls))
        yield b""
        seen.append(list(out.calls))
        yield b"one"
        seen.append(list(out.calls))
        yield b""
        seen.append(list(out.calls))
        yield b"two"
        seen.append(list(out.calls))

    server.run(validator(app), out=out)
    assert seen == [[], [], ["begin"], ["begin"], ["begin", "chunk"]]
    assert (out.calls, out.body) == (["begin", "chunk", "end"], b"onetwo")


def test_an_iterator_whose_first_block_is_its_whole_length_is_sent_whole(server: Server) -> None:
    blocks = Blocks(b"", b"hello", b"")
    out = server.run(app_of(blocks, sized(5)))
    assert (out.calls, out.body) == (["whole"], b"hello")
    assert (blocks.taken, blocks.closed) == (3, 1)


def test_an_iterator_with_a_length_is_streamed_until_the_block_that_completes_it(server: Server) -> None:
    out = RecordingOut()
    seen: list[list[str]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [*TEXT, sized(6)])
        for block in (b"ab", b"cd", b"ef"):
            yield block
            seen.append(list(out.calls))

    server.run(validator(app), out=out)
    assert seen == [["begin"], ["begin", "chunk"], ["begin", "chunk"]]
    assert (out.calls, out.body) == (["begin", "chunk", "chunk", "end"], b"abcdef")


def test_start_response_may_be_called_as_late_as_in_the_first_step(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("201 Created", [*TEXT, sized(4)])
        yield b"made"

    out = server.run(validator(app))
    assert (out.calls, out.status, out.body) == (["whole"], "201 Created", b"made")


def test_an_instance_may_be_the_application_and_the_class_too(server: Server) -> None:
    class App:
        def __init__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> None:
            self._start = start_response

        def __iter__(self) -> Iterator[bytes]:
            self._start("200 OK", TEXT)
            yield b"class"

    class Callee:
        def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            start_response("200 OK", TEXT)
            return [b"instance"]

    assert server.run(App).body == b"class"
    assert server.run(Callee()).body == b"instance"


def test_bytes_of_a_subclass_are_bytes(server: Server) -> None:
    class SafeBytes(bytes):
        pass

    assert server.run(app_of([SafeBytes(b"hello")], sized(5))).looks_whole
    assert server.run(app_of(Blocks(SafeBytes(b"hello")), sized(5))).looks_whole
    assert server.log.lines == []


# --- write() ----------------------------------------------------------------------------------------------


def test_what_is_written_goes_out_before_what_is_returned(server: Server) -> None:
    out = RecordingOut()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        write(b"")
        assert out.calls == []
        write(b"one")
        assert out.calls == ["begin"]
        write(b"two")
        return [b"three"]

    server.run(validator(app), out=out)
    assert (out.calls, out.body) == (["begin", "chunk", "chunk", "end"], b"onetwothree")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_write_alone_makes_a_whole_response(server: Server, method: str) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [*TEXT, sized(5)])(b"hello")
        return []

    out = server.run(validator(app), method)
    assert out.calls == ["whole"]
    assert out.body == (b"hello" if method == "GET" else b"")
    assert out.flags & LENGTH


# --- exc_info ---------------------------------------------------------------------------------------------


def test_an_answer_is_replaced_with_exc_info_while_nothing_was_sent(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        try:
            start_response("200 OK", [*TEXT, sized(99)])
            raise KeyError("x")
        except KeyError:
            start_response("503 Busy", [*TEXT], sys.exc_info())
            return [b"sorry"]

    out = server.run(validator(app))
    assert (out.status, out.body, out.flags) == ("503 Busy", b"sorry", 0)
    assert server.log.lines == []


def test_what_write_held_back_is_dropped_when_the_answer_is_replaced(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        try:
            start_response("200 OK", [*TEXT, sized(5)])(b"hello")
            raise KeyError("x")
        except KeyError:
            start_response("503 Busy", [*TEXT], sys.exc_info())
            return [b"sorry"]

    out = server.run(app)
    assert (out.calls, out.status, out.body) == (["whole"], "503 Busy", b"sorry")


def test_an_application_recovers_from_a_refused_header_with_exc_info(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        try:
            start_response("200 OK", [("Bad Name", "x")])
        except Exception:
            start_response("500 Oh", TEXT, sys.exc_info())
        return [b"recovered"]

    out = server.run(app)
    assert (out.status, out.body) == ("500 Oh", b"recovered")


def test_so_does_one_that_answers_piece_by_piece(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        try:
            start_response("200 OK", [("Bad Name", "x")])
        except Exception:
            start_response("500 Oh", TEXT, sys.exc_info())
        yield b"re"
        yield b"covered"

    out = server.run(app)
    assert (out.calls, out.status, out.body) == (["begin", "chunk", "end"], "500 Oh", b"recovered")


def test_a_request_leaves_no_cycle_to_the_collector(server: Server) -> None:
    class Canary:
        pass

    alive: list[weakref.ref[Canary]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        environ["canary"] = canary = Canary()
        alive.append(weakref.ref(canary))
        start_response("200 OK", TEXT)(b"written")
        return [b"returned"]

    gc.disable()
    try:
        server.run(app)
        server.environ = {}
        assert alive[0]() is None
    finally:
        gc.enable()


# --- no body ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("result", [[b"hello"], [b"hel", b"lo"], (b"hello",)], ids=["one block", "two blocks", "tuple"])
@pytest.mark.parametrize("fields", [[], [sized(5)]], ids=["no length", "length"])
def test_head_gets_the_length_and_no_body(server: Server, result: Any, fields: list[tuple[str, str]]) -> None:
    out = server.run(app_of(result, *fields), "HEAD")
    assert (out.calls, out.body) == (["whole"], b"")
    assert ("Content-Length", "5") in out.fields
    assert out.flags == LENGTH


def test_head_with_an_empty_body_keeps_the_length_that_the_application_gave(server: Server) -> None:
    out = server.run(validator(app_of([], sized(1234))), "HEAD")
    assert out.fields == [("Content-Type", "text/plain"), ("Content-Length", "1234")]
    out = server.run(validator(app_of([])), "HEAD")
    assert out.fields == [("Content-Type", "text/plain")]
    assert server.log.lines == []


def test_head_takes_one_block_of_an_iterator_and_closes_it(server: Server) -> None:
    blocks = Blocks(b"", b"one", b"two", b"three")
    out = server.run(app_of(blocks, sized(11)), "HEAD")
    assert (out.calls, out.body, out.fields[-1]) == (["whole"], b"", ("Content-Length", "11"))
    assert (blocks.taken, blocks.closed) == (2, 1)


def test_what_is_head_is_decided_before_the_application_changes_its_environ(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        environ["REQUEST_METHOD"] = "GET"
        start_response("200 OK", TEXT)
        return [b"hello"]

    assert server.run(app, "HEAD").body == b""


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
@pytest.mark.parametrize("result", [[], [b""], ()])
def test_a_status_without_body_is_fine_without_one(server: Server, status: str, result: Any) -> None:
    out = server.run(validator(app_of(result, status=status)))
    assert (out.calls, out.status, out.body) == (["whole"], status, b"")
    assert server.log.lines == []


@pytest.mark.parametrize("as_iterator", [True, False])
def test_a_body_of_204_is_not_sent_and_logged(server: Server, as_iterator: bool) -> None:
    result = Blocks(b"hello", b"more") if as_iterator else [b"hello"]
    out = server.run(app_of(result, status="204 No Content"))
    assert (out.calls, out.status, out.body) == (["whole"], "204 No Content", b"")
    assert server.log.lines == [
        "[WARNING] Request /page?q=1: the application gave a body to a response 204, which has none; it was not sent"
    ]


def test_304_keeps_the_length_of_what_was_not_sent(server: Server) -> None:
    out = server.run(app_of([], sized(7), status="304 Not Modified"))
    assert (out.calls, out.body, out.fields) == (["whole"], b"", [("Content-Length", "7")])
    assert server.log.lines == []


# --- close ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "blocks",
    [(), (b"a",), (b"a", b"b"), (ValueError(),), (b"a", ValueError()), ("text",), (b"a", "text"), (SystemExit(),)],
)
@pytest.mark.parametrize("fields", [[], [sized(1)]])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_close_is_called_once_whatever_happens(
    server: Server, blocks: tuple[object, ...], fields: list[tuple[str, str]], method: str
) -> None:
    result = Blocks(*blocks)
    server.run(app_of(result, *fields), method)
    assert result.closed == 1


def test_close_runs_after_a_whole_response_was_handed_over(server: Server) -> None:
    out = RecordingOut()
    seen: list[list[str]] = []

    class Closing(Blocks):
        def close(self) -> None:
            seen.append(list(out.calls))

    server.run(app_of(Closing(b"hello"), sized(5)), out=out)
    assert seen == [["whole"]]


def test_close_of_something_that_cannot_be_iterated_is_called(server: Server) -> None:
    class NotIterable:
        closed = 0

        def close(self) -> None:
            self.closed += 1

    result = NotIterable()
    out = server.run(app_of(result))
    assert (out.status[:3], result.closed) == ("500", 1)


@pytest.mark.parametrize("leaves_after", [0, 1, 2])
def test_a_client_that_leaves_ends_the_iteration_and_closes(server: Server, leaves_after: int) -> None:
    result = Blocks(*[b"block"] * 100)
    out = server.run(app_of(result), out=RecordingOut(leaves_after=leaves_after))
    assert (result.taken, result.closed) == (leaves_after + 1, 1)
    assert out.calls == ["begin", *["chunk"] * leaves_after]
    assert server.log.lines == ["[DEBUG] Request /page?q=1: the client has left before the end of the response"]


def test_a_client_that_leaves_during_write_is_a_connection_error_to_the_application(server: Server) -> None:
    result = Blocks(b"more")

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Blocks:
        write = start_response("200 OK", TEXT)
        for _ in range(2):
            with pytest.raises(ConnectionError):
                write(b"x")
        return result

    out = server.run(app, out=RecordingOut(leaves_after=0))
    assert (out.calls, result.closed) == (["begin"], 1)
    assert not [line for line in server.log.lines if "ERROR" in line]


# --- connection -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close"])
def test_connection_close_is_a_wish_and_not_a_field(server: Server, value: str) -> None:
    out = server.run(app_of([b"x"], ("Connection", value)))
    assert out.flags & CLOSE
    assert out.fields == [("Content-Type", "text/plain")]


# --- the environ ------------------------------------------------------------------------------------------


def test_the_environ_is_what_wsgiref_expects(server: Server) -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", TEXT)
        return [b"x"]

    assert server.run(validator(app)).looks_whole
    assert seen["wsgi.version"] == (1, 0)
    assert seen["wsgi.run_once"] is False
    assert seen["wsgi.multithread"] is False
    assert seen["wsgi.multiprocess"] is True
    assert seen["wsgi.input_terminated"] is True
    assert seen["SERVER_SOFTWARE"].startswith("kirin/")
    assert seen["SERVER_SOFTWARE"] != "kirin/0"
