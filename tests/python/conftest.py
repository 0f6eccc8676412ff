from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ReadableLog, Server


@pytest.fixture
def log(tmp_path: Path) -> Iterator[ReadableLog]:
    log = ReadableLog(tmp_path / "error.log")
    yield log
    os.close(log.fd)


@pytest.fixture
def server(log: ReadableLog) -> Server:
    return Server(log)
