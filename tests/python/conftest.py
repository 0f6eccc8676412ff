from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from lane_bench import App, Bench
from support import ReadableLog, Server
from worker_process import Process


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ReadableLog]:
    log = ReadableLog(tmp_path / "error.log")
    yield log
    os.close(log.fd)


@pytest.fixture
def server(log: ReadableLog) -> Server:
    return Server(log)


@pytest.fixture
def bench(log: ReadableLog) -> Iterator[Callable[[App], Bench]]:
    benches: list[Bench] = []

    def make(app: App) -> Bench:
        benches.append(Bench(app, log))
        return benches[-1]

    yield make
    for each in benches:
        each.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    processes: list[Process] = []

    def make(**options: Any) -> Process:
        processes.append(Process(tmp_path, **options))
        return processes[-1]

    yield make
    for process in processes:
        process.stop()


@pytest.fixture(params=["gthread", "gevent"])
def worker_class(request: pytest.FixtureRequest) -> str:
    """What a worker's lanes are: threads, or greenlets."""
    name: str = request.param
    if name == "gevent":
        pytest.importorskip("gevent")
    return name
