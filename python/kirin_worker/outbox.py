"""What a lane sends: collected while requests run, and sent at once for all that are at hand.

The lane and the control thread share deques, whose operations are atomic, and `lock`, which keeps what they send in
order. No lock is taken while a request runs.

An exception of the application's may come while a lane waits for an edge that takes nothing more, since its client is
slow: from a signal's handler, on the main thread, or as a gevent.Timeout. What follows half a frame would be taken for
its rest: the responses of others. So nothing is sent in a call that waits, and what is left lies here meanwhile.
"""

from __future__ import annotations

import socket
from collections import deque

from .frames import HEADER
from .native import POLLOUT, allocate_lock, poll, start_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Bodies above this are sent by themselves rather than copied together.
LARGE_BODY = 32768
#: How long the control thread waits for a lane that is sending.
LOCK_SECONDS = 0.001
DONTWAIT = socket.MSG_DONTWAIT


class TornFrame(ConnectionError):
    """An exception came in the very moment of sending: nobody knows what the edge has."""


class Outbox:
    def __init__(self, index: int) -> None:
        self._index = index
        self.sock: socket.socket | None = None
        self.parts: deque[bytes | memoryview] = deque()
        #: The complete response of the request whose close() still runs; taken by whoever sends it.
        self.ready: deque[tuple[int, bytes, int, bytes]] = deque()
        self.lock = self.make_lock()
        #: Some of `parts` is in no other place than in variables of `send_now`.
        self._is_torn = False
        #: The response was sent by the control thread while close() ran.
        self.tail_sent = False

    def make_lock(self) -> Any:
        return allocate_lock()

    def clear(self) -> None:
        with self.lock:
            self.sock = None
            self.parts.clear()
            self.ready.clear()
            self.tail_sent = False
            self._is_torn = False

    def append(self, kind: int, rid: int, head: bytes, flags: int, content: bytes, service_us: int) -> None:
        size = len(head) + len(content)
        header = HEADER.pack(size, kind, flags, 0, rid, len(head), min(service_us, 0xFFFFFFFF))
        if len(content) > LARGE_BODY:
            self.parts.extend((header + head, content))  # both or, when interrupted, none
        else:
            self.parts.append(header + head + content)

    # --- the lane -----------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Sends what is collected, in order."""
        with self.lock:
            while not self.send_now():
                self.wait()

    def wait(self) -> None:
        """Until the edge takes more."""
        assert self.sock is not None
        waiting = poll()
        waiting.register(self.sock, POLLOUT)
        waiting.poll()

    def take_tail(self) -> bool:
        """Whether the control thread has sent the response that was `ready`."""
        with self.lock:  # it may be about to
            tail_sent = self.tail_sent
            self.tail_sent = False
        return tail_sent

    # --- the control thread, too --------------------------------------------------------------------------

    def send_now(self) -> bool:
        """Sends what is collected, as far as it can be without waiting; whether that was all. The lock is held."""
        sock = self.sock
        if sock is None:
            return True  # there is no edge any more; or it has asked before this lane has begun
        if self._is_torn:
            raise TornFrame
        self._is_torn = True
        collected = self.parts
        parts: list[bytes | memoryview] = []
        is_done = True
        while collected and is_done:
            data = collected.popleft()
            if len(data) <= LARGE_BODY and collected:
                parts.append(data)
                while collected and len(collected[0]) <= LARGE_BODY:
                    parts.append(collected.popleft())
                data = b"".join(parts)
                parts.clear()
            try:
                sent = sock.send(data, DONTWAIT)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                self._is_torn = not edge_is_gone(error)
                raise
            if sent < len(data):
                collected.appendleft(memoryview(data)[sent:])
                is_done = False
        self._is_torn = False
        return is_done

    def flush_beside(self) -> None:
        """Other lanes, and other news of this one, must not wait for a slow client; nor can this be left to the lane,
        which may have seen nothing to send and wait for requests by now."""
        start_thread(f"kirin-send-{self._index}", self._flush_quietly)

    def _flush_quietly(self) -> None:
        try:
            self.flush()
        except OSError:
            pass  # the lane will see it

    def after_fork_in_child(self) -> None:
        self.lock = self.make_lock()  # another thread may have held it, which is not here to release it
        if self.sock is not None:
            self.sock.close()


def edge_is_gone(error: OSError) -> bool:
    """Rather than that a signal's handler has raised it, such as the TimeoutError of a decorator."""
    return error.errno is not None and not isinstance(error, TimeoutError)
