from __future__ import annotations

from typing import Any

import pytest

from kirin_worker import headers
from kirin_worker.headers import BODY, CLOSE, DATE, LENGTH, NO_BODY, SERVER, AppError, make_head
from support import ReadableLog


@pytest.fixture(autouse=True)
def forget() -> None:
    headers.heads.clear()
    headers._known_names.clear()
    headers._plain_fields.clear()
    headers._reported.clear()


def test_a_head_is_the_status_line_and_the_fields_in_their_order(log: ReadableLog) -> None:
    fields = [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Empty", "")]
    assert make_head("404 Not Found", fields, log) == (
        b"404 Not Found\r\nContent-Type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Empty: \r\n",
        0,
        -1,
        BODY,
    )


@pytest.mark.parametrize(
    ("fields", "flags", "length"),
    [
        ([("content-length", "12")], LENGTH, 12),
        ([("Content-Length", " 012\t")], LENGTH, 12),
        ([("DATE", "now")], DATE, -1),
        ([("Server", "mine")], SERVER, -1),
        ([("Date", "now"), ("Server", "mine"), ("Content-Length", "0")], DATE | SERVER | LENGTH, 0),
        ([("Connection", "close")], CLOSE, -1),
        ([("Connection", "keep-alive")], 0, -1),
        ([("Connection", "closed")], 0, -1),
    ],
)
def test_fields_with_a_meaning_for_the_server_are_told(
    log: ReadableLog, fields: list[tuple[str, str]], flags: int, length: int
) -> None:
    assert make_head("200 OK", fields, log)[1:3] == (flags, length)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("200 OK", b"200 OK"),
        ("200", b"200 "),
        ("200 ", b"200 "),
        ("299 D\xe9j\xe0 vu", b"299 D\xe9j\xe0 vu"),
        ("999 x", b"999 x"),
    ],
)
def test_a_status_may_have_any_reason_in_latin_1(log: ReadableLog, status: str, line: bytes) -> None:
    assert make_head(status, [], log)[0] == line + b"\r\n"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "gave start_response the status 200, which must be a str such as '200 OK'"),
        (b"200 OK", "gave start_response the status b'200 OK', which must be a str such as '200 OK'"),
        (None, "gave start_response the status None, which must be a str"),
        ("OK", "gave start_response the status 'OK', which must be three digits, a space and a reason"),
        ("", "gave start_response the status '', which must be three digits"),
        ("20 OK", "which must be three digits"),
        ("2000 OK", "which must be three digits"),
        ("200OK", "which must be three digits"),
        ("\u0662\u0660\u0660 OK", "which holds '\u0662' (at 0), which is not in latin-1"),
        ("099 OK", "which must be three digits"),
        ("200 OK\r\nX: y", "which holds a line break ('\\r', at 6)"),
        ("200 OK\n", "which holds a line break ('\\n', at 6)"),
        ("200 O\0K", "which holds the control character '\\x00' (at 5)"),
        ("200 \u2713", "which holds '\u2713' (at 4), which is not in latin-1"),
        ("100 Continue", "which is no final status: no response would follow it"),
        ("101 Switching Protocols", "which is no final status"),
        ("103", "which is no final status"),
    ],
)
def test_a_wrong_status_is_refused_in_words(log: ReadableLog, status: Any, words: str) -> None:
    with pytest.raises(AppError) as caught:
        make_head(status, [], log)
    assert words in str(caught.value)


class ListOfFields(list):  # type: ignore[type-arg]
    pass


