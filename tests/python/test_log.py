from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from wsgiref.validate import ErrorWrapper

import pytest

from kirin_worker import log as log_module
from kirin_worker.log import Log
from support import ReadableLog

PYTHON_FOLDER = os.path.dirname(os.path.dirname(log_module.__file__))


def boot(path: str, *, level: str = "info", capture: bool = False) -> dict[str, object]:
    return {
        "errorLog": path,
        "logLevel": level,
        "colour": False,
        "captureOutput": capture,
        "relay": None,
        "logConfig": None,
    }


def test_a_line_is_in_gunicorns_format(log: ReadableLog) -> None:
    log.error("it broke")
    assert re.fullmatch(
        rf"\[\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{{4}}\] \[{os.getpid()}\] \[ERROR\] it broke\n",
        log.path.read_text(),
    )


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("info", ["INFO", "WARNING", "ERROR", "CRITICAL"]),
        ("warning", ["WARNING", "ERROR", "CRITICAL"]),
        ("error", ["ERROR", "CRITICAL"]),
        ("critical", ["CRITICAL"]),
    ],
)
def test_what_is_below_the_level_is_not_written(tmp_path: Path, level: str, written: list[str]) -> None:
    log = ReadableLog(tmp_path / "leveled.log", level)
    log.debug("x")
    log.info("x")
    log.warning("x")
    log.error("x")
    log.critical("x")
    os.close(log.fd)
    assert log.lines == [f"[{name}] x" for name in written]


def test_control_characters_cannot_reach_a_terminal(log: ReadableLog) -> None:
    log.error("a\x1b[2Jb\rc\x9bd\x7f\te\n  f")
    assert log.text == "[ERROR] a\\x1b[2Jb\\x0dc\\x9bd\\x7f\te\n  f\n"


def test_colours_are_for_what_is_not_routine(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "colour.log"), colour=True)
    log.error("red")
    log.info("plain")
    os.close(log.fd)
    first, second = (tmp_path / "colour.log").read_text().splitlines()
    assert first.startswith("\x1b[31m[")
    assert first.endswith("] [ERROR] red\x1b[0m")
    assert "\x1b" not in second


def test_a_record_of_many_lines_is_one_write(log: ReadableLog, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[bytes] = []

    def write(fd: int, data: memoryview) -> int:
        writes.append(bytes(data))
        return len(data)

    monkeypatch.setattr(os, "write", write)
    log.exception("it broke", ValueError("why"))
    assert len(writes) == 1
    assert writes[0].endswith(b"it broke\nValueError: why\n")


def test_text_that_is_no_utf_8_is_escaped(log: ReadableLog) -> None:
    log.error("a\udcffb é")
    assert log.lines == ["[ERROR] a\\udcffb é"]


def test_it_appends_and_so_can_many_processes(tmp_path: Path) -> None:
    path = tmp_path / "shared.log"
    path.write_text("before\n")
    first, second = Log(str(path)), Log(str(path))
    first.error("one")
    second.error("two")
    first.error("three")
    os.close(first.fd)
    os.close(second.fd)
    assert [line.split("] ")[-1] for line in path.read_text().splitlines()] == ["before", "one", "two", "three"]


def test_reopening_follows_a_rotation_and_keeps_the_descriptor(log: ReadableLog) -> None:
    fd = log.fd
    log.error("old")
    old = log.path.rename(log.path.with_suffix(".1"))
    log.error("still old")
    log.reopen()
    log.error("new")
    assert log.fd == fd
    assert log.lines == ["[ERROR] new"]
    assert len(old.read_text().splitlines()) == 2


def test_a_log_that_cannot_be_reopened_goes_on_in_the_old_file(log: ReadableLog) -> None:
    folder = log.path.parent
    old = log.path.rename(folder / "old.log")
    log.path.mkdir()
    log.reopen()
    log.error("after")
    text = old.read_text()
    assert "cannot be reopened (Is a directory); writing to the old file" in text
    assert text.endswith("after\n")


def test_writing_never_raises(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "closed.log"))
    os.close(log.fd)
    log.error("lost")
    log.exception("lost", ValueError("x"))
    stream = log.errors_stream()
    stream.write("lost\n")
    stream.flush()


def test_a_reader_that_does_not_block_gets_all_of_it_in_its_time(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "unused.log"))
    os.close(log.fd)
    reader, log.fd = os.pipe()
    os.set_blocking(log.fd, False)
    received: list[bytes] = []

    def read() -> None:
        while data := os.read(reader, 65536):
            received.append(data)

    thread = threading.Thread(target=read)
    thread.start()
    log.error("x" * 1_000_000)
    os.close(log.fd)
    thread.join()
    os.close(reader)
    assert sum(map(len, received)) > 1_000_000


