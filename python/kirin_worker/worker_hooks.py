"""The server hooks of one worker, in its own process: when they are called there, and what follows when they fail."""

from __future__ import annotations

import os
import signal

from . import native, wsgi
from .hooks import HookFailed
from .loader import IMPORT_FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .hook_requests import Serve
    from .hooks import Hooks
    from .server_objects import Worker

#: How long the control thread waits for worker_abort, which runs in the main thread, before it interrupts the request:
#: the hook is to find it where it hangs. A request that hangs in C keeps the hook from running there at all.
ABORT_SECONDS = 0.5


class WorkerHooks:
    def __init__(self, hooks: Hooks, worker: Worker) -> None:
        self._hooks = hooks
        self._worker = worker
        #: Taken by who calls worker_int: it is called once.
        self._interrupted = native.allocate_lock()
        #: Taken by the signal that ends the worker before it serves.
        self._end_begun = native.allocate_lock()
        self._main_thread = 0
        #: Taken by who calls worker_abort: it is called once.
        self._abort_begun = native.allocate_lock()
        #: Taken until it is over.
        self._abort_under_way = native.allocate_lock()
        self._abort_under_way.acquire()

    # --- its life -----------------------------------------------------------------------------------------

    def post_fork(self) -> None:
        self._worker.pid = os.getpid()
        self._hooks.server.enter_worker()
        self._must("post_fork", self._hooks.server, self._worker)
        if "worker_int" in self._hooks or "worker_exit" in self._hooks:
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                native.signal(number, self._end_before_serving)

    def post_worker_init(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """Returns what is to be served: the hook may have put a middleware around it."""
        worker = self._worker
        worker.wsgi = worker.app.callable = app
        self._must("post_worker_init", worker)
        worker.booted = True
        return worker.wsgi

    def _end_before_serving(self, number: int, _frame: object) -> None:
        if not self._end_begun.acquire(blocking=False):
            return  # a quick stop is INT, and then TERM, which must not end the worker in the midst of worker_int
        if number != signal.SIGTERM:
            self.interrupted()
        self.worker_exit()
        os._exit(0)

    def worker_exit(self) -> None:
        self._hooks.call("worker_exit", self._hooks.server, self._worker)

    def _must(self, name: str, *arguments: object) -> None:
        """As under Gunicorn a worker does not serve when it fails: a failure to boot, or what it gave to sys.exit()."""
        try:
            self._hooks.must(name, *arguments)
        except HookFailed as failure:
            raise SystemExit(IMPORT_FAILED if failure.exit_code is None else failure.exit_code) from None

    @property
    def serve(self) -> Serve:
        return self._hooks.serve(self._worker) or wsgi.serve

    # --- signals ------------------------------------------------------------------------------------------

    def attach(self, leave: Callable[[str], None]) -> None:
        """The worker serves: `leave` lets it leave in order. In the main thread."""
        self._main_thread = native.get_ident()
        self._worker.on_leave(leave)
        if "worker_abort" in self._hooks:
            native.signal(signal.SIGABRT, self._on_abort)

    def detach(self) -> None:
        """In a process that the application has forked."""
        if native.getsignal(signal.SIGABRT) == self._on_abort:
            native.signal(signal.SIGABRT, signal.SIG_DFL)

    def interrupted(self) -> None:
        """INT or QUIT, or a quick stop of Kirin. One Ctrl-C may be all three."""
        if self._interrupted.acquire(blocking=False):
            self._hooks.call("worker_int", self._worker)

    def abort(self) -> None:
        """A request is past its deadline. In the main thread, as under Gunicorn, whose stack the hook may show."""
        if "worker_abort" not in self._hooks or self._abort_begun.locked():
            return
        signal.pthread_kill(self._main_thread, signal.SIGABRT)
        if self._abort_under_way.acquire(timeout=ABORT_SECONDS):
            self._abort_under_way.release()
        else:
            self._run_abort()

    def _on_abort(self, _number: int, _frame: object) -> None:
        self._run_abort()
        self._worker.leave("it was sent SIGABRT")

    def _run_abort(self) -> None:
        if self._abort_begun.acquire(blocking=False):
            self._worker.aborted = True
            try:
                self._hooks.call("worker_abort", self._worker)
            finally:
                self._abort_under_way.release()
