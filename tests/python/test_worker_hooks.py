"""Server hooks of a worker whose end is asked for by more than one signal."""

from __future__ import annotations

import subprocess
import sys

from worker_process import PYTHON

#: A worker that loads its application, and is told to end twice, as by a quick stop: then in the midst of a hook.
LOADING = """
import os, signal
from types import SimpleNamespace
from kirin_worker.worker_hooks import WorkerHooks

class Hooks(dict):
    server = SimpleNamespace(enter_worker=lambda: None)
    def must(self, name, *arguments): ...
    def call(self, name, *arguments): self[name](*arguments)

def worker_int(worker):
    os.kill(os.getpid(), signal.SIGTERM)
    print("worker_int", flush=True)

def worker_exit(server, worker):
    print("worker_exit", flush=True)

WorkerHooks(Hooks(worker_int=worker_int, worker_exit=worker_exit), SimpleNamespace()).post_fork()
os.kill(os.getpid(), signal.SIGINT)
"""


def test_worker_int_is_called_to_its_end_also_when_term_comes_behind_int() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING], env={"PYTHONPATH": str(PYTHON)}, stdout=subprocess.PIPE, timeout=60, check=True
    )
    assert done.stdout.decode().split() == ["worker_int", "worker_exit"]