def test_a_subclass_of_list_is_a_list(log: ReadableLog) -> None:
    assert make_head("200 OK", ListOfFields([("A", "b")]), log)[0] == b"200 OK\r\nA: b\r\n"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (None, "gave start_response None as headers, which must be a list of (name, value) tuples"),
        ((("A", "b"),), "gave start_response (('A', 'b'),) as headers, which must be a list"),
        ({"A": "b"}, "gave start_response {'A': 'b'} as headers, which must be a list"),
        ([["A", "b"]], "gave start_response the header ['A', 'b'], which must be a tuple (name, value)"),
        (["Ab"], "gave start_response the header 'Ab', which must be a tuple (name, value)"),
        ([("A",)], "gave start_response the header ('A',), which must be a tuple (name, value)"),
        ([("A", "b", "c")], "gave start_response the header ('A', 'b', 'c'), which must be a tuple (name, value)"),
        ([("A", 1)], "gave start_response the header ('A', 1), whose name and value must both be str"),
        ([("A", None)], "gave start_response the header ('A', None), whose name and value must both be str"),
        ([("A", b"b")], "gave start_response the header ('A', b'b'), whose name and value must both be str"),
        ([(b"A", "b")], "gave start_response the header (b'A', 'b'), whose name and value must both be str"),
        ([("A", ["b"])], "gave start_response the header ('A', ['b']), whose name and value must both be str"),
        ([("", "b")], "gave start_response a header named '', which is not a valid field name"),
        ([("A B", "b")], "gave start_response a header named 'A B', which is not a valid field name"),
        ([("A:", "b")], "gave start_response a header named 'A:', which is not a valid field name"),
        ([("A\n", "b")], "gave start_response a header named 'A\\n', which is not a valid field name"),
        ([("\xc4", "b")], "gave start_response a header named '\xc4', which is not a valid field name"),
        ([("A", "b\nc")], "gave start_response a value for the header A that holds a line break ('\\n', at 1)"),
        ([("A", "b\r\n c")], "gave start_response a value for the header A that holds a line break ('\\r', at 1)"),
        ([("A", "b\n")], "gave start_response a value for the header A that holds a line break ('\\n', at 1)"),
        (
            [("A", "b\0")],
            "gave start_response a value for the header A that holds the control character '\\x00' (at 1)",
        ),
        (
            [("A", "\x7f")],
            "gave start_response a value for the header A that holds the control character '\\x7f' (at 0)",
        ),
        (
            [("A", "1 \u20ac")],
            "gave start_response a value for the header A that holds '\u20ac' (at 2), which is not in latin-1",
        ),
        ([("Content-Length", "x")], "gave the Content-Length 'x', which must be a number of bytes in digits"),
        ([("Content-Length", "")], "gave the Content-Length '', which must be"),
        ([("Content-Length", "-1")], "gave the Content-Length '-1', which must be"),
        ([("Content-Length", "+1")], "gave the Content-Length '+1', which must be"),
        ([("Content-Length", "1_0")], "gave the Content-Length '1_0', which must be"),
        ([("Content-Length", "\xb2")], "gave the Content-Length '\xb2', which must be"),
        ([("Content-Length", "1, 1")], "gave the Content-Length '1, 1', which must be"),
        ([("Content-Length", "9" * 5000)], "which must be a number of bytes in digits"),
        ([("Content-Length", "1"), ("content-length", "1")], "gave more than one Content-Length"),
    ],
)
def test_wrong_headers_are_refused_in_words(log: ReadableLog, fields: Any, words: str) -> None:
    # With the memos as good heads leave them.
    make_head("200 OK", [("A", "b")], log)
    for _ in range(2):
        with pytest.raises(AppError) as caught:
            make_head("200 OK", fields, log)
        assert words in str(caught.value)


def test_a_tab_and_latin_1_are_allowed_in_values(log: ReadableLog) -> None:
    assert make_head("200 OK", [("A", " \ta\tb \xff ")], log)[0] == b"200 OK\r\nA: a\tb \xff\r\n"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_some_statuses_have_no_body(log: ReadableLog, status: str) -> None:
    assert make_head(status, [], log)[3] == NO_BODY


def test_204_has_no_content_length(log: ReadableLog) -> None:
    assert make_head("204 No Content", [("Content-Length", "0"), ("A", "b")], log)[:2] == (
        b"204 No Content\r\nA: b\r\n",
        0,
    )


def test_hop_by_hop_fields_are_dropped_and_reported_once(log: ReadableLog) -> None:
    fields = [("Transfer-Encoding", "chunked"), ("Keep-Alive", "x"), ("Upgrade", "h2c"), ("TE", "trailers"), ("A", "b")]
    for status in ("200 OK", "201 Created"):
        assert make_head(status, fields, log)[:2] == (status.encode() + b"\r\nA: b\r\n", 0)
    assert [line.split(",")[0] for line in log.lines] == [
        f"[WARNING] The application sets the header {name}"
        for name in ("Transfer-Encoding", "Keep-Alive", "Upgrade", "TE")
    ]


# --- memory -----------------------------------------------------------------------------------------------


def test_a_good_head_is_remembered_and_a_bad_one_is_not(log: ReadableLog) -> None:
    head = make_head("200 OK", [("A", "b")], log)
    assert headers.heads["200 OK", (("A", "b"),)] is head
    with pytest.raises(AppError):
        make_head("200 OK", [("A", "b"), ("A", "\n")], log)
    assert len(headers.heads) == 1


def test_cookies_and_large_heads_are_not_remembered(log: ReadableLog) -> None:
    make_head("200 OK", [("Set-Cookie", "session=secret")], log)
    make_head("200 OK", [("A", "x" * 5000)], log)
    assert headers.heads == {}
    assert not [line for line in headers._plain_fields.values() if "secret" in line or len(line) > 300]


def test_memory_is_bounded(log: ReadableLog) -> None:
    for number in range(5000):
        make_head("200 OK", [(f"X-{number}", str(number))], log)
    assert len(headers.heads) <= 1000
    assert len(headers._known_names) <= 500
    assert len(headers._plain_fields) <= 1000


def test_a_remembered_head_does_not_let_another_type_pass(log: ReadableLog) -> None:
    make_head("200 OK", [("A", "b")], log)
    for wrong in ((("A", "b"),), [["A", "b"]]):
        with pytest.raises(AppError):
            make_head("200 OK", wrong, log)
