"""`server` and `worker`, as server hooks get them: Gunicorn's Arbiter and Worker, with the attributes that hooks use.

Hooks keep things of their own on them, too. A worker inherits both by its fork, with what pre_fork has put there.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from .hook_log import HookLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .hook_settings import Config


class Server:
    """`pid` is the arbiter's: what is sent to it is sent to Kirin."""

    def __init__(
        self,
        pid: int,
        app: App,
        cfg: Config,
        listeners: list[Listener],
        workers: int,
        set_workers: Callable[[int], None],
    ) -> None:
        self.pid = pid
        self.app = app
        self.cfg = cfg
        self.log = HookLog(cfg)
        self.LISTENERS = listeners
        self.WORKERS: dict[int, Worker] = {}
        self.address = cfg.address
        self.timeout = cfg.timeout
        self.proc_name = cfg.proc_name
        self.worker_class = cfg.worker_class
        self.worker_age = 0
        self.master_name = "Master"
        self.master_pid = 0
        self.reexec_pid = 0
        self.systemd = False
        self.START_CTX = {"args": [sys.executable, *sys.argv], "cwd": os.getcwd(), 0: sys.executable}
        self._num_workers = workers
        self._set_workers = set_workers

    @property
    def num_workers(self) -> int:
        """How many are wanted. Setting it asks the arbiter for so many, in the zygote; a worker asks in vain."""
        return self._num_workers

    @num_workers.setter
    def num_workers(self, count: int) -> None:
        self._set_workers(count)

    def enter_worker(self) -> None:
        """The arbiter is the zygote's to talk to."""
        self._set_workers = lambda _count: None

    def note_workers(self, count: int) -> None:
        self._num_workers = count

    def new_worker(self) -> Worker:
        self.worker_age += 1
        return Worker(self.worker_age, self)

    def kill_worker(self, pid: int, sig: int) -> None:
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            pass  # it has ended

    def kill_workers(self, sig: int) -> None:
        for pid in list(self.WORKERS):
            self.kill_worker(pid, sig)

    def stop(self, graceful: bool = True) -> None:
        os.kill(self.pid, signal.SIGTERM if graceful else signal.SIGQUIT)

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        if reason is not None:
            self.log.info("Reason: %s", reason)
        self.stop()

    def reload(self) -> None:
        os.kill(self.pid, signal.SIGHUP)

    def wakeup(self) -> None:
        """Nothing sleeps that a hook would have to wake."""


class Worker:
    """A worker as its hooks see it. worker.py has what it does."""

    def __init__(self, age: int, server: Server) -> None:
        self.age = age
        self.pid: int | str = "[booting]"
        self.ppid = server.pid
        self.sockets = server.LISTENERS
        self.app = server.app
        self.wsgi: Callable[..., Any] | None = None
        self.cfg = server.cfg
        self.log = server.log
        self.timeout = server.timeout / 2
        self.booted = False
        self.aborted = False
        self.reloader = None
        self.tmp = _Heartbeat()
        #: Requests, where pre_request or post_request is defined.
        self.nr = 0
        self.max_requests = server.cfg.max_requests or sys.maxsize
        self._alive = True
        self._leave: Callable[[str], None] | None = None

    def __str__(self) -> str:
        return f"<Worker {self.pid}>"

    @property
    def alive(self) -> bool:
        """False: it is to leave, when it has finished what it runs."""
        return self._alive

    @alive.setter
    def alive(self, value: bool) -> None:
        if value:
            self._alive = True
        else:
            self.leave("a server hook has set worker.alive to False")

    def leave(self, reason: str) -> None:
        is_news = self._alive
        self._alive = False
        if is_news and self._leave is not None:
            self._leave(reason)

    def on_leave(self, leave: Callable[[str], None]) -> None:
        self._leave = leave
        if not self._alive:
            leave("a server hook has set worker.alive to False")

    def notify(self) -> None:
        """Gunicorn's sign of life; here a deadline of each request stands in for it."""
        self.tmp.notify()


class App:
    """`server.app` and `worker.app`."""

    def __init__(self, uri: str, cfg: Config) -> None:
        self.app_uri = uri
        self.cfg = cfg
        self.callable: Callable[..., Any] | None = None

    def wsgi(self) -> Callable[..., Any]:
        """The application, loaded if it is not yet: then it is for every worker that is forked from here."""
        if self.callable is None:
            self.callable = self.load()
        return self.callable

    def load(self) -> Callable[..., Any]:
        from . import loader

        return loader.load(self.app_uri)

    load_wsgiapp = load

    def chdir(self) -> None:
        os.chdir(self.cfg.chdir)
        if self.cfg.chdir not in sys.path:
            sys.path.insert(0, self.cfg.chdir)


class Listener:
    """One of `server.LISTENERS`: where the edge listens. `spec` is HookListener of src/protocol."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec

    def __str__(self) -> str:
        url: str = self._spec["url"]
        return url

    def getsockname(self) -> Any:
        path = self._spec["path"]
        return (self._spec["host"], self._spec["port"]) if path is None else path

    @property
    def cfg_addr(self) -> Any:
        return self.getsockname()


class _Heartbeat:
    """`worker.tmp`."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def notify(self) -> None:
        self._last = time.monotonic()

    def last_update(self) -> float:
        return self._last

    def close(self) -> None: ...
