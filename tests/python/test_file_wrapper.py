from __future__ import annotations

import gzip
import io
import tempfile
from pathlib import Path
from typing import Any, Callable

import pytest

from kirin_worker.file_wrapper import SMALL_BYTES, FileWrapper
from support import App, RecordingOut, Server, sized

CONTENT = bytes(range(256)) * 1000
LARGE = len(CONTENT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    return path


def file_app(open_file: Callable[[], Any], *fields: tuple[str, str], status: str = "200 OK") -> tuple[App, list[Any]]:
    opened: list[Any] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        start_response(status, [*fields])
        opened.append(open_file())
        return environ["wsgi.file_wrapper"](opened[0], 1000)

    return app, opened


def test_a_regular_file_is_handed_over_with_its_length(server: Server, path: Path) -> None:
    app, opened = file_app(lambda: path.open("rb"))
    out = server.run(app)
    assert (out.calls, out.sent_file, out.body) == (["file"], (0, LARGE), CONTENT)
    assert out.fields == [("Content-Length", str(LARGE))]
    assert opened[0].closed


@pytest.mark.parametrize("buffering", [0, -1])
def test_it_starts_where_the_application_has_read_to(server: Server, path: Path, buffering: int) -> None:
    def open_file() -> Any:
        file = path.open("rb", buffering=buffering)
        file.read(10)
        return file

    out = server.run(file_app(open_file)[0])
    assert (out.sent_file, out.body) == ((10, LARGE - 10), CONTENT[10:])


@pytest.mark.parametrize("can_send_files", [True, False])
def test_a_declared_length_within_the_file_is_a_part_of_it(server: Server, path: Path, can_send_files: bool) -> None:
    def open_file() -> Any:
        file = path.open("rb")
        file.seek(100)
        return file

    app, _ = file_app(open_file, sized(50_000), status="206 Partial Content")
    out = server.run(app, out=RecordingOut(can_send_files))
    assert out.looks_whole
    assert out.body == CONTENT[100:50_100]
    assert server.log.lines == []


@pytest.mark.parametrize("can_send_files", [True, False])
def test_a_declared_length_beyond_the_file_never_looks_whole(server: Server, path: Path, can_send_files: bool) -> None:
    out = server.run(file_app(lambda: path.open("rb"), sized(LARGE + 1))[0], out=RecordingOut(can_send_files))
    assert out.status.startswith("500") or out.calls[-1] == "abort"
    assert server.log.lines == [
        "[ERROR] Error handling request GET /page?q=1: the application gave a body shorter than its Content-Length:"
        f" it declared {LARGE + 1} bytes and gave {LARGE}"
    ]


def test_a_small_file_is_sent_as_bytes(server: Server, path: Path) -> None:
    path.write_bytes(CONTENT[:SMALL_BYTES])
    out = server.run(file_app(lambda: path.open("rb"))[0])
    assert (out.calls, out.body) == (["whole"], CONTENT[:SMALL_BYTES])
    assert out.fields == [("Content-Length", str(SMALL_BYTES))]


def test_an_empty_file_is_an_empty_response(server: Server, path: Path) -> None:
    path.write_bytes(b"")
    out = server.run(file_app(lambda: path.open("rb"))[0])
    assert (out.calls, out.body) == (["whole"], b"")


def test_a_file_that_has_no_size_but_content_is_read(server: Server) -> None:
    if not Path("/proc/version").exists():
        pytest.skip("no /proc on this system")
    out = server.run(file_app(lambda: Path("/proc/version").open("rb"))[0])
    assert out.body == Path("/proc/version").read_bytes()


def test_the_wrapper_may_stand_for_a_temporary_file(server: Server) -> None:
    def open_file() -> Any:
        file = tempfile.NamedTemporaryFile()
        file.write(CONTENT)
        file.seek(0)
        return file

    out = server.run(file_app(open_file)[0])
    assert (out.calls, out.body) == (["file"], CONTENT)


def test_what_was_written_but_not_flushed_is_sent_too(server: Server, path: Path) -> None:
    def open_file() -> Any:
        file = path.open("r+b")
        file.seek(0, io.SEEK_END)
        file.write(b"more")
        file.seek(0)
        return file

    assert server.run(file_app(open_file)[0]).body == CONTENT + b"more"


@pytest.mark.parametrize("can_send_files", [True, False])
def test_what_has_the_descriptor_of_other_bytes_is_read(server: Server, tmp_path: Path, can_send_files: bool) -> None:
    zipped = tmp_path / "content.gz"
    zipped.write_bytes(gzip.compress(CONTENT))
    app, opened = file_app(lambda: gzip.open(zipped, "rb"))
    out = server.run(app, out=RecordingOut(can_send_files))
    assert (out.body, out.calls[-1]) == (CONTENT, "end")
    assert opened[0].closed


def test_objects_with_nothing_but_read_are_enough(server: Server) -> None:
    class Reader:
        def __init__(self) -> None:
            self._file = io.BytesIO(CONTENT)

        def read(self, size: int) -> bytes:
            return self._file.read(size)

    out = server.run(file_app(Reader)[0])
    assert (out.body, out.calls[-1]) == (CONTENT, "end")
    assert server.log.lines == []


def test_a_pipe_is_read(server: Server) -> None:
    import os

    def open_file() -> Any:
        reader, writer = os.pipe()
        os.write(writer, b"through a pipe")
        os.close(writer)
        return os.fdopen(reader, "rb")

    out = server.run(file_app(open_file)[0])
    assert (out.body, out.calls[-1]) == (b"through a pipe", "end")


def test_a_text_file_is_an_error(server: Server, path: Path) -> None:
    path.write_text("text")
    app, opened = file_app(lambda: path.open("r"))
    assert server.run(app).status.startswith("500")
    assert "gave 'text', a str, as a part of its body" in server.log.text
    assert opened[0].closed


def test_head_gets_no_file(server: Server, path: Path) -> None:
    app, opened = file_app(lambda: path.open("rb"), sized(LARGE))
    out = server.run(app, "HEAD")
    assert (out.calls, out.body, out.fields) == (["whole"], b"", [("Content-Length", str(LARGE))])
    assert opened[0].closed


def test_304_gets_no_file(server: Server, path: Path) -> None:
    out = server.run(file_app(lambda: path.open("rb"), status="304 Not Modified")[0])
    assert (out.calls, out.body) == (["whole"], b"")


def test_behind_middleware_it_is_an_iterable(server: Server, path: Path) -> None:
    app, opened = file_app(lambda: path.open("rb"))

    def middleware(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        result = app(environ, start_response)
        try:
            yield from result
        finally:
            result.close()

    out = server.run(middleware)
    assert (out.body, out.calls[-1]) == (CONTENT, "end")
    assert opened[0].closed


def test_without_start_response_it_is_an_error_and_closed(server: Server, path: Path) -> None:
    file = path.open("rb")
    assert server.run(lambda environ, start_response: FileWrapper(file)).status.startswith("500")
    assert server.log.lines == [
        "[ERROR] Error handling request GET /page?q=1: the application has not called start_response"
    ]
    assert file.closed


def test_a_wrapper_has_a_close_only_when_the_file_has() -> None:
    class Reader:
        def read(self, size: int) -> bytes:
            return b""

    assert not hasattr(FileWrapper(Reader()), "close")
    assert list(FileWrapper(Reader())) == []
