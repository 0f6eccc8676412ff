"""A response that goes out in pieces, held to the length that it declared.

For generators and write(); wsgi.py deals with what is complete at once by itself.
"""

from __future__ import annotations

from .headers import BODY, AppError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .headers import Head
    from .wsgi import Out


class PiecewiseResponse:
    """The piece that completes the declared length is held back until the application has ended: if it gives more, the
    connection can still be cut, and the client never takes a wrong response for a whole one."""

    __slots__ = ("_flags", "_given", "_head", "_held", "_length", "_out", "begun", "fault", "is_silent", "withheld")

    def __init__(self, out: Out, head: Head, is_head_request: bool) -> None:
        #: The head has gone out.
        self.begun = False
        #: Why the response cannot be completed, whatever the application does with the exception.
        self.fault: BaseException | None = None
        #: Bytes that were given although the response has no body.
        self.withheld = 0
        self._out = out
        self._head, self._flags, self._length, kind = head
        self.is_silent = is_head_request or kind != BODY
        self._given = 0
        self._held: bytes | None = None

    def send(self, block: bytes) -> None:
        if self.fault is not None:
            raise self.fault
        try:
            self._send(block)
        except BaseException as error:
            self.fault = error
            raise

    def _send(self, block: bytes) -> None:
        if not isinstance(block, bytes):
            raise not_bytes(block)
        size = len(block)
        if not size:
            return
        if self.is_silent:
            self.withheld += size
            return
        if self._length >= 0:
            given = self._given + size
            if given > self._length:
                raise too_long(self._length, given)
            self._given = given
            if given == self._length:
                self._held = block
                return
        if self.begun:
            self._out.chunk(block)
        else:
            self.begun = True
            self._out.begin(self._head, self._flags, block)

    def finish(self) -> None:
        if self.fault is not None:
            raise self.fault
        if self.is_silent:
            self._out.whole(self._head, self._flags, b"")
            return
        if self._given < self._length:
            raise too_short(self._length, self._given)
        if not self.begun:
            self._out.whole(self._head, self._flags, self._held or b"")
            return
        if self._held is not None:
            self._out.chunk(self._held)
        self._out.end()


def not_bytes(block: object) -> AppError:
    text = repr(block)
    shown = text if len(text) <= 60 else text[:57] + "..."
    return AppError(f"gave {shown}, {_a(type(block).__name__)}, as a part of its body, which must be bytes")


def too_long(declared: int, given: int) -> AppError:
    return AppError(
        f"gave a body longer than its Content-Length: it declared {declared} bytes and gave at least {given}"
    )


def too_short(declared: int, given: int) -> AppError:
    return AppError(f"gave a body shorter than its Content-Length: it declared {declared} bytes and gave {given}")


def _a(noun: str) -> str:
    return ("an " if noun[0] in "aeiouAEIOU" else "a ") + noun
