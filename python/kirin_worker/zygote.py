"""The zygote: forks workers on the arbiter's word, and reports how they end.

It speaks one JSON object a line with the arbiter over descriptor 3; src/protocol/supervision/zygote.ts lists the
messages. It has one thread and no application code unless --preload is set, so forking it is cheap and safe.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import sys
import time
import traceback
import warnings
from typing import Any

from . import gunicorn_logger, native, supervision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .hooks import HookFailed, Hooks
    from .server_objects import Worker as HookWorker
    from .worker_hooks import WorkerHooks

CHANNEL_FD = 3
#: Exit codes that the arbiter knows; Gunicorn's.
BOOT_ERROR = 3
APP_LOAD_ERROR = 4

#: The whole foreground group or control group may be signalled; what ends a zygote is the end of its channel.
_IGNORED = (
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
_HELD_WHILE_FORKING = (*_IGNORED, signal.SIGCHLD)
#: How long to wait at the very end for a worker that was sent KILL.
_LAST_WAIT_S = 5.0

Boot = dict[str, Any]


class _Child:
    """A worker as its zygote sees it. worker.py is the worker's own view."""

    __slots__ = ("pid", "reports", "status", "unread")

    def __init__(self, pid: int, status: mmap.mmap, reports: int) -> None:
        self.pid = pid
        self.status = status
        self.reports = reports
        self.unread = b""


