from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from kirin_worker import relay_client
from kirin_worker.relay_client import RelayClient


class FakeRelay:
    def __init__(self, path: Path) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(10)

    def __enter__(self) -> FakeRelay:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()

    def accept(self) -> socket.socket:
        accepted, _ = self.listener.accept()
        accepted.settimeout(10)
        return accepted

    def records(self) -> list[Any]:
        """All of one client, until it ends."""
        with self.accept() as accepted:
            return records(accepted)


def records(accepted: socket.socket) -> list[Any]:
    data = b""
    while piece := accepted.recv(1 << 20):
        data += piece
    return [json.loads(line) for line in data.splitlines()]


def test_a_record_is_a_line(tmp_path: Path) -> None:
    with FakeRelay(tmp_path / "socket") as relay:
        client = RelayClient(str(tmp_path / "socket"))
        client.send({"text": "a\nb"})
        client.send({"text": "c"})
        client._forget()
        assert relay.records() == [{"text": "a\nb"}, {"text": "c"}]


def test_without_a_relay_records_wait_for_the_next(tmp_path: Path) -> None:
    client = RelayClient(str(tmp_path / "socket"))
    client.send({"text": "early"})
    with FakeRelay(tmp_path / "socket") as relay:
        client.send({"text": "late"})
        client._forget()
        assert relay.records() == [{"text": "early"}, {"text": "late"}]


def test_a_relay_that_ends_its_side_is_left_for_the_next(tmp_path: Path) -> None:
    with FakeRelay(tmp_path / "socket") as first:
        client = RelayClient(str(tmp_path / "socket"))
        client.send({"text": "one"})
        with first.accept() as accepted:
            os.unlink(tmp_path / "socket")
            with FakeRelay(tmp_path / "socket") as second:
                accepted.shutdown(socket.SHUT_WR)
                client.send({"text": "two"})
                assert records(accepted) == [{"text": "one"}]
                client._forget()
                assert second.records() == [{"text": "two"}]


def test_a_relay_that_takes_nothing_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_client, "_MAX_PENDING_BYTES", 10_000)
    with FakeRelay(tmp_path / "socket") as relay:
        client = RelayClient(str(tmp_path / "socket"))
        for _ in range(10_000):
            client.send({"text": "x" * 1000})
        with relay.accept() as accepted:
            accepted.setblocking(False)
            data = b""
            with contextlib.suppress(BlockingIOError):
                while True:
                    data += accepted.recv(1 << 20)
            client.send({"text": "again"})
            client._forget()
            accepted.setblocking(True)
            while piece := accepted.recv(1 << 20):
                data += piece
    got = [json.loads(line) for line in data.splitlines()]
    lost = sum(each["count"] for each in got if each.get("type") == "lost")
    assert lost + sum(each.get("text") == "x" * 1000 for each in got) == 10_000
    assert lost > 1000


def test_a_child_sends_over_a_connection_of_its_own(tmp_path: Path) -> None:
    with FakeRelay(tmp_path / "socket") as relay:
        client = RelayClient(str(tmp_path / "socket"))
        client.send({"text": "parent"})
        pid = os.fork()
        if pid == 0:
            try:
                client.send({"text": "child"})
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        client.send({"text": "parent again"})
        client._forget()
        assert relay.records() == [{"text": "parent"}, {"text": "parent again"}]
        assert relay.records() == [{"text": "child"}]
