"""From the status and headers that an application gives to the bytes that go to the edge.

A head is checked once and remembered, since applications answer with the same few heads again and again. What is
checked here is checked nowhere else: the edge writes these bytes to the client as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .log import Log

# Flags of a RESPONSE frame (docs/lane-protocol.md).
#: The head holds a Content-Length, and it is the body's.
LENGTH = 2
DATE = 4
SERVER = 8
#: The application asked for `Connection: close`.
CLOSE = 16

# What may follow a head.
BODY = 0
#: 204 and 304 never have a body (RFC 9110, 15.3.5 and 15.4.5).
NO_BODY = 1

#: Head bytes, flags, Content-Length or -1, BODY or NO_BODY.
Head = tuple[bytes, int, int, int]

_STATUS = re.compile(r"[2-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NOT_IN_VALUE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
#: 18 digits are within every integer that a client may use.
_LENGTH_VALUE = re.compile(r"[0-9]{1,18}")

_PLAIN, _LENGTH, _DATE, _SERVER, _CONNECTION, _HOP, _COOKIE = range(7)
_KINDS = {
    "content-length": _LENGTH,
    "date": _DATE,
    "server": _SERVER,
    "connection": _CONNECTION,
    # Hop-by-hop fields (PEP 3333 forbids them to applications).
    "keep-alive": _HOP,
    "proxy-authenticate": _HOP,
    "proxy-authorization": _HOP,
    "proxy-connection": _HOP,
    "te": _HOP,
    "trailer": _HOP,
    "trailers": _HOP,
    "transfer-encoding": _HOP,
    "upgrade": _HOP,
    # Never remembered: it belongs to one client, and does not come twice.
    "set-cookie": _COOKIE,
}
_KNOWN_NAMES_MAX = 500
#: Names that were found to be tokens, as the application spells them.
_known_names: dict[str, int] = {}
_PLAIN_FIELDS_MAX = 1000
#: Lines of fields that were found to be good and to have no meaning for the server: most of a head that is itself new.
_plain_fields: dict[tuple[str, str], str] = {}
#: Fields whose removal was logged; once per name and worker is enough.
_reported: set[str] = set()

#: Heads that were checked. wsgi.py looks here before it calls `make_head`.
heads: dict[tuple[str, tuple[tuple[str, str], ...]], Head] = {}
_HEADS_MAX = 1000
_REMEMBERED_BYTES_MAX = 2048
_REMEMBERED_LINE_MAX = 256
#: Of the fields of one 103: Node's clients take no larger heads.
_HINTS_MAX = 16384


class AppError(Exception):
    """The application broke the rules of WSGI; the message says how, in words that follow "the application"."""


def make_head(status: object, headers: object, log: Log) -> Head:
    """Checks what was given to start_response, and remembers the result. Raises AppError."""
    if not isinstance(status, str):
        raise AppError(f"gave start_response the status {_show(status)}, which must be a str such as '200 OK'")
    if not _STATUS.fullmatch(status):
        raise AppError(_status_fault(status))
    if not isinstance(headers, list):
        raise AppError(f"gave start_response {_show(headers)} as headers, which must be a list of (name, value) tuples")
    code = status[:3]
    lines = [status if len(status) > 3 else status + " "]
    flags = 0
    length = -1
    keep = True
    for field in headers:
        try:
            line = _plain_fields.get(field)
        except TypeError:  # not hashable: refused below
            line = None
        if line is not None:
            lines.append(line)
            continue
        if not isinstance(field, tuple) or len(field) != 2:
            raise AppError(f"gave start_response the header {_show(field)}, which must be a tuple (name, value)")
        name, value = field
        if not isinstance(name, str) or not isinstance(value, str):
            raise AppError(f"gave start_response the header {_show(field)}, whose name and value must both be str")
        kind = _known_names.get(name)
        if kind is None:
            kind = _learn_name(name, "start_response")
        if _NOT_IN_VALUE.search(value):
            raise AppError(_value_fault(name, value, "start_response"))
        value = value.strip(" \t")
        if kind:
            if kind == _LENGTH:
                if length >= 0:
                    raise AppError("gave more than one Content-Length")
                if not _LENGTH_VALUE.fullmatch(value):
                    raise AppError(f"gave the Content-Length {_show(value)}, which must be a number of bytes in digits")
                length = int(value)
                if code == "204":
                    continue  # RFC 9110 8.6: not with this status
                flags |= LENGTH
            elif kind == _DATE:
                flags |= DATE
            elif kind == _SERVER:
                flags |= SERVER
            elif kind == _CONNECTION:
                if "close" in value.lower().replace(" ", "").split(","):
                    flags |= CLOSE
                continue
            elif kind == _HOP:
                _report_hop(name, log)
                continue
            else:
                keep = False
            lines.append(f"{name}: {value}")
        else:
            line = f"{name}: {value}"
            if len(line) <= _REMEMBERED_LINE_MAX:
                if len(_plain_fields) >= _PLAIN_FIELDS_MAX:
                    _plain_fields.clear()
                _plain_fields[field] = line
            lines.append(line)
    lines.append("")
    made = "\r\n".join(lines).encode("latin-1")
    head = (made, flags, length, NO_BODY if code in ("204", "304") else BODY)
    if keep and len(made) <= _REMEMBERED_BYTES_MAX:
        if len(heads) >= _HEADS_MAX:
            heads.clear()
        heads[status, tuple(headers)] = head
    return head


def make_hints(headers: object, log: Log) -> bytes:
    """Checks what was given to wsgi.early_hints: the lines of a 103 (RFC 8297). Raises AppError."""
    to = "wsgi.early_hints"
    if not isinstance(headers, Iterable):
        raise AppError(f"gave {to} {_show(headers)}, which must be a list of (name, value) tuples")
    lines: list[str] = []
    for field in headers:
        if not isinstance(field, (tuple, list)) or len(field) != 2:
            raise AppError(f"gave {to} the header {_show(field)}, which must be a tuple (name, value)")
        # Bytes, too, as in Gunicorn.
        name, value = (text.decode("latin-1") if isinstance(text, bytes) else text for text in field)
        if not isinstance(name, str) or not isinstance(value, str):
            raise AppError(f"gave {to} the header {_show(field)}, whose name and value must both be str")
        kind = _learn_name(name, to)
        if _NOT_IN_VALUE.search(value):
            raise AppError(_value_fault(name, value, to))
        if kind == _HOP:
            _report_hop(name, log)
        elif kind not in (_LENGTH, _CONNECTION):  # RFC 9110 8.6: 1xx have no length
            value = value.strip(" \t")
            lines.append(f"{name}: {value}\r\n")
    made = "".join(lines).encode("latin-1")
    if len(made) > _HINTS_MAX:
        raise AppError(f"gave {to} {len(made)} bytes of headers, of which a client takes at most {_HINTS_MAX}")
    return made


def _learn_name(name: str, to: str) -> int:
    if not _TOKEN.fullmatch(name):
        raise AppError(f"gave {to} a header named {_show(name)}, which is not a valid field name")
    if len(_known_names) >= _KNOWN_NAMES_MAX:
        _known_names.clear()
    kind = _known_names[name] = _KINDS.get(name.lower(), _PLAIN)
    return kind


def _report_hop(name: str, log: Log) -> None:
    """Dropped rather than refused: applications that pass on another server's response send them by mistake, have
    always got away with it, and nothing is lost, since the body they give is not coded."""
    lower = name.lower()
    if lower not in _reported:
        _reported.add(lower)
        log.warning(
            f"The application sets the header {name}, which is the server's to set (PEP 3333); it is dropped."
            " This is said once per worker."
        )


def _status_fault(status: str) -> str:
    if re.fullmatch(r"1[0-9]{2}( .*)?", status):
        return f"gave start_response the status {_show(status)}, which is no final status: no response would follow it"
    if _NOT_IN_VALUE.search(status):
        return f"gave start_response the status {_show(status)}, which holds {_bad_character(status)}"
    return f"gave start_response the status {_show(status)}, which must be three digits, a space and a reason"


def _value_fault(name: str, value: str, to: str) -> str:
    # Not the value: it may be a secret, and the log is not the place for it.
    return f"gave {to} a value for the header {name} that holds {_bad_character(value)}"


def _bad_character(text: str) -> str:
    match = _NOT_IN_VALUE.search(text)
    assert match is not None
    character = match.group()
    if character in "\r\n":
        return f"a line break ({character!r}, at {match.start()})"
    if ord(character) > 0xFF:
        return f"{character!r} (at {match.start()}), which is not in latin-1"
    return f"the control character {character!r} (at {match.start()})"


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."
