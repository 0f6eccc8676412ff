"""One JSON object a line over a descriptor: what the arbiter says to zygote and relay, and they to it, and what workers
report."""

from __future__ import annotations

import json
import os

from . import supervision

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Where the arbiter's end is, in zygote and relay alike.
CHANNEL_FD = 3
_READ_BYTES = 65_536


class Lines:
    """Of bytes as they come, the objects that have come whole."""

    __slots__ = ("_unread",)

    def __init__(self) -> None:
        self._unread = b""

    @property
    def unread_bytes(self) -> int:
        return len(self._unread)

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [json.loads(line) for line in lines]


class Channel:
    """With the arbiter."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._lines = Lines()

    def read(self) -> list[dict[str, Any]] | None:
        """None: the arbiter is gone."""
        try:
            data = os.read(self.fd, _READ_BYTES)
        except OSError:
            data = b""
        return self._lines.feed(data) if data else None

    def tell(self, message: dict[str, object]) -> None:
        try:
            supervision.write_line(self.fd, message)
        except OSError:
            pass  # the arbiter is gone; its end of the channel says so too
