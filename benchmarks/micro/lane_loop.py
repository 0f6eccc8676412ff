"""What one request costs a worker's lane, wsgi.serve included: `python3 benchmarks/micro/lane_loop.py [FOLDER]`.

Prints microseconds of processor time of the lane's thread per request, the best of several rounds, when requests come
in batches of 32 and one by one. FOLDER: another copy of `python/`, to compare with.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import Any, Callable

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "..", "..", "python"))

from kirin_worker import frames
from kirin_worker.lane import Lane
from kirin_worker.log import Log
from kirin_worker.wsgi import base_environ

REQUESTS = 6_400
ROUNDS = 40

#: What a browser's request comes to.
ENVIRON = {
    "REQUEST_METHOD": "GET",
    "PATH_INFO": "/hello",
    "QUERY_STRING": "a=1",
    "RAW_URI": "/hello?a=1",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
    "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "50000",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "8000",
    "HTTP_HOST": "localhost:8000",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.5",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
    "HTTP_COOKIE": "session=eyJ1c2VyIjo0MjQyfQ.ZtX0aA.c2lnbmF0dXJl",
}


def hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, world!"]


class MeasuredLane(Lane):
    """Says what its thread has used when the connection ends."""

    used = 0.0

    def run(self, sock: socket.socket) -> None:
        before = time.thread_time()
        super().run(sock)
        self.used = time.thread_time() - before


def microseconds(batch: int) -> float:
    text = "\0".join(f"{name}\0{value}" for name, value in ENVIRON.items()).encode("latin-1")
    requests = [frames.frame(frames.REQUEST, text, id=rid, a=len(text)) for rid in range(1, batch + 1)]
    data = b"".join(requests)
    environ = base_environ(multithread=False, multiprocess=True, script_name="", errors=sys.stderr)
    lane = MeasuredLane(0, hello, environ, memoryview(bytearray(4)).cast("I"), Log(), True)
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=lane.run, args=(theirs,))
    thread.start()
    ours.sendall(requests[0])
    answer_bytes = len(ours.recv(1 << 20))
    for _ in range(REQUESTS // batch):
        ours.sendall(data)
        left = batch * answer_bytes
        while left > 0:
            left -= len(ours.recv(left))
    ours.close()
    thread.join()
    return lane.used * 1e6 / REQUESTS


def main() -> None:
    for what, batch in (("batches of 32", 32), ("one by one", 1)):
        print(f"{what:<15}{min(microseconds(batch) for _ in range(ROUNDS)):>8.2f} µs")


main()