def test_a_full_pipe_that_nobody_reads_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_WAIT_SECONDS", 0.01)
    log = Log(str(tmp_path / "unused.log"))
    os.close(log.fd)
    reader, log.fd = os.pipe()
    os.set_blocking(log.fd, False)
    started = time.monotonic()
    log.error("x" * 1_000_000)
    assert time.monotonic() - started < 5
    os.close(log.fd)
    os.close(reader)


# --- wsgi.errors ------------------------------------------------------------------------------------------


def test_wsgi_errors_writes_lines_as_they_are(log: ReadableLog) -> None:
    stream = log.errors_stream()
    assert stream.write("one\n") == 4
    stream.writelines(["two\n", "thr", "ee\n"])
    print("four", file=stream)
    ErrorWrapper(stream).write("five\n")
    assert log.lines == ["one", "two", "three", "four", "five"]


def test_a_part_of_a_line_waits_for_its_rest(log: ReadableLog) -> None:
    stream = log.errors_stream()
    stream.write("one")
    assert log.lines == []
    stream.write(" more\ntwo")
    assert log.lines == ["one more"]
    stream.flush()
    assert log.lines == ["one more", "two"]


def test_a_part_of_a_line_is_ended_with_its_request(log: ReadableLog) -> None:
    log.errors_stream().write("unfinished")
    assert log.has_partial_line
    log.end_partial_lines()
    assert log.text == "unfinished\n"
    assert not log.has_partial_line


def test_a_very_long_part_of_a_line_is_not_kept(log: ReadableLog) -> None:
    log.errors_stream().write("x" * 100_000)
    assert len(log.text) == 100_000
    assert not log.has_partial_line


def test_lines_of_many_threads_do_not_mix(log: ReadableLog) -> None:
    stream = log.errors_stream()

    def work(name: str) -> None:
        for _ in range(200):
            print(name * 20, file=stream)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(log.lines) == sorted(name * 20 for name in "abcd" for _ in range(200))
    assert not log.has_partial_line


def test_bytes_are_refused_and_close_does_nothing(log: ReadableLog) -> None:
    stream = log.errors_stream()
    with pytest.raises(TypeError, match="is a text stream"):
        stream.write(b"bytes")  # type: ignore[arg-type]
    stream.close()
    stream.write("open still\n")
    assert log.lines == ["open still"]


def test_python_can_log_to_it(log: ReadableLog) -> None:
    import logging

    handler = logging.StreamHandler(log.errors_stream())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.error("from logging")
    assert log.lines == ["from logging"]


# --- the process's log ------------------------------------------------------------------------------------


def test_setup_opens_what_boot_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_current", None)
    path = tmp_path / "boot.log"
    log = log_module.setup(boot(str(path), level="error"))
    log.warning("no")
    log.error("yes")
    assert log_module.current() is log
    assert log_module.open_log(boot("/elsewhere")) is log
    path.unlink()
    log_module.reopen()
    log.error("again")
    os.close(log.fd)
    assert path.read_text().endswith("again\n")


def test_a_log_that_cannot_be_opened_is_standard_error_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log_module, "_current", None)
    path = str(tmp_path / "missing" / "boot.log")
    log_module.setup(boot(path)).error("to stderr")
    err = capfd.readouterr().err
    assert f"The error log '{path}' cannot be opened (No such file or directory); using standard error" in err
    assert err.endswith("to stderr\n")


@pytest.mark.parametrize("rotate", [False, True])
def test_captured_output_goes_to_the_log_and_follows_it(tmp_path: Path, rotate: bool) -> None:
    path = tmp_path / "captured.log"
    source = f"""
import os, sys
sys.path.insert(0, {PYTHON_FOLDER!r})
from kirin_worker import log
log.setup({boot(str(path), capture=True)!r})
if {rotate}:
    print("before")
    os.rename({str(path)!r}, {str(path) + ".1"!r})
    log.reopen()
print("printed")
sys.stderr.write("written\\n")
os.write(1, b"raw\\n")
os.system("echo from a child")
"""
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")
    assert path.read_text().splitlines() == ["printed", "written", "raw", "from a child"]


def test_without_a_file_output_is_not_captured() -> None:
    source = f"""
import sys
sys.path.insert(0, {PYTHON_FOLDER!r})
from kirin_worker import log
log.setup({boot("-", capture=True)!r}).error("logged")
print("printed")
"""
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "printed\n"
    assert ran.stderr.endswith("[ERROR] logged\n")


def test_starting_imports_nothing_slow() -> None:
    source = f"""
import sys
sys.path.insert(0, {PYTHON_FOLDER!r})
import kirin_worker.wsgi, kirin_worker.loader, kirin_worker.log
slow = {{"logging", "typing", "traceback", "ast", "inspect", "importlib.metadata", "difflib", "json", "tempfile"}}
print(sorted(slow & set(sys.modules)))
"""
    # Isolated: what an environment's .pth files import is not ours.
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", source], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "[]\n"
