"""Listens as systemd does on NOTIFY_SOCKET, and writes each message with its sender's process id as a line of JSON."""

import json
import socket
import struct
import sys

address = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
receiver.bind("\0" + address[1:] if address.startswith("@") else address)
print("listening", flush=True)
while True:
    message, ancillary, _, _ = receiver.recvmsg(4096, 4096)
    (pid,) = [struct.unpack("3i", data)[0] for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS]
    print(json.dumps({"pid": pid, "text": message.decode()}), flush=True)
