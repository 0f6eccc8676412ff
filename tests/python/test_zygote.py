"""The zygote as the arbiter meets it: a process that is spoken to over descriptor 3."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "kirin_worker"
SLOW_S = 15.0
#: Puts the channel where the zygote expects it.
LAUNCHER = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"
APP = """
def app(environ, start_response):
    start_response("200 OK", [])
    return [b"hello"]
"""


class Arbiter:
    """Plays the arbiter for one zygote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_dir = folder / "run"
        self.run_dir.mkdir()
        self.lanes = socket.socket(socket.AF_UNIX)
        self.lanes.bind(str(self.run_dir / "lane.sock"))
        self.lanes.listen()
        ours, theirs = socket.socketpair()
        self.channel = ours
        self.channel.settimeout(SLOW_S)
        self._lines = ours.makefile("r", encoding="utf-8")
        self.stderr_path = folder / "stderr"
        with self.stderr_path.open("wb") as stderr:
            launch = [sys.executable, "-c", LAUNCHER, str(theirs.fileno()), sys.executable, str(PACKAGE)]
            self.process = subprocess.Popen(launch, pass_fds=[theirs.fileno()], stderr=stderr, cwd="/")
        theirs.close()

    def boot(self, **changes: Any) -> None:
        spec = {
            "type": "boot",
            "generation": 1,
            "app": "main:app",
            "chdir": str(self.folder),
            "pythonPath": [],
            "pythonPathEnd": [],
            "preload": False,
            "workerClass": "sync",
            "threads": 2,
            "maxLanes": 2,
            "workers": 1,
            "lanePath": str(self.run_dir / "lane.sock"),
            "runDir": str(self.run_dir),
            "closeFds": [],
            "scriptName": "",
            "errorLog": "-",
            "relay": None,
            "logConfig": None,
            "captureOutput": False,
            "logLevel": "info",
            "colour": False,
            "name": None,
            "reportModules": False,
            "spew": False,
            "paste": None,
            "gracefulTimeoutMs": 1000,
            "hooks": None,
        }
        self.tell(**{**spec, **changes})

    def tell(self, **message: Any) -> None:
        self.channel.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, kind: str) -> dict[str, Any]:
        """The next message, which must be of this kind."""
        line = self._lines.readline()
        assert line, f"the zygote ended instead of saying {kind}:\n{self.stderr()}"
        message: dict[str, Any] = json.loads(line)
        assert message["type"] == kind, message
        return message

    def fork(self) -> int:
        self.tell(type="fork")
        pid: int = self.hear("forked")["pid"]
        return pid

    def stderr(self) -> str:
        return self.stderr_path.read_text()

    def wait(self) -> int:
        return self.process.wait(timeout=SLOW_S)

    def close(self) -> None:
        self._lines.close()
        self.channel.close()
        self.lanes.close()
        try:
            self.wait()
        finally:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def arbiter(tmp_path: Path) -> Iterator[Arbiter]:
    (tmp_path / "main.py").write_text(APP)
    arbiter = Arbiter(tmp_path)
    yield arbiter
    arbiter.close()


def wait_until(condition: Any, what: str) -> None:
    deadline = time.monotonic() + SLOW_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_says_which_python_it_is_when_it_can_fork(arbiter: Arbiter) -> None:
    arbiter.boot()
    booted = arbiter.hear("booted")
    assert booted["version"] == ".".join(map(str, sys.version_info[:3])) or booted["version"].startswith("3.")


def test_a_workers_exit_code_is_reported(arbiter: Arbiter) -> None:
    arbiter.boot(app="main:missing")
    arbiter.hear("booted")
    pid = arbiter.fork()
    exited = arbiter.hear("exited")
    assert exited == {"type": "exited", "pid": pid, "code": 4, "running": []}
    assert "Failed to find attribute 'missing'" in arbiter.stderr()


def test_a_workers_signal_is_reported_by_name(arbiter: Arbiter) -> None:
    arbiter.boot()
    arbiter.hear("booted")
    pid = arbiter.fork()
    connection, _ = arbiter.lanes.accept()  # it has loaded the application
    os.kill(pid, signal.SIGKILL)
    exited = arbiter.hear("exited")
    assert exited == {"type": "exited", "pid": pid, "signal": "SIGKILL", "running": []}
    connection.close()


