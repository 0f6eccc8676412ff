"""What applications get wrong: the log says it in words, and the client never gets what looks like a whole response."""

from __future__ import annotations

import contextlib
import gc
import re
import sys
import weakref
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from support import App, Blocks, RecordingOut, Server, app_of, sized

TEXT = [("Content-Type", "text/plain")]
PREFIX = "[ERROR] Error handling request GET /page?q=1"


def assert_500(out: RecordingOut) -> None:
    assert out.calls == ["whole"]
    assert out.status == "500 Internal Server Error"
    assert b"Internal Server Error" in out.body
    assert ("Content-Length", str(len(out.body))) in out.fields


def assert_cut(out: RecordingOut, sent: bytes) -> None:
    assert out.calls[-1] == "abort"
    assert out.body == sent


def not_started(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    return [b"hello"]


def nothing_at_all(environ: dict[str, Any], start_response: Callable[..., Any]) -> None:
    return None


@pytest.mark.parametrize(
    ("app", "words"),
    [
        (not_started, "has not called start_response"),
        (nothing_at_all, "returned None rather than an iterable of bytes, and has not called start_response"),
        (app_of(None), "returned None rather than an iterable of bytes"),
        (app_of("text"), "returned str rather than an iterable of bytes, such as [body]"),
        (app_of(b"text"), "returned bytes rather than an iterable of bytes, such as [body]"),
        (app_of(42), "returned an object of type int, which is not an iterable of bytes"),
        (app_of(["text"]), "gave 'text', a str, as a part of its body, which must be bytes"),
        (app_of([""]), "gave '', a str, as a part of its body, which must be bytes"),
        (app_of([b"x", "text"]), "gave 'text', a str, as a part of its body, which must be bytes"),
        (app_of([None]), "gave None, a NoneType, as a part of its body, which must be bytes"),
        (app_of([1]), "gave 1, an int, as a part of its body, which must be bytes"),
        (app_of([bytearray(b"x")]), "gave bytearray(b'x'), a bytearray, as a part of its body, which must be bytes"),
        (app_of({"key": 1}), "gave 'key', a str, as a part of its body, which must be bytes"),
        (
            app_of([b"hello"], sized(4)),
            "gave a body longer than its Content-Length: it declared 4 bytes and gave at least 5",
        ),
        (app_of([b"hello"], sized(6)), "gave a body shorter than its Content-Length: it declared 6 bytes and gave 5"),
        (app_of([], sized(6)), "gave a body shorter than its Content-Length: it declared 6 bytes and gave 0"),
        (
            app_of((b"he", b"llo"), sized(6)),
            "gave a body shorter than its Content-Length: it declared 6 bytes and gave 5",
        ),
    ],
)
def test_a_fault_that_is_seen_in_time_is_a_500_and_one_line_in_the_log(server: Server, app: App, words: str) -> None:
    assert_500(server.run(app))
    assert server.log.lines == [f"{PREFIX}: the application {words}"]


@pytest.mark.parametrize(
    ("blocks", "fields", "words"),
    [
        (("text",), [], "gave 'text', a str, as a part of its body, which must be bytes"),
        ((b"", "text"), [], "gave 'text', a str, as a part of its body, which must be bytes"),
        (
            (b"hello!",),
            [sized(5)],
            "gave a body longer than its Content-Length: it declared 5 bytes and gave at least 6",
        ),
        (
            (b"hello", b"!"),
            [sized(5)],
            "gave a body longer than its Content-Length: it declared 5 bytes and gave at least 6",
        ),
        ((b"hello", "!"), [sized(5)], "gave '!', a str, as a part of its body, which must be bytes"),
        ((), [sized(5)], "gave a body shorter than its Content-Length: it declared 5 bytes and gave 0"),
        ((b"!",), [sized(0)], "gave a body longer than its Content-Length: it declared 0 bytes and gave at least 1"),
    ],
)
def test_a_fault_of_an_iterator_is_a_500_while_nothing_was_sent(
    server: Server, blocks: tuple[object, ...], fields: list[tuple[str, str]], words: str
) -> None:
    result = Blocks(*blocks)
    assert_500(server.run(app_of(result, *fields)))
    assert server.log.lines == [f"{PREFIX}: the application {words}"]
    assert result.closed == 1


@pytest.mark.parametrize(
    ("blocks", "fields", "sent", "words"),
    [
        ((b"a", "b"), [], b"a", "gave 'b', a str, as a part of its body, which must be bytes"),
        ((b"a", b"b"), [sized(3)], b"a" + b"b", "shorter than its Content-Length: it declared 3 bytes and gave 2"),
        ((b"a", b"bcd"), [sized(3)], b"a", "longer than its Content-Length: it declared 3 bytes and gave at least 4"),
        # The block that completes the length is held back until it is known that nothing follows.
        (
            (b"a", b"bc", b"d"),
            [sized(3)],
            b"a",
            "longer than its Content-Length: it declared 3 bytes and gave at least 4",
        ),
    ],
)
def test_a_fault_after_the_beginning_cuts_the_response(
    server: Server, blocks: tuple[object, ...], fields: list[tuple[str, str]], sent: bytes, words: str
) -> None:
    result = Blocks(*blocks)
    assert_cut(server.run(app_of(result, *fields)), sent)
    assert len(server.log.lines) == 1
    assert server.log.lines[0].startswith(f"{PREFIX}: the application ")
    assert server.log.lines[0].endswith(words)
    assert result.closed == 1


@pytest.mark.parametrize(
    ("writes", "result", "length", "sent", "words"),
    [
        (
            (b"abc",),
            [b"d"],
            3,
            None,
            "gave a body longer than its Content-Length: it declared 3 bytes and gave at least 4",
        ),
        (
            (b"abcd",),
            [],
            3,
            None,
            "gave a body longer than its Content-Length: it declared 3 bytes and gave at least 4",
        ),
        ((b"a",), [], 3, b"a", "gave a body shorter than its Content-Length: it declared 3 bytes and gave 1"),
        ((b"a",), Blocks(b"bc", b"d"), 3, b"a", "gave a body longer than its Content-Length: it declared 3 bytes"),
        (("a",), [], 3, None, "gave 'a', a str, as a part of its body, which must be bytes"),
        ((b"a",), None, 3, b"a", "returned None rather than an iterable of bytes"),
    ],
)
def test_write_is_held_to_the_same_rules(
    server: Server, writes: tuple[Any, ...], result: Any, length: int, sent: bytes | None, words: str
) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        write = start_response("200 OK", [*TEXT, sized(length)])
        for block in writes:
            write(block)
        return result

    out = server.run(app)
    if sent is None:
        assert_500(out)
    else:
        assert_cut(out, sent)
    assert server.log.lines[0].startswith(f"{PREFIX}: the application {words}")


def test_a_fault_that_the_application_swallows_still_spoils_the_response(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        write = start_response("200 OK", [*TEXT, sized(3)])
        write(b"a")
        with pytest.raises(Exception, match="longer than its Content-Length"):
            write(b"bcd")
        return [b"bc"]

    assert_cut(server.run(app), b"a")
    assert len([line for line in server.log.lines if line.startswith(PREFIX)]) == 1


# --- start_response ---------------------------------------------------------------------------------------


def twice(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", TEXT)
    start_response("200 OK", TEXT)
    return [b"x"]


def twice_swallowed(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", TEXT)
    with pytest.raises(Exception, match="second time"):
        start_response("201 Created", TEXT)
    return [b"x"]


@pytest.mark.parametrize("app", [twice, twice_swallowed])
def test_start_response_twice_without_exc_info_is_an_error(server: Server, app: App) -> None:
    assert_500(server.run(app))
    assert server.log.lines[0] == f"{PREFIX}: the application called start_response a second time without exc_info"


def test_start_response_again_and_again_does_not_mend_a_response_that_has_begun(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", TEXT)(b"a")
        for _ in range(2):
            with contextlib.suppress(Exception):
                start_response("201 Created", TEXT)
        return [b"b"]

    assert_cut(server.run(app), b"a")


def test_headers_in_a_tuple_are_refused_also_when_they_are_known(server: Server) -> None:
    def app_with(headers: Any) -> App:
        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            start_response("200 OK", headers)
            return [b"x"]

        return app

    assert server.run(app_with([("A", "b")])).status == "200 OK"
    assert_500(server.run(app_with((("A", "b"),))))


def test_start_response_again_in_the_middle_of_the_body_cuts_it(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"a"
        with pytest.raises(Exception, match="second time"):
            start_response("201 Created", TEXT)
        yield b"b"

    assert_cut(server.run(app), b"ab")


@pytest.mark.parametrize("length", [None, 5, 10])
def test_exc_info_after_the_beginning_is_raised_again_and_ends_the_response(server: Server, length: int | None) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", TEXT if length is None else [*TEXT, sized(length)])
        yield b"hello"
        try:
            raise KeyError("lost")
        except KeyError:
            start_response("500 Oh", TEXT, sys.exc_info())
        yield b"never"

    out = server.run(app)
    if length == 5:
        assert_500(out)  # nothing was sent yet, and another answer than the application's is still possible
    else:
        assert_cut(out, b"hello")
    assert server.log.lines[0] == PREFIX
    assert server.log.lines[-1] == "KeyError: 'lost'"


@pytest.mark.parametrize("length", [None, 5])
def test_exc_info_that_is_swallowed_after_the_beginning_ends_the_response_too(
    server: Server, length: int | None
) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", TEXT if length is None else [*TEXT, sized(length)])
        yield b"hello"
        try:
            raise KeyError("lost")
        except KeyError:
            with pytest.raises(KeyError):
                start_response("500 Oh", TEXT, sys.exc_info())

    out = server.run(app)
    if length is None:
        assert_cut(out, b"hello")
    else:
        assert_500(out)
    assert server.log.lines == [f"{PREFIX}: the application failed after its response had begun"]


def test_exc_info_after_write_is_raised_again(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", TEXT)(b"hello")
        try:
            raise KeyError("lost")
        except KeyError:
            start_response("500 Oh", TEXT, sys.exc_info())
        return []

    assert_cut(server.run(app), b"hello")
    assert server.log.lines[-1] == "KeyError: 'lost'"


def test_a_refused_header_that_is_swallowed_is_still_an_error(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        with pytest.raises(Exception, match="line break"):
            start_response("200 OK", [("X-Name", "a\r\nSet-Cookie: b")])
        return [b"x"]

    assert_500(server.run(app))
    assert server.log.lines[0] == (
        f"{PREFIX}: the application gave start_response a value for the header X-Name that holds"
        " a line break ('\\r', at 1)"
    )


def test_the_log_shows_where_the_application_was_and_not_where_we_were(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("X-Name", "secret\n")])
        return []

    assert_500(server.run(app))
    text = server.log.text
    assert "Traceback (most recent call last):" in text
    assert f'File "{__file__}"' in text
    assert "kirin_worker" not in text
    assert "KeyError" not in text


@pytest.mark.parametrize("late", ["start_response", "write", "write that was used"])
def test_callables_that_outlive_their_request_do_nothing(server: Server, late: str) -> None:
    kept: list[Callable[..., Any]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        write = start_response("200 OK", TEXT)
        if late == "write that was used":
            write(b"x")
        kept.extend([start_response, write])
        return [b"x"]

    out = server.run(app)
    calls = list(out.calls)
    with pytest.raises(Exception, match="after its request had ended"):
        if late == "start_response":
            kept[0]("200 OK", TEXT)
        else:
            kept[1](b"late")
    assert out.calls == calls


# --- exceptions -------------------------------------------------------------------------------------------


def raising(error: BaseException) -> App:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise error

    return app


def test_an_exception_is_a_500_and_its_traceback_is_logged(server: Server) -> None:
    assert_500(server.run(raising(ValueError("no such thing"))))
    lines = server.log.lines
    assert lines[:2] == [PREFIX, "Traceback (most recent call last):"]
    assert lines[2].startswith(f'  File "{__file__}", line ')
    assert lines[-1] == "ValueError: no such thing"
    assert "kirin_worker" not in server.log.text


def test_the_500_of_head_has_no_body(server: Server) -> None:
    out = server.run(raising(ValueError()), "HEAD")
    assert (out.status, out.body) == ("500 Internal Server Error", b"")
    assert int(dict(out.fields)["Content-Length"]) > 0


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit(), MemoryError(), RecursionError("deep")])
def test_no_exception_ends_the_lane(server: Server, error: BaseException) -> None:
    assert_500(server.run(raising(error)))
    assert server.log.lines[-1].startswith(type(error).__name__)


def test_sys_exit_in_a_request_is_a_500_and_the_worker_goes_on(server: Server) -> None:
    assert_500(server.run(raising(SystemExit(3))))
    assert server.log.lines[0] == f"{PREFIX}: the application called sys.exit(); the worker goes on"
    assert server.log.lines[-1] == "SystemExit: 3"


def test_an_exception_in_the_middle_of_the_body_cuts_it(server: Server) -> None:
    result = Blocks(b"a", b"b", ValueError("broken"))
    out = server.run(app_of(result))
    assert_cut(out, b"ab")
    assert "ValueError" in out.reason
    assert server.log.lines[-1] == "ValueError: broken"
    assert result.closed == 1


def test_an_exception_after_a_complete_body_is_a_500_when_it_comes_before_the_end(server: Server) -> None:
    assert_500(server.run(app_of(Blocks(b"hello", ValueError("broken")), sized(5))))


def test_an_exception_in_close_is_logged_and_the_response_stands(server: Server) -> None:
    class Closing(Blocks):
        def close(self) -> None:
            raise ValueError("in close")

    out = server.run(app_of(Closing(b"hello"), sized(5)))
    assert (out.calls, out.body) == (["whole"], b"hello")
    assert server.log.lines[0] == "[ERROR] Request /page?q=1: close() of the application's iterable failed"
    assert server.log.lines[-1] == "ValueError: in close"


def test_an_exception_that_cannot_be_shown_is_logged_all_the_same(server: Server) -> None:
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    assert_500(server.run(raising(Unprintable())))
    assert re.search(r"Unprintable", server.log.text)


def test_the_chain_of_exceptions_is_logged(server: Server) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error

    assert_500(server.run(app))
    assert "KeyError: 'first'" in server.log.lines
    assert server.log.lines[-1] == "ValueError: second"


@pytest.mark.parametrize("with_exc_info", [False, True])
def test_a_request_that_failed_leaves_no_cycle_to_the_collector(server: Server, with_exc_info: bool) -> None:
    class Canary:
        pass

    alive: list[weakref.ref[Canary]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        environ["canary"] = canary = Canary()
        alive.append(weakref.ref(canary))
        write = start_response("200 OK", TEXT)
        try:
            raise ValueError("x")
        except ValueError:
            if not with_exc_info:
                raise
            write(b"begun")
            start_response("500 Oh", TEXT, sys.exc_info())
        return []

    gc.disable()
    try:
        server.run(app)
        server.environ = {}
        assert alive[0]() is None
    finally:
        gc.enable()
