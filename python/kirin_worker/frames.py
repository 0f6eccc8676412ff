"""The frames that edge and worker exchange.

docs/lane-protocol.md is the specification, src/protocol/lane/frames.ts the other half.
"""

from __future__ import annotations

import json
import struct

#: length, kind, flags, zero, id, a, b
HEADER = struct.Struct("<IBBHIII")
HEADER_BYTES = HEADER.size

HELLO = 1
REQUEST = 16
RESPONSE = 32
BODY = 33
ABORT = 34
DONE = 35
HINTS = 36
WELCOME = 48
RECLAIM = 49
RELEASE = 50
CANCEL = 51
QUIT = 52
INTERRUPT = 53
WIDEN = 54
RETURNED = 64
LEAVING = 65
RESUMED = 66

SPOOLED = 1

#: Of RECLAIM.
UNREAD = 1
#: Of RETURNED.
STALLED = 1

END = 1
FILE = 32
TAIL = 64


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, id: int = 0, a: int = 0, b: int = 0) -> bytes:
    return HEADER.pack(len(payload), kind, flags, 0, id, a, b) + payload


def json_frame(kind: int, value: object) -> bytes:
    return frame(kind, json.dumps(value).encode("ascii"))
