"""A worker's life after the fork: load the application, connect to the edge, serve, leave.

A crew runs the lanes (thread_crew.py); the control thread reads the control connection, so that it can act while
requests run. src/dispatcher/worker-peer.ts is the other end.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import struct

from . import frames, gevent_setup, loader, native, supervision
from .log import Log, configure, open_log
from .thread_crew import ThreadCrew
from .wsgi import base_environ, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Callable, Protocol

    from .shared_lane import SharedLane

    class Crew(Protocol):
        """Runs a worker's lanes. Other than `run` its methods are for the control thread."""

        @property
        def lanes(self) -> Sequence[SharedLane]: ...

        def run(self) -> None:
            """On the main thread, until `end`."""

        def begin_session(self) -> None:
            """There is an edge, which has not heard of these lanes."""

        def widen(self, count: int) -> None:
            """The edge has requests for so many more lanes."""

        def when_resumed(self, tell: Callable[[], None]) -> None:
            """The edge was told that no lane takes requests at the moment: `tell` it when one does."""

        def end(self) -> None: ...

    from .worker_hooks import WorkerHooks

#: Pause between attempts to reach an edge that is being replaced.
RETRY_SECONDS = 0.02
#: Without zygote or edge for this long, what still runs is given up.
ORPHAN_SECONDS = 30.0


