from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from fake_edge import PATIENCE_S, request
from kirin_worker import interrupts
from kirin_worker.frames import ABORT, BODY, DONE, END, RESPONSE, TAIL
from kirin_worker.interrupts import RequestInterrupted
from kirin_worker.native import runs_in_parallel
from lane_bench import App, Bench, echo, is_whole
from support import ReadableLog

StartResponse = Callable[..., Any]


class Spin:
    """Python code that never ends by itself, and tells how it was ended."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.ended_by: BaseException | None = None
        self.unwound = threading.Event()

    def is_reached(self) -> bool:
        return self.reached.wait(PATIENCE_S)

    def spin(self) -> None:
        try:
            self.reached.set()
            _turn(time.monotonic() + PATIENCE_S)
        except BaseException as error:
            self.ended_by = error
            raise
        finally:
            self.unwound.set()


def _turn(until: float) -> None:
    """A function of its own: in Python 3.13 a `try` does not cover the jump at the end of a loop that stands in it."""
    while time.monotonic() < until:
        pass


def spinning_at(path: str, spin: Spin, otherwise: App = echo) -> App:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        if environ["PATH_INFO"] == path:
            spin.spin()
        return otherwise(environ, start_response)

    return app


# --- one request ---------------------------------------------------------------------------------------------


def test_an_interrupted_request_ends_and_the_lane_goes_on(bench: Callable[[App], Bench], log: ReadableLog) -> None:
    spin = Spin()
    table = bench(spinning_at("/spin", spin))
    table.edge.send(request(1, "/spin"))
    assert spin.is_reached()
    table.lane.interrupt(1)
    frame = table.edge.expect(ABORT)
    assert (frame.id, frame.flags & END) == (1, END)
    assert type(spin.ended_by) is RequestInterrupted
    table.edge.send(request(2, "/next"))
    assert is_whole(table.edge.next(), 2, b"/next")
    said, *stack = log.lines
    ended = "[ERROR] Request GET /spin (from 127.0.0.1) was interrupted: it was past its deadline"
    if runs_in_parallel():
        assert said == f"{ended}; it was here:"
    else:
        assert said == "[ERROR] Request GET /spin (from 127.0.0.1) is past its deadline; it is here:"
        assert stack.pop() == ended
    assert stack[0] == "Traceback (most recent call last):"
    assert "in app" in stack[1]
    assert any("in spin" in line for line in stack)
    assert not any("kirin_worker" in line or "threading.py" in line for line in stack)


def test_only_the_request_that_runs_is_interrupted(bench: Callable[[App], Bench], log: ReadableLog) -> None:
    spin = Spin()
    table = bench(spinning_at("/spin", spin))
    table.edge.send(request(6, "/before") + request(7, "/spin") + request(8, "/after"))
    assert spin.is_reached()
    for rid in (6, 8):
        table.lane.interrupt(rid)
    assert not spin.unwound.is_set()
    assert log.text == ""
    table.lane.interrupt(7)
    assert is_whole(table.edge.next(), 6, b"/before")
    assert table.edge.expect(ABORT).id == 7
    assert is_whole(table.edge.next(), 8, b"/after")


def test_an_interrupted_stream_is_broken_off_and_closed(bench: Callable[[App], Bench]) -> None:
    class Pieces:
        closed = threading.Event()

        def __iter__(self) -> Iterator[bytes]:
            yield b"one"
            spin.spin()

        def close(self) -> None:
            self.closed.set()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        start_response("200 OK", [])
        return Pieces()

    spin = Spin()
    table = bench(app)
    table.edge.send(request(1))
    assert table.edge.expect(RESPONSE).content == b"one"
    assert spin.is_reached()
    table.lane.interrupt(1)
    assert table.edge.expect(ABORT).id == 1
    assert Pieces.closed.is_set()


def test_an_application_that_swallows_the_exception_is_heard_all_the_same(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        try:
            spin.spin()
        except BaseException:
            pass
        return echo(environ, start_response)

    spin = Spin()
    table = bench(app)
    table.edge.send(request(1, "/spin"))
    assert spin.is_reached()
    table.lane.interrupt(1)
    assert is_whole(table.edge.next(), 1, b"/spin")


def test_a_stream_that_swallows_the_exception_ends_with_its_next_piece(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        try:
            spin.spin()
        except BaseException:
            pass
        while True:
            yield b"two"

    spin = Spin()
    table = bench(app)
    table.edge.send(request(1))
    assert table.edge.expect(RESPONSE).content == b"one"
    assert spin.is_reached()
    table.lane.interrupt(1)
    assert table.edge.expect(BODY).content == b"two"
    assert table.edge.expect(ABORT).id == 1


def test_a_close_that_runs_on_is_interrupted(bench: Callable[[App], Bench]) -> None:
    class Body(list[bytes]):
        def close(self) -> None:
            spin.spin()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        if environ["PATH_INFO"] == "/next":
            return echo(environ, start_response)
        start_response("200 OK", [])
        return Body([b"body"])

    spin = Spin()
    table = bench(app)
    table.edge.send(request(1))
    assert spin.is_reached()
    table.lane.reclaim()
    frame = table.edge.expect(RESPONSE)
    assert (frame.content, frame.flags & (END | TAIL)) == (b"body", END | TAIL)
    table.lane.interrupt(1)
    assert table.edge.expect(DONE).id == 1
    table.edge.send(request(2, "/next"))
    assert is_whole(table.edge.next(), 2, b"/next")


def test_a_response_that_was_complete_is_sent_although_its_close_was_interrupted(bench: Callable[[App], Bench]) -> None:
    class Body(list[bytes]):
        def close(self) -> None:
            spin.spin()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        start_response("200 OK", [])
        return Body([b"body"])

    spin = Spin()
    table = bench(app)
    table.edge.send(request(1))
    assert spin.is_reached()
    table.lane.interrupt(1)
    assert is_whole(table.edge.next(), 1, b"body")


@pytest.mark.skipif(runs_in_parallel(), reason="no thread may look at another's stack")
def test_a_python_without_ctypes_only_logs(
    bench: Callable[[App], Bench], log: ReadableLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    reached = threading.Event()

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        reached.set()
        assert gate.wait(PATIENCE_S)
        return echo(environ, start_response)

    monkeypatch.setitem(__import__("sys").modules, "ctypes", None)
    assert not interrupts.is_possible()
    table = bench(app)
    table.edge.send(request(1, "/a"))
    assert reached.wait(PATIENCE_S)
    table.lane.interrupt(1)
    gate.set()
    assert is_whole(table.edge.next(), 1, b"/a")
    assert "is past its deadline; it is here:\nTraceback" in log.text
    assert "was interrupted" not in log.text


def test_the_next_edges_request_of_the_same_number_can_be_interrupted_too(bench: Callable[[App], Bench]) -> None:
    for _ in range(2):
        spin = Spin()
        table = bench(spinning_at("/spin", spin))
        table.edge.send(request(1, "/spin"))
        assert spin.is_reached()
        table.lane.interrupt(1)
        assert table.edge.expect(ABORT).id == 1
        table.stop()
        table.start()


# --- at any moment -------------------------------------------------------------------------------------------


def test_interrupted_at_random_moments_every_answer_is_right_or_its_request_broken_off(
    bench: Callable[[App], Bench],
) -> None:
    """Most interrupts come while the lane's own code runs: they must have no effect there."""

    class Body(list[bytes]):
        def close(self) -> None:
            sum(range(50))

    def app(environ: dict[str, Any], start_response: StartResponse) -> Any:
        number = int(environ["PATH_INFO"][1:])
        sum(range(number % 7 * 20))
        body = b"%d" % number
        start_response("200 OK", [])
        kind = number % 5
        if kind == 0:
            return [body]
        if kind == 1:
            return Body([body])
        if kind == 2:
            return iter([body, b"-", body * 3])
        if kind == 3:
            return [body + b"x" * 40_000]
        return (piece for piece in [body, b"y" * 40_000, body])

    def expected(number: int) -> bytes:
        body = b"%d" % number
        return [body, body, body + b"-" + body * 3, body + b"x" * 40_000, body + b"y" * 40_000 + body][number % 5]

    table = bench(app)
    total = 6_000
    chance = random.Random(5)
    done = threading.Event()
    asked = 0

    def interrupt_now_and_then() -> None:
        nonlocal asked
        while not done.is_set():
            rid = table.status[0]
            if chance.random() < 0.5:
                time.sleep(chance.random() * 0.0002)
            if rid:
                table.lane.interrupt(rid)
                asked += 1

    def send() -> None:
        for rid in range(1, total + 1):
            table.edge.send(request(rid, f"/{rid}"))

    threads = [threading.Thread(target=interrupt_now_and_then), threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    over: list[int] = []
    broken: list[int] = []
    parts: list[bytes] = []
    try:
        while not over or over[-1] != total:
            frame = table.edge.next()
            assert frame.kind in (RESPONSE, BODY, ABORT), frame
            if frame.kind == RESPONSE:
                assert not parts
            if frame.kind == ABORT:
                broken.append(frame.id)
                parts.clear()
            else:
                parts.append(frame.content)
            if frame.flags & END:
                if frame.kind != ABORT:
                    assert b"".join(parts) == expected(frame.id)
                if over[-1:] != [frame.id]:  # told twice, at worst
                    over.append(frame.id)
                parts.clear()
    finally:
        done.set()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert over == list(range(1, total + 1))
    assert asked > 100
    assert broken, "nothing was interrupted"
    table.edge.send(request(total + 5, f"/{total + 5}"))
    assert is_whole(table.edge.next(), total + 5, expected(total + 5))
