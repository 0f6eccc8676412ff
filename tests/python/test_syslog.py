from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from kirin_worker import syslog
from kirin_worker.syslog import SyslogHandler, SyslogSender

Make = Callable[[dict[str, Any]], SyslogSender]


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def sender(reports: list[str]) -> Iterator[Make]:
    senders: list[SyslogSender] = []

    def make(address: dict[str, Any]) -> SyslogSender:
        senders.append(SyslogSender({"text": "here", **address}, reports.append))
        return senders[-1]

    yield make
    for each in senders:
        each.close(0)


def datagrams(path: Path) -> socket.socket:
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(path))
    receiver.settimeout(10)
    return receiver


def stream(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    listener.settimeout(10)
    return listener


@pytest.mark.parametrize(
    ("level", "severity"),
    [("DEBUG", 7), ("INFO", 6), ("WARNING", 4), ("ERROR", 3), ("CRITICAL", 2)],
)
def test_a_record_is_in_gunicorns_form(tmp_path: Path, sender: Make, level: str, severity: int) -> None:
    with datagrams(tmp_path / "log") as receiver:
        made = sender({"kind": "unix", "path": str(tmp_path / "log"), "socket": "dgram"})
        handler = SyslogHandler(made, 19, "gunicorn.100%.error")
        record = logging.LogRecord("gunicorn.error", getattr(logging, level), "", 0, "it is 5% \udcff é", None, None)
        handler.handle(record)
        expected = f"<{19 * 8 + severity}>gunicorn.100%.error: [{os.getpid()}] it is 5% \\udcff é\0"
        assert receiver.recv(1000).decode() == expected


def test_lines_of_a_stream_end_with_a_line_feed_and_have_none_within(tmp_path: Path, sender: Make) -> None:
    with stream(tmp_path / "log") as listener:
        made = sender({"kind": "unix", "path": str(tmp_path / "log"), "socket": "any"})
        made.put(b"<14>a\n b")
        made.put(b"<14>c")
        with listener.accept()[0] as accepted, accepted.makefile("rb") as lines:
            accepted.settimeout(10)
            assert [lines.readline(), lines.readline()] == [b"<14>a#012 b\n", b"<14>c\n"]


def test_a_type_of_socket_that_is_named_is_the_only_one_tried(tmp_path: Path, sender: Make, reports: list[str]) -> None:
    with stream(tmp_path / "log"):
        made = sender({"kind": "unix", "path": str(tmp_path / "log"), "socket": "dgram"})
        made.put(b"x")
        assert made.close(0.3) == 1
        [report] = reports
        assert "does not take records (Protocol wrong type for socket); 8 MB of records are kept" in report


def test_a_stream_that_was_closed_is_connected_again_before_anything_is_lost(tmp_path: Path, sender: Make) -> None:
    with stream(tmp_path / "log") as listener:
        made = sender({"kind": "unix", "path": str(tmp_path / "log"), "socket": "stream"})
        made.put(b"first")
        with listener.accept()[0] as accepted:
            assert accepted.recv(100) == b"first\n"
        made.put(b"second")
        with listener.accept()[0] as accepted:
            assert accepted.recv(100) == b"second\n"


def test_a_datagram_that_is_too_long_is_cut(tmp_path: Path, sender: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_MAX_DATAGRAM_BYTES", 10**9)
    with datagrams(tmp_path / "log") as receiver:
        made = sender({"kind": "unix", "path": str(tmp_path / "log"), "socket": "any"})
        made.put(b"x" * (5 * 10**6))
        made.put(b"short")
        assert receiver.recv(10**6) == b"x" * syslog._SMALL_DATAGRAM_BYTES + b"\0"
        assert receiver.recv(10**6) == b"short\0"


def test_what_comes_faster_than_it_is_taken_is_lost_beyond_the_bound_and_counted(
    tmp_path: Path, sender: Make, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syslog, "_MAX_QUEUED_BYTES", 1000)
    taken = threading.Event()
    with datagrams(tmp_path / "log") as receiver:
        original = SyslogSender._connect

        def late(self: SyslogSender) -> None:
            taken.wait(10)
            original(self)

        monkeypatch.setattr(SyslogSender, "_connect", late)
        made = sender({"kind": "unix", "path": str(tmp_path / "log"), "socket": "dgram"})
        for _ in range(30):
            made.put(b"x" * 100)
        taken.set()
        for _ in range(10):
            receiver.recv(1000)
        made.close(5)
        assert reports == ["Syslog at here took records too slowly; lost: 20"]


def test_nothing_that_listens_to_udp_is_told(sender: Make, reports: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    made = sender({"kind": "udp", "host": "127.0.0.1", "port": port})
    for _ in range(20):
        made.put(b"x")
    made.close(5)
    assert reports == ["Syslog at here does not take records (Connection refused)"]
