"""What a worker and its zygote share, apart from requests.

The status memory (an anonymous shared mapping, made by the zygote before it forks):

    u32  number of lanes
    u32  for each lane, the id of the request it is running, or 0

so that after any kind of death the zygote reads what the worker had started. And the reports pipe, on which a worker
writes one JSON object a line for the arbiter; the zygote passes them on.
"""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import signal
import struct
import sys

from . import native
from .tracebacks import is_ours

_U32 = struct.Struct("=I")
_LANES_AT = 0
_RUNNING_AT = 4

#: A real-time signal, since applications use USR1 and USR2. faulthandler answers it inside the signal handler, without
#: the interpreter, so it also works while a thread holds the GIL in C.
DUMP_SIGNAL: int = getattr(signal, "SIGRTMAX", signal.SIGUSR2)
if DUMP_SIGNAL != signal.SIGUSR2:
    DUMP_SIGNAL -= 2

#: They mean something to the arbiter alone, and end or stop a process that has said nothing about them. Not ignored,
#: since a program that the application starts would inherit that.
ARBITERS_SIGNALS = (signal.SIGHUP, signal.SIGUSR2, signal.SIGTTIN, signal.SIGTTOU)

#: How often a worker looks for newly imported modules, for --reload.
_MODULES_EVERY_S = 1.0
_FIRST_MODULES_AFTER_S = 0.2


def overhear(_number: int, _frame: object) -> None:
    """Handles a signal that is not for this process."""


# --- status memory ------------------------------------------------------------------------------------------


def new_status(lanes: int) -> mmap.mmap:
    status = mmap.mmap(-1, _RUNNING_AT + 4 * lanes)
    _U32.pack_into(status, _LANES_AT, lanes)
    return status


def running_requests(status: mmap.mmap) -> list[int]:
    lanes = _U32.unpack_from(status, _LANES_AT)[0]
    ids = (_U32.unpack_from(status, _RUNNING_AT + 4 * lane)[0] for lane in range(lanes))
    return [i for i in ids if i]


# --- tracebacks ---------------------------------------------------------------------------------------------


def install_dump_handler(fd: int) -> None:
    """Every thread's traceback goes to `fd` on DUMP_SIGNAL, and on a crash in C. Call again with another descriptor."""
    faulthandler.enable(file=fd, all_threads=True)
    faulthandler.register(DUMP_SIGNAL, file=fd, all_threads=True, chain=False)


# --- reports ------------------------------------------------------------------------------------------------


def loaded_files(seen: set[str]) -> list[str]:
    """Source files of the modules loaded so far that are not in `seen` yet; adds them to it."""
    files: list[str] = []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or file in seen:
            continue
        seen.add(file)
        # An update of Kirin itself is taken up by its restart.
        if not is_ours(file):
            files.append(os.path.abspath(file))
    return files


class ModuleReporter:
    """Tells the arbiter over `fd` which source files this process has loaded."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._seen: set[str] = set()
        self._lock = native.allocate_lock()

    def report(self) -> None:
        with self._lock:
            files = loaded_files(self._seen)
            if files:
                write_line(self._fd, {"type": "modules", "files": files})

    def tell(self, message: dict[str, object]) -> None:
        with self._lock:
            write_line(self._fd, message)

    def start(self) -> None:
        native.start_thread("kirin-modules", self._watch)

    def _watch(self) -> None:
        try:
            native.sleep(_FIRST_MODULES_AFTER_S)
            while True:
                self.report()
                native.sleep(_MODULES_EVERY_S)
        except OSError:
            pass  # the zygote is gone, and this worker will be soon


def write_line(fd: int, message: dict[str, object]) -> None:
    data = memoryview(json.dumps(message).encode() + b"\n")
    while data:
        data = data[os.write(fd, data) :]


# --- names --------------------------------------------------------------------------------------------------


def set_title(role: str, name: str | None) -> None:
    """Shows role and name to ps and top with setproctitle, where the environment has it; else the role, which fits into
    the 15 bytes that the system has for it."""
    title = f"kirin: {role}" if name is None else f"kirin: {role} [{name}]"
    try:
        from setproctitle import setproctitle  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            with open("/proc/self/comm", "w") as comm:
                comm.write(f"kirin: {role}")
        except OSError:
            pass  # no /proc: the process keeps its command line
    else:
        setproctitle(title)
