from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from kirin_worker import loader, log
from kirin_worker.loader import AppImportError, load, load_or_report
from support import ReadableLog

Write = Callable[[str, str], None]

APP = "def {}(environ, start_response): return [{!r}]\n"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Writes a module into a folder of its own, from which modules are imported."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)

    def write(name: str, source: str) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def report(log: ReadableLog, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[int, list[str]]]:
    """Loads as a worker does: the exit code, and what stands in the log."""
    monkeypatch.setattr("kirin_worker.log._current", log)

    def report(spec: str) -> tuple[int, list[str]]:
        code, app = load_or_report({"app": spec})
        assert (app is None) == (code != 0)
        return code, log.lines

    return report


@pytest.mark.parametrize(
    ("file", "source", "spec"),
    [
        ("hello.py", APP.format("app", "it"), "hello:app"),
        ("hello.py", APP.format("application", "it"), "hello"),
        ("hello.py", APP.format("app", "it"), " hello : app "),
        ("package/hello.py", APP.format("app", "it"), "package.hello:app"),
        ("package/0-hello_route.py", APP.format("app", "it"), "package.0-hello_route:app"),
        ("0-hello.py", APP.format("app", "it"), "0-hello:app"),
        ("hello.py", "class api:\n  @staticmethod\n  " + APP.format("wsgi", "it"), "hello:api.wsgi"),
        ("hello.py", "def create_app():\n  " + APP.format("a", "it") + "  return a\n", "hello:create_app()"),
        (
            "hello.py",
            "def make(name, *more, **named):\n  "
            "assert (name, more, named) == ('prod', (-1, None, [1, {'a': (2,)}]), {'debug': False, 'label': 'a:b'})\n  "
            + APP.format("a", "it")
            + "  return a\n",
            "hello:make('prod', -1, None, [1, {'a': (2,)}], debug=False, label='a:b')",
        ),
        (
            "hello.py",
            "class api:\n  @staticmethod\n  def create():\n    " + APP.format("a", "it") + "    return a\n",
            "hello:api.create()",
        ),
    ],
)
def test_an_application_is_loaded(write: Write, file: str, source: str, spec: str) -> None:
    write(file, source)
    assert load(spec)({}, None) == ["it"]


def test_a_class_and_an_instance_are_applications(write: Write) -> None:
    write(
        "hello.py",
        "class App:\n  def __init__(self, e=None, s=None): pass\n  def __call__(self, e, s): ...\napp = App()\n",
    )
    assert isinstance(load("hello:App"), type)
    assert callable(load("hello:app"))


