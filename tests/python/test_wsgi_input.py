"""Every form of reading wsgi.input, for the two kinds of it that a lane gives: bytes at hand, and a spooled file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Callable
from wsgiref.validate import validator

import pytest

from support import Server

BODY = b"first line\nsecond line\n\nlast without end"
LINES = [b"first line\n", b"second line\n", b"\n", b"last without end"]


def by_pieces(stream: Any, size: int) -> bytes:
    return b"".join(iter(lambda: stream.read(size), b""))


READS: dict[str, Callable[[Any], object]] = {
    "read(-1)": lambda stream: stream.read(-1),
    "read(more than there is)": lambda stream: stream.read(10_000),
    "read(n) until empty": lambda stream: by_pieces(stream, 7),
    "readline(n) until empty": lambda stream: b"".join(iter(lambda: stream.readline(5), b"")),
    "readline() until empty": lambda stream: b"".join(iter(stream.readline, b"")),
    "readlines(hint) until empty": lambda stream: b"".join(
        b"".join(lines) for lines in iter(lambda: stream.readlines(5), [])
    ),
    "iteration": lambda stream: b"".join(stream),
}


@pytest.fixture(params=["inline", "spooled"])
def stream(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BinaryIO]:
    if request.param == "inline":
        yield io.BytesIO(BODY)
        return
    path = tmp_path / "body"
    path.write_bytes(BODY)
    with path.open("rb") as file:
        yield file


def run(server: Server, stream: BinaryIO, read: Callable[[Any], object], check: bool) -> object:
    results: list[object] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        results.append(read(environ["wsgi.input"]))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    def with_input(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["wsgi.input"] = stream
        environ["CONTENT_LENGTH"] = str(len(BODY))
        return (validator(app) if check else app)(environ, start_response)

    assert server.run(with_input, "POST").status == "200 OK"
    return results[0]


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
def test_every_read_form_gives_the_whole_body(server: Server, stream: BinaryIO, read: Callable[[Any], bytes]) -> None:
    assert run(server, stream, read, check=True) == BODY


def test_forms_that_wsgiref_does_not_know(server: Server, stream: BinaryIO) -> None:
    assert run(server, stream, lambda stream: [stream.read(), stream.read(), stream.readline()], check=False) == [
        BODY,
        b"",
        b"",
    ]


def test_lines(server: Server, stream: BinaryIO) -> None:
    assert run(server, stream, lambda stream: list(stream), check=True) == LINES


def test_a_body_that_is_not_read_hurts_nobody(server: Server, stream: BinaryIO) -> None:
    assert run(server, stream, lambda stream: None, check=True) is None
