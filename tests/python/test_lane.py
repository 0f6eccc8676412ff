from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from fake_edge import PATIENCE_S, request
from kirin_worker import frames
from kirin_worker.frames import ABORT, BODY, DONE, END, FILE, RESPONSE, TAIL
from kirin_worker.lane import Lane
from lane_bench import App, Bench, Gate, echo, is_whole
from support import ReadableLog

# --- requests and answers -----------------------------------------------------------------------------------


def test_a_request_is_answered_with_its_service_time(bench: Callable[[App], Bench]) -> None:
    edge = bench(echo).edge
    edge.send(request(7, "/a"))
    frame = edge.next()
    assert frame.head == b"200 OK\r\nContent-Length: 2\r\n"
    assert is_whole(frame, 7, b"/a")
    assert 0 < frame.b < 1_000_000


def test_requests_at_hand_are_answered_in_one_send(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/first":
            gate.wait()
        return echo(environ, start_response)

    gate = Gate()
    edge = bench(app).edge
    edge.send(request(1, "/first"))
    assert gate.is_reached()
    edge.send(b"".join(request(rid, "/") for rid in range(2, 12)))
    gate.open()
    assert is_whole(edge.next(), 1, b"/first")
    before = edge.reads
    for rid in range(2, 12):
        assert is_whole(edge.next(), rid, b"/")
    assert edge.reads - before <= 3


def test_requests_are_read_from_any_pieces(bench: Callable[[App], Bench]) -> None:
    edge = bench(echo).edge
    data = request(1, "/a", "POST", body=b"hello") + request(2, "/b")
    for at in range(len(data)):
        edge.send(data[at : at + 1])
    assert is_whole(edge.next(), 1, b"/ahello")
    assert is_whole(edge.next(), 2, b"/b")


def test_a_large_body_arrives_and_goes_back(bench: Callable[[App], Bench]) -> None:
    body = os.urandom(3_000_000)
    edge = bench(echo).edge
    sender = threading.Thread(target=edge.send, args=(request(1, "", "POST", body=body),))
    sender.start()
    assert is_whole(edge.next(), 1, body)
    sender.join()


def test_a_spooled_body_is_read_from_its_file(bench: Callable[[App], Bench], tmp_path: Path) -> None:
    spool = tmp_path / "körper"
    spool.write_bytes(b"spooled")
    edge = bench(echo).edge
    edge.send(request(1, "/", "POST", spool=str(spool)))
    assert is_whole(edge.next(), 1, b"/spooled")


def test_a_spooled_body_that_is_gone_costs_its_request_and_no_more(
    bench: Callable[[App], Bench], tmp_path: Path
) -> None:
    edge = bench(echo).edge
    edge.send(request(1, "/", "POST", spool=str(tmp_path / "none")) + request(2, "/next"))
    frame = edge.expect(ABORT)
    assert frame.id == 1
    assert b"No such file" in frame.payload
    assert is_whole(edge.next(), 2, b"/next")


def test_a_response_in_pieces_is_sent_as_it_comes(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        gate.wait()
        yield b"two"

    gate = Gate()
    edge = bench(app).edge
    edge.send(request(1))
    first = edge.expect(RESPONSE)
    assert (first.flags & END, first.content) == (0, b"one")
    gate.open()
    assert edge.expect(BODY).content == b"two"
    last = edge.expect(BODY)
    assert (last.flags & (END | TAIL), last.content) == (END, b"")


def test_a_response_that_fails_after_it_was_begun_is_broken_off(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"one"
        raise RuntimeError("no")

    edge = bench(app).edge
    edge.send(request(1) + request(2))
    for rid in (1, 2):
        assert edge.expect(RESPONSE).id == rid
        frame = edge.expect(ABORT)
        assert (frame.id, frame.flags & END) == (rid, END)


# --- what runs, for the zygote ------------------------------------------------------------------------------


def test_the_status_memory_shows_what_runs(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.append(table.status[0])
        return echo(environ, start_response)

    seen: list[int] = []
    table = bench(app)
    table.edge.send(request(5) + request(6))
    table.edge.next()
    table.edge.next()
    assert seen == [5, 6]
    # Until the next read, which follows the answer.
    table.stop()
    assert table.status[0] == 0
    table.start()


# --- reclaim ------------------------------------------------------------------------------------------------


def test_reclaim_hands_back_what_was_not_started_and_never_what_was(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        started.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/slow":
            gate.wait()
        return echo(environ, start_response)

    started: list[str] = []
    gate = Gate()
    table = bench(app)
    table.edge.send(request(1, "/slow") + request(2, "/b") + request(3, "/c"))
    assert gate.is_reached()
    assert table.lane.reclaim() == [2, 3]
    assert table.lane.reclaim() == []
    table.edge.send(request(4, "/d"))
    gate.open()
    assert is_whole(table.edge.next(), 1, b"/slow")
    assert is_whole(table.edge.next(), 4, b"/d")
    assert started == ["/slow", "/d"]


def test_reclaim_hands_back_what_the_lane_has_not_even_read(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            gate.wait()
        return echo(environ, start_response)

    gate = Gate()
    table = bench(app)
    table.edge.send(request(1, "/slow"))
    assert gate.is_reached()
    last = request(4, "/d")
    table.edge.send(request(2, "/b") + request(3, "/c") + last[:30])
    assert table.lane.reclaim() == [2, 3]
    table.edge.send(last[30:])
    assert table.lane.reclaim() == [4]
    table.edge.send(request(5, "/e")[:30])
    assert table.lane.reclaim() == []
    gate.open()
    assert is_whole(table.edge.next(), 1, b"/slow")
    table.edge.send(request(5, "/e")[30:])
    assert is_whole(table.edge.next(), 5, b"/e")


def test_reclaim_sends_out_what_is_finished(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            gate.wait()
        return echo(environ, start_response)

    gate = Gate()
    table = bench(app)
    table.edge.send(request(1, "/fast") + request(2, "/slow"))
    assert gate.is_reached()
    table.lane.reclaim()
    assert is_whole(table.edge.next(), 1, b"/fast")
    assert not table.edge.has_more
    gate.open()
    assert is_whole(table.edge.next(), 2, b"/slow")


def test_reclaim_sends_a_response_whose_close_is_slow(bench: Callable[[App], Bench]) -> None:
    class Body(list[bytes]):
        def close(self) -> None:
            gate.wait()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == "/after":
            return echo(environ, start_response)
        start_response("200 OK", [])
        return Body([b"body"])

    gate = Gate()
    table = bench(app)
    table.edge.send(request(1) + request(2, "/after"))
    assert gate.is_reached()
    assert table.lane.reclaim() == [2]
    frame = table.edge.expect(RESPONSE)
    assert (frame.id, frame.content, frame.flags & (END | TAIL)) == (1, b"body", END | TAIL)
    assert not table.edge.has_more
    assert table.lane.reclaim() == []
    gate.open()
    assert table.edge.expect(DONE).id == 1
    table.edge.send(request(3, "/after"))
    assert is_whole(table.edge.next(), 3, b"/after")


def test_reclaim_does_not_wait_for_an_edge_that_does_not_read(bench: Callable[[App], Bench]) -> None:
    class Body(list[bytes]):
        def close(self) -> None:
            gate.wait()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == "/after":
            return echo(environ, start_response)
        start_response("200 OK", [])
        return Body([body])

    body = os.urandom(8_000_000)
    gate = Gate()
    table = bench(app)
    table.edge.send(request(1) + request(2, "/after"))
    assert gate.is_reached()
    # In this thread: it would not come to read what it waits for to be read.
    assert table.lane.reclaim() == [2]
    assert table.lane.reclaim() == []
    table.edge.send(request(3, "/after"))
    frame = table.edge.expect(RESPONSE)
    assert (frame.id, frame.flags & (END | TAIL)) == (1, END | TAIL)
    assert frame.content == body
    gate.open()
    assert table.edge.expect(DONE).id == 1
    assert is_whole(table.edge.next(), 3, b"/after")


def test_reclaim_may_come_before_the_lane_has_begun(log: ReadableLog) -> None:
    lane = Lane(0, echo, {}, memoryview(bytearray(8)).cast("I"), log, True)
    assert lane.reclaim() == []


def test_under_random_reclaims_every_request_is_answered_or_handed_back_and_not_both(
    bench: Callable[[App], Bench],
) -> None:
    class Body(list[bytes]):
        def close(self) -> None:
            pass

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        started.append(int(environ["PATH_INFO"][1:]))
        start_response("200 OK", [])
        kind = started[-1] % 4
        if kind == 0:
            return [b"list"]
        if kind == 1:
            return Body([b"closed"])
        return iter([b"in ", b"pieces"]) if kind == 2 else []

    started: list[int] = []
    table = bench(app)
    total = 6000
    chance = random.Random(1)
    handed_back: list[int] = []
    answered: list[int] = []
    done = threading.Event()

    def reclaim_now_and_then() -> None:
        while not done.is_set():
            handed_back.extend(table.lane.reclaim())
            done.wait(chance.random() * 0.0005)

    def send() -> None:
        rid = 1
        while rid <= total:
            count = min(chance.randrange(1, 40), total + 1 - rid)
            table.edge.send(b"".join(request(each, f"/{each}") for each in range(rid, rid + count)))
            rid += count
        # The last one is not handed back: nothing is asked any more.
        done.set()
        reclaimer.join(PATIENCE_S)
        table.edge.send(request(rid, f"/{rid}"))

    reclaimer = threading.Thread(target=reclaim_now_and_then)
    sender = threading.Thread(target=send)
    reclaimer.start()
    sender.start()
    tails: list[int] = []
    try:
        while not answered or answered[-1] != total + 1:
            frame = table.edge.next()
            assert frame.kind in (RESPONSE, BODY, DONE), frame
            if frame.kind == DONE:
                assert tails.pop() == frame.id
            elif frame.flags & END:
                assert not tails, "an answer came before DONE"
                answered.append(frame.id)
                if frame.flags & TAIL:
                    tails.append(frame.id)
    finally:
        done.set()
        sender.join(PATIENCE_S)
    if tails:
        assert table.edge.expect(DONE).id == tails.pop()
    assert len(answered) == len(set(answered))
    assert len(handed_back) == len(set(handed_back))
    assert sorted([*answered, *handed_back]) == list(range(1, total + 2))
    assert answered == sorted(answered)
    assert started == answered


# --- clients that leave -------------------------------------------------------------------------------------


def test_a_request_whose_client_has_left_is_not_started(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        started.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] == "/a":
            gate.wait()
        return echo(environ, start_response)

    started: list[str] = []
    gate = Gate()
    table = bench(app)
    table.edge.send(request(1, "/a") + request(2, "/b") + request(3, "/c"))
    assert gate.is_reached()
    table.lane.cancel(2)
    gate.open()
    assert is_whole(table.edge.next(), 1, b"/a")
    assert table.edge.expect(ABORT).id == 2
    assert is_whole(table.edge.next(), 3, b"/c")
    assert started == ["/a", "/c"]


def test_a_client_that_leaves_during_the_response_ends_it_and_close_is_called(bench: Callable[[App], Bench]) -> None:
    class Endless:
        closed = threading.Event()

        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x" * 1000

        def close(self) -> None:
            self.closed.set()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == "/next":
            return echo(environ, start_response)
        start_response("200 OK", [])
        return Endless()

    table = bench(app)
    table.edge.send(request(1))
    table.edge.expect(RESPONSE)
    table.lane.cancel(1)
    while True:
        frame = table.edge.next()
        if frame.kind == ABORT:
            break
    assert frame.id == 1
    assert Endless.closed.is_set()
    table.edge.send(request(2, "/next"))
    assert is_whole(table.edge.next(), 2, b"/next")


def test_the_application_can_ask_whether_its_client_has_left(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        has_left = environ["kirin.client_left"]
        seen.append(has_left())
        if environ["PATH_INFO"] == "/long":
            gate.wait()
            seen.append(has_left())
        return echo(environ, start_response)

    seen: list[bool] = []
    gate = Gate()
    table = bench(app)
    table.edge.send(request(1, "/long"))
    assert gate.is_reached()
    for rid in (1, *range(1000, 1600)):  # the others are of other lanes, and there may be many
        table.lane.cancel(rid)
    gate.open()
    assert is_whole(table.edge.next(), 1, b"/long")
    table.edge.send(request(2, "/next"))
    assert is_whole(table.edge.next(), 2, b"/next")
    assert seen == [False, True, False]


def test_a_client_that_only_closed_its_sending_side_is_told_of_and_gets_its_response(
    bench: Callable[[App], Bench],
) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        gate.wait()
        start_response("200 OK", [])
        yield f"{environ['kirin.client_left']()} ".encode()
        yield b"all"

    gate = Gate()
    table = bench(app)
    table.edge.send(request(1))
    assert gate.is_reached()
    table.lane.cancel(1, is_sure=False)
    gate.open()
    assert table.edge.expect(RESPONSE).content == b"True "
    assert table.edge.expect(BODY).content == b"all"
    assert table.edge.expect(BODY).flags & END
    table.edge.send(request(2))
    assert table.edge.expect(RESPONSE).content == b"False "


def test_what_an_earlier_edge_cancelled_is_nothing_to_the_next(bench: Callable[[App], Bench]) -> None:
    table = bench(echo)
    table.lane.cancel(1)
    table.stop()
    table.start()
    table.edge.send(request(1, "/a"))
    assert is_whole(table.edge.next(), 1, b"/a")


# --- files --------------------------------------------------------------------------------------------------


def file_app(path: Path) -> App:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response("200 OK", [])
        file = open(path, "rb")
        file.seek(10)
        return environ["wsgi.file_wrapper"](file)

    return app


def test_a_file_stays_open_for_the_edge_until_it_is_released(bench: Callable[[App], Bench], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1000)
    table = bench(file_app(path))
    table.edge.send(request(1))
    frame = table.edge.expect(RESPONSE)
    assert frame.flags & (END | FILE) == END | FILE
    assert frame.head == b"200 OK\r\nContent-Length: 255990\r\n"
    where = json.loads(frame.content)
    assert (where["offset"], where["length"]) == (10, 255_990)
    assert os.pread(where["fd"], 4, where["offset"]) == bytes(range(10, 14))
    table.lane.release(1)
    with pytest.raises(OSError):
        os.fstat(where["fd"])
    table.lane.release(1)


def test_files_that_were_not_released_are_closed_with_the_connection(
    bench: Callable[[App], Bench], tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100_000))
    table = bench(file_app(path))
    table.edge.send(request(1))
    where = json.loads(table.edge.expect(RESPONSE).content)
    table.stop()
    with pytest.raises(OSError):
        os.fstat(where["fd"])
    table.start()


# --- the end of the connection ------------------------------------------------------------------------------


def test_the_end_of_the_edge_ends_the_run_and_the_next_one_starts_clean(bench: Callable[[App], Bench]) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            gate.wait()
        return echo(environ, start_response)

    gate = Gate()
    table = bench(app)
    table.edge.send(request(1, "/fast") + request(2, "/slow") + request(3, "/never"))
    assert gate.is_reached()
    table.edge.close()
    gate.open()
    table.stop()
    table.start()
    table.edge.send(request(1, "/new"))
    assert is_whole(table.edge.next(), 1, b"/new")
    assert not table.edge.has_more


def test_a_lane_that_is_shut_ends_its_run(bench: Callable[[App], Bench]) -> None:
    table = bench(echo)
    table.edge.send(request(1))
    table.edge.next()
    table.lane.shut()
    assert table.edge.read() is None


def test_a_lane_that_was_shut_before_it_began_does_not_begin(bench: Callable[[App], Bench]) -> None:
    table = bench(echo)
    table.stop()
    table.lane.shut()
    table.start()
    assert table.edge.read() is None


def test_frames_read_alike_on_both_sides() -> None:
    vectors = json.loads((Path(__file__).parent.parent / "fixtures/lane/frames.json").read_text("utf-8"))
    assert len(vectors) > 10
    for vector in vectors:
        data = bytes.fromhex(vector["hex"])
        length, kind, flags, zero, rid, a, b = frames.HEADER.unpack_from(data)
        payload = data[frames.HEADER_BYTES :]
        assert (length, zero) == (len(payload), 0), vector["name"]
        assert kind == getattr(frames, vector["kind"]), vector["name"]
        assert (flags, rid, a, b) == (vector["flags"], vector["id"], vector["a"], vector["b"]), vector["name"]
        assert payload == vector["payload"].encode("latin-1"), vector["name"]
        made = frames.frame(kind, payload, flags=flags, id=rid, a=a, b=b)
        assert made == data, vector["name"]