def test_nothing_is_evaluated(write: Write, tmp_path: Path) -> None:
    write("hello.py", "def create_app(x): raise AssertionError('called')\n")
    witness = tmp_path / "witness"
    with pytest.raises(AppImportError, match="Failed to parse arguments as literal values"):
        load(f"hello:create_app(open({str(witness)!r}, 'w'))")
    assert not witness.exists()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (":app", "':app' names no module: it should be like 'module:application'"),
        ("", "'' names no module"),
        ("hello:", "Failed to parse '' (in 'hello:') as an attribute name or function call"),
        ("hello:app app", "Failed to parse 'app app' (in 'hello:app app') as an attribute name or function call"),
        ("hello:app[0]", "Failed to parse 'app[0]'"),
        ("hello:1", "Failed to parse '1'"),
        ("hello:app(", "Failed to parse 'app('"),
        ("hello:a()()", "Failed to parse 'a()()'"),
        ("hello:a().b", "Failed to parse 'a().b'"),
        ("hello:a(b)", "Failed to parse arguments as literal values: 'a(b)' has 'b'"),
        ("hello:a(x=b())", "Failed to parse arguments as literal values: 'a(x=b())' has 'b()'"),
        ("hello:a(*b)", "Failed to parse arguments as literal values: 'a(*b)' has '*b'"),
        ("hello:a(**b)", "Failed to parse arguments as literal values: 'a(**b)' has '**'"),
    ],
)
def test_a_specification_that_cannot_be_read_is_refused_before_anything_is_imported(
    write: Write, report: Callable[[str], tuple[int, list[str]]], spec: str, words: str
) -> None:
    write("hello.py", "raise AssertionError('imported')\n")
    code, lines = report(spec)
    assert code == loader.NO_APPLICATION
    assert words in lines[0]
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("source", "spec", "words"),
    [
        (
            APP.format("app", ""),
            "hello",
            "Failed to find attribute 'application' in 'hello' (FOLDER/hello.py). Did you mean 'hello:app'?",
        ),
        (APP.format("application", ""), "hello:app", "Did you mean 'hello:application'?"),
        (APP.format("my_server", ""), "hello:my_sever", "Did you mean 'hello:my_server'?"),
        ("def create_app(): ...\n", "hello:app", "Did you mean 'hello:create_app()'?"),
        ("x = 1\n", "hello:app", "Failed to find attribute 'app' in 'hello' (FOLDER/hello.py)."),
        ("class api:\n  " + APP.format("app", ""), "hello:api.wsgi", "Failed to find attribute 'wsgi' in 'hello.api'"),
        ("class api:\n  " + APP.format("app", ""), "hello:api.wsgi", "Did you mean 'hello:api.app'?"),
        ("app = 42\n", "hello:app", "Application object must be callable: 'hello:app' is of type int."),
        ("app = None\n", "hello:app", "Application object must be callable: 'hello:app' is of type NoneType."),
        (
            "import json as app\n",
            "hello:app",
            "'hello:app' is a module, not an application. Name the application in it: 'json:app', say.",
        ),
        ("def create_app(): return None\n", "hello:create_app()", "The factory 'hello:create_app()' returned None"),
        (
            "def create_app(): return 1\n",
            "hello:create_app()",
            "Application object must be callable: 'hello:create_app()' is of type int",
        ),
        (
            "def create_app(name): ...\n",
            "hello:create_app()",
            "'hello:create_app()' cannot be called so: create_app() missing 1 required positional argument: 'name'",
        ),
        (
            "def create_app(): ...\n",
            "hello:create_app(1)",
            "cannot be called so: create_app() takes 0 positional arguments but 1 was given",
        ),
        ("create_app = 1\n", "hello:create_app()", "'hello:create_app()' is not a function: its type is int."),
        (
            "def create_app(): ...\n",
            "hello:create_app",
            "'hello:create_app' takes no arguments, so it is no application."
            " If it makes one, call it: 'hello:create_app()'.",
        ),
        ("def create_app(name=None): ...\n", "hello:create_app", "call it: 'hello:create_app()'"),
        (
            "async def app(scope, receive, send): ...\n",
            "hello:app",
            "'hello:app' is an ASGI application. Kirin runs WSGI applications.",
        ),
        (
            "class A:\n  async def __call__(self, scope, receive, send): ...\napp = A()\n",
            "hello:app",
            "'hello:app' is an ASGI application",
        ),
    ],
)
def test_a_module_without_the_application_is_one_line_and_exit_code_4(
    write: Write, report: Callable[[str], tuple[int, list[str]]], tmp_path: Path, source: str, spec: str, words: str
) -> None:
    write("hello.py", source)
    code, lines = report(spec)
    assert code == loader.NO_APPLICATION
    assert lines[0].startswith(f"[ERROR] The application {spec!r} cannot be loaded: ")
    assert words.replace("FOLDER", str(tmp_path / "project")) in lines[0]
    assert len(lines) == 1


def test_a_missing_module_is_exit_code_3_and_a_hint(
    write: Write, report: Callable[[str], tuple[int, list[str]]], tmp_path: Path
) -> None:
    code, lines = report("missing_module.inner:app")
    assert code == loader.IMPORT_FAILED
    assert lines == [
        "[ERROR] The application 'missing_module.inner:app' cannot be imported",
        "ModuleNotFoundError: No module named 'missing_module'",
        f"There is no module 'missing_module.inner' in {tmp_path / 'project'} or in the rest of sys.path."
        " If it is in another folder, say so with --chdir FOLDER or --pythonpath FOLDER.",
    ]