class Zygote:
    def __init__(self, channel: int) -> None:
        self._channel = channel
        self._unread = b""
        self._boot: Boot = {}
        self._app: object | None = None
        self._hooks: Hooks | None = None
        self._has_forked = False
        #: A reload has replaced it; where hooks have started threads, it stays for their sake.
        self._stay = "no"
        self._stays = False
        self._runs_on_exit = False
        self._children: dict[int, _Child] = {}
        self._ends_at: float | None = None
        self._has_killed = False
        self._exit_code = 0
        self._poll = native.poll()
        #: Only the zygote holds the write end: workers see the end of the file when it dies.
        self._alive_read, self._alive_write = os.pipe()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def run(self) -> int:
        self._ignore_signals()
        self._poll.register(self._channel, native.POLLIN)
        self._poll.register(self._wake_read, native.POLLIN)
        while not self._is_over():
            ready = self._poll.poll(self._poll_timeout_ms())
            for fd, _ in ready:
                if fd == self._channel:
                    self._read_channel()
                elif fd != self._wake_read:
                    self._read_reports(fd)
            self._drain_wake_pipe()
            self._reap()
            if self._ends_at is not None and self._children:
                self._kill_when_time_is_up()
        if self._hooks is not None:
            if self._runs_on_exit and self._exit_code == 0:
                self._hooks.call("on_exit", self._hooks.server)
            # A hook's thread that serves for ever is not waited for.
            _exit(self._exit_code, joins_threads=False)
        return self._exit_code

    def _is_over(self) -> bool:
        if self._ends_at is None or self._children:
            return False
        # A thread of on_starting or when_ready (a page of metrics, a timer) outlives reloads, as under Gunicorn.
        stays = self._stay == "yes" or (
            self._stay == "for threads" and self._hooks is not None and self._hooks.has_threads
        )
        if stays and not self._stays:
            self._tell({"type": "stays"})
        self._stays = stays
        return not stays

    # --- the arbiter's word ---------------------------------------------------------------------------------

    def _read_channel(self) -> None:
        try:
            data = os.read(self._channel, 65536)
        except OSError:
            data = b""
        if not data:
            self._lose_arbiter()
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "boot":
            self._start(message)
        elif kind == "fork":
            self._fork()
        elif kind == "signal":
            self._signal(message["pid"], message["signal"])
        elif kind == "reopen-logs":
            self._reopen_logs()
        elif kind == "hook":
            self._run_hook(message["name"])
        elif kind == "workers":
            if self._hooks is not None:
                self._hooks.workers_changed(message["count"])
        elif kind == "interrupt":
            for pid in self._children:
                os.kill(pid, signal.SIGINT)
        elif kind == "quit":
            self._stay = message["stay"]
            self._runs_on_exit = message["runsOnExit"]
            self._end(message["graceMs"] / 1000)

    def _start(self, boot: Boot) -> None:
        self._boot = boot
        os.set_inheritable(self._channel, False)
        for fd in boot["closeFds"]:
            if fd != self._channel:
                os.close(fd)
        supervision.set_title("zygote", boot["name"])
        # Imported once here rather than in each worker; it brings no application code. Before anything is patched.
        from . import worker  # noqa: F401

        if boot["hooks"] is None:
            self._settle_in()
            self._preload()
        else:
            self._start_with_hooks()
        if self._ends_at is None and (self._hooks is None or not self._hooks.awaits_listening):
            self._tell_booted()

    def _settle_in(self) -> None:
        prepare(self._boot)
        _open_log(self._boot)
        gunicorn_logger.install(self._boot["logLevel"])
        if self._boot["spew"]:
            from . import spew

            spew.install()

    def _preload(self) -> None:
        boot = self._boot
        if boot["workerClass"] == "gevent" and not _set_up_gevent(is_patched=boot["preload"]):
            self._give_up(BOOT_ERROR)
            return
        if not boot["preload"]:
            return
        if boot["reportModules"]:
            from . import load_failure

            load_failure.tell_by(self._tell)
        _configure_log(boot)
        code, self._app = _load(boot)
        if not code:
            _share_memory()
            return
        if boot["reportModules"]:
            self._tell({"type": "modules", "files": supervision.loaded_files(set())})
        self._give_up(code)

    def _tell_booted(self) -> None:
        # After the application and the hooks, which may have set their own.
        self._ignore_signals()
        native.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._tell({"type": "booted", "version": sys.version.split()[0].rstrip("+")})

    def _ignore_signals(self) -> None:
        for number in _IGNORED:
            native.signal(number, signal.SIG_IGN)

    def _give_up(self, code: int) -> None:
        """Before it has forked."""
        self._exit_code = code
        self._ends_at = 0.0

    def _signal(self, pid: int, name: str) -> None:
        if pid not in self._children:  # reaped already: the number may be someone else's by now
            return
        number = {"TERM": signal.SIGTERM, "KILL": signal.SIGKILL, "dump": supervision.DUMP_SIGNAL}[name]
        os.kill(pid, number)

    def _reopen_logs(self) -> None:
        from . import log

        log.reopen()
        for pid in self._children:
            os.kill(pid, signal.SIGUSR1)

    def _end(self, grace_s: float) -> None:
        """May be said again with less time."""
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)
        self._ends_at = time.monotonic() + grace_s
        self._has_killed = False

    def _lose_arbiter(self) -> None:
        """The edge finishes what it has and leaves, and so do the workers; then nothing needs the run directory."""
        self._stay = "no"
        self._poll.unregister(self._channel)
        if self._ends_at is None:
            self._end(self._boot.get("gracefulTimeoutMs", 0) / 1000)
        folder = self._boot.get("runDir")
        if folder is not None:
            import atexit
            import shutil

            atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def _tell(self, message: dict[str, object]) -> None:
        try:
            supervision.write_line(self._channel, message)
        except OSError:
            pass  # the arbiter is gone; its end of the channel says so too

    # --- server hooks ---------------------------------------------------------------------------------------

    def _start_with_hooks(self) -> None:
        """In Gunicorn's order: the application that is preloaded comes before on_starting."""
        from . import hooks, log, worker_hooks  # noqa: F401  (workers inherit the last)

        self._hooks = hooks.Hooks(self._boot["hooks"])
        failure = None
        try:
            self._hooks.load()
        except BaseException as error:
            failure = error
        self._settle_in()
        if failure is not None:
            log.current().exception("The configuration file has failed when it was run for its server hooks", failure)
            self._give_up(1)
            return
        try:
            self._hooks.begin(self._boot, lambda count: self._tell({"type": "set-workers", "count": count}))
            self._preload()
            if self._ends_at is None:
                self._hooks.start()
        except hooks.HookFailed as failed:
            self._give_up_for(failed)

    def _run_hook(self, name: str) -> None:
        """When the arbiter says so."""
        if self._hooks is None:
            return
        from .hooks import HookFailed

        is_start = name == "when_ready"
        try:
            if is_start:
                self._hooks.when_ready()
                self._tell_booted()
            else:
                self._hooks.must(name, self._hooks.server)
            failed = False
        except HookFailed as failure:
            failed = True
            if is_start:
                self._give_up_for(failure)
        self._tell({"type": "hook-done", "hook": name, "failed": failed})

    def _give_up_for(self, failed: HookFailed) -> None:
        code = 1 if failed.exit_code is None else failed.exit_code
        self._tell({"type": "hook-failed", "hook": failed.name, "code": code})
        self._give_up(code)

    # --- workers --------------------------------------------------------------------------------------------

    def _fork(self) -> None:
        if self._ends_at is not None:
            return
        worker = None
        if self._hooks is not None:
            from .hooks import HookFailed

            try:
                worker = self._hooks.new_worker()
            except HookFailed as failed:
                if self._has_forked:
                    self._tell({"type": "fork-failed", "error": f"the server hook {failed.name} has failed"})
                else:
                    self._give_up_for(failed)
                return
        status = supervision.new_status(self._boot["maxLanes"])
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
                self._become_worker(status, reports_read, reports_write, worker)
        except OSError as error:
            os.close(reports_read)
            self._tell({"type": "fork-failed", "error": str(error)})
            return
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_WHILE_FORKING)
            os.close(reports_write)
        self._has_forked = True
        if worker is not None and self._hooks is not None:
            self._hooks.worker_forked(worker, pid)
        self._children[pid] = _Child(pid, status, reports_read)
        self._poll.register(reports_read, native.POLLIN)
        self._tell({"type": "forked", "pid": pid})

    def _become_worker(
        self, status: mmap.mmap, reports_read: int, reports: int, hook_worker: HookWorker | None
    ) -> None:
        """Runs in the new process, and never returns."""
        code = 1
        hooks: WorkerHooks | None = None
        try:
            self._leave_zygote_behind()
            os.close(reports_read)
            if hook_worker is not None and self._hooks is not None:
                from .worker_hooks import WorkerHooks

                hooks = WorkerHooks(self._hooks, hook_worker)
            code = _run_worker(self._boot, status, self._alive_read, reports, self._app, hooks)
        except SystemExit as leave:
            code = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except BaseException:
            traceback.print_exc()
        finally:
            if hooks is not None:
                hooks.worker_exit()
            _exit(code)

    def _leave_zygote_behind(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in _HELD_WHILE_FORKING:
            native.signal(number, signal.SIG_DFL)
        for number in supervision.ARBITERS_SIGNALS:
            native.signal(number, supervision.overhear)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD_WHILE_FORKING)
        for fd in (self._channel, self._alive_write, self._wake_read, self._wake_write):
            os.close(fd)
        for child in self._children.values():
            os.close(child.reports)
            child.status.close()

    def _reap(self) -> None:
        # By pid: a preloaded application may have children of its own, whose exits are not ours to take.
        for child in list(self._children.values()):
            pid, wait_status = native.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            del self._children[pid]
            self._read_reports(child.reports, child)
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
            if self._hooks is not None:
                self._hooks.worker_gone(pid)

    def _read_reports(self, fd: int, child: _Child | None = None) -> None:
        """Passes on whole lines of a worker."""
        if child is None:
            child = next((each for each in self._children.values() if each.reports == fd), None)
            if child is None:
                return
        try:
            while True:
                data = os.read(fd, 65536)
                if not data:  # closed by a worker that lives on: there is nothing more to wait for
                    self._forget_fd(fd)
                    return
                *lines, child.unread = (child.unread + data).split(b"\n")
                for line in lines:
                    self._tell(json.loads(line))
        except BlockingIOError:
            pass

    def _forget_fd(self, fd: int) -> None:
        try:
            self._poll.unregister(fd)
        except KeyError:
            pass  # already forgotten

    def _drain_wake_pipe(self) -> None:
        try:
            while os.read(self._wake_read, 4096):
                pass
        except BlockingIOError:
            pass

    def _poll_timeout_ms(self) -> int | None:
        if self._ends_at is None or self._stays:
            return None
        return max(0, int((self._ends_at - time.monotonic()) * 1000) + 1)

    def _kill_when_time_is_up(self) -> None:
        assert self._ends_at is not None
        if time.monotonic() < self._ends_at:
            return
        if self._has_killed:  # not even KILL ended them: stuck in the kernel, and not ours to wait for
            self._children.clear()
            return
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        self._has_killed = True
        self._ends_at = time.monotonic() + _LAST_WAIT_S


