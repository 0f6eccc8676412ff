"""The server hooks of a configuration file: functions that Gunicorn, and so Kirin, calls by what happens.

The zygote runs the file once more, as conf.py has, and keeps its functions; workers inherit them by the fork. So what
hooks share through the file's variables is shared as under Gunicorn, whose arbiter the zygote stands in for.
"""

from __future__ import annotations

import os
import sys
import threading

from . import conf, log
from .hook_settings import Config
from .interrupts import RequestInterrupted
from .server_objects import App, Listener, Server, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .hook_requests import Serve


class HookFailed(Exception):
    """A hook whose failure ends what it was called for; why it has failed was logged. `exit_code` is what it gave to
    sys.exit(), or None."""

    def __init__(self, name: str, exit_code: int | None = None) -> None:
        super().__init__(name)
        self.name = name
        self.exit_code = exit_code


class Hooks:
    """`spec` is HookSpec of src/protocol/supervision/zygote.ts."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec = spec
        self._functions: dict[str, Callable[..., Any]] = {}
        #: The threads that on_starting and when_ready have started: they live as long as the server.
        self._threads: list[threading.Thread] = []
        self.server: Server = None  # type: ignore[assignment]  # from `begin` on

    def __contains__(self, name: str) -> bool:
        return name in self._functions

    # --- the file -----------------------------------------------------------------------------------------

    def load(self) -> None:
        """Runs the file as conf.py has run it. Raises what the file raises."""
        spec = self._spec
        argv = sys.argv
        for name, value in spec["environment"].items():
            _set_variable(name, value)
        os.chdir(spec["cwd"])
        sys.path.insert(0, spec["cwd"])
        sys.argv = list(spec["argv"])
        try:
            variables = conf.run_file(spec["location"])
        finally:
            sys.argv = argv
        for name in spec["names"]:
            value = variables.get(name)
            if value is not None:
                self._functions[name] = conf.hook_function(value)
        for pair in spec["settings"]["raw_env"]:
            _set_variable(*pair.split("=", 1))

    # --- in the zygote ------------------------------------------------------------------------------------

    def begin(self, boot: dict[str, Any], set_workers: Callable[[int], None]) -> None:
        """Before anything is loaded or forked. Raises HookFailed."""
        spec = self._spec
        cfg = Config(spec["settings"], self._functions)
        app = App(boot["app"], cfg)
        listeners = [Listener(each) for each in spec["listeners"]]
        self.server = Server(spec["arbiterPid"], app, cfg, listeners, spec["workers"], set_workers)
        self.server.worker_age = spec["workerAge"]
        self.server.master_pid = spec["predecessorPid"]
        self.must("nworkers_changed", self.server, spec["workers"], spec["workersBefore"])

    def start(self) -> None:
        """Before the first fork. Raises HookFailed."""
        if self._spec["isReload"]:
            self.must("on_reload", self.server)
        else:
            self._start_threads("on_starting")

    def when_ready(self) -> None:
        self._start_threads("when_ready")

    @property
    def awaits_listening(self) -> bool:
        return "when_ready" in self and not self._spec["isReload"]

    @property
    def has_threads(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def _start_threads(self, name: str) -> None:
        before = set(threading.enumerate())
        self.must(name, self.server)
        self._threads += set(threading.enumerate()) - before

    def workers_changed(self, count: int) -> None:
        before = self.server.num_workers
        self.server.note_workers(count)
        self.call("nworkers_changed", self.server, count, before)

    def new_worker(self) -> Worker:
        """Before its fork. Raises HookFailed."""
        worker = self.server.new_worker()
        self.must("pre_fork", self.server, worker)
        return worker

    def worker_forked(self, worker: Worker, pid: int) -> None:
        worker.pid = pid
        self.server.WORKERS[pid] = worker

    def worker_gone(self, pid: int) -> None:
        worker = self.server.WORKERS.pop(pid, None)
        if worker is not None:
            self.call("child_exit", self.server, worker)

    # --- calls --------------------------------------------------------------------------------------------

    def call(self, name: str, *arguments: object) -> None:
        """Logs what the hook raises."""
        function = self._functions.get(name)
        if function is None:
            return
        try:
            function(*arguments)
        except RequestInterrupted:  # the hook ran in a signal's handler, upon the request that is meant
            raise
        except BaseException as error:
            log.current().exception(f"The server hook {name} failed", error)

    def must(self, name: str, *arguments: object) -> None:
        """Raises HookFailed when the hook raises."""
        function = self._functions.get(name)
        if function is None:
            return
        try:
            function(*arguments)
        except BaseException as error:
            if isinstance(error, SystemExit):
                log.current().error(f"The server hook {name} called sys.exit({error.code!r})")
                code = error.code if isinstance(error.code, int) else int(error.code is not None)
                raise HookFailed(name, code & 0xFF) from None
            log.current().exception(f"The server hook {name} failed", error)
            raise HookFailed(name) from None

    # --- in a worker --------------------------------------------------------------------------------------

    def serve(self, worker: Worker) -> Serve | None:
        """What runs requests with the hooks around them; None where there are no such hooks."""
        pre, post = self._functions.get("pre_request"), self._functions.get("post_request")
        if pre is None and post is None:
            return None
        from .hook_requests import serve_with_hooks

        return serve_with_hooks(worker, pre, post)


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
