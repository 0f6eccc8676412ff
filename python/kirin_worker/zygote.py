"""The zygote: does with its workers what the arbiter says. children.py has these.

It speaks one JSON object a line with the arbiter over descriptor 3; src/protocol/supervision/zygote.ts lists the
messages. It has one thread and no application code unless --preload is set, so forking it is cheap and safe.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from . import gunicorn_logger, native, supervision
from .application_setup import prepare, set_up_gevent
from .channel import CHANNEL_FD, Channel
from .children import IGNORED, Children, end_process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .children import Boot
    from .hooks import HookFailed, Hooks

#: An exit code that the arbiter knows; Gunicorn's.
BOOT_ERROR = 3

#: How long to wait at the very end for a worker that was sent KILL.
_LAST_WAIT_S = 5.0


class Zygote:
    def __init__(self, channel: int) -> None:
        self._channel = Channel(channel)
        self._boot: Boot = {}
        self._app: object | None = None
        self._hooks: Hooks | None = None
        #: A reload has replaced it; where hooks have started threads, it stays for their sake.
        self._stay = "no"
        self._stays = False
        self._runs_on_exit = False
        self._ends_at: float | None = None
        self._has_killed = False
        self._exit_code = 0
        self._poll = native.poll()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._children = Children(self._poll, self._channel.tell, (channel, self._wake_read, self._wake_write))

    def run(self) -> int:
        self._ignore_signals()
        self._poll.register(self._channel.fd, native.POLLIN)
        self._poll.register(self._wake_read, native.POLLIN)
        while not self._is_over():
            ready = self._poll.poll(self._poll_timeout_ms())
            for fd, _ in ready:
                if fd == self._channel.fd:
                    self._hear_arbiter()
                elif fd != self._wake_read:
                    self._children.read_reports(fd)
            self._drain_wake_pipe()
            self._children.reap(self._hooks)
            if self._ends_at is not None and self._children:
                self._kill_when_time_is_up()
        if self._hooks is not None:
            if self._runs_on_exit and self._exit_code == 0:
                self._hooks.call("on_exit", self._hooks.server)
            # A hook's thread that serves for ever is not waited for.
            end_process(self._exit_code, joins_threads=False)
        return self._exit_code

    def _is_over(self) -> bool:
        if self._ends_at is None or self._children:
            return False
        # A thread of on_starting or when_ready (a page of metrics, a timer) outlives reloads, as under Gunicorn.
        stays = self._stay == "yes" or (
            self._stay == "for threads" and self._hooks is not None and self._hooks.has_threads
        )
        if stays and not self._stays:
            self._channel.tell({"type": "stays"})
        self._stays = stays
        return not stays

    # --- the arbiter's word ---------------------------------------------------------------------------------

    def _hear_arbiter(self) -> None:
        messages = self._channel.read()
        if messages is None:
            self._lose_arbiter()
            return
        for message in messages:
            self._obey(message)

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
            self._children.signal_all(signal.SIGINT)
        elif kind == "quit":
            self._stay = message["stay"]
            self._runs_on_exit = message["runsOnExit"]
            self._end(message["graceMs"] / 1000)

    def _start(self, boot: Boot) -> None:
        self._boot = boot
        os.set_inheritable(self._channel.fd, False)
        for fd in boot["closeFds"]:
            if fd != self._channel.fd:
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
        from . import log

        log.setup(self._boot)
        gunicorn_logger.install(self._boot["logLevel"])
        if self._boot["spew"]:
            from . import spew

            spew.install()

    def _preload(self) -> None:
        boot = self._boot
        if boot["workerClass"] == "gevent" and not set_up_gevent(is_patched=boot["preload"]):
            self._give_up(BOOT_ERROR)
            return
        if not boot["preload"]:
            return
        if boot["reportModules"]:
            from . import load_failure

            load_failure.tell_by(self._channel.tell)
        from . import loader, log

        log.configure(boot)
        code, self._app = loader.load_or_report(boot)
        if not code:
            _share_memory()
            return
        if boot["reportModules"]:
            self._channel.tell({"type": "modules", "files": supervision.loaded_files(set())})
        self._give_up(code)

    def _tell_booted(self) -> None:
        # After the application and the hooks, which may have set their own.
        self._ignore_signals()
        native.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._channel.tell({"type": "booted", "version": sys.version.split()[0].rstrip("+")})

    def _ignore_signals(self) -> None:
        for number in IGNORED:
            native.signal(number, signal.SIG_IGN)

    def _give_up(self, code: int) -> None:
        """Before it has forked."""
        self._exit_code = code
        self._ends_at = 0.0

    def _signal(self, pid: int, name: str) -> None:
        number = {"TERM": signal.SIGTERM, "KILL": signal.SIGKILL, "dump": supervision.DUMP_SIGNAL}[name]
        self._children.signal(pid, number)

    def _reopen_logs(self) -> None:
        from . import log

        log.reopen()
        self._children.signal_all(signal.SIGUSR1)

    def _end(self, grace_s: float) -> None:
        """May be said again with less time."""
        self._children.signal_all(signal.SIGTERM)
        self._ends_at = time.monotonic() + grace_s
        self._has_killed = False

    def _lose_arbiter(self) -> None:
        """The edge finishes what it has and leaves, and so do the workers; then nothing needs the run directory."""
        self._stay = "no"
        self._poll.unregister(self._channel.fd)
        if self._ends_at is None:
            self._end(self._boot.get("gracefulTimeoutMs", 0) / 1000)
        folder = self._boot.get("runDir")
        if folder is not None:
            import atexit
            import shutil

            atexit.register(shutil.rmtree, folder, ignore_errors=True)

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
            self._hooks.begin(self._boot, lambda count: self._channel.tell({"type": "set-workers", "count": count}))
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
        self._channel.tell({"type": "hook-done", "hook": name, "failed": failed})

    def _give_up_for(self, failed: HookFailed) -> None:
        code = 1 if failed.exit_code is None else failed.exit_code
        self._channel.tell({"type": "hook-failed", "hook": failed.name, "code": code})
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
                if self._children.have_been_forked:
                    self._channel.tell({"type": "fork-failed", "error": f"the server hook {failed.name} has failed"})
                else:
                    self._give_up_for(failed)
                return
        self._children.fork(self._boot, self._app, self._hooks, worker)

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
        if self._has_killed:
            self._children.give_up()
            return
        self._children.signal_all(signal.SIGKILL)
        self._has_killed = True
        self._ends_at = time.monotonic() + _LAST_WAIT_S


def _share_memory() -> None:
    """Keeps the collector off what was preloaded: its bookkeeping would copy every page into every worker."""
    import gc

    gc.collect()
    gc.freeze()


def main() -> int:
    return Zygote(CHANNEL_FD).run()