# --- the application --------------------------------------------------------------------------------------


def prepare(boot: Boot) -> None:
    """Where the application runs, and what it can import: as Gunicorn has it, --pythonpath, then its own folder."""
    os.chdir(boot["chdir"])
    for folder in (boot["chdir"], *boot["pythonPath"]):
        absolute = os.path.abspath(folder)
        if absolute not in sys.path:
            sys.path.insert(0, absolute)
    sys.path.extend(folder for folder in boot["pythonPathEnd"] if folder not in sys.path)


def _load(boot: Boot) -> tuple[int, object | None]:
    """Loads the application: (exit code, application). A failure's traceback goes to the error log."""
    from . import loader

    return loader.load_or_report(boot)


def _set_up_gevent(*, is_patched: bool) -> bool:
    """Whether gevent is there. It is imported, so that workers need not; and patches, where the application is loaded
    in this process."""
    from . import gevent_setup
    from .log import current

    problem = gevent_setup.problem()
    if problem is not None:
        current().error(problem)
        return False
    if is_patched:
        gevent_setup.patch()
    from . import greenlet_crew  # noqa: F401

    return True


def _configure_log(boot: Boot) -> None:
    from . import log

    log.configure(boot)


def _open_log(boot: Boot) -> None:
    from . import log

    log.setup(boot)


def _share_memory() -> None:
    """Keeps the collector off what was preloaded: its bookkeeping would copy every page into every worker."""
    import gc

    gc.collect()
    gc.freeze()


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


def _exit(code: int, joins_threads: bool = True) -> None:
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


# --- entry points -----------------------------------------------------------------------------------------


def main() -> int:
    return Zygote(CHANNEL_FD).run()


def check(text: str, program: str) -> int:
    """For --check-config: 0 when the application loads; else its traceback, as that program shows it, and 1."""
    boot: Boot = json.loads(text)
    if program == "gunicorn":
        from . import load_failure

        load_failure.tell_by(_print_as_gunicorn)
    prepare(boot)
    if boot["workerClass"] == "gevent" and not _set_up_gevent(is_patched=True):
        return 1
    code, _ = _load(boot)
    return 1 if code else 0


def _print_as_gunicorn(report: dict[str, Any]) -> None:
    print("\nError while loading the application:\n\n" + report["failure"]["message"], file=sys.stderr, flush=True)
