"""How the control thread interrupts a request, and nothing but that request.

An exception raised in another thread arrives at its next bytecodes, which must still be the application's. So the lane
says in `rid` which request may be interrupted, and the control thread in `news` which one it is about to interrupt.
Each writes its own before it reads the other's, so one of them always sees the other: either the control thread finds
the request not exposed and raises nothing, or the lane, when it has covered itself, finds the news, waits for
`news_over` and takes back what has not been raised. Where there is no news, which is nearly always, that costs two
writes and a look. (Without a global lock in the interpreter, too: it locks an object to write to it, which is a fence.)
"""

from __future__ import annotations

from .interrupts import raise_in, spare
from .native import sleep

#: How often a lane looks whether the control thread has done what it had announced, a matter of microseconds.
NEWS_SECONDS = 0.0001
#: In `news`, which else is a request's id.
FORKED = -1


class Exposure:
    __slots__ = ("news", "news_over", "rid", "thread")

    def __init__(self) -> None:
        self.thread = 0
        #: The request that may be interrupted at this moment, or 0.
        self.rid = 0
        #: The last request that was to be interrupted, or FORKED; and the same, once that is done.
        self.news = 0
        self.news_over = 0

    def clear(self) -> None:
        self.news = self.news_over = 0

    def heed(self, rid: int) -> bool:
        """Whether this request was to be interrupted; no exception is under way any more. The lane is not exposed."""
        if self.news != rid:
            return False
        # No lock: the exception may come while it is taken, which would leave it taken.
        while self.news_over != rid:
            sleep(NEWS_SECONDS)
        spare(self.thread)
        return True

    def interrupt(self, rid: int) -> None:
        """On the control thread."""
        self.news = rid
        try:
            if self.rid == rid:
                raise_in(self.thread)
        finally:
            self.news_over = rid
