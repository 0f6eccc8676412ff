"""wsgi.file_wrapper: a file as a response's body, which the edge sends without passing it through the worker."""

from __future__ import annotations

import io
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Callable

_BLOCK_BYTES = 65536
#: Less than this is sent as bytes: having the edge open the file costs more than copying it.
SMALL_BYTES = 32768


class FileWrapper:
    """PEP 3333, "Optional Platform-Specific File Handling". Behind middleware it is an iterable like any other."""

    def __init__(self, filelike: Any, blksize: int = _BLOCK_BYTES) -> None:
        self.filelike = filelike
        self.blksize = blksize
        close: Callable[[], object] | None = getattr(filelike, "close", None)
        if close is not None:
            self.close = close

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        block: bytes = self.filelike.read(self.blksize)
        if block:
            return block
        raise StopIteration


def blocks_until(wrapper: FileWrapper, length: int) -> Iterator[bytes]:
    """The file's blocks, but not more than `length` bytes: a part of a file is sent by seeking in it and declaring a
    Content-Length."""
    read = wrapper.filelike.read
    while length > 0:
        block = read(min(wrapper.blksize, length))
        if not block:
            return
        length -= len(block)
        yield block


def regular_file(wrapper: FileWrapper) -> tuple[int, int, int] | None:
    """(descriptor, offset, bytes from there to the end) when reading the object is reading a regular file.

    Only for types known to hand out the file's bytes as they are: a GzipFile, say, has the fileno() of the compressed
    file."""
    filelike = wrapper.filelike
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None and type(filelike) is tempfile._TemporaryFileWrapper:
        filelike = filelike.file
    raw = filelike.raw if type(filelike) in (io.BufferedReader, io.BufferedRandom) else filelike
    if type(raw) is not io.FileIO:
        return None
    try:
        fd = raw.fileno()
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or not raw.readable():
            return None
        offset = filelike.tell()  # the reader's own position: the descriptor's is past what it has buffered
    except (OSError, ValueError):  # closed, say: reading it will tell
        return None
    size = status.st_size - offset
    # Files of /proc are regular, have no size, and can be read.
    return (fd, offset, size) if size > 0 else None