def test_kill_reaches_a_worker_by_its_pid(arbiter: Arbiter) -> None:
    arbiter.boot()
    arbiter.hear("booted")
    pid = arbiter.fork()
    arbiter.tell(type="signal", pid=pid, signal="KILL")
    assert arbiter.hear("exited")["signal"] == "SIGKILL"


def test_a_process_that_is_no_worker_of_it_is_never_signalled(arbiter: Arbiter) -> None:
    arbiter.boot()
    arbiter.hear("booted")
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        arbiter.tell(type="signal", pid=stranger.pid, signal="KILL")
        arbiter.fork()  # answered, so the message before it has been dealt with
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_dump_shows_what_every_thread_is_doing(arbiter: Arbiter) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    (arbiter.folder / "main.py").write_text(source + APP)
    arbiter.boot()
    arbiter.hear("booted")
    pid = arbiter.fork()
    connection, _ = arbiter.lanes.accept()
    arbiter.tell(type="signal", pid=pid, signal="dump")
    wait_until(lambda: arbiter.stderr().count("most recent call first") >= 3, "three tracebacks")
    assert is_alive(pid)
    connection.close()


def test_a_preloaded_application_is_loaded_once(arbiter: Arbiter) -> None:
    (arbiter.folder / "main.py").write_text("import sys\nprint('loading', file=sys.stderr, flush=True)\n" + APP)
    arbiter.boot(preload=True)
    arbiter.hear("booted")
    for _ in range(3):
        arbiter.fork()
        arbiter.lanes.accept()[0].close()
    assert arbiter.stderr().count("loading") == 1


def test_an_application_that_cannot_be_preloaded_ends_the_zygote_with_its_code(arbiter: Arbiter) -> None:
    (arbiter.folder / "main.py").write_text("raise RuntimeError('broken on purpose')\n")
    arbiter.boot(preload=True)
    assert arbiter.wait() == 3
    assert "broken on purpose" in arbiter.stderr()


def test_children_of_a_preloaded_application_are_left_to_it(arbiter: Arbiter) -> None:
    source = "import subprocess\nchild = subprocess.Popen(['true'])\n"
    (arbiter.folder / "main.py").write_text(source + APP)
    arbiter.boot(preload=True)
    arbiter.hear("booted")
    children = Path(f"/proc/{arbiter.process.pid}/task/{arbiter.process.pid}/children")
    (child,) = map(int, children.read_text().split())
    wait_until(lambda: not is_alive(child), "the end of the application's child")
    pid = arbiter.fork()
    arbiter.tell(type="signal", pid=pid, signal="KILL")
    assert arbiter.hear("exited")["pid"] == pid  # and nothing was said of the other


def test_quit_ends_workers_and_zygote_in_order(arbiter: Arbiter) -> None:
    arbiter.boot()
    arbiter.hear("booted")
    pids = {arbiter.fork(), arbiter.fork()}
    arbiter.tell(type="quit", graceMs=5000, stay="no", runsOnExit=False)
    arbiter.lanes.close()  # as the real arbiter does: a worker shall not wait for an edge
    assert {arbiter.hear("exited")["pid"], arbiter.hear("exited")["pid"]} == pids
    assert arbiter.wait() == 0


def test_a_worker_that_ignores_the_end_is_killed_after_the_grace(arbiter: Arbiter) -> None:
    ignoring = arbiter.folder / "ignoring"
    source = [
        "import pathlib, signal, time",
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
        f"pathlib.Path({str(ignoring)!r}).touch()",
        "time.sleep(60)",
    ]
    (arbiter.folder / "main.py").write_text("\n".join(source))
    arbiter.boot()
    arbiter.hear("booted")
    arbiter.fork()
    wait_until(ignoring.exists, "the application to ignore TERM")
    arbiter.tell(type="quit", graceMs=200, stay="no", runsOnExit=False)
    assert arbiter.hear("exited")["signal"] == "SIGKILL"
    assert arbiter.wait() == 0