class Worker:
    def __init__(
        self,
        boot: dict[str, Any],
        status: memoryview,
        zygote_alive_fd: int,
        app: Any,
        log: Log,
        hooks: WorkerHooks | None = None,
    ) -> None:
        self._boot = boot
        self._status = status
        self._zygote_alive_fd = zygote_alive_fd
        self._log = log
        self._hooks = hooks
        self._control: native.socket | None = None
        self._leaving = False
        self._quitting = False
        self._is_stop_quick = False
        self._can_send_files = False
        self._lacks_files = False
        self._probe = os.open(__file__, os.O_RDONLY)
        lane_parts = (app, self._base_environ(), status[1:], log, False, serve if hooks is None else hooks.serve)
        self._crew: Crew
        if boot["workerClass"] == "gevent":
            from .greenlet_crew import GreenletCrew  # late: it needs gevent

            self._crew = GreenletCrew(
                boot["threads"], boot["maxLanes"], lane_parts, self._connect_lane, self._run_or_end
            )
        else:
            self._crew = ThreadCrew(boot["threads"], lane_parts, self._connect_lane, self._run_or_end)
        self._lanes = self._crew.lanes

    def _base_environ(self) -> dict[str, Any]:
        return base_environ(
            multithread=self._boot["maxLanes"] > 1,
            multiprocess=self._boot["workers"] > 1,
            script_name=self._boot["scriptName"],
            errors=self._log.errors_stream(),
        )

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            native.signal(number, self._on_signal)
        native.signal(signal.SIGUSR1, self._on_reopen)
        if self._hooks is not None:
            self._hooks.attach(self._leave)
        os.register_at_fork(after_in_child=self._after_fork_in_child)
        name = "kirin-control"
        native.start_thread(name, lambda: self._run_or_end(name, self._control_loop))
        try:
            self._crew.run()
        except Exception:  # such as an alarm's that the application has left behind, between two requests
            self._leaving = True  # what the edge makes of the lanes' end is not for the control thread to mend
            self._tell_failure("MainThread")
            self._lanes[0].close()
            return 1
        if self._is_stop_quick and self._hooks is not None:
            self._hooks.interrupted()  # unless the signal has come first
        return 0

    def _run_or_end(self, name: str, loop: Callable[[], object]) -> None:
        """A worker without one of its threads would serve on at half its strength: it ends, and is replaced."""
        try:
            loop()
        except BaseException:
            self._tell_failure(name)
            os._exit(1)

    def _tell_failure(self, name: str) -> None:
        import traceback

        failure = traceback.format_exc().rstrip()
        self._log.critical(f"The thread {name} of the worker has failed; the worker ends\n{failure}")

    # --- the edge -----------------------------------------------------------------------------------------

    def _connect_lane(self, lane: SharedLane) -> native.socket:
        try:
            sock = self._connect("lane", lane.index)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE) and not self._lacks_files:
                self._lacks_files = True
                self._log.warning(
                    f"This worker can have no more than {lane.index} lanes: {error.strerror}. Raise the limit of open"
                    " files, or lower worker_connections"
                )
            raise
        lane.can_send_files = self._can_send_files
        return sock

    def _connect(self, role: str, lane: int = 0) -> native.socket:
        sock = native.socket(native.AF_UNIX, native.SOCK_STREAM)
        sock.settimeout(None)  # else it has what the application has given to socket.setdefaulttimeout
        try:
            sock.connect(self._boot["lanePath"])
            hello = {
                "role": role,
                "pid": os.getpid(),
                "generation": self._boot["generation"],
                "lane": lane,
                "lanes": self._boot["threads"],
                "maxLanes": self._boot["maxLanes"],
                "greenlets": self._boot["workerClass"] == "gevent",
                "probe": self._probe,
            }
            sock.sendall(frames.json_frame(frames.HELLO, hello))
        except BaseException:
            sock.close()
            raise
        return sock

    def _control_loop(self) -> None:
        while not self._quitting:
            try:
                sock = self._connect("control")
            except OSError:
                if self._leaving or self._zygote_has_died(RETRY_SECONDS):
                    break
                continue
            self._control = sock
            if self._leaving:  # told to before it had come: there is nothing to finish
                sock.close()
                break
            try:
                self._read_control(sock)
            except OSError:
                pass
            sock.close()
            # Without an edge nothing is left to finish, and nobody to ask.
            if self._leaving or self._zygote_has_died(0):
                break
        self._end_session()

    def _zygote_has_died(self, seconds: float) -> bool:
        poll = native.poll()
        poll.register(self._zygote_alive_fd, native.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def _read_control(self, sock: native.socket) -> None:
        buffer = b""
        # Not select(2), which takes no descriptor above 1023, such as a connection to a new edge may be.
        poll = native.poll()
        poll.register(sock, native.POLLIN)
        poll.register(self._zygote_alive_fd, native.POLLIN)
        while True:
            ready = [fd for fd, _ in poll.poll()]
            if self._zygote_alive_fd in ready:
                # Nobody would reap or replace this process: it leaves as soon as the edge lets it.
                poll.unregister(self._zygote_alive_fd)
                self._leave("its zygote has ended")
                self._give_up_later()
            if sock.fileno() not in ready:
                continue
            received = sock.recv(65536)
            if not received:
                return
            buffer += received
            while len(buffer) >= frames.HEADER_BYTES:
                length, kind, flags, _, rid, a, _b = frames.HEADER.unpack_from(buffer)
                end = frames.HEADER_BYTES + length
                if len(buffer) < end:
                    break
                self._handle(sock, kind, flags, rid, a, buffer[frames.HEADER_BYTES : end])
                buffer = buffer[end:]

    def _handle(self, sock: native.socket, kind: int, flags: int, rid: int, a: int, payload: bytes) -> None:
        if kind == frames.RECLAIM:
            self._reclaim(sock, self._lanes[a], wants_unread=bool(flags & frames.UNREAD))
        elif kind == frames.RELEASE:
            for lane in self._lanes:
                lane.release(rid)
        elif kind == frames.CANCEL:
            for lane in self._lanes:
                lane.cancel(rid, is_sure=a == 0)
        elif kind == frames.INTERRUPT:
            if self._hooks is not None:
                self._hooks.abort()
            self._lanes[a].interrupt(rid)
        elif kind == frames.WIDEN:
            self._crew.widen(a)
        elif kind == frames.WELCOME:
            self._can_send_files = json.loads(payload)["files"]
            self._crew.begin_session()
        elif kind == frames.QUIT:
            self._is_stop_quick = a == 1
            self._end_session()
            # Lanes blocked in recv are woken by the shutdown of their sockets.
            for lane in self._lanes:
                lane.shut()

    def _reclaim(self, sock: native.socket, lane: SharedLane, wants_unread: bool) -> None:
        ids = lane.reclaim()
        unread = lane.take_unread() if wants_unread else []
        ids += unread
        flags = frames.STALLED if unread else 0
        payload = struct.pack(f"<{len(ids)}I", *ids)
        sock.sendall(frames.frame(frames.RETURNED, payload, flags=flags, a=lane.index, b=lane.running_id))
        if unread:  # in this order, or the edge would believe for ever that it is stalled
            self._crew.when_resumed(lambda: sock.sendall(frames.frame(frames.RESUMED)))

    # --- leaving ------------------------------------------------------------------------------------------

    def _on_signal(self, number: int, _frame: object) -> None:
        if self._hooks is not None and number != signal.SIGTERM:
            self._hooks.interrupted()
        self._leave(f"it was sent {signal.Signals(number).name}")

    def _on_reopen(self, _number: int, _frame: object) -> None:
        self._log.reopen()

    def _leave(self, reason: str) -> None:
        """Asks the edge to be replaced; requests are served until it lets this worker go."""
        self._leaving = True
        control = self._control
        if control is None:
            return
        try:
            control.sendall(frames.frame(frames.LEAVING, reason.encode()))
        except OSError:
            pass  # the edge is gone, which the control thread sees too

    def _after_fork_in_child(self) -> None:
        """The application has forked: the child holds nothing open that the edge takes for this worker, and ends by the
        signals that should end it, such as those of multiprocessing."""
        for lane in self._lanes:
            lane.after_fork_in_child()
        if self._control is not None:
            self._control.close()
        ours: dict[signal.Signals, Callable[..., None]]
        ours = {signal.SIGTERM: self._on_signal, signal.SIGQUIT: self._on_signal, signal.SIGUSR1: self._on_reopen}
        ours.update(dict.fromkeys(supervision.ARBITERS_SIGNALS, supervision.overhear))
        for number, handler in ours.items():
            if native.getsignal(number) == handler:
                native.signal(number, signal.SIG_DFL)
        if native.getsignal(signal.SIGINT) == self._on_signal:
            native.signal(signal.SIGINT, signal.default_int_handler)
        if self._hooks is not None:
            self._hooks.detach()

    def _end_session(self) -> None:
        self._quitting = True
        self._crew.end()

    def _give_up_later(self) -> None:
        native.start_thread("kirin-orphan", self._give_up)

    def _give_up(self) -> None:
        native.sleep(ORPHAN_SECONDS)
        os._exit(1)


def run(boot: dict[str, Any], status: Any, zygote_alive_fd: int, app: Any, hooks: WorkerHooks | None = None) -> int:
    """Runs this process as a worker until it is told to leave; returns its exit code."""
    log = open_log(boot)
    supervision.install_dump_handler(log.fd)
    if hooks is not None:
        hooks.post_fork()
    if boot["workerClass"] == "gevent":
        if boot["preload"]:
            gevent_setup.after_fork()
        else:
            gevent_setup.patch()
    configure(boot)
    if app is None:
        code, app = loader.load_or_report(boot)
        if app is None:
            return code
    if hooks is not None:
        app = hooks.post_worker_init(app)
    return Worker(boot, memoryview(status).cast("I"), zygote_alive_fd, app, log, hooks).run()