@pytest.mark.parametrize(
    ("spec", "better"),
    [("hello.py:app", "hello:app"), ("src/hello.py:app", "src.hello:app"), ("./src/hello:app", "src.hello:app")],
)
def test_a_path_for_a_module_gets_the_right_spelling(
    report: Callable[[str], tuple[int, list[str]]], spec: str, better: str
) -> None:
    code, lines = report(spec)
    assert code == loader.IMPORT_FAILED
    assert lines[-1] == f"Modules are named as in an import statement: did you mean '{better}'?"


def test_a_module_that_the_application_misses_is_shown_where_it_is_imported(
    write: Write, report: Callable[[str], tuple[int, list[str]]], tmp_path: Path
) -> None:
    write("hello.py", "import missing_module\n")
    code, lines = report("hello:app")
    assert code == loader.IMPORT_FAILED
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[2] == f'  File "{tmp_path / "project" / "hello.py"}", line 1, in <module>'
    assert lines[-1] == "ModuleNotFoundError: No module named 'missing_module'"
    assert not [line for line in lines if "kirin_worker" in line or "importlib" in line]


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("import json.missing\n", "ModuleNotFoundError: No module named 'json.missing'"),
        ("from json import missing\n", "ImportError: cannot import name 'missing' from 'json'"),
        ("def create_app(x):\n  return x.y\ndef app(e, s): ...\nraise KeyboardInterrupt\n", "KeyboardInterrupt"),
    ],
)
def test_an_application_that_fails_to_import_is_its_traceback_and_exit_code_3(
    write: Write, report: Callable[[str], tuple[int, list[str]]], source: str, last: str
) -> None:
    write("hello.py", source)
    code, lines = report("hello:app")
    assert code == loader.IMPORT_FAILED
    assert lines[:2] == [
        "[ERROR] The application 'hello:app' cannot be imported",
        "Traceback (most recent call last):",
    ]
    assert lines[-1].startswith(last)


def test_a_syntax_error_is_shown_with_its_line(write: Write, report: Callable[[str], tuple[int, list[str]]]) -> None:
    write("hello.py", "def broken(:\n")
    code, lines = report("hello:app")
    assert code == loader.IMPORT_FAILED
    assert any("def broken(:" in line for line in lines)
    assert lines[-1].startswith("SyntaxError: ")


def test_a_factory_that_fails_inside_is_its_traceback(
    write: Write, report: Callable[[str], tuple[int, list[str]]]
) -> None:
    write("hello.py", "def create_app():\n  return len(1)\n")
    code, lines = report("hello:create_app()")
    assert code == loader.IMPORT_FAILED
    assert lines[-1] == "TypeError: object of type 'int' has no len()"
    assert lines[1] == "Traceback (most recent call last):"


def test_sys_exit_while_loading_is_told(write: Write, report: Callable[[str], tuple[int, list[str]]]) -> None:
    write("hello.py", "import sys\nsys.exit('no database')\n")
    code, lines = report("hello:app")
    assert code == loader.IMPORT_FAILED
    assert lines[0] == "[ERROR] The application 'hello:app' called sys.exit() while it was loaded"
    assert lines[-1] == "SystemExit: no database"


def test_without_a_log_the_report_goes_to_standard_error(
    write: Write, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(log, "_current", None)
    write("hello.py", "x = 1\n")
    assert load_or_report({"app": "hello:app"}) == (4, None)
    assert "Failed to find attribute 'app' in 'hello'" in capfd.readouterr().err


def test_loading_returns_the_application(write: Write) -> None:
    write("hello.py", APP.format("app", "it"))
    code, app = load_or_report({"app": "hello:app"})
    assert code == 0
    assert app is not None


def test_a_decorated_function_without_wraps_is_not_taken_for_a_factory(write: Write) -> None:
    write(
        "hello.py", "def deco(f):\n  def inner(*args): return f(*args)\n  return inner\n@deco\n" + APP.format("app", "")
    )
    assert callable(load("hello:app"))


def test_a_bound_method_is_an_application(write: Write) -> None:
    write(
        "hello.py",
        "class A:\n  def wsgi(self, environ, start_response): ...\n  def make(self): return self.wsgi\na = A()\n",
    )
    assert callable(load("hello:a.wsgi"))
    assert callable(load("hello:a.make()"))
