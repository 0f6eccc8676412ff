"""What a lane sends: collected while requests run, and sent at once for all that are at hand.

The lane and the control thread share deques, whose operations are atomic, and `lock`, which keeps what they send in
order. No lock is taken while a request runs.
"""

from __future__ import annotations

import socket
from collections import deque

from .frames import HEADER
from .native import allocate_lock, start_thread

#: Bodies above this are sent by themselves rather than copied together.
LARGE_BODY = 32768
#: How long the control thread waits for a lane that is sending.
LOCK_SECONDS = 0.001


class Outbox:
    def __init__(self, index: int) -> None:
        self._index = index
        self.sock: socket.socket | None = None
        self.parts: deque[bytes] = deque()
        #: The complete response of the request whose close() still runs; taken by whoever sends it.
        self.ready: deque[tuple[int, bytes, int, bytes]] = deque()
        self.lock = allocate_lock()
        #: The response was sent by the control thread while close() ran.
        self.tail_sent = False

    def clear(self) -> None:
        self.acquire()
        self.sock = None
        self.parts.clear()
        self.ready.clear()
        self.tail_sent = False
        self.lock.release()

    def append(self, kind: int, rid: int, head: bytes, flags: int, content: bytes, service_us: int) -> None:
        size = len(head) + len(content)
        header = HEADER.pack(size, kind, flags, 0, rid, len(head), min(service_us, 0xFFFFFFFF))
        if len(content) > LARGE_BODY:
            self.parts.extend((header + head, content))  # both or, when interrupted, none
        else:
            self.parts.append(header + head + content)

    # --- the lane -----------------------------------------------------------------------------------------

    def acquire(self) -> None:
        self.lock.acquire()

    def send_all(self, sock: socket.socket, data: bytes) -> None:
        sock.sendall(data)

    def flush(self) -> None:
        """Sends what is collected, in order."""
        self.acquire()
        try:
            self._send_collected()
        finally:
            self.lock.release()

    def _send_collected(self) -> None:
        collected = self.parts
        parts: list[bytes] = []
        sock = self.sock
        if sock is None:
            return  # there is no edge any more
        while collected:
            part = collected.popleft()
            if len(part) > LARGE_BODY:
                if parts:
                    collected.appendleft(part)  # only what is being sent is out of there: see GreenletOutbox.send_all
                    self.send_all(sock, b"".join(parts))
                    parts.clear()
                else:
                    self.send_all(sock, part)
            else:
                parts.append(part)
        if parts:
            self.send_all(sock, parts[0] if len(parts) == 1 else b"".join(parts))

    def take_tail(self) -> bool:
        """Whether the control thread has sent the response that was `ready`."""
        self.acquire()  # it may be about to
        tail_sent = self.tail_sent
        self.tail_sent = False
        self.lock.release()
        return tail_sent

    # --- the control thread -------------------------------------------------------------------------------

    def send_now(self) -> bool:
        """Sends what is collected, as far as it can be without waiting; whether that was all. The lock is held."""
        sock = self.sock
        if sock is None:
            return True  # the edge has asked before this lane has begun
        collected = self.parts
        parts: list[bytes] = []
        while collected:
            parts.append(collected.popleft())
        if not parts:
            return True
        data = b"".join(parts)
        try:
            sent = sock.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent == len(data):
            return True
        collected.appendleft(data[sent:])
        return False

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
        self.lock = allocate_lock()  # another thread may have held it, which is not here to release it
        if self.sock is not None:
            self.sock.close()
