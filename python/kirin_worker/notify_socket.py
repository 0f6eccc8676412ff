"""Opens a socket to systemd for its parent, which has no way to make a unix datagram socket, and ends.

Descriptor 3 is one end of Node's IPC channel. The socket goes through it as ancillary data, and this end of the channel
with it: while that is open somewhere, the parent does not close what has come through. Python 3.9 and newer.
"""

from __future__ import annotations

import json
import os
import socket
import sys

CHANNEL_FD = 3


def main(address: str) -> int:
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # A name that begins with @ is an abstract one.
        notify.connect("\0" + address[1:] if address.startswith("@") else address)
    except OSError as error:
        _send({"error": error.strerror}, [])
        return 1
    _send({"inode": os.fstat(notify.fileno()).st_ino}, [notify.fileno(), CHANNEL_FD])
    return 0


def _send(message: dict[str, object], fds: list[int]) -> None:
    with socket.socket(fileno=os.dup(CHANNEL_FD)) as channel:
        socket.send_fds(channel, [json.dumps(message).encode() + b"\n"], fds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