def test_the_end_of_the_channel_ends_everything_and_removes_the_run_directory(arbiter: Arbiter) -> None:
    arbiter.boot()
    arbiter.hear("booted")
    pids = [arbiter.fork(), arbiter.fork()]
    arbiter.lanes.close()
    arbiter._lines.close()
    arbiter.channel.close()
    assert arbiter.wait() == 0
    assert not any(is_alive(pid) for pid in pids)
    assert not arbiter.run_dir.exists()


def test_signals_to_the_whole_group_do_not_end_it(arbiter: Arbiter) -> None:
    arbiter.boot()
    arbiter.hear("booted")
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        arbiter.process.send_signal(number)
    arbiter.fork()


def test_modules_are_reported_for_reload(arbiter: Arbiter) -> None:
    arbiter.boot(reportModules=True)
    arbiter.hear("booted")
    arbiter.fork()
    files: set[str] = set()
    while str(arbiter.folder / "main.py") not in files:
        files.update(arbiter.hear("modules")["files"])
    assert not [file for file in files if file.startswith(str(PACKAGE))], "Kirin's own are no reason to reload"


def test_modules_of_a_broken_application_are_reported_too(arbiter: Arbiter) -> None:
    (arbiter.folder / "main.py").write_text("import helper\n")
    (arbiter.folder / "helper.py").write_text("import other\nraise RuntimeError\n")
    (arbiter.folder / "other.py").write_text("")
    arbiter.boot(reportModules=True)
    arbiter.hear("booted")
    arbiter.fork()
    files: set[str] = set()
    while (line := json.loads(arbiter._lines.readline()))["type"] != "exited":
        files.update(line.get("files", ()))
    assert str(arbiter.folder / "other.py") in files
    assert line["code"] == 3


@pytest.mark.parametrize("preload", [False, True])
def test_why_the_application_does_not_load_is_told_for_reload_and_not_logged(arbiter: Arbiter, preload: bool) -> None:
    (arbiter.folder / "main.py").write_text("import helper\n")
    (arbiter.folder / "helper.py").write_text("x = 1\n\ndef f(:\n    pass\n")
    arbiter.boot(reportModules=True, preload=preload)
    if not preload:
        arbiter.hear("booted")
        arbiter.fork()
    line: dict[str, Any] = {}
    while line.get("type") != "load-failed":
        line = json.loads(arbiter._lines.readline())
    failure = line["failure"]
    helper = str(arbiter.folder / "helper.py")
    assert failure["error"] == "SyntaxError: invalid syntax"
    assert failure["message"].startswith("The application 'main:app' cannot be imported\nTraceback")
    assert failure["place"] == {"file": helper, "line": 3, "first": 1, "lines": ["x = 1", "", "def f(:", "    pass"]}
    assert failure["files"] == [helper, str(arbiter.folder / "main.py")]
    assert "SyntaxError" not in arbiter.stderr()


def test_the_applications_imports_see_its_folders_and_not_ours(arbiter: Arbiter) -> None:
    extra = arbiter.folder / "extra"
    extra.mkdir()
    (arbiter.folder / "main.py").write_text("import sys\nprint('PATH', sys.path, file=sys.stderr, flush=True)\n" + APP)
    arbiter.boot(pythonPath=["extra"], pythonPathEnd=["/last"], preload=True)
    arbiter.hear("booted")
    wait_until(lambda: "PATH" in arbiter.stderr(), "the application's output")
    line = next(line for line in arbiter.stderr().splitlines() if line.startswith("PATH"))
    assert line.startswith(f"PATH ['{extra}', '{arbiter.folder}'")
    assert line.endswith(", '/last']")
    assert str(PACKAGE.parent) not in line


def test_check_loads_the_application(tmp_path: Path) -> None:
    def check(app: str) -> subprocess.CompletedProcess[str]:
        boot = {"app": app, "chdir": str(tmp_path), "pythonPath": [], "pythonPathEnd": [], "workerClass": "sync"}
        command = [sys.executable, str(PACKAGE), "check", json.dumps(boot), "kirin"]
        return subprocess.run(command, capture_output=True, text=True, timeout=SLOW_S, check=False)

    (tmp_path / "main.py").write_text(APP)
    assert check("main:app").returncode == 0
    broken = check("main:missing")
    assert broken.returncode == 1
    assert "Failed to find attribute 'missing'" in broken.stderr
