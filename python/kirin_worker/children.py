"""A zygote's workers: forked, heard and reaped. zygote.py has what the arbiter says of them."""

from __future__ import annotations

import mmap
import os
import signal
import sys
import traceback
import warnings

from . import native, supervision
from .channel import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from .hooks import Hooks
    from .server_objects import Worker as HookWorker
    from .worker_hooks import WorkerHooks

    Boot = dict[str, Any]

#: The whole foreground group or control group may be signalled; what ends a zygote is the end of its channel.
IGNORED = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTTIN,
    signal.SIGTTOU,
)
#: Blocked while forking, so that none is lost between the zygote's handling and the worker's own.
_HELD_WHILE_FORKING = (*IGNORED, signal.SIGCHLD)


class _Child:
    """A worker as its zygote sees it. worker.py is the worker's own view."""

    __slots__ = ("lines", "pid", "reports", "status")

    def __init__(self, pid: int, status: mmap.mmap, reports: int) -> None:
        self.pid = pid
        self.status = status
        self.reports = reports
        self.lines = Lines()


class Children:
    def __init__(self, poll: Any, tell: Callable[[dict[str, object]], None], zygotes_fds: tuple[int, ...]) -> None:
        """`tell`: the arbiter. `zygotes_fds`: a worker has no use for them."""
        self._poll = poll
        self._tell = tell
        self._by_pid: dict[int, _Child] = {}
        #: Only the zygote holds the write end: workers see the end of the file when it dies.
        self._alive_read, alive_write = os.pipe()
        self._zygotes_fds = (*zygotes_fds, alive_write)
        self.have_been_forked = False

    def __len__(self) -> int:
        return len(self._by_pid)

    def fork(self, boot: Boot, app: object | None, hooks: Hooks | None, worker: HookWorker | None) -> None:
        """`worker`: as the hooks know it; where there are none it is None, like these."""
        status = supervision.new_status(boot["maxLanes"])
        reports_read, reports_write = os.pipe()
        os.set_blocking(reports_read, False)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_WHILE_FORKING)
        try:
            with warnings.catch_warnings():
                # A preloaded application may have started threads; that they are missing in workers is documented.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = native.fork()
            if pid == 0:
                os.close(reports_read)
                self._become_worker(boot, status, reports_write, app, hooks, worker)
        except OSError as error:
            os.close(reports_read)
            self._tell({"type": "fork-failed", "error": str(error)})
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_WHILE_FORKING)
            os.close(reports_write)
        self.have_been_forked = True
        if worker is not None and hooks is not None:
            hooks.worker_forked(worker, pid)
        self._by_pid[pid] = _Child(pid, status, reports_read)
        self._poll.register(reports_read, native.POLLIN)
        self._tell({"type": "forked", "pid": pid})

    def _become_worker(
        self,
        boot: Boot,
        status: mmap.mmap,
        reports: int,
        app: object | None,
        hooks: Hooks | None,
        hook_worker: HookWorker | None,
    ) -> None:
        """Runs in the new process, and never returns."""
        code = 1
        own_hooks: WorkerHooks | None = None
        try:
            self._leave_zygote_behind()
            if hook_worker is not None and hooks is not None:
                from .worker_hooks import WorkerHooks

                own_hooks = WorkerHooks(hooks, hook_worker)
            code = _run_worker(boot, status, self._alive_read, reports, app, own_hooks)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            if own_hooks is not None:
                own_hooks.worker_exit()
            end_process(code)

    def _leave_zygote_behind(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in _HELD_WHILE_FORKING:
            native.signal(number, signal.SIG_DFL)
        for number in supervision.ARBITERS_SIGNALS:
            native.signal(number, supervision.overhear)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_WHILE_FORKING)
        for fd in self._zygotes_fds:
            os.close(fd)
        for child in self._by_pid.values():
            os.close(child.reports)
            child.status.close()

    def signal(self, pid: int, number: int) -> None:
        if pid in self._by_pid:  # else reaped already: the number may be someone else's by now
            os.kill(pid, number)

    def signal_all(self, number: int) -> None:
        for pid in self._by_pid:
            os.kill(pid, number)

    def reap(self, hooks: Hooks | None) -> None:
        # By pid: a preloaded application may have children of its own, whose exits are not ours to take.
        for child in list(self._by_pid.values()):
            pid, wait_status = native.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            del self._by_pid[pid]
            self._read_reports(child)
            self._forget_fd(child.reports)
            os.close(child.reports)
            report: dict[str, object] = {
                "type": "exited",
                "pid": pid,
                "running": supervision.running_requests(child.status),
            }
            if os.WIFSIGNALED(wait_status):
                report["signal"] = _signal_name(os.WTERMSIG(wait_status))
            else:
                report["code"] = os.WEXITSTATUS(wait_status)
            child.status.close()
            self._tell(report)
            if hooks is not None:
                hooks.worker_gone(pid)

    def give_up(self) -> None:
        """Not even KILL has ended them: stuck in the kernel, and not ours to wait for."""
        self._by_pid.clear()

    def read_reports(self, fd: int) -> None:
        child = next((each for each in self._by_pid.values() if each.reports == fd), None)
        if child is not None:
            self._read_reports(child)

    def _read_reports(self, child: _Child) -> None:
        """Passes on whole lines of a worker."""
        try:
            while True:
                data = os.read(child.reports, 65536)
                if not data:  # closed by a worker that lives on: there is nothing more to wait for
                    self._forget_fd(child.reports)
                    return
                for message in child.lines.feed(data):
                    self._tell(message)
        except BlockingIOError:
            pass

    def _forget_fd(self, fd: int) -> None:
        try:
            self._poll.unregister(fd)
        except KeyError:
            pass  # already forgotten


# --- a worker's outermost frame -----------------------------------------------------------------------------


def _run_worker(
    boot: Boot, status: mmap.mmap, zygote_alive_fd: int, reports: int, app: object | None, hooks: WorkerHooks | None
) -> int:
    from . import worker

    supervision.set_title("worker", boot["name"])
    if not boot["reportModules"]:
        return worker.run(boot, status, zygote_alive_fd, app, hooks)
    from . import load_failure

    reporter = supervision.ModuleReporter(reports)
    load_failure.tell_by(reporter.tell)
    reporter.start()
    try:
        return worker.run(boot, status, zygote_alive_fd, app, hooks)
    finally:
        reporter.report()  # also what a broken application had loaded before it failed


def end_process(code: int, joins_threads: bool = True) -> None:
    """Ends the process as the interpreter would (threads joined, atexit run, output flushed), without tearing down
    modules under threads that still run."""
    import atexit
    import threading

    try:
        if joins_threads:
            threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
