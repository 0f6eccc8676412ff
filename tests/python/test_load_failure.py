"""What is told of an application that does not load."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from kirin_worker import load_failure
from kirin_worker.loader import AppImportError


def failure_of(folder: Path, monkeypatch: pytest.MonkeyPatch, **sources: str) -> dict[str, Any]:
    """Of importing `main`."""
    monkeypatch.syspath_prepend(str(folder))
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(BaseException) as caught:
        importlib.import_module("main")
    return load_failure.describe("the message", caught.value)


def test_the_place_is_the_innermost_line_of_the_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = failure_of(tmp_path, monkeypatch, main="import json\n\njson.loads('{')\n")
    assert failure["error"].startswith("JSONDecodeError: Expecting property name")
    assert failure["place"]["file"] == str(tmp_path / "main.py")
    assert failure["place"]["line"] == 3
    assert str(tmp_path / "main.py") in failure["files"]
    assert any(file.endswith("json/decoder.py") for file in failure["files"])


def test_the_lines_around_it_are_shown_with_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "".join(f"x{number} = {number}\n" for number in range(1, 21))
    failure = failure_of(tmp_path, monkeypatch, main=source.replace("x10 = 10", "1 / 0"))
    assert failure["error"] == "ZeroDivisionError: division by zero"
    assert failure["place"]["line"] == 10
    assert failure["place"]["first"] == 6
    assert failure["place"]["lines"] == [
        *(f"x{number} = {number}" for number in range(6, 10)),
        "1 / 0",
        *(f"x{number} = {number}" for number in range(11, 14)),
    ]


def test_a_module_that_is_missing_is_named_where_it_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failure = failure_of(tmp_path, monkeypatch, main="import helper_of_main\n", helper_of_main="import no_such_thing\n")
    assert failure["error"] == "ModuleNotFoundError: No module named 'no_such_thing'"
    assert (failure["place"]["file"], failure["place"]["line"]) == (str(tmp_path / "helper_of_main.py"), 1)


def test_an_error_that_cannot_be_shown_is_told_by_its_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "class Odd(Exception):\n    def __str__(self):\n        raise RuntimeError\n\nraise Odd\n"
    assert failure_of(tmp_path, monkeypatch, main=source)["error"] == "Odd"


def test_a_large_message_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = failure_of(tmp_path, monkeypatch, main="raise ValueError('x' * 1_000_000)\n")
    assert len(failure["error"]) < 600
    assert len(load_failure.describe("x" * 1_000_000, ValueError())["message"]) == 200_000


def test_a_missing_application_has_no_place() -> None:
    failure = load_failure.describe("the message", AppImportError("Failed to find attribute 'app'"))
    assert failure == {
        "message": "the message",
        "error": "Failed to find attribute 'app'",
        "place": None,
        "files": [],
    }
