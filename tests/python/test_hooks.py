"""The objects that server hooks get, and what the file that defines the hooks may give."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kirin_worker import conf
from kirin_worker.hook_log import HookLog
from kirin_worker.hook_settings import Config
from kirin_worker.server_objects import App, Listener, Server
from support import ReadableLog

SETTINGS: dict[str, Any] = {
    "bind": ["127.0.0.1:8000"],
    "workers": 3,
    "threads": 1,
    "worker_class": "sync",
    "timeout": 30,
    "max_requests": 0,
    "user": 1000,
    "group": 1001,
    "proc_name": None,
    "default_proc_name": "main:app",
    "raw_env": ["A=1", "B=x=y"],
    "certfile": None,
    "keyfile": None,
    "chdir": "/",
}


def config(**changes: Any) -> Config:
    return Config({**SETTINGS, **changes}, {"on_exit": print})


# --- cfg --------------------------------------------------------------------------------------------------


def test_cfg_has_settings_hooks_and_what_gunicorn_works_out() -> None:
    cfg = config()
    assert (cfg.workers, cfg.on_exit, cfg.settings["workers"].get()) == (3, print, 3)
    assert (cfg.uid, cfg.gid, cfg.proc_name, cfg.is_ssl) == (1000, 1001, "main:app", None)
    assert cfg.env == {"A": "1", "B": "x=y"}
    assert cfg.address == [("127.0.0.1", 8000)]
    assert cfg.worker_class_str == "sync"
    assert config(threads=4).worker_class_str == "gthread"
    assert "workers           = 3" in str(cfg)
    assert "on_exit           = <print()>" in str(cfg)


def test_cfg_is_changed_by_set_alone() -> None:
    cfg = config()
    with pytest.raises(AttributeError, match=r"cfg\.set"):
        cfg.workers = 5
    cfg.set("workers", 5)
    cfg.note = "mine"
    assert (cfg.workers, cfg.note) == (5, "mine")
    with pytest.raises(AttributeError, match="No configuration setting for: wrokers"):
        _ = cfg.wrokers
    with pytest.raises(AttributeError, match="No configuration setting for: wrokers"):
        cfg.set("wrokers", 1)


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ("unix:/run/app.sock", "/run/app.sock"),
        ("unix:///run/app.sock", "/run/app.sock"),
        ("fd://3", 3),
        ("tcp://Example.org:80", ("example.org", 80)),
        (":80", ("0.0.0.0", 80)),
        ("example.org", ("example.org", 8000)),
        ("[::1]:80", ("::1", 80)),
        ("[::1]", ("::1", 8000)),
    ],
)
def test_addresses_have_gunicorns_form(bind: str, address: Any) -> None:
    assert config(bind=[bind]).address == [address]


# --- log --------------------------------------------------------------------------------------------------


@pytest.fixture
def hook_log(log: ReadableLog, monkeypatch: pytest.MonkeyPatch) -> HookLog:
    monkeypatch.setattr("kirin_worker.log._current", log)
    return HookLog(config())


def test_log_takes_what_logging_takes(hook_log: HookLog, log: ReadableLog) -> None:
    hook_log.debug("%s and %r", "one", "two")
    hook_log.info("%(a)s", {"a": 1})
    hook_log.warning("no argument for 5%")
    hook_log.error("%d", "not a number")
    hook_log.critical(ValueError("an object"), extra={"ignored": 1})
    hook_log.log(25, "a level between")
    hook_log.log("warning", "by %s", "name")
    assert log.lines == [
        "[DEBUG] one and 'two'",
        "[INFO] 1",
        "[WARNING] no argument for 5%",
        "[ERROR] %d ('not a number',)",
        "[CRITICAL] an object",
        "[INFO] a level between",
        "[WARNING] by name",
    ]


def test_log_shows_tracebacks_and_stacks(hook_log: HookLog, log: ReadableLog) -> None:
    try:
        raise ValueError("one")
    except ValueError as error:
        hook_log.exception("failed")
        hook_log.error("again", exc_info=error)
    hook_log.info("here", stack_info=True)
    assert log.text.count("ValueError: one\n") == 2
    assert "in test_log_shows_tracebacks_and_stacks" in log.text.split("Stack (most recent call last):")[1]


# --- server and worker ------------------------------------------------------------------------------------


def server(cfg: Config | None = None, asked: list[int] | None = None) -> Server:
    cfg = cfg or config()
    listener = Listener({"url": "http://127.0.0.1:8000", "path": None, "host": "127.0.0.1", "port": 8000})
    ask = (lambda _count: None) if asked is None else asked.append
    return Server(os.getppid(), App("main:app", cfg), cfg, [listener], 3, ask)


def test_a_worker_has_what_it_has_under_gunicorn_before_its_fork() -> None:
    worker = server().new_worker()
    assert (worker.age, worker.pid, worker.ppid, str(worker)) == (1, "[booting]", os.getppid(), "<Worker [booting]>")
    assert (worker.timeout, worker.max_requests, worker.booted, worker.aborted, worker.alive) == (
        15.0,
        sys.maxsize,
        False,
        False,
        True,
    )
    assert [str(each) for each in worker.sockets] == ["http://127.0.0.1:8000"]
    assert worker.sockets[0].getsockname() == ("127.0.0.1", 8000)
    before = worker.tmp.last_update()
    worker.notify()
    assert worker.tmp.last_update() >= before


def test_alive_set_to_false_lets_the_worker_leave_once_also_before_it_serves() -> None:
    reasons: list[str] = []
    for is_early in (True, False):
        worker = server().new_worker()
        if is_early:
            worker.alive = False
        worker.on_leave(reasons.append)
        worker.alive = False
        worker.alive = False
        assert not worker.alive
    assert reasons == ["a server hook has set worker.alive to False"] * 2


def test_num_workers_asks_the_arbiter_and_in_a_worker_nobody() -> None:
    asked: list[int] = []
    each = server(asked=asked)
    each.num_workers += 1
    assert (asked, each.num_workers) == ([4], 3)
    each.note_workers(4)
    assert each.num_workers == 4
    each.enter_worker()
    each.num_workers = 9
    assert asked == [4]


def test_stop_and_reload_signal_the_arbiter(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append((pid, number)))
    each = server()
    each.stop()
    each.stop(graceful=False)
    each.reload()
    each.halt()
    each.WORKERS[7] = each.new_worker()
    each.kill_workers(signal.SIGUSR1)
    assert sent == [
        (os.getppid(), signal.SIGTERM),
        (os.getppid(), signal.SIGQUIT),
        (os.getppid(), signal.SIGHUP),
        (os.getppid(), signal.SIGTERM),
        (7, signal.SIGUSR1),
    ]


# --- functions of the file --------------------------------------------------------------------------------


class Callable:
    def __call__(self, server: object, worker: object) -> None: ...

    def method(self, server: object) -> None: ...


@pytest.mark.parametrize(
    ("function", "count"),
    [
        (lambda a, b: None, 2),
        (lambda a, b=1, *c, d=2, **e: None, 2),
        (Callable(), 2),
        (Callable().method, 1),
        (functools.partial(lambda a, b: None, 1), 1),
        (os.getpid, 0),
    ],
)
def test_arity_counts_what_can_be_given_by_position(function: Any, count: int) -> None:
    assert conf.arity(function) == count


def test_a_hook_may_be_given_by_name() -> None:
    assert conf.hook_function("os.path.join") is os.path.join
    assert conf.hook_function(print) is print
    for name, reason in {"join": "no dotted name", "os.nothing": "os has no 'nothing'", "no_such.x": "no_such"}.items():
        with pytest.raises(ImportError, match=reason):
            conf.hook_function(name)


def test_what_a_file_defines_is_reported_with_what_cannot_be_called(tmp_path: Path) -> None:
    file = tmp_path / "gunicorn.conf.py"
    file.write_text("on_exit = 3\ndef when_ready(server): pass\nworkers = 2\npre_fork = None\n")
    hooks = {"on_exit": ["server"], "when_ready": ["server"], "pre_fork": ["server", "worker"]}
    request: dict[str, Any] = {"location": str(file), "cwd": str(tmp_path), "known": ["workers"], "hooks": hooks}
    request.update(tls={}, argv=["kirin"])
    read, write = os.pipe()
    launch = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
    command = [sys.executable, "-c", launch, str(write), sys.executable, conf.__file__, json.dumps(request)]
    subprocess.run(command, pass_fds=[write], check=True, timeout=20)
    os.close(write)
    with os.fdopen(read) as pipe:
        report = json.load(pipe)
    assert report["hooks"] == ["on_exit", "when_ready"]
    assert report["wrongHooks"] == [{"name": "on_exit", "text": "3", "complaint": "is no function"}]
